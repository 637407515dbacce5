"""Opens an ONNX model on the processor that was asked for, or on the CPU with the reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from edge.native_call import CUDA_STARTS_WITHIN_S, within

Device = Literal["cpu", "cuda"]
CUDA_NOT_STARTED = "onnxruntime could not start CUDA (driver, cuDNN or libraries missing)"


class OnnxError(Exception):
    """The model cannot be run; the text is one line for the operator."""


class OnnxSession(NamedTuple):
    """A model that has run once."""

    session: Any
    """An ``onnxruntime.InferenceSession``."""
    device: Device
    """What it really runs on."""
    reason: str
    """Why that is not what was asked for; else empty."""


Probe = Mapping[str, np.ndarray[Any, Any]] | Callable[[Any], Mapping[str, np.ndarray[Any, Any]]]
"""An input by its names, or what makes one for the session that it is given."""


def open_session(path: Path, device: Device, probe: Probe, *, threads: int = 1) -> OnnxSession:
    """Load the model and run it once.

    Args:
        path: the ``.onnx`` file.
        device: ``cuda`` falls back to ``cpu``, and says why.
        probe: an input on which the model must run. A build without code for this GPU loads, and fails
            only then. Where it is made for the session, making it may raise ``ValueError`` for a model that
            has another signature.
        threads: of the CPU for one call; with one, many small models do not fight for the cores.

    Raises:
        OnnxError: the package or the file is absent or broken, or the model does not take ``probe``.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise OnnxError('onnxruntime is not installed: pip install "shuttle-guide[asr]"') from error
    reason = ""
    if device == "cuda":
        try:
            session = within(CUDA_STARTS_WITHIN_S, _try_cuda, onnxruntime, path, probe, threads)
        except Exception as error:  # what providers raise is not documented
            reason = " ".join(str(error).split()) or repr(error)
        else:
            return OnnxSession(session, "cuda", "")
    try:
        session = _run_once(onnxruntime, path, ["CPUExecutionProvider"], probe, threads)
    except Exception as error:
        raise OnnxError(f"cannot run {path}: {' '.join(str(error).split())}") from error
    return OnnxSession(session, "cpu", reason)


def session_options(threads: int) -> Any:
    """How every model runs: on so many threads of the CPU, and silent about what is no error."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return options


def _try_cuda(onnxruntime: Any, path: Path, probe: Probe, threads: int) -> Any:
    available = onnxruntime.get_available_providers()
    if "CUDAExecutionProvider" not in available:
        raise OnnxError(f"this onnxruntime has {', '.join(available)} only")
    session = _run_once(onnxruntime, path, ["CUDAExecutionProvider"], probe, threads)
    if "CUDAExecutionProvider" not in session.get_providers():
        # It has told why on the standard error, and nowhere else.
        raise OnnxError(CUDA_NOT_STARTED)
    return session


def _run_once(onnxruntime: Any, path: Path, providers: list[str], probe: Probe, threads: int) -> Any:
    session = onnxruntime.InferenceSession(str(path), session_options(threads), providers=providers)
    session.run(None, dict(probe(session) if callable(probe) else probe))
    return session
