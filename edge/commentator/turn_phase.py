"""How far a live turn has come, and what may follow. Pure."""

from __future__ import annotations

from enum import Enum, auto


class Phase(Enum):
    """Each turn is in one of these."""

    WRITING = auto()
    """Its words are awaited, and nothing of it sounds."""
    OPENING = auto()
    """Its words are awaited, and its opener sounds."""
    SPEAKING = auto()
    """Its words go to the speaker, who will report its end."""
    STOPPING = auto()
    """It was interrupted, and the speaker will report what was heard of it."""
    ENDED = auto()

    @property
    def awaits_words(self) -> bool:
        return self in (Phase.WRITING, Phase.OPENING)

    @property
    def is_over(self) -> bool:
        """No more words are wanted."""
        return self in (Phase.STOPPING, Phase.ENDED)

    def may_become(self, phase: Phase) -> bool:
        return phase in _NEXT[self]


_NEXT = {
    Phase.WRITING: {Phase.OPENING, Phase.SPEAKING, Phase.ENDED},
    Phase.OPENING: {Phase.WRITING, Phase.SPEAKING, Phase.STOPPING, Phase.ENDED},
    Phase.SPEAKING: {Phase.STOPPING, Phase.ENDED},
    Phase.STOPPING: {Phase.ENDED},
    Phase.ENDED: set[Phase](),
}
