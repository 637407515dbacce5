"""Where a Whisper model lies on this machine. Nothing is ever downloaded."""

from __future__ import annotations

from pathlib import Path

from edge.config import Settings
from edge.ladder import RungError

NEEDED_FILES = ("model.bin", "config.json", "tokenizer.json")
"""Without ``tokenizer.json`` the library would ask the network for one."""
VOCABULARIES = ("vocabulary.json", "vocabulary.txt")


def find_model(settings: Settings, model: str) -> Path:
    """The folder of a model.

    Raises:
        RungError: it is not there, or not whole; permanent.
    """
    folder = Path(model).expanduser()
    if not folder.is_dir():
        folder = Path(settings.models_dir).expanduser() / "whisper" / model
    missing = [name for name in NEEDED_FILES if not (folder / name).is_file()]
    if not any((folder / name).is_file() for name in VOCABULARIES):
        missing.append(VOCABULARIES[0])
    if not missing:
        return folder
    raise RungError(
        f"no Whisper model {model!r}: {', '.join(missing)} not found in {folder}; "
        f"`shuttle-guide models fetch whisper/{folder.name}` puts one there",
        permanent=True,
    )
