"""From the decision to lower or stop what sounds to the moment at which that is heard, at the monitor.

A real speaker process speaks the same sentence again and again; the bench is its commentator. What the
monitor records is compared with the same sentence left alone, window by window: that gives the gain.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import zmq.asyncio
from numpy.typing import NDArray

from bench.guide_process import PATIENCE_S, GuideProcess
from bench.measured_guide import environment_of
from edge import config
from edge.bus import PipeSender
from edge.bus.topology import SPEECH
from edge.config import ENV_PREFIX
from edge.messages import (
    AnyMessage,
    Playback,
    Priority,
    Speech,
    SpeechCancel,
    SpeechDuck,
    SpeechEnd,
    SpeechStart,
    new_id,
)
from tests.support.sound_match import Sound, offset_of
from tests.support.sound_server import RATE, Recording, SoundServer

TRIALS = 20
TEXT = "You see a long row of rice fields and palm trees, and a road to the sea that never seems to end."
LEFT_ALONE_S = 0.5
"""How long each trial is left alone before anything is decided."""
DUCK_HEARD_S = 0.5
WINDOW = RATE // 200
AUDIBLE = 0.02
"""Root mean square from which on a window of the sentence says something about the gain."""
LOWERED, SILENT = 10 ** (-6 / 20), 10 ** (-30 / 20)


@dataclass
class Yielding:
    """Milliseconds from the decision, trial by trial."""

    buffer_ms: int
    lowered_ms: list[float] = field(default_factory=list)
    """By 6 dB, on the way to ``DUCK_DB``."""
    silent_ms: list[float] = field(default_factory=list)
    """By 30 dB and more, to the end."""


class YieldingSpeaker(GuideProcess):
    """``shuttle-guide run speaker``, whose device is open; the bench is its commentator."""

    NEWS = (Playback,)

    def __init__(self, environment: Mapping[str, str]) -> None:
        super().__init__(environment, "speaker")
        self._context = zmq.asyncio.Context()
        self._speech = PipeSender(self.runtime_dir, SPEECH, "commentator")
        self._sender = new_id()
        self._playback: Playback | None = None

    async def start(self) -> None:
        """Return when its device is open."""
        await super().start()
        await self._until_playback(lambda news: news.output == "open", "an open device")

    async def begin(self) -> str:
        """Returns the turn's id when it sounds."""
        turn_id = new_id()
        now = time.monotonic()
        self.send(
            SpeechStart(
                turn_id=turn_id,
                sender=self._sender,
                priority=Priority.REMARK,
                language="en",
                text=TEXT,
                received_mono=now,
                expires_mono=now + PATIENCE_S,
            )
        )
        self.send(SpeechEnd(turn_id=turn_id))
        await self._until_playback(lambda news: news.turn_id == turn_id, "its sound")
        return turn_id

    def send(self, message: Speech) -> float:
        """Returns the time of the decision."""
        now = time.monotonic()
        self._speech.put(message, priority=1, expires_mono=now + 2.0)
        return now

    async def ended(self, turn_id: str) -> None:
        await self._until_playback(
            lambda news: any(report.turn_id == turn_id for report in news.recent), "its end"
        )

    async def _until_playback(self, fulfilled: Callable[[Playback], bool], what: str) -> None:
        await self.until(lambda: self._playback is not None and fulfilled(self._playback), what)

    def _told(self, message: AnyMessage) -> None:
        super()._told(message)
        if isinstance(message, Playback):
            self._playback = message

    def _connect(self) -> None:
        self._speech.start(self._context)

    async def _disconnect(self) -> None:
        await self._speech.close()
        self._context.destroy(linger=0)


async def measure(folder: Path, sound: SoundServer, settings: Mapping[str, str]) -> Yielding:
    """Time how quickly the speaker lowers its voice and falls silent.

    Args:
        settings: on top of the defaults, without the prefix.
    """
    extra = {
        **sound.environment,
        f"{ENV_PREFIX}SPEAKER__OUTPUT": "default",
        f"{ENV_PREFIX}SPEAKER__VOICES": "espeak",
        **{f"{ENV_PREFIX}{key}": value for key, value in settings.items()},
    }
    environment = environment_of(folder, 1, "yielding", extra)
    found = Yielding(config.load(environment, dotenv=None).speaker.buffer_ms)
    async with YieldingSpeaker(environment) as speaker:
        for _ in range(2):  # the voice's level settles with the first
            with sound.record() as recording:
                await speaker.ended(await speaker.begin())
        alone = _trimmed(recording.samples)
        for _ in range(TRIALS):
            with sound.record() as recording:
                turn_id = await speaker.begin()
                await asyncio.sleep(LEFT_ALONE_S + random.uniform(0, 0.1))
                lowered_at = speaker.send(SpeechDuck(on=True))
                await asyncio.sleep(DUCK_HEARD_S + random.uniform(0, 0.1))
                stopped_at = speaker.send(SpeechCancel(turn_id=turn_id, reason="the bench says so"))
                await speaker.ended(turn_id)
                await asyncio.sleep(0.3)
            gains = _gains(alone, recording)
            found.lowered_ms.append(_first_below(gains, LOWERED, lowered_at))
            found.silent_ms.append(_first_below(gains, SILENT, stopped_at))
    return found


def _trimmed(sound: Sound) -> Sound:
    there = np.flatnonzero(np.abs(sound) > 1e-3)
    return sound[there[0] : there[-1]]


def _gains(alone: Sound, recording: Recording) -> Sequence[tuple[float, float]]:
    """(monotonic time at which a window has been heard, its gain), where the sentence is loud enough."""
    heard = recording.samples
    begin = offset_of(alone[: round(LEFT_ALONE_S * RATE)], heard)
    windows: list[tuple[float, float]] = []
    for at in range(0, min(len(alone), len(heard) - begin) - WINDOW, WINDOW):
        said = alone[at : at + WINDOW]
        if np.sqrt(np.mean(np.square(said))) > AUDIBLE:
            windows.append(
                (recording.mono_of(begin + at + WINDOW), _gain(said, heard[begin + at :][:WINDOW]))
            )
    full = float(np.median([gain for _, gain in windows[:20]]))
    return [(mono, gain / full) for mono, gain in windows]


def _gain(said: NDArray[np.float32], heard: NDArray[np.float32]) -> float:
    return float(np.dot(said, heard) / np.dot(said, said))


def _first_below(gains: Sequence[tuple[float, float]], limit: float, since_mono: float) -> float:
    """Milliseconds until the gain is below, for three windows at least."""
    later = [(mono, gain) for mono, gain in gains if mono >= since_mono]
    for (mono, _), *windows in zip(later, later, later[1:], later[2:], strict=False):
        if all(gain < limit for _, gain in windows):
            return (mono - since_mono) * 1000
    raise RuntimeError("the sentence ended before it had been lowered or stopped")
