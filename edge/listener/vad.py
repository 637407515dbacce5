"""Voice activity detection: does this piece of sound hold speech?"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge.operator_error import OperatorError


class VadError(OperatorError):
    """The detector cannot be used; the text is one line for the operator."""


class Vad(Protocol):
    """Hears one stream; its memory reaches back over some frames."""

    name: str
    """What really runs, such as ``silero on cpu``."""
    release_s: float
    """How long, typically, it still finds speech where it has just ended."""

    def probability(self, samples: NDArray[np.int16]) -> float:
        """The probability of speech in the next frame: shape (512,), mono, 16 kHz."""
        ...

    def reset(self) -> None:
        """Forget what was heard: what comes next does not follow on it."""
        ...
