"""A pool in one file: what a depot filled, to be shipped to a fleet.

A plain tar: ``entries/ID.sound`` as they lie in the folder; ``manifest.json``, which lists them with text,
size and SHA-256; and ``manifest.json.sig``, the depot's signature over it (``edge/signature.py``). So nothing
of it is anybody else's, no sound belongs to another text, and what people read in the manifest is said.
Nothing is ever extracted by the names that it holds: each entry is read, checked, written anew.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Annotated, BinaryIO, Literal, NamedTuple

import msgspec

from edge.atomic_file import make_folder, whole_file, write_whole
from edge.error_lines import one_line
from edge.messages import Language, PoolText, PoolUse
from edge.operator_error import OperatorError
from edge.plain_file import read_plain
from edge.signature import LARGEST_BYTES as LARGEST_SIGNATURE_BYTES
from edge.signature import SignatureError
from edge.speaker.pool import files
from edge.speaker.pool.entry import LARGEST_BYTES, EntryError, EntryHeader, read_entry
from edge.speaker.pool.gone import GoneIds
from edge.speaker.pool.plain_tar import Member, PlainTarError, members_of, read_member

MANIFEST = "manifest.json"
SIGNATURE = "manifest.json.sig"
NAMESPACE = "shuttle-guide-pool"
"""What its signatures are for."""
FOLDER = "entries/"
LARGEST_MANIFEST_BYTES = 32 * 1024 * 1024
LARGEST_ARCHIVE_BYTES = 8 * 1024 * 1024 * 1024
MOST_MEMBERS = 200_000


class ArchiveError(OperatorError):
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


class Exported(NamedTuple):
    """What became of a pool's entries."""

    written: int
    left_out: list[str]
    """One line each."""


class Imported(NamedTuple):
    """What became of an archive's entries."""

    brought: int
    known: int
    """Held already, or used up."""
    refused: list[str]
    """One line each."""


def export_pool(
    folder: Path,
    archive: Path,
    *,
    sign: Callable[[bytes], bytes] | None = None,
    rights: AbstractContextManager[None] | None = None,
) -> Exported:
    """Write all whole entries of ``folder`` into ``archive``.

    Args:
        sign: gives the signature over the manifest; None: the archive has none.
        rights: held while the folder is read.

    Raises:
        ArchiveError: the archive cannot be written, or not be signed.
    """
    listed: list[Listed] = []
    left_out: list[str] = []
    try:
        with whole_file(archive) as file, tarfile.open(None, "w", file, format=tarfile.USTAR_FORMAT) as tar:
            with rights or nullcontext():
                for entry_id in sorted(files.entry_ids(folder)):
                    try:
                        content = read_plain(files.path_of(folder, entry_id), LARGEST_BYTES)
                        header = _checked(content)
                    except FileNotFoundError:
                        continue  # played meanwhile
                    except (OSError, EntryError) as error:
                        left_out.append(f"{entry_id}: {getattr(error, 'strerror', None) or error}")
                        continue
                    listed.append(_listed(header, content))
                    _add(tar, f"{FOLDER}{entry_id}{files.SUFFIX}", content, header.voiced_at)
            built = msgspec.to_builtins(Manifest(entries=tuple(listed)))
            manifest = json.dumps(built, ensure_ascii=False, indent=1).encode()
            _add(tar, MANIFEST, manifest, 0.0)
            if sign is not None:
                _add(tar, SIGNATURE, sign(manifest), 0.0)
    except OSError as error:
        raise ArchiveError(f"{error.filename or archive}: {error.strerror or error}") from error
    except SignatureError as error:
        raise ArchiveError(str(error)) from error
    return Exported(len(listed), left_out)


def import_pool(
    archive: BinaryIO,
    folder: Path,
    *,
    voice: str | None,
    max_bytes: int,
    check_signature: Callable[[bytes, bytes], None] | None,
    objection: Callable[[PoolText], str | None],
) -> Imported:
    """Bring the entries of ``archive`` into ``folder``, each whole or not at all.

    Args:
        archive: at its beginning.
        voice: fingerprint that they must have; None: it is not known here.
        max_bytes: how large the pool may become.
        check_signature: of the manifest and its signature; raises ``SignatureError`` where it does not count.
            None: an archive without one is taken too.
        objection: why a text may not be said; None: it may.

    Raises:
        ArchiveError: it is no archive of a pool, not signed, or the folder cannot be written to.
    """
    refused: list[str] = []
    brought = known = 0
    try:
        make_folder(folder)
        gone = GoneIds(folder)
        gone.load()
        held = set(files.entry_ids(folder))
        room = max_bytes - files.bytes_of(folder, held)
        members = _members(archive, refused)
        for listed in _manifest(archive, members, check_signature).entries:
            member = members.pop(f"{FOLDER}{listed.id}{files.SUFFIX}", None)
            if listed.id in held or listed.id in gone:
                known += 1
                continue
            try:
                content = _content(archive, member, listed, voice, room, objection)
            except EntryError as error:
                refused.append(f"{one_line(listed.id)}: {error}")
                continue
            write_whole(files.path_of(folder, listed.id), content)
            held.add(listed.id)
            room -= len(content)
            brought += 1
    except OSError as error:
        raise ArchiveError(f"{error.filename or folder}: {error.strerror or error}") from error
    except PlainTarError as error:
        raise ArchiveError(f"expected what `pool export` wrote, came no such file ({error})") from error
    refused += [f"{one_line(name)}: it is not in the manifest" for name in members]
    return Imported(brought, known, refused)


def _members(archive: BinaryIO, refused: list[str]) -> dict[str, Member]:
    """Name → file; whatever else an archive may hold is refused.

    Raises:
        ArchiveError: it is no tar, or not one that ``export_pool`` wrote.
    """
    members: dict[str, Member] = {}
    for number, (name, member) in enumerate(members_of(archive)):
        if number >= MOST_MEMBERS:
            raise ArchiveError(f"more than {MOST_MEMBERS} files: that is no pool")
        entry_id = name.removeprefix(FOLDER).removesuffix(files.SUFFIX)
        is_entry = name == f"{FOLDER}{entry_id}{files.SUFFIX}" and files.is_safe_id(entry_id)
        if not member.is_file or not (is_entry or name in (MANIFEST, SIGNATURE)):
            refused.append(f"{one_line(name)}: expected a file {FOLDER}ID{files.SUFFIX} or {MANIFEST}")
        elif name in members:
            refused.append(f"{one_line(name)}: it is there twice")
        else:
            members[name] = member
    return members


def _manifest(
    archive: BinaryIO,
    members: dict[str, Member],
    check_signature: Callable[[bytes, bytes], None] | None,
) -> Manifest:
    member, signature = members.pop(MANIFEST, None), members.pop(SIGNATURE, None)
    if member is None:
        raise ArchiveError(f"it holds no {MANIFEST}: expected what `shuttle-guide pool export` wrote")
    if check_signature is not None and signature is None:
        raise ArchiveError(
            "it is not signed: expected what `shuttle-guide pool export --sign KEY` wrote; "
            "--unsigned takes it from whomever it came"
        )
    try:
        manifest = _read(archive, member, LARGEST_MANIFEST_BYTES)
        if check_signature is not None and signature is not None:
            check_signature(manifest, _read(archive, signature, LARGEST_SIGNATURE_BYTES))
        return msgspec.json.decode(manifest, type=Manifest)
    except SignatureError as error:
        raise ArchiveError(f"{error}; --unsigned takes it from whomever it came") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, EntryError) as error:
        raise ArchiveError(f"{MANIFEST} cannot be used: {one_line(str(error))}") from error


def _content(
    archive: BinaryIO,
    member: Member | None,
    listed: Listed,
    voice: str | None,
    room: int,
    objection: Callable[[PoolText], str | None],
) -> bytes:
    """A member's bytes, if they are the entry that the manifest promises. Raises ``EntryError``."""
    if member is None:
        raise EntryError("it is in the manifest, and not in the archive")
    if listed.size > room:
        raise EntryError("there is no room left: pool.max_mb")
    content = _read(archive, member, listed.size)
    if len(content) != listed.size or hashlib.sha256(content).hexdigest() != listed.sha256:
        raise EntryError("size or SHA-256 are not those of the manifest")
    header = _checked(content)
    if header.text.entry_id != listed.id:
        raise EntryError(f"it holds the entry {one_line(header.text.entry_id)!r}")
    if _listed(header, content) != listed:
        raise EntryError("it is another text, use, language or voice than the manifest says")
    if reason := objection(header.text):
        raise EntryError(f"its text: {reason}")
    if voice is not None and header.voice != voice:
        raise EntryError(f"expected the voice {voice!r}, came {one_line(header.voice)!r}")
    return content


def _checked(content: bytes) -> EntryHeader:
    header = read_entry(io.BytesIO(content), len(content)).header
    files.check_length(header)
    return header


def _read(archive: BinaryIO, member: Member, at_most: int) -> bytes:
    if member.size > at_most:
        raise EntryError(f"{member.size} bytes, at most {at_most} are expected")
    return read_member(archive, member)


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
