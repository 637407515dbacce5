"""``shuttle-guide bench asr FOLDER``: recognizers on recordings with known words."""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import aclosing
from functools import partial
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein

from edge.cli.bench import percentiles
from edge.cli.show import show_lines
from edge.config import Settings
from edge.ladder import RungError
from edge.lexicon.words import words_of
from edge.listener.onnx_session import Device
from edge.listener.options import recognition_hint, recognition_hints
from edge.listener.recognizers import Recognizer, make_recognizers
from edge.listener.segment import SAMPLE_RATE, RecognitionRequest
from edge.operator_error import OperatorError
from edge.sound.wav_file import read_wav
from edge.text_file import read_text

LARGEST_WORDS_BYTES = 64 * 1024
MakeRequest = Callable[[NDArray[np.int16]], RecognitionRequest]
"""Makes the request for samples."""


class Recording(NamedTuple):
    """An utterance and what is said in it."""

    name: str
    samples: NDArray[np.int16]
    """Shape (n,), mono, 16 kHz."""
    words: list[str]


class Effort(NamedTuple):
    """How much is measured: both are reached."""

    rounds: int
    """Over all recordings."""
    at_least_s: float
    """For stability over a long time."""


def bench_asr(options: argparse.Namespace, settings: Settings) -> int:
    """Needs no guide that is up. 0 when at least one recognizer worked."""
    recordings = read_folder(Path(options.folder))
    effort = Effort(options.rounds, options.minutes * 60)
    choices = _choices(settings, options.model, options.device)
    hint, hints = recognition_hint(settings), recognition_hints(settings)
    ask = partial(RecognitionRequest, language=None, hint=hint, hints=hints)
    results = asyncio.run(_measure_all(choices, recordings, effort, ask))
    if options.as_json:
        print(json.dumps(results, ensure_ascii=False))
    else:
        _show(results, len(recordings))
    return 0 if any("error" not in result for result in results) else 1


def read_folder(folder: Path) -> list[Recording]:
    """Each ``NAME.wav`` (any form and rate, the first channel) that has a ``NAME.txt`` with its words.

    Raises:
        OperatorError, OSError: there is none, or a file cannot be read.
    """
    pairs = [(path, path.with_suffix(".txt")) for path in sorted(folder.glob("*.[wW][aA][vV]"))]
    recordings = [
        Recording(wav.stem, read_wav(wav, SAMPLE_RATE), _read_words(txt))
        for wav, txt in pairs
        if txt.is_file()
    ]
    if not recordings:
        raise OperatorError(f"{folder}: expected NAME.wav beside NAME.txt with its words, found no such pair")
    return recordings


def word_errors(spoken: Sequence[str], understood: Sequence[str]) -> int:
    """Words that were changed, left out or made up."""
    return Levenshtein.distance(spoken, understood)


def _read_words(path: Path) -> list[str]:
    return words_of(read_text(path, LARGEST_WORDS_BYTES, follow=True))


def _choices(settings: Settings, models: Sequence[str], devices: Sequence[Device]) -> Iterator[Settings]:
    """The configured recognizers; or Whisper alone, with each of these models on each of these devices."""
    if not models and not devices:
        yield settings
        return
    listener = settings.listener
    whisper = listener.recognizer.whisper
    for model, device in product(models or [whisper.model], devices or [whisper.device]):
        chosen = replace(whisper, model=model, device=device)
        recognizer = replace(listener.recognizer, order=("faster_whisper",), whisper=chosen)
        yield replace(settings, listener=replace(listener, recognizer=recognizer))


async def _measure_all(
    choices: Iterable[Settings], recordings: Sequence[Recording], effort: Effort, ask: MakeRequest
) -> list[dict[str, Any]]:
    """One recognizer after the other, each alone."""
    results = []
    for recognizer in (recognizer for settings in choices for recognizer in make_recognizers(settings)):
        await recognizer.start()
        result: dict[str, Any] = {"recognizer": recognizer.name, "runs": recognizer.fact}
        try:
            result |= await _measure(recognizer, recordings, effort, ask)
        except RungError as error:
            result["error"] = str(error)
        finally:
            await recognizer.close()
        results.append(result)
    return results


async def _measure(
    recognizer: Recognizer, recordings: Sequence[Recording], effort: Effort, ask: MakeRequest
) -> dict[str, Any]:
    latencies_ms: list[float] = []
    errors = words = 0
    sound_s = 0.0
    memory_mb: list[float] = []
    rounds_ms: list[float] = []
    until = time.monotonic() + effort.at_least_s
    while len(rounds_ms) < effort.rounds or time.monotonic() < until:
        for recording in recordings:
            request = ask(recording.samples)
            text = ""
            started = time.monotonic()
            async with aclosing(recognizer.open(request)) as transcripts:
                async for transcript in transcripts:
                    text = transcript.text
            latencies_ms.append((time.monotonic() - started) * 1000)
            errors += word_errors(recording.words, words_of(text))
            words += len(recording.words)
            sound_s += len(recording.samples) / SAMPLE_RATE
        rounds_ms.append(sum(latencies_ms[-len(recordings) :]))
        memory_mb.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    return {
        "rounds": len(rounds_ms),
        "latency_ms": percentiles(latencies_ms),
        "real_time_factor": round(sum(latencies_ms) / 1000 / sound_s, 3),
        "word_error_rate": round(errors / max(1, words), 3),
        "slower_at_the_end": drift(rounds_ms),
        "memory_growth_mb": round(memory_mb[-1] - memory_mb[0], 1),
    }


def drift(rounds_ms: Sequence[float]) -> float:
    """How much slower the last third of the rounds was than the first, by their medians; 0.1: by a tenth."""
    third = max(1, len(rounds_ms) // 3)
    return round(median(rounds_ms[-third:]) / median(rounds_ms[:third]) - 1, 3)


def _show(results: Sequence[dict[str, Any]], count: int) -> None:
    print(f"recognizers on {count} recording(s)")
    show_lines(("failed" if "error" in result else "ok", _told(result)) for result in results)


def _told(result: dict[str, Any]) -> str:
    if "error" in result:
        return f"{result['recognizer']}: {result['error']}"
    latency = result["latency_ms"]
    return (
        f"{result['recognizer']}: {result['runs']}\n"
        f"latency p50 {latency['p50']:.0f} ms, p95 {latency['p95']:.0f} ms, "
        f"{result['real_time_factor']:.0%} of real time; {result['word_error_rate']:.0%} word errors; "
        f"{result['slower_at_the_end']:+.0%} slower at the end, {result['memory_growth_mb']:.1f} MB more"
    )
