"""Opens a model of onnx-asr on one device, and lets it work once."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.error_lines import one_line
from edge.listener.onnx_session import CUDA_NOT_STARTED, Device, session_options
from edge.listener.recognizers.cuda_failures import with_advice
from edge.listener.recognizers.guards import DecodedText
from edge.listener.recognizers.onnx_models import QUANTIZATION
from edge.listener.recognizers.whisper_device import MOST_THREADS, NotPlaced
from edge.listener.segment import SAMPLE_RATE

PROVIDERS = {"cuda": "CUDAExecutionProvider", "cpu": "CPUExecutionProvider"}


def open_model(kind: str, folder: Path, device: Device) -> Any:
    """An ``onnx_asr`` adapter with timestamps, which has run once.

    Raises:
        NotPlaced: it does not work there.
        ImportError: the library is not installed.
    """
    try:
        return _open(kind, folder, device)
    except (ImportError, NotPlaced):
        raise
    except Exception as error:  # what the library and its providers raise is not documented
        raise NotPlaced(with_advice(one_line(str(error) or type(error).__name__))) from error


def _open(kind: str, folder: Path, device: Device) -> Any:
    """Load a model and let it work once, which is when missing kernels and too little memory show."""
    import onnx_asr
    import onnxruntime

    provider = PROVIDERS[device]
    if provider not in (available := onnxruntime.get_available_providers()):
        raise NotPlaced(f"this onnxruntime has {', '.join(available)} only")
    options = session_options(min(MOST_THREADS, os.cpu_count() or 1))
    adapter = onnx_asr.load_model(
        kind, folder, quantization=QUANTIZATION, sess_options=options, providers=[provider]
    )
    sessions = [part for part in vars(adapter.asr).values() if hasattr(part, "get_providers")]
    if any(provider not in session.get_providers() for session in sessions):
        # It has told why on the standard error, and nowhere else.
        raise NotPlaced(CUDA_NOT_STARTED)
    model = adapter.with_timestamps()
    decoded(model, np.zeros(SAMPLE_RATE, np.float32))
    return model


def decoded(model: Any, samples: NDArray[np.float32]) -> DecodedText:
    """Recognise ``samples`` of shape (n,), mono, 16 kHz, −1…1."""
    heard = model.recognize(samples, sample_rate=SAMPLE_RATE)
    doubts = heard.logprobs
    return DecodedText(heard.text.strip(), float(np.mean(doubts)) if doubts else None)
