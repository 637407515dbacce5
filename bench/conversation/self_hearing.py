"""Remarks that come back at the microphone: does the guide take its own words for a passenger's?

A real sound server with a room between loudspeaker and microphone, the guide in full duplex with its software
canceller, and every utterance counted as meant for it. Beside it a second canceller listens, to see levels.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

import numpy as np
import zmq.asyncio

from bench.processes import cpu_s, cpu_share
from edge.bus import FeedInbox, watching
from edge.listener.echo.canceller import WebRtcCanceller
from edge.listener.echo.cleaner import EchoCleaner
from edge.listener.input_factory import make_input
from edge.listener.microphone import Microphone
from edge.listener.segment import Frame
from edge.messages import Hearing, Playback, PlayedSound
from edge.tasks import cancel_and_wait
from tests.support.conversing_guide import ConversingGuide, conversing_guide

REMARKS = 50
SETTINGS = {"LISTENER__DUPLEX": "full", "LISTENER__ECHO": "software"}


@dataclass
class SelfHearing:
    """What was heard of all remarks behind those from which the room was learned."""

    remarks: int = 0
    interrupted: int = 0
    turns: int = 0
    """Answers to itself."""
    utterances: Counter[str] = field(default_factory=Counter)
    """What it took for somebody's words, by what it made of them."""
    ducks: int = 0
    """How often it lowered its voice for nobody."""
    attenuation_db: list[float] = field(default_factory=list)
    """Remark by remark: the microphone's level over what is left of it."""
    cpu_percent: dict[str, float] = field(default_factory=dict)
    """Process → percent of one core while it speaks and listens."""


class Ear:
    """A second listener in this process, which measures and understands nothing."""

    def __init__(self) -> None:
        self.captured: list[Frame] = []
        self.cleaned: list[Frame] = []
        self.ducks = 0
        self._speaking = False

    @contextlib.asynccontextmanager
    async def listening(self, scene: ConversingGuide) -> AsyncIterator[None]:
        context = zmq.asyncio.Context()
        run_dir = scene.guide.folder / "run"
        inbox = FeedInbox(context, run_dir, PlayedSound, Playback)
        with mock.patch.dict(os.environ, scene.sound.environment):
            microphone = Microphone(make_input("default"))
            microphone.start()
            tasks = [
                asyncio.create_task(self._hear(microphone, EchoCleaner(inbox, WebRtcCanceller()))),
                asyncio.create_task(self._watch(run_dir)),
            ]
            try:
                yield
            finally:
                await cancel_and_wait(*tasks)
                await microphone.close()
                context.destroy(linger=0)

    def attenuation_db(self) -> float:
        """How much of the echo was taken out of what was captured since the last call."""
        captured, cleaned = _power(self.captured), _power(self.cleaned)
        self.captured.clear()
        self.cleaned.clear()
        return 10 * float(np.log10(captured / cleaned))

    async def _hear(self, microphone: Microphone, cleaner: EchoCleaner) -> None:
        async for frame in microphone.frames():
            if frame is not None:
                self.captured.append(frame)
                self.cleaned.append(cleaner.clean(frame))

    async def _watch(self, run_dir: Path) -> None:
        async with watching(run_dir, Hearing) as messages:
            async for message in messages:
                self.ducks += message.speaking and not self._speaking
                self._speaking = message.speaking


async def measure(folder: Path) -> SelfHearing:
    found, ear = SelfHearing(), Ear()
    async with conversing_guide(folder, SETTINGS) as scene, ear.listening(scene):
        await scene.learn_the_room()
        before, ducks, answers = _utterances(scene), ear.ducks, len(scene.answers)
        pids = {name: pid for name in ("speaker", "listener") if (pid := scene.guide.pid(name))}
        used = {name: cpu_s(pid) for name, pid in pids.items()}
        began = asyncio.get_running_loop().time()
        for number in range(REMARKS):
            trigger_id = await scene.begin_remark(number)
            ear.attenuation_db()
            turn = await scene.guide.turn(trigger_id)
            found.attenuation_db.append(ear.attenuation_db())
            found.remarks += 1
            found.interrupted += turn["outcome"] != "spoken"
        seconds = asyncio.get_running_loop().time() - began
        for name, pid in pids.items():
            found.cpu_percent[name] = sum(cpu_share(used[name], cpu_s(pid), seconds).values())
        await scene.settled()
        found.utterances = _utterances(scene) - before
        found.ducks = ear.ducks - ducks
        found.turns = len(scene.answers) - answers
    return found


def _utterances(scene: ConversingGuide) -> Counter[str]:
    counters = scene.listener["counters"]
    return Counter({k.partition(".")[2]: v for k, v in counters.items() if k.startswith("utterances.")})


def _power(frames: list[Frame]) -> float:
    samples = np.concatenate([frame.samples for frame in frames]).astype(np.float64)
    return float(np.mean(np.square(samples))) + 1e-9
