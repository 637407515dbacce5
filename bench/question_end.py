"""``python -m bench.question_end``: when the words of a question are known, and when its end is certain.

Sentences of ``tests/own_sentences`` that are meant for the guide, clean, to the listener's own parts in
simulated time: each recognition takes what Whisper base takes on two free cores, whatever else this machine
does meanwhile; Whisper itself tells the words. Each sentence is heard twice: recognised from a pause on, as
the guide does, and from its likely end on. Needs ``make real-models`` and the voices of ``bench.asr``.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple, cast

import numpy as np
from msgspec.structs import replace
from rich.console import Console
from rich.table import Table

from bench.asr import CLEAN, Take, takes
from bench.clouds import PROFILES
from bench.clouds.replies import tokenize
from bench.interruptions.surroundings import KeptTranscripts, Surroundings
from bench.own_answers import FIRST_CLAUSE
from edge.clock import monotonic
from edge.config import Settings, load
from edge.drive import simulated_time
from edge.lexicon.words import words_of
from edge.listener.attention import Attention
from edge.listener.duplex import open_duplex
from edge.listener.ears import Ears
from edge.listener.framing import FRAME_S, FRAME_SAMPLES
from edge.listener.segment import SAMPLE_RATE, Frame, RecognitionRequest, Transcript
from edge.listener.segmenter import Segmenter
from edge.listener.speech_events import SpeechEvent, SpeechPaused
from edge.listener.vad_silero import SileroVad
from edge.messages import LANGUAGES, Control, Guess, Language, Trigger
from tests.support.passengers import passengers
from tests.support.real_models import FOLDER, real_model

CALL_S = 0.26
"""The bare call for a question, as ``bench.own_answers`` measured it; interim transcripts take as long."""
BEFORE_S, BEHIND_S = 0.5, 2.5
FLOOR_RMS = 10.0
WAYS = ("from the likely end", "from a pause")


class SentenceOutcome(NamedTuple):
    """What became of one sentence. Seconds are counted from the end of its speech."""

    text: str
    guess_s: float | None
    """When an answer to all of it was begun; None: not before its end was certain."""
    certain_s: float
    recognitions: int
    guesses: int

    def first_sound_s(self, profile: str) -> float:
        """When it would sound by an emulated model and voice, with nothing lost between them."""
        clouds = PROFILES[profile]
        writing_s = clouds.first_token_s + (len(tokenize(FIRST_CLAUSE)) - 1) * clouds.per_token_s
        asked_s = self.certain_s if self.guess_s is None else self.guess_s
        return max(self.certain_s, asked_s + writing_s) + clouds.voice_first_byte_s


class LateEars(Ears):
    """Nothing is recognised before the end is likely."""

    def _take(self, event: SpeechEvent) -> None:
        if not isinstance(event, SpeechPaused):
            super()._take(event)


class SteadyWhisper(KeptTranscripts):
    """Each call takes ``CALL_S``. Interim transcripts only take their time: they have no words."""

    final_s = CALL_S
    calls = 0

    async def recognise(self, request: RecognitionRequest) -> Transcript:
        if request.interim:
            await asyncio.sleep(CALL_S)
            return Transcript("", None)
        self.calls += 1
        return await super().recognise(request)


async def ask(
    settings: Settings, sounds: Iterable[Take], whisper: SteadyWhisper, kind: type[Ears]
) -> list[SentenceOutcome | None]:
    """What became of each sentence; None: it was not understood as a question."""
    around = Surroundings(settings)
    life = cast(Any, around)
    duplex, canceller = open_duplex(settings.listener)
    attention = Attention(life, duplex)
    ears = kind(life, attention, duplex, canceller, cast(Any, whisper))
    segmenter = ears._segmenter = Segmenter(SileroVad(device="cpu"), settings.listener.endpointing)
    attention.start()
    await ears._turn_end.start()
    begun_mono, at = monotonic(), 0
    await asyncio.sleep(0)
    found: list[SentenceOutcome | None] = []
    for number, take in enumerate(sounds):
        around.tell(Control(stopped_at_ms=number))
        around.sent.clear()
        whisper.calls = 0
        sound = np.pad(take.sound(), [round(s * SAMPLE_RATE) for s in (BEFORE_S, BEHIND_S)])
        sound = sound + np.rint(np.random.default_rng(7).standard_normal(len(sound)) * FLOOR_RMS)
        heard = np.clip(sound, -32768, 32767).astype(np.int16)
        for begin in range(0, len(heard) - FRAME_SAMPLES, FRAME_SAMPLES):
            at += 1
            mono = begun_mono + at * FRAME_S
            await asyncio.sleep(max(0.0, mono - monotonic()))
            ears._hear(Frame(heard[begin : begin + FRAME_SAMPLES], mono), segmenter)
        found.append(_question(around.sent, whisper.calls))
        print(f"{kind.__name__}: {found[-1]}", file=sys.stderr)
    around.close()
    await ears.close()
    return found


def _question(sent: Sequence[tuple[float, Any]], calls: int) -> SentenceOutcome | None:
    asked = [(mono, one) for mono, one in sent if isinstance(one, Trigger) and one.occasion is None]
    if len(asked) != 1:
        return None
    (certain_mono, trigger) = asked[0]
    end_mono = next(stage.mono for stage in trigger.stages if stage.stage == "speech_end")
    text = trigger.text or ""
    guesses = [(mono, one) for mono, one in sent if isinstance(one, Guess)]
    right = [mono for mono, one in guesses if words_of(one.text) == words_of(text) and mono >= end_mono]
    guess_s = right[-1] - end_mono if right else None
    return SentenceOutcome(text, guess_s, certain_mono - end_mono, calls, len(guesses))


def show(console: Console, ways: dict[str, list[SentenceOutcome]]) -> None:
    table = Table(title=f"{len(ways[WAYS[0]])} questions, medians, ms behind the end of speech")
    columns = ("recognised", "guess", "certain end", "recognitions", "guesses")
    for column in (*columns, "first sound, fast", "first sound, seed"):
        table.add_column(column, justify="right")
    for way, questions in ways.items():
        guesses = [one.certain_s if one.guess_s is None else one.guess_s for one in questions]
        table.add_row(
            way,
            f"{median(guesses) * 1000:.0f}",
            f"{median(one.certain_s for one in questions) * 1000:.0f}",
            str(sum(one.recognitions for one in questions)),
            str(sum(one.guesses for one in questions)),
            *(
                f"{median(one.first_sound_s(name) for one in questions) * 1000:.0f}"
                for name in ("fast", "seed")
            ),
        )
    console.print(table)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.question_end", description=__doc__)
    languages: list[Language] = [one for one in LANGUAGES if one != "id"]
    parser.add_argument("--language", action="append", choices=languages, help="several; default: all")
    parser.add_argument("--takes", type=int, metavar="N", help="no more than so many")
    parser.add_argument("--folder", type=Path, default=Path("out/question_end"), help="default: %(default)s")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    real_model("whisper/base")
    chosen: Sequence[Language] = options.language or languages
    spoken = chain.from_iterable(takes(one) for one in chosen if passengers(one))
    meant = [take for take in spoken if take.condition == CLEAN and take.sentence.meant == "answer"]
    wanted = sorted(meant, key=lambda take: take.draw)[: options.takes]
    settings = replace(load({}, dotenv=None), models_dir=str(FOLDER))
    ways: dict[str, list[SentenceOutcome | None]] = {}
    whisper = SteadyWhisper(settings, options.folder / "transcripts.jsonl", interim=True)
    for way, kind in zip(WAYS, (LateEars, Ears), strict=True):
        ways[way] = simulated_time.run(ask(settings, wanted, whisper, kind))
    pairs = [pair for pair in zip(*ways.values(), strict=True) if None not in pair]
    same = sum(words_of(one.text) == words_of(other.text) for one, other in pairs if one and other)
    console = Console(width=None if sys.stdout.isatty() else 140)
    show(console, {way: [cast(SentenceOutcome, pair[at]) for pair in pairs] for at, way in enumerate(WAYS)})
    understood = ", ".join(f"{sum(map(bool, found))} {way}" for way, found in ways.items())
    console.print(f"understood as questions, of {len(wanted)}: {understood}; with the same words: {same}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
