"""``python -m bench.asr``: how well the guide hears sentences of a shuttle, by its own settings.

Each sentence of ``tests/own_sentences`` is spoken by one of the voices that are here, in turn; clean, in
noise at two of four levels, and every third over what a canceller left of the guide's own voice. The
configured recognizers hear it as the guide would: by the same ladder, without knowing the language, with the
same hint. Settings come from the environment, so that one change is tried by one variable. Nothing of it is
about the end of speech.

With ``--results FILE`` each take is a line of it as soon as it was heard, and what stands there is not
heard again: a run that was stopped goes on, and two of different languages may share a file. Whom a sentence
was for is judged when the table is shown, so rules are tried on a file without hearing anything.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import msgspec
from rapidfuzz.distance import Levenshtein
from rich.console import Console
from rich.table import Table

from edge.config import Settings, load
from edge.ladder import RungError
from edge.lexicon.words import words_of
from edge.listener.addressee import Addressee
from edge.listener.options import make_addressee, recognition_hint, recognition_hints
from edge.listener.recognizers import RecognitionLadder, make_recognition_ladder
from edge.listener.segment import SAMPLE_RATE, RecognitionRequest
from edge.messages import LANGUAGES, Language
from tests.support.passenger_noise import NOISES, OWN_VOICE_DB, SNRS_DB, Noise, mixed, noise, own_voice
from tests.support.passengers import Samples, Sentence, absent, passengers, say, sentences

CLEAN, OWN_VOICE = "clean", "own voice"


class Heard(msgspec.Struct, frozen=True):
    """One sentence in one condition."""

    language: Language
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
    sound_s: float
    took_s: float
    cpu_s: float
    """Processor time of all threads: what else the machine does is not in it."""

    @property
    def key(self) -> tuple[str, ...]:
        return self.language, self.sentence, self.voice, self.condition, self.noise

    @property
    def words(self) -> int:
        return len(_words(self.sentence))

    @property
    def errors(self) -> int:
        return Levenshtein.distance(_words(self.sentence), _words(self.text))


class Take(NamedTuple):
    """A sentence, and the conditions that it is said in."""

    sentence: Sentence
    voice: str
    condition: str
    noise: str
    sound: Callable[[], Samples]

    @property
    def key(self) -> tuple[str, ...]:
        return self.sentence.language, self.sentence.text, self.voice, self.condition, self.noise

    @property
    def draw(self) -> bytes:
        """Sorted by it, takes that were reached are a fair sample of all."""
        return hashlib.sha256(repr(self.key).encode()).digest()


def takes(language: Language) -> Iterator[Take]:
    """Levels and noises go round, so that each meets each."""
    voices = passengers(language)
    for number, sentence in enumerate(sentences(language)):
        voice = voices[number % len(voices)]
        named = f"{voice.engine} {voice.voice}"
        speech = partial(say, voice, sentence.text)
        yield Take(sentence, named, CLEAN, "", speech)
        for step, snr_db in enumerate(SNRS_DB[number % 2 :: 2]):
            kind = NOISES[(number // 2 + step) % len(NOISES)]
            yield Take(
                sentence, named, f"{snr_db} dB", kind, partial(_noisy, speech, kind, sentence, number, snr_db)
            )
        if number % 3 == 0:
            yield Take(sentence, named, OWN_VOICE, "", partial(_over_own_voice, speech, language))


def _noisy(
    speech: Callable[[], Samples], kind: Noise, sentence: Sentence, seed: int, snr_db: float
) -> Samples:
    said = speech()
    return mixed(said, noise(kind, len(said), sentence.language, seed), snr_db)


def _over_own_voice(speech: Callable[[], Samples], language: Language) -> Samples:
    said = speech()
    return mixed(said, own_voice(len(said), language), OWN_VOICE_DB)


async def hear(settings: Settings, wanted: Sequence[Take], note: Callable[[Heard], None]) -> None:
    """Have each take heard by the recognizers; ``note`` is told of each as soon as it was."""
    ladder = make_recognition_ladder(settings)
    await ladder.start()
    print(f"runs: {ladder.facts()}", file=sys.stderr)
    try:
        for take in wanted:
            try:
                note(await _hear(ladder, settings, take))
            except RungError as error:
                print(f"{take.key} is left out: {error}", file=sys.stderr)
    finally:
        await ladder.close()


async def _hear(ladder: RecognitionLadder, settings: Settings, take: Take) -> Heard:
    """Raises RungError: what was too late on a busy machine says nothing about hearing."""
    sound = take.sound()
    started, cpu = time.perf_counter(), time.process_time()
    hint, hints = recognition_hint(settings), recognition_hints(settings)
    transcript = await ladder.recognise(RecognitionRequest(sound, None, hint, hints))
    took_s, cpu_s = time.perf_counter() - started, time.process_time() - cpu
    return Heard(
        language=take.sentence.language,
        sentence=take.sentence.text,
        held_out=take.sentence.held_out,
        voice=take.voice,
        condition=take.condition,
        noise=take.noise,
        meant=take.sentence.meant,
        text=transcript.text,
        found=transcript.language or "",
        recognizer=transcript.recognizer,
        sound_s=len(sound) / SAMPLE_RATE,
        took_s=took_s,
        cpu_s=cpu_s,
    )


def deed(addressee: Addressee, text: str) -> str:
    """answer, stop or nothing."""
    verdict = addressee.judge(text, 0.0, 1.0)
    return "stop" if verdict.is_stop else "answer" if verdict.addressed else "nothing"


def _words(text: str) -> list[str]:
    return [word.replace("ё", "е") for word in words_of(text)]


class HearingRow(NamedTuple):
    """Figures of some takes."""

    name: str
    takes: int
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
    def of(cls, name: str, heard: Sequence[Heard], addressee: Addressee) -> HearingRow:
        def share(meant: str, done: Sequence[str]) -> str:
            asked = [one for one in heard if one.meant == meant]
            return f"{sum(deed(addressee, one.text) in done for one in asked)}/{len(asked)}"

        return cls(
            name,
            len(heard),
            sum(one.errors for one in heard) / max(1, sum(one.words for one in heard)),
            share("answer", ["answer"]),
            share("nothing", ["answer", "stop"]),
            share("stop", ["stop"]),
            sum(one.found == one.language for one in heard) / max(1, len(heard)),
            sum(one.took_s for one in heard) / max(1e-9, sum(one.sound_s for one in heard)),
            sum(one.cpu_s for one in heard) / max(1e-9, sum(one.sound_s for one in heard)),
        )


def rows(heard: Sequence[Heard], addressee: Addressee) -> list[HearingRow]:
    """A row a language: all, the held-out part of it, and by condition and by noise."""
    made = []
    for language in dict.fromkeys(one.language for one in heard):
        own = [one for one in heard if one.language == language]
        parts = {"all": own, "seen": [one for one in own if not one.held_out]}
        parts["held out"] = [one for one in own if one.held_out]
        conditions = dict.fromkeys((CLEAN, *(f"{snr_db} dB" for snr_db in SNRS_DB), OWN_VOICE))
        parts |= {name: [one for one in own if one.condition == name] for name in conditions}
        parts |= {f"in {kind}": [one for one in own if one.noise == kind] for kind in NOISES}
        made += [
            HearingRow.of(f"{language}, {name}", part, addressee) for name, part in parts.items() if part
        ]
    return made


def show(console: Console, heard: Sequence[Heard], addressee: Addressee) -> None:
    table = Table(title=f"{len(heard)} takes")
    columns = (
        "",
        "takes",
        "word errors",
        "calls found",
        "imagined",
        "obeyed",
        "language",
        "real time",
        "a core",
    )
    for column in columns:
        table.add_column(column)
    for row in rows(heard, addressee):
        table.add_row(
            row.name,
            str(row.takes),
            f"{row.errors:.0%}",
            row.calls_found,
            row.calls_imagined,
            row.obeyed,
            f"{row.language_right:.0%}",
            f"{row.real_time_factor:.0%}",
            f"{row.cpu_factor:.0%}",
        )
    console.print(table)


class HearingResults:
    """What was heard, in a file of JSON lines where one is named."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self.heard: dict[tuple[str, ...], Heard] = {}
        """Take → what was heard of it."""
        for line in path.read_bytes().splitlines() if path and path.is_file() else ():
            one = msgspec.json.decode(line, type=Heard)
            self.heard[one.key] = one

    def note(self, one: Heard) -> None:
        self.heard[one.key] = one
        if self._path:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("ab", buffering=0) as file:  # one write a line: others may append, too
                file.write(msgspec.json.encode(one) + b"\n")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.asr", description=__doc__)
    parser.add_argument("--language", action="append", choices=LANGUAGES, help="several; default: all")
    parser.add_argument(
        "--results", type=Path, metavar="FILE", help="keep what was heard here, go on from it"
    )
    parser.add_argument("--takes", type=int, metavar="N", help="no more than so many; 0: only show the table")
    options = parser.parse_args()
    chosen: Sequence[Language] = options.language or LANGUAGES
    for language in chosen:
        for voice in absent(language):
            print(f"{language}: without {voice.engine} {voice.voice}, which is not here", file=sys.stderr)
    settings = load(dotenv=None)
    results = HearingResults(options.results)
    spoken = chain.from_iterable(takes(one) for one in chosen if passengers(one))
    wanted = sorted(spoken, key=lambda take: take.draw)[: options.takes]
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt):
        if missing := [take for take in wanted if take.key not in results.heard]:
            asyncio.run(hear(settings, missing, results.note))
    heard = [one for one in results.heard.values() if one.language in chosen]
    show(Console(width=None if sys.stdout.isatty() else 120), heard, make_addressee(settings))
    return 0


if __name__ == "__main__":
    sys.exit(main())
