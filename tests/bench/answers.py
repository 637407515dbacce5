"""``python -m tests.bench.answers``: from the end of a question to the first sound of its answer.

With answers that are begun while the end is only likely, and without; and what is left when the silence that
is waited for and the clouds' own times are taken away. The recognizer is a tiny Whisper of random
weights, which understands the question whatever is said.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from edge.bench.clouds import PROFILES
from tests.support.guide import JsonObject
from tests.support.listening_guide import Scene, listening
from tests.support.spoken_english import say
from tests.support.synthetic_whisper import make_model

UNDERSTOOD = "captain, what is the temple?"
WORDS = "captain what is the temple"
QUIET_S = 1.0
"""After an answer, before the next question: the microphone listens again."""
WAYS = {"begun early": "12", "begun at the end": "0"}
"""Way → answers.speculations_per_minute; few enough questions are asked."""


async def ask(scene: Scene) -> JsonObject:
    """One question; its turn."""
    answers = len(scene.answers)
    scene.microphone.hears(say(WORDS, "flite"))
    await scene.guide.until(lambda: len(scene.answers) > answers, "an answer")
    await asyncio.sleep(QUIET_S)
    return scene.answers[answers]


async def measure(folder: Path, profile: str, silence_s: float, rounds: int) -> dict[str, list[JsonObject]]:
    """The turns of each way."""
    make_model(folder / "models" / "base", hears=UNDERSTOOD, languages=("en",), width=64)
    settings = {
        "LISTENER__RECOGNIZER__WHISPER__MODELS_DIR": str(folder / "models"),
        "LISTENER__CAPTIONS": "false",
        "LISTENER__ENDPOINTING__SILENCE_S": str(silence_s),
        "LISTENER__ENDPOINTING__SILENCE_COMPLETE_S": str(silence_s),
        "LISTENER__ENDPOINTING__SILENCE_AFTER_SHORT_S": str(silence_s),
    }
    turns: dict[str, list[JsonObject]] = {}
    for number, (way, per_minute) in enumerate(WAYS.items()):
        settings["ANSWERS__SPECULATIONS_PER_MINUTE"] = per_minute
        async with listening(folder / str(number), PROFILES[profile], **settings) as scene:
            await ask(scene)  # the first one warms up
            turns[way] = [await ask(scene) for _ in range(rounds)]
    return turns


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.answers", description=__doc__)
    parser.add_argument("-n", "--rounds", type=int, default=8, help="default: %(default)s")
    parser.add_argument("--profile", choices=("seed", "fast"), default="seed", help="of the clouds")
    parser.add_argument("--silence", type=float, default=0.7, metavar="S", help="default: %(default)s")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="answers-") as name:
        turns = asyncio.run(measure(Path(name), options.profile, options.silence, options.rounds))
    profile = PROFILES[options.profile]
    clouds_ms = (profile.first_token_s + profile.voice_first_byte_s) * 1000
    table = Table(title=f"end of speech → first sample, ms, median of {options.rounds} ({options.profile})")
    for column in ("answers", "heard after", "silence", "clouds", "left"):
        table.add_column(column, justify="right")
    data = {}
    for way, each in turns.items():
        data[way] = [turn["ttfa_ms"] for turn in each]
        heard_ms = statistics.median(data[way])
        silence_ms = options.silence * 1000
        left_ms = heard_ms - silence_ms - clouds_ms
        table.add_row(way, f"{heard_ms:.0f}", f"{silence_ms:.0f}", f"{clouds_ms:.0f}", f"{left_ms:+.0f}")
    Console(width=None if sys.stdout.isatty() else 140).print(table)
    if options.json:
        options.json.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
