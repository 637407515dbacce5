"""The model that hears whether a speaker has finished: Smart Turn v3 in ONNX form.

Input ``input_features`` float32 [1, 80, 800]: Whisper's log mel spectrum of the last 8 s, silence before a
shorter beginning; output [1, 1]: the probability that the turn is complete. Source: pipecat's
``local_smart_turn_v3.py``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.config import Settings
from edge.listener.onnx_session import OnnxError, open_session
from edge.listener.segment import SAMPLE_RATE
from edge.operator_error import OperatorError
from edge.sound.samples import from_int16

MODEL = "turn/smart-turn-v3.2"
"""In the catalogue."""
WINDOW_S = 8
BINS = 80
FRAMES = WINDOW_S * 100
INPUT = "input_features"


class TurnEndError(OperatorError):
    """The end of a turn cannot be heard; the text is one line for the operator."""


class NoTurnEndModelError(TurnEndError):
    """There is no file: the words and silence alone decide, as without it."""


class TurnEndModel:
    """Tells how probably a speaker has finished.

    Args:
        path: the ``.onnx`` file.

    Raises:
        TurnEndError: a package is absent, the file is broken, or it is no such model.
    """

    def __init__(self, path: Path) -> None:
        try:
            from faster_whisper.feature_extractor import FeatureExtractor
        except ImportError as error:
            raise TurnEndError('faster-whisper is not installed: pip install "shuttle-guide[asr]"') from error
        self._features: Any = FeatureExtractor(chunk_length=WINDOW_S)
        try:
            self._session: Any = open_session(path, "cpu", _probe).session
        except OnnxError as error:
            raise TurnEndError(str(error)) from error
        self.completed(np.zeros(SAMPLE_RATE, np.int16))

    def completed(self, samples: NDArray[np.int16]) -> float:
        """Probability, 0…1, that samples of shape (n,), mono, 16 kHz, end with the end of a turn.

        May be called from any thread.

        Raises:
            TurnEndError: the model gave no probability.
        """
        output = self._session.run(None, {INPUT: self._spectrum(samples)[np.newaxis]})[0]
        probability = float(np.asarray(output).reshape(-1)[0])
        if not 0.0 <= probability <= 1.0:
            raise TurnEndError(f"expected a probability of 0 to 1, the model gave {probability}")
        return probability

    def _spectrum(self, samples: NDArray[np.int16]) -> NDArray[np.float32]:
        """The log mel spectrum of the sound, shape (80, 800)."""
        window = np.zeros(WINDOW_S * SAMPLE_RATE, np.float32)
        last = from_int16(samples[-len(window) :])
        if len(last):
            window[-len(last) :] = last
        window = (window - window.mean()) / np.sqrt(window.var() + 1e-7)
        spectrum: NDArray[np.float32] = self._features(window, padding=0).astype(np.float32)
        return spectrum


def load_model(settings: Settings) -> TurnEndModel:
    """The one in the models folder.

    Raises:
        NoTurnEndModelError: there is none.
        TurnEndError: there is one, and it cannot be used.
    """
    folder = Path(settings.models_dir).expanduser() / MODEL
    files = sorted(folder.glob("*.onnx"))
    if len(files) != 1:
        found = "several" if files else f"none: `shuttle-guide models fetch {MODEL}`"
        raise NoTurnEndModelError(f"expected one .onnx file in {folder}, found {found}")
    return TurnEndModel(files[0])


def _probe(session: Any) -> dict[str, NDArray[np.float32]]:
    """An input that the model must run on. Raises ValueError when it has another signature."""
    (first, *others) = session.get_inputs()
    fits = first.name == INPUT and first.type == "tensor(float)" and list(first.shape[1:]) == [BINS, FRAMES]
    if others or not fits:
        raise ValueError(
            f"expected one input {INPUT} tensor(float) [n, {BINS}, {FRAMES}], "
            f"found {first.name} {first.type} {first.shape}"
        )
    return {INPUT: np.zeros((1, BINS, FRAMES), np.float32)}
