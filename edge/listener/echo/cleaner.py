"""Takes the guide's own voice out of the microphone's frames, and says when it can be relied on."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge.listener.echo.canceller import BLOCK_SAMPLES, Canceller
from edge.listener.echo.reference import Reference
from edge.listener.segment import SAMPLE_RATE, Frame
from edge.messages import Feed, Playback, PlayedSound

LEARN_S = 5.0
"""So much of the guide's own speech is heard in half duplex until the canceller knows the room. Of synthetic
rooms none let a word through after 4.6 s."""
LEARN_SAMPLES = round(LEARN_S * SAMPLE_RATE)
PROOF = 4.0
"""Captured over cleaned power while the guide sounds, from which on the canceller is seen to work (6 dB)."""
NOTHING_LEFT = 30.0**2
"""Power of int16 samples below which there is no echo that would have to be proven away (-61 dBFS)."""
SMOOTHING = 0.03
"""Weight of a new frame in the powers: a second of sound."""
RELEARN_S = 1.0
"""The same after its sound broke off: the delay may be a little other than before."""


class Inbox(Protocol):
    """News that wait until they are asked for."""

    def take(self) -> list[Feed]: ...

    def close(self) -> None: ...


class EchoCleaner:
    """
    Args:
        inbox: the speaker's ``PlayedSound`` and ``Playback``.
        canceller: of this microphone's own.
    """

    def __init__(self, inbox: Inbox, canceller: Canceller) -> None:
        self._inbox = inbox
        self._canceller = canceller
        self._reference = Reference()
        self._speaker: str | None = None
        """The instance that plays, as it says of itself."""
        self._told_by: str | None = None
        """The instance whose sound came last."""
        self._stream: str | None = None
        self._learned_samples = 0
        self._steps = 0
        self._proven = False
        self._captured_power = 0.0
        self._cleaned_power = 0.0
        # Frames are no multiple of blocks: one block of delay, and each frame gives a frame.
        self._captured: NDArray[np.int16] = np.zeros(0, np.int16)
        self._cleaned: NDArray[np.int16] = np.zeros(BLOCK_SAMPLES, np.int16)

    @property
    def trusted(self) -> bool:
        """What sounds is known, and the room is: what is left in the frames is not the guide."""
        return self._told_by == self._speaker and self._proven

    def clean(self, frame: Frame) -> Frame:
        """The next frame without echo; its samples are those of 10 ms earlier."""
        for message in self._inbox.take():
            match message:
                case PlayedSound():
                    self._told_by = message.instance
                    if message.stream != self._stream:
                        self._stream = message.stream
                        self._forget(LEARN_SAMPLES)
                    samples = np.frombuffer(message.samples, "<i2")
                    self._reference.add(message.stream, message.position, samples, message.heard_mono)
                case Playback(instance=instance):
                    self._speaker = instance
        captured = np.concatenate([self._captured, frame.samples])
        whole = len(captured) // BLOCK_SAMPLES * BLOCK_SAMPLES
        self._captured = captured[whole:]
        played = self._reference.take(whole, frame.mono - len(self._captured) / SAMPLE_RATE)
        blocks = [
            self._canceller.cancel(captured[at : at + BLOCK_SAMPLES], played[at : at + BLOCK_SAMPLES])
            for at in range(0, whole, BLOCK_SAMPLES)
        ]
        cleaned = np.concatenate([self._cleaned, *blocks])
        count = len(frame.samples)
        self._cleaned = cleaned[count:]
        self._learn(played, frame.samples, cleaned[:count])
        return Frame(cleaned[:count], frame.mono - BLOCK_SAMPLES / SAMPLE_RATE)

    def close(self) -> None:
        self._inbox.close()

    def _learn(
        self, played: NDArray[np.int16], captured: NDArray[np.int16], cleaned: NDArray[np.int16]
    ) -> None:
        if self._reference.steps != self._steps:
            self._steps = self._reference.steps
            self._forget(round(RELEARN_S * SAMPLE_RATE))
        sounding = int(np.count_nonzero(played))
        if not sounding:
            return
        self._learned_samples += sounding
        self._captured_power += (_power(captured) - self._captured_power) * SMOOTHING
        self._cleaned_power += (_power(cleaned) - self._cleaned_power) * SMOOTHING
        # Not asked again once it is proven: a passenger who speaks over the guide is left, too.
        if self._learned_samples >= LEARN_SAMPLES:
            works = self._captured_power > PROOF * self._cleaned_power
            self._proven = self._proven or works or self._cleaned_power < NOTHING_LEFT

    def _forget(self, samples: int) -> None:
        """So much is to be learned anew, and proven."""
        self._learned_samples = max(0, min(self._learned_samples, LEARN_SAMPLES) - samples)
        self._proven = False


def _power(samples: NDArray[np.int16]) -> float:
    return float(np.mean(np.square(samples.astype(np.float32))))
