"""Watches whether the microphone hears the guide, whether or not passengers are listened to meanwhile."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from edge.listener.echo.cleaner import Inbox
from edge.listener.echo.presence import (
    ACTIVE_RMS,
    ACTIVE_SHARE,
    BEFORE_FRAMES,
    LATE_FRAMES,
    WINDOW_FRAMES,
    EchoPresence,
    look,
)
from edge.listener.echo.reference import Reference
from edge.listener.framing import FRAME_SAMPLES
from edge.listener.segment import Frame
from edge.messages import PlayedSound

KEPT_FRAMES = BEFORE_FRAMES + WINDOW_FRAMES + LATE_FRAMES
_SILENCE: NDArray[np.int16] = np.zeros(FRAME_SAMPLES, np.int16)


class LoudspeakerWatch:
    """Watches whether one microphone hears the loudspeaker, before anything was taken out of its sound.

    Args:
        inbox: the speaker's ``PlayedSound``.
    """

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._reference = Reference()
        self._presence = EchoPresence()
        self._captured: deque[NDArray[np.int16]] = deque(maxlen=KEPT_FRAMES)
        self._played: deque[NDArray[np.int16]] = deque(maxlen=KEPT_FRAMES)
        self._active: deque[bool] = deque(maxlen=KEPT_FRAMES)
        self._rest_frames = 0
        """Until something that was played has gone through all that is kept."""
        self._skip = 0
        """Frames until another window may begin."""

    @property
    def heard(self) -> bool | None:
        """Whether what was played last was heard; None: not judged."""
        return self._presence.heard

    def hear(self, frame: Frame | None) -> None:
        """Take the next frame, as it was captured; None: nothing is captured."""
        for message in self._inbox.take():
            if isinstance(message, PlayedSound):
                self._take(message)
        if frame is None or len(frame.samples) != FRAME_SAMPLES:
            self.lost_sound()
            return
        played = _SILENCE
        if self._rest_frames:
            self._rest_frames -= 1
            played = self._reference.take(FRAME_SAMPLES, frame.mono)
        self._captured.append(frame.samples)
        self._played.append(played)
        self._active.append(played is not _SILENCE and _rms(played) >= ACTIVE_RMS)
        self._skip = max(0, self._skip - 1)
        if len(self._captured) == KEPT_FRAMES and not self._skip and self._active[BEFORE_FRAMES]:
            self._judge()

    def lost_sound(self) -> None:
        """Some of what was captured is not there: nothing that lies on both sides can be compared."""
        self._captured.clear()
        self._played.clear()
        self._active.clear()
        self._reference.realign()

    def rest(self) -> None:
        """Nobody is listened to, so that nothing is known."""
        self._inbox.take()
        self.lost_sound()
        self._presence.forget()

    def close(self) -> None:
        self._inbox.close()

    def _take(self, sound: PlayedSound) -> None:
        self._rest_frames = 2 * KEPT_FRAMES
        samples = np.frombuffer(sound.samples, "<i2")
        self._reference.add(sound.stream, sound.position, samples, sound.heard_mono)

    def _judge(self) -> None:
        window = slice(BEFORE_FRAMES, BEFORE_FRAMES + WINDOW_FRAMES)
        if sum(list(self._active)[window]) < ACTIVE_SHARE * WINDOW_FRAMES:
            return
        self._skip = WINDOW_FRAMES
        played = np.concatenate(list(self._played)[window])
        captured = np.concatenate(list(self._captured))
        if captured.any():  # a microphone that is muted tells nothing of the loudspeaker
            self._presence.add(look(played, captured))


def _rms(samples: NDArray[np.int16]) -> float:
    return float(np.sqrt(np.mean(np.square(samples.astype(np.float32)))))
