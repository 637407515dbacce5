"""``shuttle-guide replay``: play a recorded drive, in simulated time or into the running guide."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from edge.cli.client import GuideClient
from edge.cli.show import show_lines
from edge.config import Settings
from edge.drive.lines import AnyLine, Outcomes, Question, Silence, encoded, read_drive
from edge.drive.recorder import Recorder
from edge.drive.report import Report, differences, report
from edge.drive.resending import Resending
from edge.drive.simulation import simulate
from edge.tasks import cancel_and_wait

LAST_TURNS_S = 15.0
"""After the last message of a drive, for what it caused to end."""


def replay(options: argparse.Namespace, settings: Settings) -> int:
    """Exit code 0: played (and, with ``--diff``, as recorded); 1: not as recorded, or it cannot be played."""
    lines = read_drive(Path(options.file))
    played = asyncio.run(_play_live(lines, settings, options.speed)) if options.live else simulate(lines)
    recorded = [line for line in lines if isinstance(line, Outcomes)]
    news = differences(recorded, played) if options.diff else []
    if options.write:
        came = [line for line in lines if not isinstance(line, Outcomes)]
        Path(options.write).write_bytes(b"".join(map(encoded, [*came, *played])))
    figures = report(lines, played)
    if options.as_json:
        print(json.dumps({**figures._asdict(), "differences": news}, ensure_ascii=False))
    else:
        _show(figures)
        for line in news:
            print(line)
        if options.diff:
            print(f"{len(news)} lines differ from what was recorded" if news else "as recorded")
    return 1 if news else 0


def _show(figures: Report) -> None:
    show_lines(
        (
            ("duration", f"{figures.duration_s:.1f} s"),
            ("turns", _counted(figures.turns)),
            ("dropped", _counted(figures.dropped)),
            ("remarks a minute", f"{figures.remarks_per_minute:.2f}"),
            ("stale", str(figures.stale)),
            ("repeated", str(figures.repeated)),
            ("interrupted", str(figures.interrupted)),
            ("longest silence", f"{figures.longest_silence_s:.1f} s"),
        )
    )


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{what} {count}" for what, count in counts.items()) or "none"


async def _play_live(lines: Sequence[AnyLine], settings: Settings, speed: float) -> list[Outcomes]:
    if unplayed := sum(isinstance(line, Question | Silence) for line in lines):
        print(f"replay: {unplayed} questions and stop words are left out: nobody speaks", file=sys.stderr)
    resending, came = Resending(lines), list[AnyLine]()
    async with GuideClient(settings) as client:
        await client.wait_ready(5.0)
        # Nothing of it is written down but what became of the drive.
        recorder = Recorder(settings, utterances=True)
        recording = asyncio.create_task(_collect(recorder, came))
        await recorder.connected.wait()
        loop = asyncio.get_running_loop()
        began = loop.time()
        for message in resending.messages:
            await asyncio.sleep(max(0.0, began + message.at / speed - loop.time()))
            await client.publish(message.topic, message.payload)
        await asyncio.sleep(LAST_TURNS_S)
        await cancel_and_wait(recording)
    return resending.outcomes(came)


async def _collect(recorder: Recorder, came: list[AnyLine]) -> None:
    async with contextlib.aclosing(recorder.lines()) as lines:
        async for line in lines:
            came.append(line)
