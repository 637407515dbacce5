"""Run something on the GPU with both engines; fail with one line where one of them would use the CPU.

Importing proves nothing: wheels without code for Orin import well and fail at the first kernel.
"""

import sys
from pathlib import Path

import ctranslate2
import faster_whisper
import numpy as np
import onnxruntime

SILERO = Path(faster_whisper.__file__).parent / "assets"


def with_onnxruntime() -> None:
    """Silero's graph, which comes with faster-whisper, on a frame of silence."""
    graph = next(iter(sorted(SILERO.glob("silero*.onnx"))))
    session = onnxruntime.InferenceSession(str(graph), providers=["CUDAExecutionProvider"])
    used = session.get_providers()[0]
    if used != "CUDAExecutionProvider":
        sys.exit(f"onnxruntime uses {used}, not CUDA")
    frame = np.zeros((1, 576), np.float32)
    state = np.zeros((1, 1, 128), np.float32)
    given = {"input": frame, "h": state, "c": state}
    session.run(None, {node.name: given[node.name] for node in session.get_inputs()})


def with_ctranslate2() -> None:
    """A round trip of an array through the GPU's memory, with the types that recognition uses."""
    if not ctranslate2.get_cuda_device_count():
        sys.exit("ctranslate2 finds no CUDA device")
    if "float16" not in ctranslate2.get_supported_compute_types("cuda"):
        sys.exit("ctranslate2 was not built for this GPU")
    values = np.arange(8, dtype=np.float32)
    there = ctranslate2.StorageView.from_array(values).to_device(ctranslate2.Device.cuda)
    back = np.array(there.to(ctranslate2.DataType.float16).to_device(ctranslate2.Device.cpu))
    if not np.allclose(back, values):
        sys.exit("ctranslate2 got other numbers back from the GPU")


with_onnxruntime()
with_ctranslate2()
print("gpu")
