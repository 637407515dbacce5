"""A Piper voice of a few kilobytes with the signature of a real one: each phoneme is a tone of its own,
of the length that is asked for (up to twice its own)."""

from __future__ import annotations

import json
from pathlib import Path

SAMPLE_RATE = 22_050
SAMPLES_PER_PHONEME = 1024
_SYMBOLS = (
    "_^$ !,-.:;?abcdefghijklmnopqrstuvwxyzæçðøħŋœɐɑɒɓɔɕɖɗɘəɚɛɜɞɟɡɢ"
    "ɣɤɥɦɧɨɪɫɬɭɮɯɰɱɲɳɴɵɶɸɹɺɻɽɾʀʁʂʃʄʈʉʊʋʌʍʎʏʐʑʒʔʕʘʙʛʜʝʟʡʢʲˈˌːˑ˞βθχʰ"
)


def make_voice(path: Path, *, language: str) -> Path:
    """Write ``path`` and its ``.json``; ``language`` is espeak-ng's name for it."""
    import numpy as np
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    time = np.arange(2 * SAMPLES_PER_PHONEME, dtype=np.float32)[None, None, :] * 2 * np.pi / SAMPLE_RATE
    constants = {
        "longest": time,
        "samples": np.float32(SAMPLES_PER_PHONEME),
        "second": np.array([1], dtype=np.int64),
        "zero": np.array([0], dtype=np.int64),
        "base_hz": np.float32(200.0),
        "step_hz": np.float32(15.0),
        "level": np.float32(0.3),
        "last_axis": np.array([2], dtype=np.int64),
        "out_shape": np.array([1, 1, 1, -1], dtype=np.int64),
    }
    nodes = [
        helper.make_node("Gather", ["scales", "second"], ["length_scale"]),
        helper.make_node("Mul", ["length_scale", "samples"], ["length"]),
        helper.make_node("Cast", ["length"], ["end"], to=TensorProto.INT64),
        helper.make_node("Slice", ["longest", "zero", "end", "last_axis"], ["time"]),
        helper.make_node("Cast", ["input"], ["ids"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["ids", "step_hz"], ["above_hz"]),
        helper.make_node("Add", ["above_hz", "base_hz"], ["hz"]),
        helper.make_node("Unsqueeze", ["hz", "last_axis"], ["hz_column"]),
        helper.make_node("Mul", ["hz_column", "time"], ["phase"]),
        helper.make_node("Sin", ["phase"], ["wave"]),
        helper.make_node("Mul", ["wave", "level"], ["quiet"]),
        helper.make_node("Reshape", ["quiet", "out_shape"], ["output"]),
    ]
    graph = helper.make_graph(
        nodes,
        "synthetic",
        [
            helper.make_tensor_value_info("input", TensorProto.INT64, [1, "phonemes"]),
            helper.make_tensor_value_info("input_lengths", TensorProto.INT64, [1]),
            helper.make_tensor_value_info("scales", TensorProto.FLOAT, [3]),
        ],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, 1, 1, "samples"])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 9
    onnx.save(model, str(path))
    config = {
        "audio": {"sample_rate": SAMPLE_RATE, "quality": "low"},
        "espeak": {"voice": language},
        "inference": {"noise_scale": 0.667, "length_scale": 1.0, "noise_w": 0.8},
        "phoneme_type": "espeak",
        "phoneme_id_map": {symbol: [number] for number, symbol in enumerate(_SYMBOLS)},
        "num_symbols": len(_SYMBOLS),
        "num_speakers": 1,
        "speaker_id_map": {},
    }
    Path(f"{path}.json").write_text(json.dumps(config), encoding="utf-8")
    return path
