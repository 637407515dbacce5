"""Tells the listener what leaves the loudspeaker, so that it can take it out of what the microphone hears."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from typing import NamedTuple, Protocol

from edge.messages import Feed, PlayedSound, new_id
from edge.sound.resample import Resampler
from edge.sound.samples import Samples, to_int16

TOLD_RATE = 16_000
"""The rate of what is told, in Hz, at which the listener hears."""
MAX_WAITING = 100
"""Blocks that wait for the event loop; of a loop that is later than that the oldest are lost."""


class Publisher(Protocol):
    """The part of a feed's publisher that is used here."""

    def is_watched(self, kind: type[Feed]) -> bool: ...

    def publish(self, message: Feed) -> None: ...


class _Block(NamedTuple):
    samples: Samples
    end_mono: float
    begins: bool
    """When it is heard does not follow from when sound before it was."""


class PlayedSoundTeller:
    """Tells what the device plays, block by block. Made in the event loop.

    ``take`` belongs to the player's thread; while nobody listens it is a look.

    Args:
        feed: where it is told.
        instance: of the speaker.
        sample_rate: of the blocks, in Hz.
    """

    def __init__(self, feed: Publisher, instance: str, sample_rate: int) -> None:
        self._feed = feed
        self._instance = instance
        self._sample_rate = sample_rate
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[_Block] = deque(maxlen=MAX_WAITING)
        self._telling = False
        self._stream = ""
        self._resampler = Resampler(sample_rate, TOLD_RATE)
        self._given = 0

    def take(self, block: Samples, end_mono: float, stood_still: bool) -> None:
        """Take note of a block that was handed to the device: see ``OnSound`` of the player's thread."""
        if not self._feed.is_watched(PlayedSound):
            self._telling = False
            return
        begins = stood_still or not self._telling
        self._waiting.append(_Block(block.copy(), end_mono, begins))
        self._telling = True
        with contextlib.suppress(RuntimeError):  # the loop may be closed while the thread still leaves
            self._loop.call_soon_threadsafe(self._tell)

    def _tell(self) -> None:
        while self._waiting:
            self._publish(self._waiting.popleft())

    def _publish(self, block: _Block) -> None:
        if block.begins:
            self._stream, self._given = new_id(), 0
            self._resampler = Resampler(self._sample_rate, TOLD_RATE)
        converted = self._resampler.push(block.samples)
        position, self._given = self._given, self._given + len(converted)
        samples = to_int16(converted)
        if not samples.any():
            return
        # What is still inside the resampler is heard between these samples and the block's end.
        behind_s = (len(samples) + self._resampler.pending) / TOLD_RATE
        self._feed.publish(
            PlayedSound(
                instance=self._instance,
                stream=self._stream,
                position=position,
                heard_mono=block.end_mono - behind_s,
                samples=samples.tobytes(),
            )
        )
