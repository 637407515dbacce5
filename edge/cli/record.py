"""``shuttle-guide record``: write a drive down, to be played again by ``shuttle-guide replay``."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import sys

from edge.config import Settings
from edge.drive.lines import encoded
from edge.drive.recorder import Recorder

CONNECT_S = 5.0


def record(options: argparse.Namespace, settings: Settings) -> int:
    """0: recorded until the time was over or Ctrl-C came; 1: it cannot be, with the reason."""
    if options.utterances and not settings.telemetry.answer_text:
        print(
            "record: --utterances keeps what passengers say, and telemetry.answer_text is off; "
            "switch that on first (docs/privacy.md says what it means), or record without",
            file=sys.stderr,
        )
        return 1
    try:
        file = os.open(options.file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        print(f"record: {options.file}: {error.strerror}; expected the name of a new file", file=sys.stderr)
        return 1
    with contextlib.suppress(KeyboardInterrupt):
        return asyncio.run(_record(file, options, settings))
    return 0


async def _record(file: int, options: argparse.Namespace, settings: Settings) -> int:
    recorder = Recorder(settings, utterances=options.utterances)
    count = 0
    try:
        async with asyncio.timeout(options.seconds), contextlib.aclosing(recorder.lines()) as lines:
            telling = asyncio.create_task(_tell_connection(recorder))
            async for line in lines:
                os.write(file, encoded(line))
                count += 1
    except TimeoutError:
        pass
    finally:
        os.close(file)
        telling.cancel()
        print(f"{count} lines in {options.file}")
    return 0


async def _tell_connection(recorder: Recorder) -> None:
    try:
        async with asyncio.timeout(CONNECT_S):
            await recorder.connected.wait()
        print("recording; Ctrl-C ends it", flush=True)
    except TimeoutError:
        print(f"record: nothing comes over MQTT yet: {recorder.state}", file=sys.stderr)
