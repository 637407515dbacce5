"""The detector of WebRTC: a very cheap model of the spectrum, for quiet places and small machines."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge.listener.segment import SAMPLE_RATE
from edge.listener.vad import VadError

PIECE_SAMPLES = SAMPLE_RATE // 100
"""WebRTC takes 10, 20 or 30 ms at once, and a frame is 32 ms long: pieces run on from frame to frame."""
AGGRESSIVENESS = 3
"""The most there is, which takes the least for speech: in a shuttle there is always noise."""
PRE_EMPHASIS = 0.97
"""Share of the last sample that is taken off each, which makes a motor's brown noise white. Without it
the detector finds speech without end in that noise at 10 dB; with it, 97 % of the ends of utterances."""


class WebrtcVad:
    """WebRTC's detector: its yes or no on each 10 ms becomes the share of a frame that is speech.

    Raises:
        VadError: the package is absent.
    """

    release_s = 0.0

    def __init__(self) -> None:
        try:
            import webrtcvad
        except ImportError as error:
            raise VadError('WebRTC VAD is not installed: pip install "webrtcvad-wheels"') from error
        self._vad = webrtcvad.Vad(AGGRESSIVENESS)
        self.name = "webrtc"
        self._rest = b""
        self._last_sample = 0.0

    def probability(self, samples: NDArray[np.int16]) -> float:
        data = self._rest + self._emphasised(samples).tobytes()
        size = 2 * PIECE_SAMPLES
        pieces = [data[begin : begin + size] for begin in range(0, len(data) - size + 1, size)]
        self._rest = data[len(pieces) * size :]
        speech = sum(bool(self._vad.is_speech(piece, SAMPLE_RATE)) for piece in pieces)
        return speech / len(pieces)

    def reset(self) -> None:
        """The model adapts to the noise, which is the same after a gap; only the rest is forgotten."""
        self._rest = b""
        self._last_sample = 0.0

    def _emphasised(self, samples: NDArray[np.int16]) -> NDArray[np.int16]:
        before = np.concatenate([[self._last_sample], samples[:-1]])
        self._last_sample = float(samples[-1])
        return np.clip(samples - PRE_EMPHASIS * before, -32768, 32767).astype("<i2")
