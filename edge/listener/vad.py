"""Voice activity detection: does this piece of sound hold speech?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from edge.listener.onnx_session import Device

FULL_SCALE = 32768.0


class VadError(Exception):
    """The detector cannot be used; the text is one line for the operator."""


class Vad(Protocol):
    """Hears one stream; its memory reaches back over some frames."""

    name: str
    """What really runs, such as ``silero on cpu``."""
    release_s: float
    """How long, typically, it still finds speech where it has just ended."""

    def probability(self, samples: NDArray[np.int16]) -> float:
        """Of speech in the next frame: shape (512,), mono, 16 kHz."""
        ...

    def reset(self) -> None:
        """What comes next does not follow on what came before."""
        ...


@dataclass(frozen=True)
class VadOptions:
    """Which detector, and how it runs."""

    engine: Literal["silero", "webrtc"] = "silero"
    """``webrtc`` needs no model and next to no time, and finds less in noise."""
    device: Device = "cpu"
    """For ``silero``; on a GPU a frame of 32 ms takes longer to get there than to be computed here."""
    aggressiveness: Literal[0, 1, 2, 3] = 3
    """For ``webrtc``: 3 takes the least for speech."""
