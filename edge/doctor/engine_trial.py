"""Let one inference engine work once: ``python -m edge.doctor.engine_trial ENGINE DEVICE …``

A process of its own, since libraries of CUDA that do not fit end the process that loads them. Prints one JSON
object (``EngineTrial``).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal, cast

import msgspec

from edge.vitals.memory import read_memory, resident_mib
from edge.vitals.tree import Tree


class EngineTrial(msgspec.Struct, frozen=True, kw_only=True):
    """What became of it."""

    actual: str
    """What it runs on, or why it does not."""
    works: bool
    reason: str = ""
    """Why it does not run where it was asked to."""
    took_ms: float = 0.0
    resident_mib: int = 0
    """Memory of the process that loading took."""
    available_before_mib: int = 0
    """Memory of the machine, which the GPU of a Jetson shares."""
    available_after_mib: int = 0


def main() -> int:
    engine, *arguments = sys.argv[1:]
    trials: dict[str, Callable[..., EngineTrial]] = {
        "onnxruntime": _onnxruntime,
        "ctranslate2": _ctranslate2,
        "whisper": _whisper,
    }
    tree = Tree()
    before, resident = read_memory(tree), resident_mib(tree)
    started_mono = time.monotonic()
    trial = trials[engine](*arguments)
    took_ms = (time.monotonic() - started_mono) * 1000
    after = read_memory(tree)
    measured = msgspec.structs.replace(
        trial,
        took_ms=round(took_ms, 1),
        resident_mib=resident_mib(tree) - resident,
        available_before_mib=before.available_mib if before else 0,
        available_after_mib=after.available_mib if after else 0,
    )
    print(msgspec.json.encode(measured).decode())
    return 0


def _onnxruntime(device: str) -> EngineTrial:
    """Run a small graph on the device: that of the detector of speech."""
    import onnxruntime

    from edge.listener.onnx_session import Device
    from edge.listener.vad import VadError
    from edge.listener.vad_silero import SileroVad

    offers = ", ".join(
        name.removesuffix("ExecutionProvider") for name in onnxruntime.get_available_providers()
    )
    try:
        vad = SileroVad(device=cast(Device, device))
    except VadError as error:
        return EngineTrial(actual=str(error), works=False, reason=str(error))
    reason = "" if vad.device == device else vad.reason
    return EngineTrial(
        actual=f"{vad.device} (version {onnxruntime.__version__} offers {offers})", works=True, reason=reason
    )


def _ctranslate2(device: str) -> EngineTrial:
    """What it was built for, and the GPUs that it finds."""
    import ctranslate2

    count = ctranslate2.get_cuda_device_count()
    actual = "cuda" if count else "cpu"
    types = ", ".join(sorted(ctranslate2.get_supported_compute_types(actual)))
    reason = "no CUDA device, or it was built without CUDA" if device == "cuda" and not count else ""
    told = f"{actual} (version {ctranslate2.__version__}, {count} CUDA devices; {types})"
    return EngineTrial(actual=told, works=True, reason=reason)


def _whisper(device: str, folder: str, workers: str, threads: str) -> EngineTrial:
    """The recognizer's model, at the first placement that works."""
    from edge.listener.recognizers.whisper_device import PLACEMENTS, NotPlaced, load_model

    placements = PLACEMENTS[cast(Literal["cuda", "cpu"], device)]
    try:
        loaded, reasons = load_model(
            Path(folder), placements, workers=int(workers), threads_per_worker=int(threads)
        )
    except NotPlaced as error:
        return EngineTrial(actual="does not load", works=False, reason=str(error))
    return EngineTrial(actual=str(loaded.placement), works=True, reason="; ".join(reasons))


if __name__ == "__main__":
    sys.exit(main())
