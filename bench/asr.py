"""``python -m bench.asr``: how well the guide hears sentences of a shuttle, by its own settings.

Each sentence of ``tests/own_sentences`` is spoken by one of the voices that are here, in turn; clean, in
noise at two of four levels, and every third over what a canceller left of the guide's own voice. The
configured recognizers hear it as the guide would: by the same ladder, without knowing the language, with the
same hint. Settings come from the environment, so that one change is tried by one variable. Nothing of it is
about the end of speech.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import get_args

from rapidfuzz.distance import Levenshtein
from rich.console import Console
from rich.table import Table

from edge.config import Settings, load
from edge.ladder import RungError
from edge.lexicon.words import words_of
from edge.listener.options import make_addressee, recognition_hint, recognition_hints
from edge.listener.recognizers import RecognitionLadder, make_recognition_ladder
from edge.listener.segment import SAMPLE_RATE, RecognitionRequest
from edge.messages import Language
from tests.support.passenger_noise import NOISES, OWN_VOICE_DB, SNRS_DB, mixed, noise, own_voice
from tests.support.passengers import Samples, Sentence, absent, passengers, say, sentences

CLEAN, OWN_VOICE = "clean", "own voice"


@dataclass(frozen=True)
class Heard:
    """One sentence in one condition."""

    language: str
    sentence: str
    held_out: bool
    voice: str
    condition: str
    noise: str
    meant: str
    text: str
    found: str
    """The language that was found."""
    recognizer: str
    done: str
    """answer, stop or nothing."""
    words: int
    errors: int
    sound_s: float
    took_s: float
    cpu_s: float
    """Of all threads: what else the machine does is not in it."""


def takes(language: Language) -> Iterator[tuple[Sentence, str, str, str, Samples]]:
    """Sentence, voice, condition, noise and sound. Levels and noises go round, so that each meets each."""
    voices = passengers(language)
    for number, sentence in enumerate(sentences(language)):
        voice = voices[number % len(voices)]
        speech = say(voice, sentence.text)
        named = f"{voice.engine} {voice.voice}"
        yield sentence, named, CLEAN, "", speech
        for step, snr_db in enumerate(SNRS_DB[number % 2 :: 2]):
            kind = NOISES[(number // 2 + step) % len(NOISES)]
            sound = mixed(speech, noise(kind, len(speech), language, number), snr_db)
            yield sentence, named, f"{snr_db} dB", kind, sound
        if number % 3 == 0:
            over = mixed(speech, own_voice(len(speech), language), OWN_VOICE_DB)
            yield sentence, named, OWN_VOICE, "", over


async def hear(settings: Settings, languages: Sequence[Language], every: int, heard: list[Heard]) -> None:
    """Args: ``every`` — so many takes are one; ``heard`` grows, so that what was heard is not lost."""
    ladder = make_recognition_ladder(settings)
    await ladder.start()
    print(f"runs: {ladder.facts()}", file=sys.stderr)
    try:
        for language in languages:
            for take in islice(takes(language), 0, None, every):
                heard.append(await _hear(ladder, settings, *take))
    finally:
        await ladder.close()


async def _hear(
    ladder: RecognitionLadder,
    settings: Settings,
    sentence: Sentence,
    voice: str,
    condition: str,
    kind: str,
    sound: Samples,
) -> Heard:
    started, cpu = time.perf_counter(), time.process_time()
    text, found, by = "", "", ""
    try:
        hint, hints = recognition_hint(settings), recognition_hints(settings)
        transcript = await ladder.recognise(RecognitionRequest(sound, None, hint, hints))
        text, found, by = transcript.text, transcript.language or "", transcript.recognizer
    except RungError as error:
        by = f"failed: {error}"
    took_s, cpu_s = time.perf_counter() - started, time.process_time() - cpu
    verdict = make_addressee(settings).judge(text, 0.0, 1.0)
    said = _words(sentence.text)
    return Heard(
        language=sentence.language,
        sentence=sentence.text,
        held_out=sentence.held_out,
        voice=voice,
        condition=condition,
        noise=kind,
        meant=sentence.meant,
        text=text,
        found=found,
        recognizer=by,
        done="stop" if verdict.is_stop else "answer" if verdict.addressed else "nothing",
        words=len(said),
        errors=Levenshtein.distance(said, _words(text)),
        sound_s=len(sound) / SAMPLE_RATE,
        took_s=took_s,
        cpu_s=cpu_s,
    )


def _words(text: str) -> list[str]:
    return [word.replace("ё", "е") for word in words_of(text)]


@dataclass(frozen=True)
class Row:
    """Figures of some takes."""

    name: str
    errors: float
    """Word error rate."""
    calls_found: str
    calls_imagined: str
    """Answered or obeyed, though nobody meant the guide."""
    obeyed: str
    language_right: float
    real_time_factor: float
    cpu_factor: float
    """Seconds of one core for a second of sound."""

    @classmethod
    def of(cls, name: str, heard: Sequence[Heard]) -> Row:
        def share(meant: str, done: Sequence[str]) -> str:
            asked = [one for one in heard if one.meant == meant]
            return f"{sum(one.done in done for one in asked)}/{len(asked)}"

        return cls(
            name,
            sum(one.errors for one in heard) / max(1, sum(one.words for one in heard)),
            share("answer", ["answer"]),
            share("nothing", ["answer", "stop"]),
            share("stop", ["stop"]),
            sum(one.found == one.language for one in heard) / max(1, len(heard)),
            sum(one.took_s for one in heard) / max(1e-9, sum(one.sound_s for one in heard)),
            sum(one.cpu_s for one in heard) / max(1e-9, sum(one.sound_s for one in heard)),
        )


def rows(heard: Sequence[Heard]) -> list[Row]:
    """By language: all, the held-out part of it, and by condition and by noise."""
    made = []
    for language in dict.fromkeys(one.language for one in heard):
        own = [one for one in heard if one.language == language]
        made.append(Row.of(f"{language}, all", own))
        made.append(Row.of(f"{language}, held out", [one for one in own if one.held_out]))
        for condition in dict.fromkeys(one.condition for one in own):
            made.append(Row.of(f"{language}, {condition}", [x for x in own if x.condition == condition]))
        for kind in NOISES:
            made.append(Row.of(f"{language}, in {kind}", [one for one in own if one.noise == kind]))
    return made


def show(console: Console, heard: Sequence[Heard]) -> None:
    table = Table(title=f"{len(heard)} takes")
    columns = ("", "word errors", "calls found", "imagined", "obeyed", "language", "real time", "a core")
    for column in columns:
        table.add_column(column)
    for row in rows(heard):
        shares = (f"{row.errors:.0%}", row.calls_found, row.calls_imagined, row.obeyed)
        table.add_row(
            row.name,
            *shares,
            f"{row.language_right:.0%}",
            f"{row.real_time_factor:.0%}",
            f"{row.cpu_factor:.0%}",
        )
    console.print(table)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.asr", description=__doc__)
    languages = get_args(Language)
    parser.add_argument("--language", action="append", choices=languages, help="several; default: all")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what was heard here")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="one take of so many")
    options = parser.parse_args()
    chosen: list[Language] = options.language or list(languages)
    for language in chosen:
        for voice in absent(language):
            print(f"{language}: without {voice.engine} {voice.voice}, which is not here", file=sys.stderr)
    heard: list[Heard] = []
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt):
        spoken = [one for one in chosen if passengers(one)]
        asyncio.run(hear(load(dotenv=None), spoken, options.every, heard))
    show(Console(width=None if sys.stdout.isatty() else 120), heard)
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        told = json.dumps([asdict(one) for one in heard], ensure_ascii=False, indent=1)
        options.json.write_text(f"{told}\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
