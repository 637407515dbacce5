"""The speaker model: what is special about a voice as a vector.

CAM++ and ERes2NetV2 as 3D-Speaker (input ``feature``) and sherpa-onnx (``x``) export them: one float32 input
[1, frames, 80] under any name; the output, [1, 192] or [1, 512], is an embedding: its direction counts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.config import Settings
from edge.listener.onnx_session import Device, OnnxError, open_session
from edge.listener.segment import SAMPLE_RATE
from edge.listener.voiceprint.features import BINS, FeaturesError, FilterBank
from edge.model_files.catalogue import LARGEST_FILE
from edge.operator_error import OperatorError
from edge.plain_file import open_plain

Embedding = NDArray[np.float32]
"""Shape (dimensions,), of length 1."""

WINDOW_S = 3.0
"""The models are trained on pieces of this length. More costs time and tells little more."""
PROBE_FRAMES = 200
THREADS = 2
"""The work of CAM++ on 3 s of sound takes 29 ms on two x86 cores, and 51–56 ms on one of them."""


class VoiceprintError(OperatorError):
    """Voices cannot be compared; the text is one line for the operator."""


class NoModelError(VoiceprintError):
    """There is no file: voices are not told apart, which is the operator's choice."""


class EmbeddingModel:
    """Turns speech into the vector that tells a voice.

    Args:
        path: the ``.onnx`` file.
        device: what it shall run on.

    Raises:
        VoiceprintError: the file or a package is absent, or it is no such model.
    """

    def __init__(self, path: Path, device: Device) -> None:
        try:
            self._bank = FilterBank()
            with open_plain(path, LARGEST_FILE, follow=True) as file:
                self._fingerprint = hashlib.file_digest(file, "sha256").hexdigest()[:16]
            opened = open_session(path, device, _probe, threads=THREADS)
        except (OnnxError, FeaturesError, OSError) as error:
            raise VoiceprintError(str(error)) from error
        self._session = opened.session
        self._input = opened.session.get_inputs()[0].name
        self._frames = _fixed_frames(opened.session)
        self.device: Device = opened.device
        self.reason = opened.reason
        """Why that is not the device that was asked for; else empty."""

    @property
    def fingerprint(self) -> str:
        """The file's fingerprint: embeddings of different models cannot be compared."""
        return self._fingerprint

    def embed(self, samples: NDArray[np.int16]) -> Embedding:
        """The embedding of the middle ``WINDOW_S`` of samples of shape (n,), mono, 16 kHz.

        May be called from any thread.

        Raises:
            VoiceprintError: the sound is too short, or the model gave nothing that can be compared.
        """
        length = round(WINDOW_S * SAMPLE_RATE)
        begin = max(0, len(samples) - length) // 2
        try:
            features = self._bank.features(samples[begin : begin + length])
        except FeaturesError as error:
            raise VoiceprintError(str(error)) from error
        if self._frames:
            features = np.resize(features, (self._frames, BINS))  # repeats itself where it is too short
        return _direction(self._session.run(None, {self._input: features[np.newaxis]})[0])


def load_model(settings: Settings) -> EmbeddingModel:
    """Load the configured model.

    Raises:
        NoModelError: there is none.
        VoiceprintError: there is one, and it cannot be used.
    """
    return EmbeddingModel(_find_model(settings), settings.listener.voiceprint.device)


def _find_model(settings: Settings) -> Path:
    named = settings.listener.voiceprint.model
    path = Path(named).expanduser()
    if not path.exists():
        path = Path(settings.models_dir).expanduser() / "speaker" / named
    if path.is_file():
        return path
    files = sorted(path.glob("*.onnx"))
    if len(files) == 1:
        return files[0]
    found = "several" if files else "none: `shuttle-guide models fetch speaker/campplus`"
    raise NoModelError(f"expected one .onnx file in {path}, found {found} (listener.voiceprint.model)")


def _probe(session: Any) -> dict[str, NDArray[np.float32]]:
    """An input that the model must run on. Raises ValueError when it has another signature."""
    inputs = session.get_inputs()
    if not (len(inputs) == 1 and inputs[0].type == "tensor(float)" and _takes_features(inputs[0].shape)):
        raise ValueError(f"expected one input tensor(float) [1, frames, {BINS}], found {_signature(inputs)}")
    outputs = session.get_outputs()
    if len(outputs[0].shape) != 2:
        raise ValueError(f"expected an output [1, dimensions], found {_signature(outputs)}")
    frames = _fixed_frames(session) or PROBE_FRAMES
    return {inputs[0].name: np.zeros((1, frames, BINS), np.float32)}


def _signature(values: Sequence[Any]) -> str:
    return "; ".join(f"{value.name} {value.type} {value.shape}" for value in values) or "none"


def _takes_features(shape: list[int | str | None]) -> bool:
    """Dimensions that the model leaves open have names, or none."""
    if len(shape) != 3:
        return False
    batch, _, bins = shape
    return (not isinstance(batch, int) or batch == 1) and (not isinstance(bins, int) or bins == BINS)


def _fixed_frames(session: Any) -> int | None:
    """How many frames the model insists on; None: any number."""
    frames = session.get_inputs()[0].shape[1]
    return frames if isinstance(frames, int) and frames > 0 else None


def _direction(output: Any) -> Embedding:
    embedding = np.asarray(output, np.float32).reshape(-1)
    length = float(np.linalg.norm(embedding))
    if not np.isfinite(length) or embedding.size < 2:
        raise VoiceprintError(f"expected an embedding, came {embedding.size} value(s) of length {length}")
    return embedding / length if length else embedding
