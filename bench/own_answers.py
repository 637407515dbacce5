"""``python -m bench.own_answers``: from the end of a spoken question to the first sound, with real weights.

Whisper base hears Piper's joe ask, a page answers and espeak-ng says it: all on this machine. With
``--clouds [PROFILE]`` an emulated model and voice answer instead, and the table tells when they were asked
and when the first clause and its sound left them. What is ours is the time that neither the silence nor the
bare call of the recognizer nor the clouds explain; the same sound goes to the bare engine before the first
question and behind the last, since the machine may have other work. Needs ``make real-models``.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import threading
import time
from pathlib import Path
from statistics import median

import numpy as np
from msgspec.structs import replace
from rich.console import Console
from rich.table import Table

from bench.clouds import PROFILES, CloudEmulator
from bench.clouds.replies import tokenize
from edge.commentator.clauses import ClauseCutter
from edge.config import load
from edge.listener.endpointing import PAUSE_S
from edge.listener.options import recognition_hint, recognition_hints
from edge.listener.recognizers.whisper import WhisperEngine
from edge.listener.segment import SAMPLE_RATE, RecognitionRequest
from tests.support.guide import JsonObject
from tests.support.listening_guide import ANSWER, Scene, listening
from tests.support.passengers import PAD_S, Passenger, Samples, say
from tests.support.real_models import FOLDER, real_model

JOE = Passenger("piper", "en_US-joe-medium")
QUESTION = "Captain, at what time does the temple open in the morning?"
AFTER_S = 1.0
NO_CLOUDS = {"GROQ_API_KEY": "", "OPENAI_API_KEY": "", "ELEVENLABS_API_KEY": ""}
STAGES = ("segment", "transcript", "verified", "first_text", "first_audio", "first_sample")
CLOUD_STAGES = ("model asked", "its clause", "first_text", "voice asked", "its sound")
FIRST_CLAUSE = ClauseCutter().feed(ANSWER)[0]


def bare_ms(samples: Samples, calls: int = 3) -> float:
    """What the engine takes alone, as the guide would ask it: median of some calls."""
    settings = replace(load({}, dotenv=None), models_dir=str(FOLDER))
    engine = WhisperEngine(settings)
    engine.load()
    request = RecognitionRequest(samples, None, recognition_hint(settings), recognition_hints(settings))
    took = []
    for _ in range(calls):
        begun = time.perf_counter()
        engine.transcribe(request, threading.Event())
        took.append((time.perf_counter() - begun) * 1000)
    return median(took)


async def ask(folder: Path, rounds: int, sound: Samples, *, clouds: str | None) -> list[dict[str, float]]:
    """Milliseconds from the end of speech to each stage, question by question; the first one warms up."""
    settings = {
        "MODELS_DIR": str(FOLDER),
        "SPEAKER__VOICES": "elevenlabs,espeak",
        "LISTENER__LANGUAGES": "ru,en,id",
    }
    asked = []
    profile, environment = PROFILES[clouds or "seed"], None if clouds else NO_CLOUDS
    async with listening(folder, profile, environment, **settings) as scene:
        scene.microphone.be_punctual()
        for number in range(rounds + 1):
            turn = await _answer(scene, sound)
            print(_line(number, turn), file=sys.stderr)
            asked.append(_behind_speech(turn) | (_in_the_clouds(scene.clouds, turn) if clouds else {}))
            await asyncio.sleep(AFTER_S)
    return asked[1:]


async def _answer(scene: Scene, sound: Samples) -> JsonObject:
    answers = len(scene.answers)
    scene.microphone.hears(sound)
    await scene.guide.until(lambda: len(scene.answers) > answers, "an answer")
    return scene.answers[answers]


def _behind_speech(turn: JsonObject) -> dict[str, float]:
    stages = turn["stages_ms"]
    return {name: stages[name] - stages["speech_end"] for name in STAGES if name in stages}


def _in_the_clouds(clouds: CloudEmulator, turn: JsonObject) -> dict[str, float]:
    """The same for what the emulated clouds saw of this question; nothing where others answered."""
    if (turn["rungs"]["model"], turn["rungs"]["voice"]) != ("groq", "elevenlabs"):
        return {}
    asked = [one for one in clouds.requests("groq") if "<question>" in str(one.body)]
    clause = len(tokenize(FIRST_CLAUSE))
    texts = [output for one in asked for output in one.outputs if len(output.tokens_mono) >= clause]
    sounds = [output for one in clouds.requests("elevenlabs") for output in one.outputs]
    if not texts or not sounds or sounds[-1].requested_mono < texts[-1].requested_mono:
        return {}
    written = texts[-1]
    voiced = next(output for output in sounds if output.requested_mono >= written.requested_mono)
    end_at = turn["received_at"] + turn["stages_ms"]["speech_end"] / 1000
    end_mono = end_at - time.time() + time.monotonic()
    seen = {
        "model asked": written.requested_mono,
        "its clause": written.tokens_mono[clause - 1],
        "voice asked": voiced.requested_mono,
        "its sound": voiced.first_mono or voiced.requested_mono,
    }
    return {name: (mono - end_mono) * 1000 for name, mono in seen.items()}


def _ours(one: dict[str, float], bare: float) -> float:
    """Milliseconds that somebody waited for nothing but us."""
    writing = one["its clause"] - one["model asked"] if "its clause" in one else 0.0
    voicing = one["its sound"] - one["voice asked"] if "its sound" in one else 0.0
    return one["first_sample"] - max(one["segment"], PAUSE_S * 1000 + bare + writing) - voicing


def _line(number: int, turn: JsonObject) -> str:
    told = ", ".join(f"{name} {ms:.0f}" for name, ms in _behind_speech(turn).items())
    return f"{number}: {turn['rungs']['models']} {turn['outcome']}: {told}"


def show(console: Console, asked: list[dict[str, float]], bare: float) -> None:
    table = Table(title=f"end of speech → stage, ms, median of {len(asked)} questions")
    answered_by_clouds = all("its sound" in one for one in asked)
    shown = (*STAGES[:3], *CLOUD_STAGES, *STAGES[4:]) if answered_by_clouds else STAGES
    for name in (*shown, "bare call", "ours", "ours, worst"):
        table.add_column(name, justify="right")
    stages = [
        median(one[name] for one in asked) if all(name in one for one in asked) else 0.0 for name in shown
    ]
    ours = [_ours(one, bare) for one in asked]
    cells = (*stages, bare, median(ours), max(ours))
    table.add_row(*(f"{cell:.0f}" for cell in cells))
    console.print(table)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.own_answers", description=__doc__)
    parser.add_argument("-n", "--rounds", type=int, default=6, help="default: %(default)s")
    parser.add_argument(
        "--clouds",
        nargs="?",
        const="seed",
        choices=sorted(PROFILES),
        help="an emulated model and voice answer",
    )
    options = parser.parse_args()
    for name in ("whisper/base", "piper/en_US-joe-medium"):
        real_model(name)
    sound = say(JOE, QUESTION)
    heard = sound[: len(sound) - round((PAD_S - PAUSE_S) * SAMPLE_RATE)]
    first = bare_ms(heard)
    with tempfile.TemporaryDirectory(prefix="own-answers-") as name:
        spoken = np.concatenate([sound, np.zeros(SAMPLE_RATE, np.int16)])
        asked = asyncio.run(ask(Path(name), options.rounds, spoken, clouds=options.clouds))
    bare = (first + bare_ms(heard)) / 2
    show(Console(width=None if sys.stdout.isatty() else 170), asked, bare)
    return 0


if __name__ == "__main__":
    sys.exit(main())
