"""How far a turn has come in the speaker, and what may follow."""

from __future__ import annotations

from enum import Enum, auto


class Phase(Enum):
    """Only ``SpokenTurn._enter`` moves a turn on. What of it has been heard is told by its timeline."""

    OPENING = auto()
    """An opener is all there is; the turn's own words are awaited."""
    GROWING = auto()
    """Its own words come, clause by clause."""
    WHOLE = auto()
    """No more of them follow; what is there is spoken to its end."""
    ENDING = auto()
    """Its words did not come; the opener's own ending is spoken."""
    CUT = auto()
    """It fades out."""
    OVER = auto()
    """Reported."""


NEXT = {
    Phase.OPENING: {Phase.GROWING, Phase.WHOLE, Phase.ENDING, Phase.CUT, Phase.OVER},
    Phase.GROWING: {Phase.WHOLE, Phase.CUT, Phase.OVER},
    Phase.WHOLE: {Phase.CUT, Phase.OVER},
    Phase.ENDING: {Phase.CUT, Phase.OVER},
    Phase.CUT: {Phase.OVER},
    Phase.OVER: set[Phase](),
}
