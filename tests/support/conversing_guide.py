"""A guide in a cabin: one real sound server, its loudspeaker heard by its microphone, passengers, and clouds.

It speaks with espeak-ng, since the emulated cloud's voice is tones, which nobody would take for speech. Every
utterance counts as meant for it: nothing but half duplex or the canceller keeps it from answering itself.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.clouds import CloudEmulator, Profile
from tests.support.broker import Broker, running
from tests.support.guide import Guide, JsonObject
from tests.support.listening_guide import SPHINX
from tests.support.lost_sound import lost_sound
from tests.support.room import Room
from tests.support.sound_server import UNHURRIED, SoundServer, running_sound_server
from tests.support.spoken_english import say

QUICK = Profile(name="quick", first_token_s=0.05, voice_first_byte_s=0.03, connection_setup_s=0.01)
ANSWER = "The temple is a house of bamboo. It opens at eight."
REMARKS = (
    "On the left you can see the rice fields and the sea.",
    "Two dogs are crossing the road without looking to the right.",
    "A yellow motorbike overtakes us, and the driver waves.",
    "The sun is going down behind the palm trees, as it does.",
)
MAX_LESSONS = 10
ATTEMPTS = 3
LONG = 99
"""Number of a remark that is all of them."""


class RoomUnknownError(Exception):
    """The guide does not trust its echo canceller, and stays in half duplex."""


@dataclass
class ConversingGuide:
    """A guide that is heard and hears."""

    guide: Guide
    clouds: CloudEmulator
    sound: SoundServer
    room: Room

    @property
    def answers(self) -> list[JsonObject]:
        return [turn for turn in self.guide.turns if turn["kind"] == "answer"]

    @property
    def listener(self) -> JsonObject:
        """What the listener says of itself."""
        process: JsonObject = self.guide.state.get("processes", {}).get("listener", {})
        return process

    @property
    def duplex(self) -> str:
        """Which it is, and whether the canceller is relied on."""
        return str(self.listener["facts"]["duplex"])

    def utterances(self) -> int:
        """How many were heard, whatever was made of them."""
        counters = self.listener.get("counters", {})
        return sum(count for name, count in counters.items() if name.startswith("utterances."))

    def passenger_says(self, text: str, *, loudness: float = 1.0) -> float:
        """Returns the monotonic time at which it has been said."""
        words = say(text, "flite") * np.float32(loudness)
        return self.room.hears(np.clip(words, -32767, 32767).astype(np.int16))

    async def answer_to(self, text: str) -> JsonObject:
        """Say it, and wait for the turn that it becomes."""
        before = len(self.answers)
        self.passenger_says(text)
        await self.guide.until(lambda: len(self.answers) > before, "an answer")
        return self.answers[before]

    async def remark(self, number: int) -> JsonObject:
        """Have it make a remark, and wait for its end."""
        return await self.guide.say("event", text=f"something number {number}")

    async def begin_remark(self, number: int) -> str:
        """Returns the trigger's id as soon as it is heard."""
        trigger_id = await self.guide.begin("event", text=f"something number {number}")
        await self.guide.until_stage(trigger_id, "first_sample")
        return trigger_id

    async def settled(self) -> None:
        """Wait until whatever it may have heard has been understood and told."""
        await self.guide.until_told()

    async def unless_torn(self, attempt: Callable[[], Awaitable[str]]) -> str:
        """Returns what was wrong with an attempt, empty for nothing.

        Where sound was torn meanwhile it is made again: nobody hears what is not there. Skips the test where
        this machine tears even the tests' own air each time.
        """
        wrong, torn = "", {}
        for _ in range(ATTEMPTS):
            before = lost_sound(self)
            try:
                wrong = await attempt()
            except (AssertionError, TimeoutError) as error:
                wrong = str(error)
            if not wrong:
                return ""
            await self.settled()
            torn = {name: count - before[name] for name, count in lost_sound(self).items()}
            if not any(torn.values()):
                return wrong
        if torn["room"]:
            pytest.skip(f"sound is torn here too often for anybody to be heard: {torn}, {wrong[:200]}")
        return wrong

    async def learn_the_room(self) -> None:
        """Let it speak until it trusts its echo canceller."""
        for number in range(MAX_LESSONS):

            async def lesson(number: int = number) -> str:
                outcome = str((await self.remark(number))["outcome"])
                return "" if outcome == "spoken" else outcome

            assert await self.unless_torn(lesson) == ""
            await self.settled()
            if "until the room is learned" not in self.duplex:
                return
        raise RoomUnknownError(f"it still says {self.duplex!r}")


def reply(request: dict[str, Any]) -> str:
    said: str = request["messages"][-1]["content"]
    if "<question>" in said:
        return ANSWER
    number = int("".join(letter for letter in said.split("\n")[0] if letter.isdigit()) or 0)
    return " ".join(REMARKS) if number == LONG else REMARKS[number % len(REMARKS)]


@contextlib.asynccontextmanager
async def conversing_guide(
    folder: Path, settings: Mapping[str, str], *, echo_gain: float = 0.5
) -> AsyncIterator[ConversingGuide]:
    """Ready, and its devices open, on entry; nothing is left behind on exit.

    Args:
        settings: without the prefix ``SHUTTLE_GUIDE_``.
        echo_gain: of the room.
    """
    pytest.importorskip("pocketsphinx")
    home = folder / "guide"
    with contextlib.ExitStack() as stack:
        broker = stack.enter_context(running(Broker(folder / "broker")))
        sound = stack.enter_context(running_sound_server())
        room = stack.enter_context(Room(sound.environment, echo_gain))
        async with CloudEmulator(QUICK, reply=reply) as clouds:
            environment = {
                **sound.environment,
                **UNHURRIED,
                **clouds.env(),
                "SHUTTLE_GUIDE_SHUTTLE__LANGUAGE": "en",
                "SHUTTLE_GUIDE_COMMENTATOR__CHATTINESS": "unlimited",
                "SHUTTLE_GUIDE_SPEAKER__OUTPUT": "default",
                "SHUTTLE_GUIDE_SPEAKER__VOICES": "espeak",
                "SHUTTLE_GUIDE_LISTENER__INPUT": "default",
                "SHUTTLE_GUIDE_LISTENER__LANGUAGES": "en",
                "SHUTTLE_GUIDE_LISTENER__ADDRESSEE__MODE": "always",
                "SHUTTLE_GUIDE_TELEMETRY__STATE_PERIOD_S": "1",
                "SHUTTLE_GUIDE_TELEMETRY__ANSWER_TEXT": "true",
                **{f"SHUTTLE_GUIDE_{key}": value for key, value in (SPHINX | dict(settings)).items()},
            }
            async with Guide(home, broker.port, environment) as guide:
                await guide.until_ready()
                scene = ConversingGuide(guide, clouds, sound, room)
                await guide.until_state(lambda state: state["output"] == "open")
                await guide.until(lambda: "listening to default" in scene.listener.get("status", ""), "ears")
                yield scene
