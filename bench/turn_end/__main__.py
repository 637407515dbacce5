"""``python -m bench.turn_end``: how soon the end of an utterance is found, and how often too soon.

Needs the model turn/smart-turn-v3.2 in the models folder, and festival with the voices festvox-ru and
festvox-us-slt-hts. Where Debian's asterisk-core-sounds-ru-wav and -en-wav are installed, people who read
sentences are heard as well.
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec.structs import replace
from rich.console import Console
from rich.table import Table

from bench.turn_end.remembered import RememberingModel, RememberingVad
from bench.turn_end.scenes import VOICES, PausedUtterance, people, scenes
from bench.turn_end.trial import EndOutcome, Hears, ends, outcomes
from edge.config import load
from edge.config.hearing import Endpointing
from edge.listener.segment import SAMPLE_RATE
from edge.listener.segmenter import Segmenter
from edge.listener.turn_end.model import TurnEndError, TurnEndModel, load_model
from edge.listener.vad import Vad
from edge.listener.vad_silero import SileroVad
from edge.sound.wav_file import read_wav

CURVE_S = (0.5, 0.6, 0.7, 0.8, 0.9)
"""Values of ``silence_s``; the other lengths in proportion."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.turn_end", description=__doc__)
    parser.add_argument("--recordings", type=Path, help="a folder of WAVs of people; reported apart")
    options = parser.parse_args()
    try:
        model = load_model(load())
    except TurnEndError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    console = Console(width=80)
    hears, vad = RememberingModel(model), RememberingVad(SileroVad(device="cpu"))
    for language in VOICES:
        console.print(_curve(f"{language}, {VOICES[language]}", list(scenes(language)), hears, vad))
        if read := list(people(language)):
            console.print(_curve(f"{language}, somebody who reads", read, hears, vad))
    if options.recordings:
        console.print(_recordings(sorted(options.recordings.glob("*.wav")), model))
    return 0


def _curve(name: str, said: Sequence[list[PausedUtterance]], model: Hears, vad: Vad) -> Table:
    count = sum(map(len, said))
    table = Table(title=f"{name}, {count} scenes: cut off in the pause / median wait at the end")
    for column in ("silence_s", "words, silence", "with the sound", "… held out: before", "after"):
        table.add_column(column)
    for silence_s in CURVE_S:
        setting = _in_proportion(silence_s)
        before = list(outcomes(said, vad, setting, None))
        after = list(outcomes(said, vad, setting, model))
        cells = [_cell(of) for of in (before, after, list(_held_out(before)), list(_held_out(after)))]
        table.add_row(f"{silence_s:.1f}", *cells)
    return table


def _recordings(files: Sequence[Path], model: TurnEndModel) -> Table:
    table = Table(title="people, without known turn ends: ends found by words and silence → with the sound")
    for column in ("recording", "s", "ends", "median wait, s"):
        table.add_column(column)
    for file in files:
        samples = read_wav(file, SAMPLE_RATE)
        found = [
            list(ends(samples, Segmenter(SileroVad(device="cpu"), Endpointing()), one))
            for one in (None, model)
        ]
        waits = [_median([end.certain_s - end.speech_end_s for end in each]) for each in found]
        counts = " → ".join(str(len(each)) for each in found)
        table.add_row(
            file.stem, f"{len(samples) / SAMPLE_RATE:.0f}", counts, f"{waits[0]:.2f} → {waits[1]:.2f}"
        )
    return table


def _in_proportion(silence_s: float) -> Endpointing:
    usual = Endpointing()
    ratio = silence_s / usual.silence_s
    return replace(
        usual,
        silence_s=silence_s,
        silence_after_short_s=usual.silence_after_short_s * ratio,
        silence_complete_s=usual.silence_complete_s * ratio,
    )


def _held_out(of: Sequence[EndOutcome]) -> Iterator[EndOutcome]:
    return (outcome for outcome in of if outcome.held_out)


def _cell(of: Sequence[EndOutcome]) -> str:
    cut_off = sum(outcome.cut_off for outcome in of) / len(of)
    return f"{cut_off:.0%} / {_median([outcome.waited_s for outcome in of]):.2f}"


def _median(values: Sequence[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return statistics.median(known) if known else math.nan


if __name__ == "__main__":
    sys.exit(main())
