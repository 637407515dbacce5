"""One implementation of "try the best, fall back in time" for language models, voices and recognizers."""

from edge.ladder.ladder import Ladder, LadderExhausted, RungOutput
from edge.ladder.limits import LadderLimits
from edge.ladder.rung import Rung, RungError

__all__ = ["Ladder", "LadderExhausted", "LadderLimits", "Rung", "RungError", "RungOutput"]
