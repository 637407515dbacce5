"""GigaAM and Parakeet by onnx-asr as engines: one greedy pass, no beam and no hint."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.config import Settings
from edge.config.services import LANGUAGES_OF
from edge.error_lines import reason_of
from edge.journal_events import MessageId, event
from edge.ladder import RungError
from edge.listener.onnx_session import Device
from edge.listener.recognizers.cuda_failures import with_advice
from edge.listener.recognizers.guards import DecodedText, to_transcript
from edge.listener.recognizers.local import HANGS_AFTER_S, Cancelled, fact_of
from edge.listener.recognizers.onnx_device import decoded, open_model
from edge.listener.recognizers.onnx_models import MODELS, find_onnx_model
from edge.listener.recognizers.whisper_device import NotPlaced
from edge.listener.segment import SAMPLE_RATE, RecognitionRequest, Transcript
from edge.native_call import CUDA_STARTS_WITHIN_S, HangsError, within
from edge.sound.samples import from_int16

log = logging.getLogger(__name__)

WINDOW_SAMPLES = 30 * SAMPLE_RATE
"""What the models hear at once; they were trained on about so much."""
SHORTEST_SAMPLES = SAMPLE_RATE // 10
"""Less than the models can be given, and no word."""
MISSING = "onnx-asr is not installed: pip install 'shuttle-guide[asr]'"


class _Loaded(NamedTuple):
    model: Any
    """An ``onnx_asr`` adapter with timestamps, which has run once."""
    device: Device


class OnnxEngine:
    """One of ``MODELS``, on the first device that works.

    Args:
        name: of the model.
        settings: ``listener.recognizer.onnx_device`` is tried first, and then the CPU.
    """

    def __init__(self, name: str, settings: Settings) -> None:
        self.name = name
        self._settings = settings
        self._about = MODELS[name]
        self._languages = LANGUAGES_OF[name]
        self._requested: Device = settings.listener.recognizer.onnx_device
        self._loaded: _Loaded | None = None
        self._reason = ""
        self._replacing = threading.Lock()

    @property
    def fact(self) -> str:
        actual = self._loaded and self._loaded.device
        return fact_of(self._about.folder, self._requested, actual, [self._reason] if self._reason else [])

    @property
    def fell_back(self) -> bool:
        return bool(self._reason)

    def load(self) -> None:
        folder = find_onnx_model(self._settings, self.name)
        if self._requested == "cuda":
            try:
                model = within(CUDA_STARTS_WITHIN_S, open_model, self._about.kind, folder, "cuda")
            except ImportError as error:
                raise RungError(MISSING, permanent=True) from error
            except (NotPlaced, HangsError) as reason:
                self._reason = str(reason)
            else:
                self._loaded = _Loaded(model, "cuda")
                return
        self._loaded = self._on_cpu(folder)

    def transcribe(self, request: RecognitionRequest, cancelled: threading.Event) -> Transcript:
        loaded = self._loaded
        if loaded is None:
            raise RungError("the model is not loaded")
        if request.language is not None and request.language not in self._languages:
            known = ", ".join(self._languages)
            raise RungError(f"{self.name} knows {known} only, came {request.language!r}", blameless=True)
        pieces = []
        for start in range(0, len(request.samples), WINDOW_SAMPLES):
            if cancelled.is_set():
                raise Cancelled
            samples = from_int16(request.samples[start : start + WINDOW_SAMPLES])
            if len(samples) >= SHORTEST_SAMPLES:
                pieces.append(self._hear(self._loaded or loaded, samples))
        language = request.language or (self._languages[0] if len(self._languages) == 1 else None)
        return to_transcript(pieces, language)

    def _hear(self, loaded: _Loaded, samples: NDArray[np.float32]) -> DecodedText:
        try:
            if loaded.device == "cpu":
                return decoded(loaded.model, samples)
            return within(HANGS_AFTER_S, decoded, loaded.model, samples)
        except Exception as error:  # onnxruntime's own kinds have no common one
            if loaded.device == "cpu":
                raise RungError(f"recognition failed: {reason_of(error)}") from error
            self._step_down(loaded, reason_of(error))
        return self._hear(self._loaded or loaded, samples)

    def _step_down(self, failed: _Loaded, reason: str) -> None:
        """Replace a GPU that failed or hangs; it is never tried again in this process. Raises RungError."""
        with self._replacing:
            if self._loaded is failed:
                self._loaded = self._on_cpu(find_onnx_model(self._settings, self.name))
                self._reason = with_advice(reason)
                left = event(MessageId.DEVICE_LEFT, rung=self.name)
                log.warning("%s: %s", self.name, self.fact, extra=left)

    def _on_cpu(self, folder: Path) -> _Loaded:
        """Raises RungError."""
        try:
            return _Loaded(open_model(self._about.kind, folder, "cpu"), "cpu")
        except ImportError as error:
            raise RungError(MISSING, permanent=True) from error
        except NotPlaced as reason:
            raise RungError(f"the model in {folder} does not run: {reason}", permanent=True) from reason
