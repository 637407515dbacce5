"""Takes the guide's own voice out of the microphone's frames, and says when it can be relied on.

Twice: the canceller leaves as little of the guide as can be, for the detector of speech; the linear filter
leaves all of the passenger, for the recognizer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge.listener.echo.alignment import EchoAlignment
from edge.listener.echo.canceller import BLOCK_SAMPLES, Canceller
from edge.listener.echo.linear_filter import LinearFilter
from edge.listener.echo.reference import SLACK_S, Reference
from edge.listener.segment import SAMPLE_RATE, Frame
from edge.messages import Message, Playback, PlayedSound

LEARN_S = 5.0
"""The guide's own speech that is heard in half duplex until the canceller knows the room. Of synthetic
rooms none let a word through after 4.6 s."""
LEARN_SAMPLES = round(LEARN_S * SAMPLE_RATE)
PROOF = 4.0
"""Captured over cleaned power while the guide sounds, from which on the canceller is seen to work (6 dB)."""
NOTHING_LEFT = 30.0**2
"""Power of int16 samples below which there is no echo that would have to be proven away (-61 dBFS)."""
SMOOTHING = 0.03
"""Weight of a new frame in the powers: a second of sound."""
RELEARN_SAMPLES = SAMPLE_RATE
"""The same after a device stood still or lost sound: the delay may be a little other than before."""


class Inbox(Protocol):
    """News that wait until they are asked for."""

    def take(self) -> Sequence[Message]: ...

    def close(self) -> None: ...


class EchoCleaner:
    """Takes the guide's own voice out of one microphone's frames, whatever speaker there is.

    Args:
        inbox: the speaker's ``PlayedSound`` and ``Playback``.
        canceller: of this microphone's own.
    """

    def __init__(self, inbox: Inbox, canceller: Canceller) -> None:
        self._inbox = inbox
        self._canceller = canceller
        self._reference = Reference()
        self._alignment = EchoAlignment()
        self._filter = LinearFilter()
        self._filter_works = False
        """The model of the room is good enough for its output to be used."""
        self._speaker: str | None = None
        """The instance that plays, as it says of itself."""
        self._told_by: str | None = None
        """The instance whose sound came last."""
        self._stream: str | None = None
        self._learned_samples = 0
        self._steps = 0
        """The reference's steps that were taken into account."""
        self._proven = False
        self._captured_power = self._cleaned_power = self._filtered_power = 0.0
        # Frames are no multiple of blocks: one block of delay, and each frame gives a frame.
        self._captured: NDArray[np.int16] = np.zeros(0, np.int16)
        self._cleaned: NDArray[np.int16] = np.zeros(BLOCK_SAMPLES, np.int16)
        self._filtered: NDArray[np.int16] = np.zeros(BLOCK_SAMPLES, np.int16)

    @property
    def trusted(self) -> bool:
        """What sounds is known, and the room is: what is left in the frames is not the guide."""
        return self._told_by == self._speaker and self._proven

    def clean(self, frame: Frame) -> Frame:
        """The next frame without echo; its samples are those of 10 ms earlier.

        ``cancelled`` has as little of it as can be; ``samples`` have more of it and all that a passenger
        says, where the room can be modelled: they are better understood.
        """
        for message in self._inbox.take():
            match message:
                case PlayedSound():
                    self._take(message)
                case Playback(instance=instance):
                    self._speaker = instance
        captured = np.concatenate([self._captured, frame.samples])
        whole = len(captured) // BLOCK_SAMPLES * BLOCK_SAMPLES
        self._captured = captured[whole:]
        played = self._reference.take(whole, frame.mono - len(self._captured) / SAMPLE_RATE)
        count = len(frame.samples)
        cleaned, filtered = [self._cleaned], [self._filtered]
        for at in range(0, whole, BLOCK_SAMPLES):
            block, echoed = captured[at : at + BLOCK_SAMPLES], played[at : at + BLOCK_SAMPLES]
            cleaned.append(self._canceller.cancel(block, echoed))
            filtered.append(self._filter.cancel(block, echoed, self._alignment.place))
        clean, self._cleaned = np.split(np.concatenate(cleaned), [count])
        modelled, self._filtered = np.split(np.concatenate(filtered), [count])
        self._learn(played, frame.samples, clean, modelled)
        self._keep_aligned(played, captured[:whole])
        samples = modelled if self._filter_works else clean
        return Frame(samples, frame.mono - BLOCK_SAMPLES / SAMPLE_RATE, clean)

    def lost_sound(self) -> None:
        """Some of what the microphone captured before the next frame was lost."""
        self._reference.realign()
        self._forget(RELEARN_SAMPLES)

    def close(self) -> None:
        self._inbox.close()

    def _take(self, sound: PlayedSound) -> None:
        if sound.stream != self._stream:
            if sound.instance == self._told_by:
                self._forget(RELEARN_SAMPLES)
            else:
                self._forget(LEARN_SAMPLES)
                self._alignment.forget()
            self._stream, self._told_by = sound.stream, sound.instance
        samples = np.frombuffer(sound.samples, "<i2")
        self._reference.add(sound.stream, sound.position, samples, sound.heard_mono)

    def _learn(
        self,
        played: NDArray[np.int16],
        captured: NDArray[np.int16],
        cleaned: NDArray[np.int16],
        filtered: NDArray[np.int16],
    ) -> None:
        if self._reference.steps != self._steps:
            self._steps = self._reference.steps
            self._forget(RELEARN_SAMPLES)
        sounding = int(np.count_nonzero(played))
        if not sounding:
            return
        self._learned_samples += sounding
        self._captured_power += (_power(captured) - self._captured_power) * SMOOTHING
        self._cleaned_power += (_power(cleaned) - self._cleaned_power) * SMOOTHING
        self._filtered_power += (_power(filtered) - self._filtered_power) * SMOOTHING
        # Not asked again once it is proven: a passenger who speaks over the guide is left, too.
        if self._learned_samples >= LEARN_SAMPLES and not self._proven:
            works = self._captured_power > PROOF * self._cleaned_power
            self._proven = works or self._cleaned_power < NOTHING_LEFT
            self._filter_works = False
        # It may need longer than the canceller, which need not wait for it.
        self._filter_works |= self._proven and self._captured_power > PROOF * self._filtered_power

    def _keep_aligned(self, played: NDArray[np.int16], captured: NDArray[np.int16]) -> None:
        later = self._alignment.moved(played, captured)
        if later:
            self._reference.shift(later)
        if abs(later) > SLACK_S * SAMPLE_RATE:
            self._forget(RELEARN_SAMPLES if self._proven else 0)

    def _forget(self, samples: int) -> None:
        """Have so many seconds learned anew, and proven."""
        self._learned_samples = max(0, min(self._learned_samples, LEARN_SAMPLES) - samples)
        self._proven = False
        self._captured_power = self._cleaned_power = self._filtered_power = 0.0


def _power(samples: NDArray[np.int16]) -> float:
    return float(np.mean(np.square(samples.astype(np.float32))))
