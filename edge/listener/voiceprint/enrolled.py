"""The enrolled voices on disk: what is special about each as numbers, and no sound."""

from __future__ import annotations

import contextlib
import re
import time
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from edge.atomic_file import make_folder, remove_half_written, write_whole
from edge.listener.voiceprint.model import VoiceprintError
from edge.plain_file import read_plain_json

Role = Literal["guide", "driver"]

NAME = re.compile(r"[\w-]{1,64}")
LARGEST_BYTES = 1024 * 1024
"""Hundreds of embeddings."""


class EnrolledVoice(msgspec.Struct, frozen=True, kw_only=True):
    """One file."""

    name: str
    role: Role
    model: str
    """Fingerprint of the model that made the embeddings: they mean nothing to another one."""
    embeddings: dict[str, Annotated[list[float], msgspec.Meta(min_length=2)]]
    """Where it was heard (``piper ru``, a file's name) → a vector of length 1."""
    enrolled_at: float = msgspec.field(default_factory=time.time)
    """Unix seconds."""


class EnrolledVoices:
    """The files of the enrolled voices.

    Args:
        state_dir: they lie in ``voices`` below it, ``NAME.json`` each.
    """

    def __init__(self, state_dir: Path) -> None:
        self._folder = state_dir / "voices"

    def version(self) -> int:
        """Another number whenever a voice came, went or was replaced."""
        seen = []
        with contextlib.suppress(OSError):
            for path in self._folder.iterdir():
                state = path.stat()
                # Two changes may fall into one tick of the clock; a file that replaces another is a new one.
                seen.append((path.name, state.st_ino, state.st_mtime_ns))
        return hash(tuple(sorted(seen)))

    def load(self) -> tuple[list[EnrolledVoice], list[str]]:
        """The voices by name, and one line for each file that is none."""
        voices, troubles = [], []
        for path in sorted(self._folder.glob("*.json")):
            try:
                voices.append(read_plain_json(path, LARGEST_BYTES, EnrolledVoice))
            except (OSError, msgspec.DecodeError) as error:
                troubles.append(f"{path} is no enrolled voice ({error}): enrol it anew")
        return voices, troubles

    def save(self, voice: EnrolledVoice) -> Path:
        """Atomically; replaces one of the same name.

        Raises:
            VoiceprintError: the name cannot be one.
            OSError: it cannot be written.
        """
        path = self.path_of(voice.name)
        make_folder(self._folder)
        remove_half_written(path)
        write_whole(path, msgspec.json.encode(voice))
        return path

    def forget(self, name: str) -> bool:
        """Forget a voice. False: nobody of that name is enrolled. Raises as ``save`` does."""
        path = self.path_of(name)
        try:
            path.unlink()
        except FileNotFoundError:
            return False
        return True

    def path_of(self, name: str) -> Path:
        """Where a voice of this name is kept. Raises VoiceprintError when the name cannot be one."""
        if not NAME.fullmatch(name):
            raise VoiceprintError(f"expected a name of letters, digits, - and _ (at most 64), came {name!r}")
        return self._folder / f"{name}.json"
