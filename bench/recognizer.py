"""``python -m bench.recognizer``: what queue, ladder and threads cost on top of a bare engine call.

The models have random weights and the sizes of Whisper's base and tiny; the bare call is the library's own,
with the same settings on the same sound. The ways take turns, so that the machine's mood meets them alike.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import numpy as np
from rich.console import Console
from rich.table import Table

from edge.config import Settings
from edge.config.hearing import Whisper
from edge.listener.endpointing import LIKELY_END_S, PAUSE_S
from edge.listener.recognizers import (
    Recognition,
    RecognitionLadder,
    RecognitionQueue,
)
from edge.listener.recognizers.factory import make_interim_recognizer, recognition_limits
from edge.listener.recognizers.local import LocalRecognizer
from edge.listener.recognizers.queue import QUICK_S
from edge.listener.recognizers.whisper import MAX_NEW_TOKENS, WhisperEngine
from edge.listener.recognizers.whisper_device import Placement, open_model
from edge.listener.segment import SAMPLE_RATE, RecognitionRequest, Transcript
from edge.sound.samples import from_int16
from tests.support.synthetic_whisper import make_model

PHRASE_S = 3.0
OVERHEAD_PERCENT = 5.0
FROM_SPEECH_END_S = 2.0
SIZES = {"base": (512, 6), "tiny": (384, 4)}
"""Model → width and layers."""
WORDS = "captain, what is the temple?"


class TimedEngine:
    """An engine that notes how long it was at work."""

    name = WhisperEngine.name

    def __init__(self, engine: WhisperEngine) -> None:
        self._engine = engine
        self.last_ms = 0.0

    @property
    def fact(self) -> str:
        return self._engine.fact

    @property
    def fell_back(self) -> bool:
        return self._engine.fell_back

    def load(self) -> None:
        self._engine.load()

    def transcribe(self, request: RecognitionRequest, cancelled: threading.Event) -> Transcript:
        started = time.perf_counter()
        try:
            return self._engine.transcribe(request, cancelled)
        finally:
            self.last_ms = (time.perf_counter() - started) * 1000


class Ways:
    """The same sound by different ways; each returns when its transcript is there."""

    def __init__(self, models: Path) -> None:
        whisper = {"model": "base", "interim_model": "tiny"}
        settings = msgspec.convert(
            {
                "models_dir": str(models),
                "listener": {"languages": ["en"], "recognizer": {"whisper": whisper}},
            },
            Settings,
        )
        options = settings.listener.recognizer
        self._engine = TimedEngine(WhisperEngine(settings))
        self.outside_ms: list[float] = []
        """The part of ``ours`` that was not the engine's work."""
        self._ladder = RecognitionLadder(
            [LocalRecognizer(self._engine, options.workers)],
            recognition_limits(settings),
            interim=make_interim_recognizer(settings),
        )
        self._delivered: asyncio.Queue[Recognition] = asyncio.Queue()
        self._queue = RecognitionQueue(
            self._ladder.recognise,
            self._delivered.put_nowait,
            workers=options.workers,
            counters=Counter(),
            interim_gap_s=0.0,
        )
        self._bare = open_model(
            models / "whisper/base",
            Placement("cpu", "int8"),
            workers=options.workers,
            threads_per_worker=options.whisper.threads_per_worker,
        )
        self._samples = (
            np.random.default_rng(1).normal(0, 900, round(PHRASE_S * SAMPLE_RATE)).astype(np.int16)
        )
        self._count = 0

    async def start(self) -> None:
        await self._ladder.start()

    async def close(self) -> None:
        await self._queue.close()
        await self._ladder.close()

    async def bare(self) -> None:
        """The library's call, in this thread."""
        segments, _ = self._bare.transcribe(
            from_int16(self._samples),
            language="en",
            beam_size=Whisper().beam,
            temperature=0.0,
            without_timestamps=True,
            condition_on_previous_text=False,
            max_new_tokens=MAX_NEW_TOKENS,
        )
        list(segments)

    async def ours(self) -> None:
        """Through the queue, the ladder and a worker's thread."""
        self._count += 1
        started = time.perf_counter()
        self._queue.submit(str(self._count), RecognitionRequest(self._samples, "en"))
        while (await self._delivered.get()).interim:
            pass
        self.outside_ms.append((time.perf_counter() - started) * 1000 - self._engine.last_ms)

    async def ours_beside_captions(self) -> None:
        """The same, just when an interim transcript of the utterance has been begun."""
        self._count += 1
        segment_id = str(self._count)
        self._queue.wants_interim(segment_id)
        self._queue.offer_interim(segment_id, RecognitionRequest(self._samples, "en", interim=True))
        await asyncio.sleep(0.02)
        self._count -= 1
        await self.ours()


async def measure(models: Path, rounds: int) -> tuple[dict[str, list[float]], float]:
    """Milliseconds of each way, round by round; and how many of ours were not the engine's work."""
    ways = Ways(models)
    await ways.start()
    runs: dict[str, Callable[[], Awaitable[None]]] = {
        "bare": ways.bare,
        "ours": ways.ours,
        "ours beside captions": ways.ours_beside_captions,
    }
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for number in range(rounds + 1):
        names = list(runs) if number % 2 else list(reversed(runs))
        for name in names:
            started = time.perf_counter()
            await runs[name]()
            taken[name].append((time.perf_counter() - started) * 1000)
    await ways.close()
    outside_ms = statistics.median(ways.outside_ms)
    return {name: values[1:] for name, values in taken.items()}, outside_ms  # the first round warms up


def quickly(taken_ms: list[float]) -> float:
    """The lower quartile: what else the machine does only adds, and to both cores that an engine uses."""
    return statistics.quantiles(taken_ms, n=4)[0]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.recognizer", description=__doc__)
    parser.add_argument("-n", "--rounds", type=int, default=15, help="default: %(default)s")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="recognizer-bench-") as name:
        for model, (width, layers) in SIZES.items():
            make_model(
                Path(name) / "whisper" / model, hears=WORDS, languages=("en",), width=width, layers=layers
            )
        taken, outside_ms = asyncio.run(measure(Path(name), options.rounds))
    table = Table(title=f"{PHRASE_S:g} s of sound, a model of base's size, {options.rounds} rounds")
    for column in ("way", "median, ms", "lower quartile, ms", "of the bare call, by the quartile"):
        table.add_column(column)
    shares = {way: quickly(values) / quickly(taken["bare"]) for way, values in taken.items()}
    for way, values in taken.items():
        table.add_row(way, f"{statistics.median(values):.1f}", f"{quickly(values):.1f}", f"{shares[way]:.1%}")
    Console(width=None if sys.stdout.isatty() else 140).print(table)
    overhead_percent = (shares["ours"] - 1) * 100
    print(f"outside the engine: {outside_ms:.2f} ms")
    print(
        f"overhead {overhead_percent:+.1f} %: "
        f"{'met' if overhead_percent <= OVERHEAD_PERCENT else 'missed'} (≤ {OVERHEAD_PERCENT:g} %)"
    )
    # Recognition begins in the pause where it is quick; what is done before the certain end waits for it.
    call_s = statistics.median(taken["ours"]) / 1000
    begun_s = (PAUSE_S if call_s <= QUICK_S else LIKELY_END_S) + call_s
    from_speech_end_s = max(Settings().listener.endpointing.silence_s, begun_s)
    print(
        f"transcript {from_speech_end_s:.2f} s from speech end: "
        f"{'met' if from_speech_end_s < FROM_SPEECH_END_S else 'missed'} (< {FROM_SPEECH_END_S:g} s)"
    )
    if options.json:
        data = {
            "shares": shares,
            "outside_the_engine_ms": outside_ms,
            "from_speech_end_s": from_speech_end_s,
            "ms": taken,
        }
        options.json.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
