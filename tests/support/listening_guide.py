"""A guide that listens, with clouds that answer: real words into a microphone, and what becomes of them."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.clouds import CloudEmulator, Profile
from edge.cli.up import PROGRAM
from edge.listener.segment import SAMPLE_RATE
from tests.support.broker import Broker, running
from tests.support.cabin_microphone import CabinMicrophone
from tests.support.guide import Guide, JsonObject
from tests.support.heard import WavRecording
from tests.support.spoken_english import say

QUICK = Profile(name="quick", first_token_s=0.05, voice_first_byte_s=0.03, connection_setup_s=0.01)
SPHINX = {
    "LISTENER__RECOGNIZER__ORDER": "pocketsphinx",
    "LISTENER__RECOGNIZER__BUDGET__INITIAL_MS": "18000",
    "LISTENER__RECOGNIZER__BUDGET__MAX_MS": "18000",
}
"""Pocketsphinx, with all the time that a busy machine takes."""
QUESTION = "captain, what is the temple?"
FOLLOW_UP = "what is the weather today?"
CHATTER = "I like this place very much"
ANSWER = "It opens at eight."
NOTICE = "I am listening."
LONG = "The next stop is the moon. " * 4
LONGEST = "The sun goes down behind the rice fields. " * 9
"""As long as may be: whoever stops it is heard before its end, however slow the recognizer is."""
SUNSET = "a long sunset"
MISHEARD = ("not_addressed", "asks_nothing", "not_understood")
TRIES = 4
"""Pocketsphinx gets used to a voice with each recognition, and a busy machine leaves out those in between."""
BREATH_S = 1.0
"""Nobody asks in the moment in which the guide falls silent; and the listener has to hear of it first."""
PAGE = "# The temple\n\nThe temple is a house of bamboo. It opens at eight in the morning.\n"
SETTINGS = '[listener.addressee]\nnames = { en = ["captain"] }\nfollow_up_s = 15\n'


def reply(request: dict[str, Any]) -> str:
    seen_or_asked = request["messages"][-1]["content"]
    if "<question>" in seen_or_asked:
        return ANSWER
    return LONGEST if SUNSET in seen_or_asked else LONG


@dataclass
class Scene:
    """A guide that listens, with clouds that answer."""

    guide: Guide
    clouds: CloudEmulator
    microphone: CabinMicrophone
    loudspeaker: WavRecording

    def passenger_says(self, text: str) -> None:
        self.microphone.hears(say(text, "flite"))

    async def answer_to(self, text: str) -> JsonObject:
        """Say it, and wait for the turn that it becomes; who was misheard says it again."""
        before = len(self.answers)
        for _ in range(TRIES):
            await self._say_once(text, before)
            if len(self.answers) > before:
                return self.answers[before]
        raise AssertionError(f"{text!r} was misheard {TRIES} times")

    async def _say_once(self, text: str, before: int) -> None:
        """Until it is answered or misheard; ``before``: so many answers there are already."""
        misheard = self._misheard()
        self.microphone.hears(np.zeros(round(BREATH_S * SAMPLE_RATE), np.int16))
        self.passenger_says(text)
        await self.guide.until(lambda: len(self.answers) > before or self._misheard() > misheard, "an answer")

    async def until_understood(self) -> None:
        """Wait until all that was said has been judged."""
        await self.guide.until(lambda: self.microphone.is_quiet, "silence")
        await self.guide.until_told()

    @property
    def answers(self) -> list[JsonObject]:
        return [turn for turn in self.guide.turns if turn["kind"] == "answer"]

    def asked(self) -> list[str]:
        """What the model was asked, question by question."""
        bodies: list[dict[str, Any]] = [r.body for r in self.clouds.requests("groq") if r.body]
        contents = [body["messages"][-1]["content"] for body in bodies]
        return [content for content in contents if "<question>" in content]

    def _misheard(self) -> int:
        return sum(map(self.utterances, MISHEARD))

    def utterances(self, reason: str = "") -> int:
        """How many were judged so; all of them without a reason."""
        counters = listener_of(self.guide.state)["counters"]
        return sum(count for name, count in counters.items() if name.startswith(f"utterances.{reason}"))


def process_of(state: JsonObject, name: str) -> JsonObject:
    """What a process says of itself; no words before it was heard of."""
    process: JsonObject = state.get("processes", {}).get(name, {"status": "", "counters": {}, "facts": {}})
    return process


def listener_of(state: JsonObject) -> JsonObject:
    return process_of(state, "listener")


@contextlib.asynccontextmanager
async def listening(
    folder: Path,
    profile: Profile = QUICK,
    environment: Mapping[str, str] | None = None,
    program: Sequence[str] = PROGRAM,
    **settings: str,
) -> AsyncIterator[Scene]:
    """
    Args:
        profile: of the clouds.
        environment: beside the settings.
        program: the interpreter's arguments.
        settings: by their names in the environment, without the prefix.
    """
    home = folder / "guide"
    (home / "knowledge").mkdir(parents=True)
    (home / "knowledge" / "temple.en.md").write_text(PAGE)
    (home / "guide.toml").write_text(SETTINGS)
    with (
        running(Broker(folder / "broker")) as broker,
        CabinMicrophone(folder / "microphone") as microphone,
    ):
        async with CloudEmulator(profile, reply=reply) as clouds:
            given = {
                **clouds.env(),
                "SHUTTLE_GUIDE_SHUTTLE__LANGUAGE": "en",
                "SHUTTLE_GUIDE_LISTENER__INPUT": microphone.input,
                "SHUTTLE_GUIDE_LISTENER__LANGUAGES": "en",
                "SHUTTLE_GUIDE_ANSWERS__KNOWLEDGE_DIR": str(home / "knowledge"),
                **{f"SHUTTLE_GUIDE_{key}": value for key, value in settings.items()},
                **(environment or {}),
            }
            async with Guide(home, broker.port, given, program=program) as guide:
                await guide.until_ready()
                await guide.until_state(lambda state: "listening to" in listener_of(state)["status"])
                yield Scene(guide, clouds, microphone, WavRecording(home / "heard.wav"))
