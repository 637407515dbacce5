"""A speaker model of a few kilobytes with the signature of CAM++: how much each band varies is the voice."""

from __future__ import annotations

from pathlib import Path

BINS = 80
DIMENSIONS = 192


def make_model(
    path: Path, *, input_name: str = "feature", frames: int | str = "frames", bins: int = BINS
) -> Path:
    """Write an ONNX model: float32 [1, frames, bins] → an embedding, float32 [1, 192].

    Args:
        frames: a number where the model shall insist on it.
    """
    import numpy as np
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    rng = np.random.default_rng(5)
    projection = np.linalg.qr(rng.standard_normal((DIMENSIONS, bins)))[0].T.astype(np.float32)
    nodes = [
        helper.make_node("Mul", [input_name, input_name], ["power"]),
        helper.make_node("ReduceMean", ["power"], ["variance"], axes=[1], keepdims=0),
        helper.make_node("Log", ["variance"], ["varies"]),
        helper.make_node("ReduceMean", ["varies"], ["level"], axes=[1], keepdims=1),
        helper.make_node("Sub", ["varies", "level"], ["shape_of_voice"]),
        helper.make_node("MatMul", ["shape_of_voice", "projection"], ["embedding"]),
    ]
    graph = helper.make_graph(
        nodes,
        "synthetic",
        [helper.make_tensor_value_info(input_name, TensorProto.FLOAT, [1, frames, bins])],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, [1, DIMENSIONS])],
        [numpy_helper.from_array(projection, "projection")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 9
    onnx.save(model, str(path))
    return path
