"""What the ears tell, of every utterance. ``attention.py`` is who listens to it."""

from __future__ import annotations

from typing import Protocol

from edge.listener.completeness import Ending
from edge.listener.pending import Heard
from edge.listener.recognizers import Recognition


class Audience(Protocol):
    """The ones that are told what the ears hear."""

    @property
    def facts(self) -> dict[str, str]:
        """What is really used, for people."""
        ...

    def is_deaf(self, now: float) -> bool:
        """What reaches the microphone now shall not be listened to."""
        ...

    def interim(self, recognition: Recognition) -> None:
        """What was understood of an utterance that may go on."""
        ...

    def stops(self, heard: Heard) -> bool:
        """True: it is a stop word and no more, and everything is done about it."""
        ...

    def probably_heard(self, probable: Heard, ending: Ending) -> None:
        """An utterance has probably ended; with what was said before it, if it is the rest of a long one."""
        ...

    def misheard(self, segment_id: str) -> None:
        """What was probably heard was not all, or nothing."""
        ...

    def heard(self, heard: Heard) -> None:
        """A whole utterance."""
        ...
