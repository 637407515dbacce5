"""A guide with emulated clouds and a real sound server, and checks of what it lets hear."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zmq.asyncio

from bench.clouds import CloudEmulator, Profile
from bench.clouds.tones import letters_of
from edge.bus import Delivery, PipeSender
from edge.bus.topology import TRIGGERS
from edge.messages import Trigger
from tests.support.broker import Broker, running
from tests.support.guide import Guide, JsonObject
from tests.support.heard import Heard, letters_said
from tests.support.services import budgets
from tests.support.sound_server import RATE, UNHURRIED, Recording, SoundServer, running_sound_server

QUICK = Profile(name="quick", first_token_s=0.05, voice_first_byte_s=0.03, connection_setup_s=0.01)
SPEED = 1.2
BUDGET_MS = 9000
"""On a busy machine a cloud shall not be given up for what is local: that has tests of its own."""
TWO_DOGS, SUNSET = "две собаки справа", "закат над рисовым полем"
SHORT = "Две собаки! Обе рады."
LONG = "Закат над полем! Лягушки настраивают скрипки, и всё это до ужина."
"""What the model says of ``SUNSET``; to all else it says ``SHORT``."""
ANNOUNCEMENT = "Остановка Луна."


def reply(request: dict[str, Any], long: str = LONG) -> str:
    seen_or_asked = request["messages"][-1]["content"].rpartition("<question>\n")[2]
    return long if seen_or_asked.startswith(SUNSET) else SHORT


@dataclass
class SpeakingGuide:
    """A guide with a loudspeaker and clouds."""

    guide: Guide
    clouds: CloudEmulator
    sound: SoundServer
    broker: Broker

    async def begin_long_remark(self, recording: Recording) -> str:
        """Returns the trigger's id when some words of it have been heard, and not all."""
        trigger_id = await self.guide.begin("event", text=SUNSET)
        await self.until_some_words(recording)
        return trigger_id

    async def ask(self, question: str) -> str:
        """Hand over a question as the listener does; returns the trigger's id."""
        now = time.monotonic()
        asked = Trigger(
            kind="answer", text=question, received_mono=now, received_at=time.time(), expires_mono=now + 20
        )
        context = zmq.asyncio.Context()
        listener = PipeSender(self.guide.folder / "run", TRIGGERS, "listener")
        listener.start(context)
        try:
            sent = listener.put(asked, priority=asked.priority, expires_mono=asked.expires_mono)
            assert await sent is Delivery.ACKNOWLEDGED
        finally:
            await listener.close()
            context.destroy(linger=0)
        return asked.trigger_id

    async def until_some_words(self, recording: Recording) -> None:
        await self.guide.until(lambda: len(heard(recording).letters.split()) > 2, "some words")

    async def until_dropped(self, reason: str, count: int) -> None:
        await self.guide.until_state(lambda state: state["dropped"].get(reason, 0) >= count)

    def dropped(self, reason: str) -> int:
        count: int = self.guide.state["dropped"].get(reason, 0)
        return count

    def asked(self) -> list[str]:
        """What the model was told to be seen, request by request (without what it shall not repeat)."""
        bodies = [record.body for record in self.clouds.requests("groq") if record.body]
        return [body["messages"][-1]["content"].split("\n")[0] for body in bodies]


@contextlib.asynccontextmanager
async def speaking_guide(
    folder: Path, long: str = LONG, *, broker_keeps: bool = False, **settings: str
) -> AsyncIterator[SpeakingGuide]:
    """Ready, and its loudspeaker open, on entry; nothing is left behind on exit.

    Args:
        long: what the model says of ``SUNSET``.
        broker_keeps: the broker has a store, which outlives it.
        settings: by their names in the environment.
    """
    with (
        running(Broker(folder / "broker", persistent=broker_keeps)) as broker,
        running_sound_server() as sound,
    ):
        async with CloudEmulator(QUICK, reply=lambda request: reply(request, long)) as clouds:
            environment = {
                **sound.environment,
                **UNHURRIED,
                **budgets(BUDGET_MS),
                **clouds.env(),
                "SHUTTLE_GUIDE_SPEAKER__OUTPUT": "default",
                "SHUTTLE_GUIDE_ELEVENLABS__SPEED": str(SPEED),
                "SHUTTLE_GUIDE_TELEMETRY__ANSWER_TEXT": "true",
                **settings,
            }
            async with Guide(folder / "guide", broker.port, environment) as guide:
                await guide.until_ready()
                await guide.until_state(lambda state: state["output"] == "open")
                yield SpeakingGuide(guide, clouds, sound, broker)


def heard(recording: Recording) -> Heard:
    return Heard(recording.samples, RATE)


def assert_heard_whole(turn: JsonObject, recording: Recording) -> None:
    """What the loudspeaker gave is the turn's text: all of it, in order, in one piece."""
    assert (turn["outcome"], turn["reason"]) == ("spoken", None)
    assert heard(recording).letters == letters_said(turn["text"])
    assert heard(recording).gaps(SPEED) == []


def assert_interrupted(remark: JsonObject, recording: Recording) -> None:
    """Some of ``LONG`` was heard, and the turn tells which words."""
    assert remark["outcome"] == "interrupted"
    words = letters_of(remark["text"])
    assert words, "something was heard before"
    assert letters_of(LONG).startswith(f"{words} "), "whole words, and not all of them"
    assert heard(recording).resembles(words), f"{heard(recording).letters!r} was heard of {words!r}"
