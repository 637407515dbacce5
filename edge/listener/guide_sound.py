"""The guide's own sound in what the microphone captures: whether it is heard, and what is left without it."""

from __future__ import annotations

from edge.listener.duplex import Duplex
from edge.listener.echo.canceller import Canceller
from edge.listener.echo.cleaner import EchoCleaner
from edge.listener.echo.loudspeaker import LoudspeakerWatch
from edge.listener.segment import Frame
from edge.messages import Playback, PlayedSound
from edge.process import Life

HEARD = {True: "heard", False: "not heard by the microphone", None: "not judged"}


class GuideSound:
    """Takes the guide out of one microphone's frames, where software is to, and watches for the loudspeaker.

    Args:
        life: its inboxes bring what is played.
        canceller: None: the guide is not taken out.
    """

    def __init__(self, life: Life, duplex: Duplex, canceller: Canceller | None) -> None:
        self._duplex = duplex
        self._echo = EchoCleaner(life.inbox(PlayedSound, Playback), canceller) if canceller else None
        # A device that takes the guide out of its own sound cannot tell whether it was there.
        self._loudspeaker = LoudspeakerWatch(life.inbox(PlayedSound)) if duplex.actual != "device" else None

    @property
    def is_taken_out(self) -> bool:
        """What is left in the frames is not the guide."""
        return self._echo is not None and self._echo.trusted

    @property
    def is_heard(self) -> bool | None:
        """Whether the microphone hears what is played; None: not judged."""
        return self._loudspeaker.heard if self._loudspeaker else None

    @property
    def facts(self) -> dict[str, str]:
        """How it is, for people."""
        learning = "; half duplex until the room is learned" if self._echo and not self._echo.trusted else ""
        return {"duplex": f"{self._duplex}{learning}", "loudspeaker": HEARD[self.is_heard]}

    def take_out(self, frame: Frame | None, *, lost_sound: bool, is_listened_to: bool) -> Frame | None:
        """The next frame without the guide.

        Args:
            frame: as it was captured, also while the guide speaks in half duplex; None: nothing was captured.
            lost_sound: some of what was captured before it is not there.
            is_listened_to: else nothing is judged by it.
        """
        self._watch_loudspeaker(frame, lost_sound, is_listened_to)
        if self._echo is None or frame is None:
            return frame
        if lost_sound:
            self._echo.lost_sound()
        return self._echo.clean(frame)

    def close(self) -> None:
        if self._echo:
            self._echo.close()
        if self._loudspeaker:
            self._loudspeaker.close()

    def _watch_loudspeaker(self, frame: Frame | None, lost_sound: bool, is_listened_to: bool) -> None:
        if self._loudspeaker is None:
            return
        if lost_sound:
            self._loudspeaker.lost_sound()
        if is_listened_to:
            self._loudspeaker.hear(frame)
        else:
            self._loudspeaker.rest()
