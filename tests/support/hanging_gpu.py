"""A GPU that works when it is tried, and hangs from then on: an engine whose calls never return."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edge.listener.recognizers import whisper_device
from edge.listener.recognizers.whisper_device import Placement

IN_A_LISTENER = """\
import sys
if "listener" in sys.orig_argv:
    from edge.listener.recognizers import whisper_device
    from tests.support import hanging_gpu
    hanging_gpu.put_in(setattr)
"""
"""``sitecustomize.py``: it puts the GPU into a listener, and into no other process."""


class HangingGpu:
    """Counts the calls that hang; ``goes_on`` lets them return."""

    def __init__(self) -> None:
        self.calls = 0
        self.goes_on = threading.Event()

    def encode(self, features: object) -> None:
        self.calls += 1
        self.goes_on.wait()
        raise RuntimeError("the GPU is back, and nobody waits any more")


def put_in(put: Callable[[Any, str, Any], None], gpu: HangingGpu | None = None) -> HangingGpu:
    """Let what is placed on CUDA be a model on the CPU that hangs when it is used.

    Args:
        put: ``setattr``, or pytest's.
    """
    gpu = gpu or HangingGpu()
    real = whisper_device.open_model

    def open_model(folder: Path, placement: Placement, **sizes: int) -> Any:
        model: Any = real(folder, Placement("cpu", "int8"), **sizes)
        if placement.device == "cuda":
            model.encode = gpu.encode
        return model

    def no_trial(folder: Path, placement: Placement) -> None:
        """It succeeds."""

    put(whisper_device, "open_model", open_model)
    put(whisper_device, "_try_apart", no_trial)
    return gpu
