"""``python -m bench.voiceprint``: how long it takes to tell whose voice an utterance is."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from bench.statistics import Summary, summary_of
from edge.listener.segment import SAMPLE_RATE
from edge.listener.voiceprint import EmbeddingModel, VoiceprintError
from edge.listener.voiceprint.features import BINS, FilterBank

TARGET_MS = 50.0
LENGTHS_S = (1.0, 3.0, 10.0)
"""Lengths of the utterances; of the last one the middle counts."""
ROUNDS = 40
CHANNELS, KERNEL, LAYERS = 512, 5, 9
"""With half as many frames as it is shown, 1.8 billion multiplications for 3 s."""


def make_working_model(path: Path) -> Path:
    """Random weights with the signature of CAM++ (float32 [1, frames, 80] → [1, 192]) and about its work."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    rng = np.random.default_rng(0)
    weights = {"first": rng.standard_normal((CHANNELS, BINS, KERNEL)) / 20}
    weights |= {f"w{i}": rng.standard_normal((CHANNELS, CHANNELS, KERNEL)) / 50 for i in range(LAYERS)}
    weights |= {"last": rng.standard_normal((CHANNELS, 192)) / 20}
    nodes = [
        helper.make_node("Transpose", ["feature"], ["bands"], perm=[0, 2, 1]),
        helper.make_node("Conv", ["bands", "first"], ["x0"], kernel_shape=[KERNEL], strides=[2], pads=[2, 2]),
    ]
    for i in range(LAYERS):
        nodes += [
            helper.make_node("Conv", [f"x{i}", f"w{i}"], [f"c{i}"], kernel_shape=[KERNEL], pads=[2, 2]),
            helper.make_node("Relu", [f"c{i}"], [f"x{i + 1}"]),
        ]
    nodes += [
        helper.make_node("ReduceMean", [f"x{LAYERS}"], ["pooled"], axes=[2], keepdims=0),
        helper.make_node("MatMul", ["pooled", "last"], ["embedding"]),
    ]
    graph = helper.make_graph(
        nodes,
        "working",
        [helper.make_tensor_value_info("feature", TensorProto.FLOAT, [1, "frames", BINS])],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, [1, 192])],
        [numpy_helper.from_array(value.astype(np.float32), name) for name, value in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 9
    onnx.save(model, str(path))
    return path


def measure(work: Callable[[NDArray[np.int16]], object], samples: NDArray[np.int16]) -> Summary:
    """How long the work takes, in ms."""
    times_ms = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        work(samples)
        times_ms.append((time.perf_counter() - started) * 1000)
    return summary_of(times_ms)


def report(model: EmbeddingModel, name: str) -> None:
    table = Table(title=f"{name} on {model.device} (target: ≤ {TARGET_MS:g} ms)", title_justify="left")
    for column in ("utterance, s", "features, ms", "p95", "whole, ms", "p95", ""):
        table.add_column(column, justify="right")
    noise = np.random.default_rng(0).integers(-3000, 3000, int(max(LENGTHS_S) * SAMPLE_RATE), np.int16)
    bank = FilterBank()
    for seconds in LENGTHS_S:
        samples = noise[: int(seconds * SAMPLE_RATE)]
        features = measure(bank.features, samples[: 3 * SAMPLE_RATE])
        whole = measure(model.embed, samples)
        met = "[green]met[/green]" if whole.median <= TARGET_MS else "[red]missed[/red]"
        figures = (features.median, features.p95, whole.median, whole.p95)
        table.add_row(f"{seconds:g}", *(f"{figure:.1f}" for figure in figures), met)
    Console(width=None if sys.stdout.isatty() else 120).print(table)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.voiceprint", description=__doc__)
    parser.add_argument("--model", type=Path, help="a real one (default: random weights with CAM++'s work)")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="voiceprint-") as folder:
        path = options.model or make_working_model(Path(folder) / "working.onnx")
        try:
            report(EmbeddingModel(path, options.device), path.name)
        except VoiceprintError as error:
            print(f"bench: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
