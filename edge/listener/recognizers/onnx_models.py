"""The recognizers that onnx-asr runs: which model each is, and where it lies."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from edge.config import Settings
from edge.ladder import RungError


class OnnxModel(NamedTuple):
    """One recognizer."""

    kind: str
    """By onnx-asr's names: which class runs it."""
    folder: str
    """Name in the catalogue, and path below the models folder."""
    files: tuple[str, ...]


MODELS = {
    "gigaam": OnnxModel(
        "gigaam-v3-e2e-ctc",
        "gigaam/v3-e2e-ctc",
        ("config.json", "v3_e2e_ctc.int8.onnx", "v3_e2e_ctc_vocab.txt"),
    ),
    "parakeet": OnnxModel(
        "nemo-conformer-tdt",
        "parakeet/tdt-0.6b-v3",
        ("config.json", "encoder-model.int8.onnx", "decoder_joint-model.int8.onnx", "vocab.txt"),
    ),
}
"""Name in ``listener.recognizer.order`` → the model."""
QUANTIZATION = "int8"


def find_onnx_model(settings: Settings, name: str) -> Path:
    """The folder of a recognizer's model. Nothing is ever downloaded.

    Raises:
        RungError: it is not there, or not whole; permanent.
    """
    model = MODELS[name]
    folder = Path(settings.models_dir).expanduser() / model.folder
    if missing := [file for file in model.files if not (folder / file).is_file()]:
        raise RungError(
            f"no model of {name}: {', '.join(missing)} not found in {folder}; "
            f"`shuttle-guide models fetch {model.folder}` puts one there",
            permanent=True,
        )
    return folder
