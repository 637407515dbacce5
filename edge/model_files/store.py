"""The models folder: which files are there, and the checksums that were seen first.

Layout, the same everywhere, so that one machine's folder is another one's mirror::

    whisper/base/model.bin
    cache/…                 what is on its way
    models.lock.json        checksums of files that the catalogue does not pin
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import stat
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

import msgspec

from edge.atomic_file import remove_half_written, write_whole
from edge.model_files.catalogue import LARGEST_FILE, Model, ModelFile
from edge.operator_error import OperatorError
from edge.plain_file import open_only_plain, open_plain, read_plain_json

LOCK_FILE = "models.lock.json"
LARGEST_LOCK = 4 * 1024 * 1024


class StoreError(OperatorError):
    """The folder cannot be used; the text is one line for the operator."""


class FileState(StrEnum):
    """What is known of one file without reading it."""

    PRESENT = "present"
    WRONG_SIZE = "wrong size"
    NO_FILE = "no plain file"
    ABSENT = "absent"


class Store:
    """A models folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cache = folder / "cache"

    def path(self, model: Model) -> Path:
        """The model's folder, or the file itself where it is a single one."""
        folder = self.folder / model.name
        return folder / model.file[0].name if len(model.file) == 1 else folder

    def path_of(self, model: Model, file: ModelFile) -> Path:
        return self.folder / model.name / file.name

    def state_of(self, model: Model, file: ModelFile) -> FileState:
        try:
            found = self.path_of(model, file).stat()
        except OSError:
            return FileState.ABSENT
        if not stat.S_ISREG(found.st_mode):
            return FileState.NO_FILE
        return FileState.PRESENT if file.size in (None, found.st_size) else FileState.WRONG_SIZE

    def complete(self, model: Model) -> bool:
        """Every file is there with its size. Whether the content is right only ``verify`` tells."""
        return all(self.state_of(model, file) is FileState.PRESENT for file in model.file)

    def expected_sha256(self, model: Model, file: ModelFile) -> str | None:
        """What the catalogue demands, else what came first."""
        return file.sha256 or self._seen().get(f"{model.name}/{file.name}")

    def remember(self, model: Model, file: ModelFile, sha256: str) -> None:
        """Keep the checksum of an unpinned file that came first."""
        seen = self._seen() | {f"{model.name}/{file.name}": sha256}
        content = msgspec.json.format(msgspec.json.encode(seen, order="sorted")) + b"\n"
        write_whole(self.folder / LOCK_FILE, content, mode=0o644)

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Make the folder ready and keep other fetches out.

        Raises:
            StoreError: it cannot be written, or another fetch is under way.
        """
        try:
            self.cache.mkdir(parents=True, exist_ok=True)
            lock = open_only_plain(str(self.cache / ".lock"), os.O_RDWR | os.O_CREAT)
        except OSError as error:
            raise StoreError(f"{self.folder} cannot be written: {error.strerror}") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            raise StoreError(f"another fetch into {self.folder} is under way; wait for it") from None
        try:
            remove_half_written(self.folder / LOCK_FILE)
            yield
        finally:
            os.close(lock)

    def _seen(self) -> dict[str, str]:
        path = self.folder / LOCK_FILE
        try:
            return read_plain_json(path, LARGEST_LOCK, dict[str, str])
        except FileNotFoundError:
            return {}
        except (OSError, msgspec.MsgspecError) as error:
            raise StoreError(
                f"{path} cannot be read ({error}); repair it, or remove it to trust anew"
            ) from error


def sha256_of(path: Path) -> str:
    """Checksum of a file. Raises OSError."""
    with open_plain(path, LARGEST_FILE, follow=True) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
