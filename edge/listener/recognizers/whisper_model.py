"""Where a Whisper model lies on this machine. Nothing is ever downloaded."""

from __future__ import annotations

from pathlib import Path

from edge.ladder import RungError
from edge.listener.recognizers.options import WhisperOptions

NEEDED_FILES = ("model.bin", "config.json", "tokenizer.json")
"""Without ``tokenizer.json`` the library would ask the network for one."""
VOCABULARIES = ("vocabulary.json", "vocabulary.txt")


def find_model(options: WhisperOptions) -> Path:
    """The folder of the configured model.

    Raises:
        RungError: it is not there, or not whole; permanent.
    """
    folder = Path(options.model)
    if not folder.is_dir():
        folder = Path(options.models_dir) / options.model
    missing = [name for name in NEEDED_FILES if not (folder / name).is_file()]
    if not any((folder / name).is_file() for name in VOCABULARIES):
        missing.append(VOCABULARIES[0])
    if not missing:
        return folder
    raise RungError(
        f"no Whisper model {options.model!r}: {', '.join(missing)} not found in {folder}; "
        f"`shuttle-guide models fetch whisper/{folder.name}` puts one there",
        permanent=True,
    )
