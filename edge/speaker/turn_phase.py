"""How far a turn has come in the speaker, and what may follow."""

from __future__ import annotations

from enum import Enum, auto


class Phase(Enum):
    """Where one spoken turn stands; what of it has been heard is told by its timeline.

    Only ``SpokenTurn._enter`` moves a turn on.
    """

    OPENING = auto()
    """An opener is all there is; the turn's own words are awaited."""
    GROWING = auto()
    """The turn's own words come, clause by clause."""
    WHOLE = auto()
    """No more of them follow; what is there is spoken to its end."""
    ENDING = auto()
    """The turn's words did not come; the opener's own ending is spoken."""
    CUT = auto()
    """The turn fades out."""
    OVER = auto()
    """The turn's end has been reported."""


NEXT = {
    Phase.OPENING: {Phase.GROWING, Phase.WHOLE, Phase.ENDING, Phase.CUT, Phase.OVER},
    Phase.GROWING: {Phase.WHOLE, Phase.CUT, Phase.OVER},
    Phase.WHOLE: {Phase.CUT, Phase.OVER},
    Phase.ENDING: {Phase.CUT, Phase.OVER},
    Phase.CUT: {Phase.OVER},
    Phase.OVER: set[Phase](),
}
