"""How far a live turn has come, and what may follow. Pure."""

from __future__ import annotations

from enum import Enum, auto


class TurnPhase(Enum):
    """Where one live turn stands."""

    WRITING = auto()
    """The turn's words are awaited, and nothing of it sounds."""
    OPENING = auto()
    """The turn's words are awaited, and its opener sounds."""
    SPEAKING = auto()
    """The turn's words go to the speaker, who will report its end."""
    STOPPING = auto()
    """The turn was interrupted, and the speaker will report what was heard of it."""
    ENDED = auto()

    @property
    def awaits_words(self) -> bool:
        return self in (TurnPhase.WRITING, TurnPhase.OPENING)

    @property
    def is_over(self) -> bool:
        """No more words are wanted."""
        return self in (TurnPhase.STOPPING, TurnPhase.ENDED)

    def may_become(self, phase: TurnPhase) -> bool:
        return phase in _NEXT[self]


_NEXT = {
    TurnPhase.WRITING: {TurnPhase.OPENING, TurnPhase.SPEAKING, TurnPhase.ENDED},
    TurnPhase.OPENING: {TurnPhase.WRITING, TurnPhase.SPEAKING, TurnPhase.STOPPING, TurnPhase.ENDED},
    TurnPhase.SPEAKING: {TurnPhase.STOPPING, TurnPhase.ENDED},
    TurnPhase.STOPPING: {TurnPhase.ENDED},
    TurnPhase.ENDED: set[TurnPhase](),
}
