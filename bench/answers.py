"""``python -m bench.answers``: from the end of a question to the first sound of its answer.

With answers that are begun while the end is only likely, and without; and what is ours of it when the silence
that is waited for and the recognizer's, the model's and the voice's own times are taken away, as far as they
did not run beside each other. The recognizer is a tiny Whisper of random weights, which understands the
question whatever is said.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from bench.cloud_log import MODELS, VOICES, CloudLog
from bench.clouds import PROFILES, Profile
from bench.floor import clause_ms
from tests.support.guide import JsonObject
from tests.support.listening_guide import Scene, listening
from tests.support.spoken_english import say
from tests.support.synthetic_whisper import make_model

UNDERSTOOD = "captain, what is the temple?"
WORDS = "captain what is the temple"
QUIET_S = 1.0
"""After an answer, before the next question: the microphone listens again."""
EARLY, LATE = "begun early", "begun at the end"
WAYS = {EARLY: "12", LATE: "0"}
"""Way → answers.speculations_per_minute; few enough questions are asked."""
OURS_MEDIAN_MS = 30.0


@dataclass(frozen=True)
class AnswerTimes:
    """One question. Milliseconds."""

    total_ms: float
    """From the end of the speech to the first sample."""
    recognizer_ms: float
    """What was still to be recognised when the silence was over."""
    model_ms: float
    """From its request to the last token of the first clause."""
    voice_ms: float
    """From the text to the first sound."""
    ours_ms: float


async def ask(scene: Scene, profile: Profile, silence_s: float, *, early: bool) -> AnswerTimes:
    """One question, and what became of it."""
    answers, asked_mono = len(scene.answers), time.monotonic()
    scene.microphone.hears(say(WORDS, "flite"))
    await scene.guide.until(lambda: len(scene.answers) > answers, "an answer")
    log = CloudLog([asdict(record) for record in scene.clouds.log])
    now = time.monotonic()
    reply = log.given(MODELS, asked_mono, now)[-1]
    sound = log.given(VOICES, reply.requested_mono, now)[0]
    await asyncio.sleep(QUIET_S)
    return account(
        scene.answers[answers],
        silence_ms=silence_s * 1000,
        model_ms=(reply.first_mono - reply.requested_mono) * 1000 + clause_ms(reply.text, profile),
        voice_ms=(sound.first_mono - sound.requested_mono) * 1000,
        early=early,
    )


def account(
    turn: JsonObject, *, silence_ms: float, model_ms: float, voice_ms: float, early: bool
) -> AnswerTimes:
    """What is ours: the time that the parts cannot explain, each begun as soon as it could be.

    Args:
        turn: as it was published.
        early: the model may be asked before the end is certain, and its words be spoken only then.
    """
    at = {stage: ms - turn["stages_ms"]["speech_end"] for stage, ms in turn["stages_ms"].items()}
    recognizer_ms = max(0.0, at["transcript"] - at["segment"])
    certain_ms = silence_ms + recognizer_ms
    words_ms = max(certain_ms, at["transcript"] + model_ms) if early else certain_ms + model_ms
    return AnswerTimes(
        total_ms=at["first_sample"],
        recognizer_ms=recognizer_ms,
        model_ms=model_ms,
        voice_ms=voice_ms,
        ours_ms=at["first_sample"] - words_ms - voice_ms,
    )


async def measure(
    folder: Path, profile: Profile, silence_s: float, rounds: int
) -> dict[str, list[AnswerTimes]]:
    """The questions of each way."""
    make_model(folder / "models/whisper/base", hears=UNDERSTOOD, languages=("en",), width=64)
    settings = {
        "MODELS_DIR": str(folder / "models"),
        "LISTENER__CAPTIONS": "false",
        "LISTENER__ENDPOINTING__SILENCE_S": str(silence_s),
        "LISTENER__ENDPOINTING__SILENCE_COMPLETE_S": str(silence_s),
        "LISTENER__ENDPOINTING__SILENCE_AFTER_SHORT_S": str(silence_s),
    }
    answered: dict[str, list[AnswerTimes]] = {}
    for number, (way, per_minute) in enumerate(WAYS.items()):
        settings["ANSWERS__SPECULATIONS_PER_MINUTE"] = per_minute
        async with listening(folder / str(number), profile, None, **settings) as scene:
            scene.microphone.be_punctual()
            each = [await ask(scene, profile, silence_s, early=way == EARLY) for _ in range(rounds + 1)]
            answered[way] = each[1:]  # the first one warms up
    return answered


def show(console: Console, answered: dict[str, list[AnswerTimes]], title: str) -> None:
    table = Table(title=title, title_justify="left")
    for column in ("answers", "heard after", "recognizer", "model", "voice", "ours", "worst"):
        table.add_column(column, justify="right")
    for way, each in answered.items():
        cells = [
            median(one.total_ms for one in each),
            median(one.recognizer_ms for one in each),
            median(one.model_ms for one in each),
            median(one.voice_ms for one in each),
            median(one.ours_ms for one in each),
            max(one.ours_ms for one in each),
        ]
        table.add_row(way, *(f"{cell:.0f}" for cell in cells))
    console.print(table)
    late_ms, early_ms = (median(one.total_ms for one in answered[way]) for way in (LATE, EARLY))
    ours_ms = median(one.ours_ms for one in answered[LATE])
    verdict = "met" if ours_ms <= OURS_MEDIAN_MS else "missed"
    console.print(
        f"ours ≤ {OURS_MEDIAN_MS:g} ms: {verdict}; begun early it is {late_ms - early_ms:.0f} ms sooner"
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.answers", description=__doc__)
    parser.add_argument("-n", "--rounds", type=int, default=8, help="default: %(default)s")
    parser.add_argument("--profile", choices=("seed", "fast"), default="seed", help="of the clouds")
    parser.add_argument("--silence", type=float, default=0.7, metavar="S", help="default: %(default)s")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here too")
    options = parser.parse_args()
    profile = PROFILES[options.profile]
    with tempfile.TemporaryDirectory(prefix="answers-") as name:
        answered = asyncio.run(measure(Path(name), profile, options.silence, options.rounds))
    title = (
        f"end of speech → first sample, ms, median of {options.rounds} "
        f"({options.profile}; silence {options.silence:g} s)"
    )
    show(Console(width=None if sys.stdout.isatty() else 140), answered, title)
    if options.json:
        data = {way: [asdict(one) for one in each] for way, each in answered.items()}
        options.json.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
