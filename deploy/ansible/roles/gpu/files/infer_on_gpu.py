"""Run something on the GPU with the engines named; fail with one line where one of them would use the CPU.

Importing proves nothing: wheels without code for Orin import well and fail at the first kernel.

Usage: infer_on_gpu.py [onnxruntime] [ctranslate2] [--model FOLDER]
"""

import argparse
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from edge.listener.recognizers.cuda_failures import with_advice
from edge.listener.recognizers.whisper_device import Placement, open_model


def with_onnxruntime() -> None:
    """Silero's graph, which comes with faster-whisper, on a frame of silence; its convolutions need cuDNN."""
    import onnxruntime

    package = find_spec("faster_whisper")
    if package is None or package.origin is None:
        sys.exit("faster-whisper, whose graph of Silero is tried, is not installed")
    graph = next(iter(sorted(Path(package.origin).parent.glob("assets/silero*.onnx"))))
    session = onnxruntime.InferenceSession(str(graph), providers=["CUDAExecutionProvider"])
    used = session.get_providers()[0]
    if used != "CUDAExecutionProvider":
        sys.exit(f"onnxruntime uses {used}, not CUDA")
    frame = np.zeros((1, 576), np.float32)
    state = np.zeros((1, 1, 128), np.float32)
    given = {"input": frame, "h": state, "c": state}
    session.run(None, {node.name: given[node.name] for node in session.get_inputs()})


def with_ctranslate2() -> None:
    """An array goes to the GPU's memory, becomes what recognition computes with there, and comes back."""
    import ctranslate2

    if not ctranslate2.get_cuda_device_count():
        sys.exit("ctranslate2 finds no CUDA device")
    if "float16" not in ctranslate2.get_supported_compute_types("cuda"):
        sys.exit("ctranslate2 was not built for this GPU")
    values = np.arange(8, dtype=np.float32)
    there = ctranslate2.StorageView.from_array(values).to_device(ctranslate2.Device.cuda)
    back = there.to(ctranslate2.DataType.float16).to_device(ctranslate2.Device.cpu)
    if not np.allclose(np.array(back.to(ctranslate2.DataType.float32)), values):
        sys.exit("ctranslate2 got other numbers back from the GPU")


parser = argparse.ArgumentParser()
parser.add_argument("engines", nargs="*", choices=["onnxruntime", "ctranslate2"])
parser.add_argument("--model", type=Path)
options = parser.parse_args()
try:
    if "onnxruntime" in options.engines:
        with_onnxruntime()
    if "ctranslate2" in options.engines:
        with_ctranslate2()
        if options.model:  # cuBLAS and cuDNN by a second of Whisper
            open_model(options.model, Placement("cuda", "float16"), workers=1, threads_per_worker=0)
except Exception as error:
    sys.exit(with_advice(" ".join(str(error).split()) or type(error).__name__))
print("gpu")
