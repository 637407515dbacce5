"""The hop by itself: from an announcement's publication to the moment when the speaker has its text.

The speaker is a stand-in on the real pipe and feed that notes the time and says at once that it has spoken,
so nothing but ingest, commentator and the wires between them is measured.
"""

from __future__ import annotations

import asyncio
import random
import time
from pathlib import Path

import zmq.asyncio

from bench.guide_process import GuideProcess
from bench.measured_guide import environment_of, running_guide
from edge.bus import FeedPublisher, PipeReceiver
from edge.bus.topology import SPEECH
from edge.config import ENV_PREFIX
from edge.messages import (
    ProcessState,
    Speech,
    SpeechEnd,
    SpeechReport,
    SpeechStart,
    new_id,
)
from tests.support.told import playback

EVENTS = 300
PAUSE_S = 0.01, 0.03
"""Between events; random, so that they keep no step with anything."""
AT_SPEAKER = "text at the speaker"
ANNOUNCEMENT = {"text": "Следующая остановка у рисовой террасы."}


class StandInSpeaker:
    """Takes speech, and reports each turn as spoken."""

    def __init__(self, runtime_dir: str) -> None:
        self.taken_mono: dict[str, float] = {}
        """Turn → when its first text was taken from the pipe, in monotonic seconds."""
        self._instance = new_id()
        self._texts: dict[str, str] = {}
        self._context = zmq.asyncio.Context()
        self._feed = FeedPublisher(runtime_dir, "speaker")
        self._pipe = PipeReceiver(runtime_dir, SPEECH, "commentator", self._take)

    async def __aenter__(self) -> StandInSpeaker:
        self._feed.start(self._context)
        self._pipe.start(self._context)
        self._feed.keep(
            ProcessState(process="speaker", instance=self._instance, ready=True, status="stands in")
        )
        self._tell(())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._pipe.close()
        await self._feed.close()
        self._context.destroy(linger=0)

    def _take(self, message: Speech) -> None:
        if isinstance(message, SpeechStart):
            self.taken_mono[message.turn_id] = time.monotonic()
            self._texts[message.turn_id] = message.text
        elif isinstance(message, SpeechEnd):
            text = self._texts.pop(message.turn_id)
            self._tell((SpeechReport(turn_id=message.turn_id, outcome="spoken", spoken_text=text),))

    def _tell(self, recent: tuple[SpeechReport, ...]) -> None:
        self._feed.keep(playback(*recent, instance=self._instance))


async def measure(folder: Path, broker_port: int) -> dict[str, list[float]]:
    """Point on the way → milliseconds from the publication to it, of each event."""
    environment = environment_of(folder, broker_port, "hop", {})
    passed_ms: dict[str, list[float]] = {"received": [], "accepted": [], AT_SPEAKER: []}
    pauses = random.Random(1)
    async with (
        StandInSpeaker(environment[f"{ENV_PREFIX}RUNTIME_DIR"]) as speaker,
        GuideProcess(environment, "ingest"),
        GuideProcess(environment, "listener"),
        GuideProcess(environment, "telemetry"),
        running_guide(environment, only="commentator") as guide,
    ):
        await guide.until_heard("commentator")
        for _ in range(EVENTS):
            asked = await guide.ask(ANNOUNCEMENT, leaf="announce")
            passed_ms["received"].append(asked.until_ms("received"))
            passed_ms["accepted"].append(asked.until_ms("accepted"))
            passed_ms[AT_SPEAKER].append(
                (speaker.taken_mono[asked.turn.turn_id] - asked.published_mono) * 1000
            )
            await asyncio.sleep(pauses.uniform(*PAUSE_S))
    return passed_ms
