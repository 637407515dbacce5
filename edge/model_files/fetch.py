"""Brings a model's files into the store: from their source or a mirror, checked, and all at once.

A file is written to ``cache/`` and takes its place only when it is whole and its checksum is right: whoever
looks sees the old file, the new one or none. What was interrupted goes on where it stopped.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import httpx

from edge.atomic_file import flush_folder
from edge.config.addresses import shows_key
from edge.masking import remember_address
from edge.model_files.catalogue import LARGEST_FILE, Model, ModelFile
from edge.model_files.http_download import BytesProgress, DownloadError, download
from edge.model_files.store import FileState, Store, sha256_of
from edge.operator_error import OperatorError
from edge.plain_file import open_only_plain, open_plain

WEB = ("http://", "https://")


class FetchError(OperatorError):
    """A model was not fetched; the text is one line for the operator."""


class Fetched(NamedTuple):
    """One file that is in its place now."""

    file: ModelFile
    sha256: str
    first_seen: bool
    """Nothing said beforehand what it had to be."""


class Fetcher:
    """Fetches models, checks their files and puts them into the store.

    Args:
        mirror: a folder or an ``http(s)`` address with the layout of a models folder; None: the sources.
        say: is told what a person should know while it happens.
    """

    def __init__(
        self,
        store: Store,
        client: httpx.Client,
        progress: BytesProgress,
        *,
        mirror: str | None = None,
        say: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._store = store
        self._client = client
        self._progress = progress
        self._mirror = mirror
        remember_address(mirror or "")
        self._say = say

    def fetch(self, model: Model) -> list[Fetched]:
        """Bring what is absent or has the wrong size. The store must be held.

        Raises:
            FetchError: a file could not be had, or is not what was promised.
        """
        return [
            self._fetch_file(model, file)
            for file in model.file
            if self._store.state_of(model, file) is not FileState.PRESENT
        ]

    def _fetch_file(self, model: Model, file: ModelFile) -> Fetched:
        name = f"{model.name}/{file.name}"
        part = self._store.cache / f"{name.replace('/', '--')}.part"
        expected = self._store.expected_sha256(model, file)
        problems = []
        for place in self._places(model):
            try:
                self._bring(place, file, part)
                sha256 = _checked(part, expected)
                break
            except DownloadError as error:
                problems.append(str(error))
            except OSError as error:
                raise FetchError(f"{name}: {part} cannot be written: {error.strerror}") from error
        else:
            raise FetchError(f"{name}: {'; '.join(problems)}")
        if expected is None:
            self._store.remember(model, file, sha256)
        _move_durably(part, self._store.path_of(model, file))
        discard(part)
        return Fetched(file, sha256, first_seen=expected is None)

    def _places(self, model: Model) -> tuple[str, ...]:
        """Folders or addresses of folders that its files may come from, in turn."""
        mirror = self._mirror
        if not mirror:
            return model.sources
        if not mirror.startswith(WEB):
            return (str(Path(mirror).expanduser() / model.name),)
        return (f"{mirror.rstrip('/')}/{model.name}/",)

    def _bring(self, place: str, file: ModelFile, part: Path) -> None:
        if not place.startswith(WEB):
            self._copy(Path(place) / file.name, file, part)
            return
        if self._mirror and shows_key(self._mirror):
            raise DownloadError("a password would go to the mirror unencrypted: expected https://")
        download(self._client, f"{place}{file.name}", part, file.size, self._progress, say=self._say)

    def _copy(self, source: Path, file: ModelFile, part: Path) -> None:
        try:
            size = source.stat().st_size
        except OSError as error:
            raise DownloadError(f"the mirror does not have it: {source}: {error.strerror}") from error
        if file.size not in (None, size):
            raise DownloadError(f"{source} has {size} bytes instead of {file.size}")
        self._progress.begin(file.name, size, 0)
        discard(part)
        with (
            open_plain(source, LARGEST_FILE, follow=True) as stream,
            open(part, "wb", opener=open_only_plain) as target,
        ):
            while block := stream.read(1 << 20):
                target.write(block)
                self._progress.advance(len(block))


def _checked(part: Path, expected: str | None) -> str:
    """The checksum of what came. Raises DownloadError, and forgets what came, when it is not ``expected``."""
    sha256 = sha256_of(part)
    if expected not in (None, sha256):
        discard(part)
        raise DownloadError(
            f"the checksum is wrong (expected {str(expected)[:12]}…, came {sha256[:12]}…); "
            "the file was thrown away: fetch it again or from elsewhere (--mirror)"
        )
    return sha256


def room_for(store: Store, models: list[Model]) -> None:
    """Is there room for what is missing? Sizes that nobody knows beforehand are looked at when they come.

    Raises:
        FetchError: there is not.
    """
    needed = sum(
        file.size or 0
        for model in models
        for file in model.file
        if store.state_of(model, file) is not FileState.PRESENT
    )
    free = shutil.disk_usage(store.folder).free
    if needed > free:
        raise FetchError(f"{store.folder}: {needed >> 20} MiB are needed and {free >> 20} MiB are free")


def discard(part: Path) -> None:
    """Forget what came so far."""
    for path in (part, part.with_suffix(".origin")):
        with contextlib.suppress(FileNotFoundError):
            path.unlink()


def _move_durably(part: Path, target: Path) -> None:
    """A power cut leaves the whole file or none."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with part.open("rb") as stream:
        os.fsync(stream.fileno())
    part.replace(target)
    flush_folder(target.parent)
