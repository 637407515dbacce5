"""Models with the true signatures of GigaAM and Parakeet that "hear" fixed words, whatever is said.

As large as a test or a bench wants them: what a call costs is a chain of matrix products whose result is
thrown away by multiplying it with nothing.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
LONGEST_FRAMES = 1024
"""Of the encoder's output."""
WIDTH = 512
SURE = 20.0
"""How much likelier than any other the right token is: natural logarithm."""


def make_gigaam(folder: Path, hears: str, *, layers: int = 0) -> None:
    """GigaAM v3 end to end, CTC: ``features`` [n, 64, T] and lengths → ``log_probs`` [n, T / 4, 257].

    Args:
        layers: of work that changes nothing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    words = hears.split(" ")
    vocabulary = [f"▁{word}" for word in words] + [f"x{number}" for number in range(256 - len(words))]
    _write_vocabulary(folder / "v3_e2e_ctc_vocab.txt", [*vocabulary, "<blk>"])
    (folder / "config.json").write_text(json.dumps({"model_type": "gigaam", "version": "v3"}))
    table = np.full((LONGEST_FRAMES, 257), -SURE, np.float32)
    for frame in range(LONGEST_FRAMES):
        is_word = frame % 2 and frame // 2 < len(words)
        table[frame, frame // 2 if is_word else 256] = 0.0
    nodes, weights = _length("features", "frames", 4)
    made, more = _work("features", 64, layers)
    nodes += made
    weights += [*more, _named("table", table), _named("zero_at", np.array([0], np.int64))]
    nodes += [
        helper.make_node("Slice", ["table", "zero_at", "frames", "zero_at"], ["rows"]),
        helper.make_node("Unsqueeze", ["rows", "zero_at"], ["batched"]),
        helper.make_node("Add", ["batched", "nothing"], ["log_probs"]),
    ]
    inputs = [
        helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", 64, "T"]),
        helper.make_tensor_value_info("feature_lengths", TensorProto.INT64, ["n"]),
    ]
    output = helper.make_tensor_value_info("log_probs", TensorProto.FLOAT, ["n", "t", 257])
    _save(folder / "v3_e2e_ctc.int8.onnx", nodes, inputs, [output], weights)


def make_parakeet(folder: Path, hears: str, *, layers: int = 0) -> None:
    """Parakeet TDT 0.6B v3: an encoder, and a decoder whose state counts the words."""
    folder.mkdir(parents=True, exist_ok=True)
    words = hears.split(" ")
    _write_vocabulary(folder / "vocab.txt", [*(f"▁{word}" for word in words), "<blk>"])
    config = {"model_type": "nemo-conformer-tdt", "features_size": 128, "subsampling_factor": 8}
    (folder / "config.json").write_text(json.dumps(config))
    _parakeet_encoder(folder / "encoder-model.int8.onnx", layers)
    durations = 5
    table = np.full((len(words) + 1, len(words) + 1 + durations), -SURE, np.float32)
    for number in range(len(words) + 1):
        table[number, number] = table[number, len(words) + 1 + 1] = 0.0
    state = ("FLOAT", [2, 1, 640])
    nodes = [
        helper.make_node("Slice", ["input_states_1", "zero", "one", "axis_2"], ["counted"]),
        helper.make_node("ReduceMax", ["counted"], ["count"], keepdims=0),
        helper.make_node("Cast", ["count"], ["row"], to=TensorProto.INT64),
        helper.make_node("Min", ["row", "most"], ["bounded"]),
        helper.make_node("Gather", ["table", "bounded"], ["logits"]),
        helper.make_node("Unsqueeze", ["logits", "axes"], ["outputs"]),
        helper.make_node("Add", ["input_states_1", "step"], ["output_states_1"]),
        helper.make_node("Identity", ["input_states_2"], ["output_states_2"]),
    ]
    weights = [
        _named("table", table),
        _named("zero", np.array([0], np.int64)),
        _named("one", np.array([1], np.int64)),
        _named("axis_2", np.array([2], np.int64)),
        _named("most", np.array(len(words), np.int64)),
        _named("axes", np.array([0, 1, 2], np.int64)),
        _named("step", np.array(1.0, np.float32)),
    ]
    inputs = [
        helper.make_tensor_value_info("encoder_outputs", TensorProto.FLOAT, [1, 1024, 1]),
        helper.make_tensor_value_info("targets", TensorProto.INT32, [1, 1]),
        helper.make_tensor_value_info("target_length", TensorProto.INT32, [1]),
        helper.make_tensor_value_info("input_states_1", getattr(TensorProto, state[0]), state[1]),
        helper.make_tensor_value_info("input_states_2", getattr(TensorProto, state[0]), state[1]),
    ]
    outputs = [
        helper.make_tensor_value_info("outputs", TensorProto.FLOAT, [1, 1, 1, table.shape[1]]),
        helper.make_tensor_value_info("output_states_1", TensorProto.FLOAT, state[1]),
        helper.make_tensor_value_info("output_states_2", TensorProto.FLOAT, state[1]),
    ]
    _save(folder / "decoder_joint-model.int8.onnx", nodes, inputs, outputs, weights)


def _parakeet_encoder(path: Path, layers: int) -> None:
    nodes, weights = _length("audio_signal", "frames", 8)
    made, more = _work("audio_signal", 128, layers)
    weights += [
        *more,
        _named("plane", np.zeros((1, 1024, LONGEST_FRAMES), np.float32)),
        _named("zero_at", np.array([0], np.int64)),
        _named("axis_2", np.array([2], np.int64)),
    ]
    nodes += [
        *made,
        helper.make_node("Slice", ["plane", "zero_at", "frames", "axis_2"], ["cut"]),
        helper.make_node("Add", ["cut", "nothing"], ["outputs"]),
        helper.make_node("Identity", ["frames"], ["encoded_lengths"]),
    ]
    inputs = [
        helper.make_tensor_value_info("audio_signal", TensorProto.FLOAT, ["n", 128, "T"]),
        helper.make_tensor_value_info("length", TensorProto.INT64, ["n"]),
    ]
    outputs = [
        helper.make_tensor_value_info("outputs", TensorProto.FLOAT, ["n", 1024, "t"]),
        helper.make_tensor_value_info("encoded_lengths", TensorProto.INT64, ["n"]),
    ]
    _save(path, nodes, inputs, outputs, weights)


def _length(features: str, named: str, factor: int) -> tuple[list[onnx.NodeProto], list[onnx.TensorProto]]:
    """Frames that the encoder gives: (T − 1) // factor + 1, shape [1]."""
    nodes = [
        helper.make_node("Shape", [features], ["shape"]),
        helper.make_node("Gather", ["shape", "last"], ["T"]),
        helper.make_node("Sub", ["T", "unit"], ["T_less"]),
        helper.make_node("Div", ["T_less", "factor"], ["T_parts"]),
        helper.make_node("Add", ["T_parts", "unit"], [named]),
    ]
    weights = [
        _named("last", np.array([2], np.int64)),
        _named("unit", np.array([1], np.int64)),
        _named("factor", np.array([factor], np.int64)),
    ]
    return nodes, weights


def _work(features: str, size: int, layers: int) -> tuple[list[onnx.NodeProto], list[onnx.TensorProto]]:
    """A chain of products over all frames whose mean, times nothing, is ``nothing``."""
    chance = np.random.default_rng(1)
    square = (chance.standard_normal((WIDTH, WIDTH)) / np.sqrt(WIDTH)).astype(np.float32)
    weights = [
        _named("first", (chance.standard_normal((size, WIDTH)) / size).astype(np.float32)),
        _named("square", square),
        _named("naught", np.array(0.0, np.float32)),
    ]
    nodes = [
        helper.make_node("Transpose", [features], ["by_frame"], perm=[0, 2, 1]),
        helper.make_node("MatMul", ["by_frame", "first"], ["layer_0"]),
    ]
    for number in range(layers):
        nodes += [
            helper.make_node("MatMul", [f"layer_{number}", "square"], [f"product_{number}"]),
            helper.make_node("Tanh", [f"product_{number}"], [f"layer_{number + 1}"]),
        ]
    nodes += [
        helper.make_node("ReduceMean", [f"layer_{layers}"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["mean", "naught"], ["nothing"]),
    ]
    return nodes, weights


def _write_vocabulary(path: Path, tokens: Sequence[str]) -> None:
    path.write_text("".join(f"{token} {number}\n" for number, token in enumerate(tokens)), encoding="utf-8")


def _named(name: str, value: NDArray[np.generic]) -> onnx.TensorProto:
    return numpy_helper.from_array(value, name)


def _save(
    path: Path,
    nodes: Sequence[onnx.NodeProto],
    inputs: Sequence[onnx.ValueInfoProto],
    outputs: Sequence[onnx.ValueInfoProto],
    weights: Sequence[onnx.TensorProto],
) -> None:
    graph = helper.make_graph(nodes, path.stem, inputs, outputs, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
