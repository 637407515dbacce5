"""A pool in one file: what a depot filled, to be shipped to a fleet.

A plain tar: ``entries/ID.sound`` as they lie in the folder, and ``manifest.json``, which lists them with size
and SHA-256. Nothing is ever extracted by the names that it holds: each entry is read, checked, written anew.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import msgspec

from edge.failure_text import one_line
from edge.messages import Language, PoolUse
from edge.speaker.pool import files
from edge.speaker.pool.entry import LARGEST_BYTES, EntryError, EntryHeader, read_entry
from edge.speaker.pool.gone import GoneIds
from edge.whole_file import HALF_WRITTEN, make_folder, write_whole

MANIFEST = "manifest.json"
FOLDER = "entries/"
LARGEST_MANIFEST_BYTES = 32 * 1024 * 1024
MOST_MEMBERS = 200_000


class ArchiveError(Exception):
    """The file is no archive of a pool, or cannot be written; the text is one line for the operator."""


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """An entry in the manifest. ``use``, ``language``, ``text`` and ``voice`` are there for people."""

    id: str
    size: Annotated[int, msgspec.Meta(ge=1, le=LARGEST_BYTES)]
    sha256: str
    use: PoolUse
    language: Language
    voice: str
    text: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What the archive holds."""

    format: Literal["shuttle-guide-pool"] = "shuttle-guide-pool"
    version: Literal[1] = 1
    entries: tuple[Listed, ...]


class Imported(NamedTuple):
    """What became of an archive's entries."""

    brought: int
    known: int
    """Held already, or used up."""
    refused: list[str]
    """One line each."""


def export_pool(folder: Path, archive: Path) -> int:
    """Write all entries of ``folder`` into ``archive``; returns how many. Raises ``ArchiveError``."""
    listed: list[Listed] = []
    fresh = archive.with_name(archive.name + HALF_WRITTEN)
    try:
        with tarfile.open(fresh, "w", format=tarfile.PAX_FORMAT) as tar:
            for entry_id in sorted(files.entry_ids(folder)):
                try:
                    content = files.path_of(folder, entry_id).read_bytes()
                    header = read_entry(io.BytesIO(content), len(content)).header
                except (FileNotFoundError, EntryError):
                    continue  # played meanwhile; the speaker throws damaged ones away
                listed.append(_listed(header, content))
                _add(tar, f"{FOLDER}{entry_id}{files.SUFFIX}", content, header.voiced_at)
            manifest = msgspec.to_builtins(Manifest(entries=tuple(listed)))
            _add(tar, MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=1).encode(), 0.0)
        fresh.replace(archive)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise ArchiveError(f"{archive} cannot be written: {error.strerror or error}") from error
    return len(listed)


def import_pool(archive: Path, folder: Path, *, voice: str | None, max_bytes: int) -> Imported:
    """Bring the entries of ``archive`` into ``folder``, each whole or not at all.

    Args:
        voice: fingerprint that they must have; None: it is not known here.
        max_bytes: how large the pool may become.

    Raises:
        ArchiveError: it is no archive of a pool, or the folder cannot be written to.
    """
    refused: list[str] = []
    brought = known = 0
    try:
        make_folder(folder)
        gone = GoneIds(folder)
        gone.load()
        held = set(files.entry_ids(folder))
        room = max_bytes - sum(files.path_of(folder, entry_id).stat().st_size for entry_id in held)
        with tarfile.open(archive, "r:") as tar:
            members = _members(tar, refused)
            for listed in _manifest(tar, members).entries:
                member = members.pop(f"{FOLDER}{listed.id}{files.SUFFIX}", None)
                if listed.id in held or listed.id in gone:
                    known += 1
                    continue
                try:
                    content = _content(tar, member, listed, voice, room)
                except EntryError as error:
                    refused.append(f"{one_line(listed.id)}: {error}")
                    continue
                write_whole(files.path_of(folder, listed.id), content)
                held.add(listed.id)
                room -= len(content)
                brought += 1
    except OSError as error:
        raise ArchiveError(f"{error.filename or folder}: {error.strerror or error}") from error
    except (EOFError, tarfile.TarError) as error:
        reason = one_line(str(error))
        raise ArchiveError(
            f"{archive}: expected what `pool export` wrote, came no such file ({reason})"
        ) from error
    refused += [f"{one_line(name)}: it is not in the manifest" for name in members]
    return Imported(brought, known, refused)


def _members(tar: tarfile.TarFile, refused: list[str]) -> dict[str, tarfile.TarInfo]:
    """Name → file; whatever else an archive may hold is refused."""
    members: dict[str, tarfile.TarInfo] = {}
    for number, member in enumerate(tar):
        if number >= MOST_MEMBERS:
            raise ArchiveError(f"more than {MOST_MEMBERS} files: that is no pool")
        name = member.name
        entry_id = name.removeprefix(FOLDER).removesuffix(files.SUFFIX)
        ours = name in (MANIFEST, f"{FOLDER}{entry_id}{files.SUFFIX}") and files.is_safe_id(entry_id)
        if not member.isfile() or not ours:
            refused.append(f"{one_line(name)}: expected a file {FOLDER}ID{files.SUFFIX} or {MANIFEST}")
        elif name in members:
            refused.append(f"{one_line(name)}: it is there twice")
        else:
            members[name] = member
    return members


def _manifest(tar: tarfile.TarFile, members: dict[str, tarfile.TarInfo]) -> Manifest:
    member = members.pop(MANIFEST, None)
    if member is None:
        raise ArchiveError(f"it holds no {MANIFEST}: expected what `shuttle-guide pool export` wrote")
    try:
        return msgspec.json.decode(_read(tar, member, LARGEST_MANIFEST_BYTES), type=Manifest)
    except (msgspec.DecodeError, EntryError) as error:
        raise ArchiveError(f"{MANIFEST} cannot be used: {one_line(str(error))}") from error


def _content(
    tar: tarfile.TarFile, member: tarfile.TarInfo | None, listed: Listed, voice: str | None, room: int
) -> bytes:
    """A member's bytes, if they are the entry that the manifest promises. Raises ``EntryError``."""
    if member is None:
        raise EntryError("it is in the manifest, and not in the archive")
    if listed.size > room:
        raise EntryError("there is no room left: pool.max_mb")
    content = _read(tar, member, listed.size)
    if len(content) != listed.size or hashlib.sha256(content).hexdigest() != listed.sha256:
        raise EntryError("size or SHA-256 are not those of the manifest")
    header = read_entry(io.BytesIO(content), len(content)).header
    if header.text.entry_id != listed.id:
        raise EntryError(f"it holds the entry {one_line(header.text.entry_id)!r}")
    if voice is not None and header.voice != voice:
        raise EntryError(f"expected the voice {voice!r}, came {one_line(header.voice)!r}")
    return content


def _read(tar: tarfile.TarFile, member: tarfile.TarInfo, at_most: int) -> bytes:
    file = tar.extractfile(member)
    if file is None or member.size > at_most:
        raise EntryError(f"{member.size} bytes, at most {at_most} are expected")
    return file.read()


def _listed(header: EntryHeader, content: bytes) -> Listed:
    text = header.text
    return Listed(
        id=text.entry_id,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        use=text.use,
        language=text.language,
        voice=header.voice,
        text=text.text,
    )


def _add(tar: tarfile.TarFile, name: str, content: bytes, modified_at: float) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mtime, member.mode = len(content), int(max(0.0, modified_at)), 0o640
    tar.addfile(member, io.BytesIO(content))


def headers(folder: Path) -> Iterator[tuple[EntryHeader, int]]:
    """What lies in the folder, with sizes in bytes, without what is damaged."""
    for entry_id in files.entry_ids(folder):
        try:
            yield files.header_of(folder, entry_id)
        except (EntryError, OSError):
            continue
