"""Silero VAD v6: a small recurrent network that hears speech far below the noise.

The graph is the one that comes with faster-whisper (MIT; from https://github.com/snakers4/silero-vad, MIT).
"""

from __future__ import annotations

import importlib.util
import logging
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.listener.framing import FRAME_SAMPLES
from edge.listener.onnx_session import Device, OnnxError, open_session
from edge.listener.vad import VadError
from edge.sound.samples import FULL_SCALE

log = logging.getLogger(__name__)

CONTEXT_SAMPLES = 64
"""Samples of the frame before, which the network is shown again."""
STATE_SHAPE = (1, 1, 128)
ASSET = Path("assets/silero_vad_v6.onnx")


class SileroVad:
    """Silero's detector of speech, an ONNX graph.

    Its input is ``input`` [1, 576], its states are ``h`` and ``c`` [1, 1, 128]; it gives the probability of
    speech, and new states.

    Args:
        path: of the graph; by default the one in the package faster-whisper.
        device: what it shall run on.

    Raises:
        VadError: the package or the graph is absent or another one.
    """

    release_s = 0.032

    def __init__(self, path: Path | None = None, device: Device = "cpu") -> None:
        self._input = np.zeros((1, CONTEXT_SAMPLES + FRAME_SAMPLES), np.float32)
        self._h = np.zeros(STATE_SHAPE, np.float32)
        self._c = np.zeros(STATE_SHAPE, np.float32)
        probe = {"input": self._input, "h": self._h, "c": self._c}
        try:
            opened = open_session(path or bundled_graph(), device, probe)
        except OnnxError as error:
            raise VadError(f"Silero VAD: {error}") from error
        self._session = opened.session
        self.device = opened.device
        self.reason = opened.reason
        """Why that is not the device that was asked for; else empty."""
        self.name = f"silero on {opened.device}"
        reason = f" ({opened.reason})" if opened.reason else ""
        log.info("voice activity detection: silero on %s → %s%s", device, opened.device, reason)

    def probability(self, samples: NDArray[np.int16]) -> float:
        self._input[0, :CONTEXT_SAMPLES] = self._input[0, -CONTEXT_SAMPLES:]
        np.divide(samples, FULL_SCALE, out=self._input[0, CONTEXT_SAMPLES:])
        probability, self._h, self._c = self._session.run(
            None, {"input": self._input, "h": self._h, "c": self._c}
        )
        return float(probability[0])

    def reset(self) -> None:
        self._input[:] = 0
        self._h = np.zeros(STATE_SHAPE, np.float32)
        self._c = np.zeros(STATE_SHAPE, np.float32)


def bundled_graph() -> Path:
    """Where faster-whisper keeps it; the package itself, which takes long to load, is not imported.

    Raises:
        VadError: the package or the file in it is absent.
    """
    spec = importlib.util.find_spec("faster_whisper")
    if spec is None or not spec.submodule_search_locations:
        raise VadError(
            "Silero VAD comes with faster-whisper, which is not installed: "
            'pip install "shuttle-guide[asr]", or set the detector to "webrtc"'
        )
    path = Path(spec.submodule_search_locations[0]) / ASSET
    if not path.is_file():
        raise VadError(
            f"expected Silero VAD at {path}, where faster-whisper 1.2.1 has it; found no such file"
        )
    return path
