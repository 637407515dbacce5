"""From the end of a question to the first sample of its answer, and what of it is ours.

Not ours are the silence that is waited for, the recognizer, the model and the voice (clouds are emulated;
what they took themselves is in their records).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.cloud_process import CloudProcess, running_clouds
from bench.floor import floor_of
from bench.measured_guide import environment_of, running_guide
from edge.config import ENV_PREFIX
from edge.config.hearing import Endpointing
from edge.messages import Turn
from tests.support.cabin_microphone import CabinMicrophone
from tests.support.spoken_english import say

QUESTIONS = 15
QUESTION = "captain, what is the temple over there on the left?"
PAUSE_S = 1.0


@dataclass(frozen=True)
class QuestionTimes:
    """One question. Milliseconds."""

    total_ms: float
    """From the end of the speech to the first sample."""
    silence_ms: float
    """As set."""
    recognizer_ms: float
    """What was still to be recognised when the silence was over."""
    clouds_ms: float
    """The model's first token, the tokens of the first clause, and the voice's first sound."""

    @property
    def ours_ms(self) -> float:
        return self.total_ms - self.silence_ms - self.recognizer_ms - self.clouds_ms


async def measure(folder: Path, broker_port: int) -> list[QuestionTimes]:
    """Ask the same question again and again, with pauses."""
    folder.mkdir(parents=True, exist_ok=True)
    with CabinMicrophone(folder / "microphone") as microphone:
        async with running_clouds("fast") as clouds:
            environment = environment_of(
                folder, broker_port, "answering", clouds.environment | dict(_settings(microphone))
            )
            async with running_guide(environment) as guide:
                microphone.be_punctual()
                answered = []
                for _ in range(QUESTIONS + 1):
                    await asyncio.sleep(PAUSE_S)
                    microphone.hears(say(QUESTION, "flite"))
                    answered.append(await _account(clouds, await guide.next_turn("answer")))
    return answered[1:]  # the first opens connections


def _settings(microphone: CabinMicrophone) -> Mapping[str, str]:
    settings = {
        "SHUTTLE__LANGUAGE": "en",
        "LISTENER__INPUT": microphone.input,
        "LISTENER__LANGUAGES": "en",
        "LISTENER__RECOGNIZER__ORDER": "pocketsphinx",
        "LISTENER__ADDRESSEE__MODE": "always",
    }
    return {f"{ENV_PREFIX}{key}": value for key, value in settings.items()}


async def _account(clouds: CloudProcess, turn: Turn) -> QuestionTimes:
    if turn.outcome != "spoken" or turn.models != ("groq",) or turn.voices != ("elevenlabs",):
        raise RuntimeError(f"expected an answer by groq and elevenlabs, came {turn}")
    at = dict(turn.stages)
    begin, heard = at["speech_end"], at["first_sample"]
    reply, *_ = await clouds.given("groq", begin, heard)
    sound, *_ = await clouds.given("elevenlabs", begin, heard)
    floor = floor_of(clouds.profile, reply, sound)
    return QuestionTimes(
        total_ms=(heard - begin) * 1000,
        silence_ms=Endpointing().silence_s * 1000,
        recognizer_ms=max(0.0, at["transcript"] - at["segment"]) * 1000,
        clouds_ms=floor.observed_ms,
    )
