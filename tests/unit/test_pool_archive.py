"""A pool travels in a file; what is malformed is refused entry by entry, and nothing outside is touched."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import tarfile
import tracemalloc
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.messages import PoolText
from edge.signature import check_signature, sign
from edge.speaker.pool import files
from edge.speaker.pool.archive import (
    MANIFEST,
    NAMESPACE,
    SIGNATURE,
    ArchiveError,
    Imported,
    export_pool,
    import_pool,
)
from edge.speaker.pool.entry import HeldSound, encode
from edge.speaker.pool.store import EntryStore
from edge.speaker.pool.worth import StoreLimits
from edge.speaker.script import Mark
from tests.support.pooled import VOICE, held_sound, pool_text
from tests.support.signing import allow, make_key

ROOM = 10**8
LIMITS = StoreLimits(max_bytes=ROOM, max_age_s=1e9)


def filled(folder: Path, *entry_ids: str, voice: str = VOICE) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for entry_id in entry_ids:
        header, samples = held_sound(pool_text("Да.", entry_id=entry_id), voice=voice)
        files.path_of(folder, entry_id).write_bytes(encode(header, samples))
    return folder


def anything(text: PoolText) -> None:
    """No text is objected to."""


def bring(
    archive: Path,
    folder: Path,
    *,
    voice: str | None = VOICE,
    max_bytes: int = ROOM,
    signers: Path | None = None,
    objection: Callable[[PoolText], str | None] = anything,
) -> Imported:
    def check(manifest: bytes, signature: bytes) -> None:
        assert signers is not None
        check_signature(manifest, signature, NAMESPACE, signers)

    with archive.open("rb") as file:
        return import_pool(
            file,
            folder,
            voice=voice,
            max_bytes=max_bytes,
            check_signature=check if signers else None,
            objection=objection,
        )


def held(folder: Path) -> set[str]:
    store = EntryStore(folder, VOICE, LIMITS, Counter())
    store.open(1e9)
    return set(store.entries)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Of a pool with two entries."""
    path = tmp_path / "depot.tar"
    assert export_pool(filled(tmp_path / "depot", "a", "b"), path) == (2, [])
    return path


def test_what_was_exported_is_held_after_the_import(archive: Path, tmp_path: Path) -> None:
    assert bring(archive, tmp_path / "shuttle") == Imported(2, 0, [])
    assert held(tmp_path / "shuttle") == {"a", "b"}
    assert bring(archive, tmp_path / "shuttle") == Imported(0, 2, [])


def test_what_a_shuttle_has_used_up_does_not_come_back(archive: Path, tmp_path: Path) -> None:
    bring(archive, tmp_path / "shuttle")
    store = EntryStore(tmp_path / "shuttle", VOICE, LIMITS, Counter())
    store.open(1e9)
    assert store.take("a", "Да.", "ru")
    assert bring(archive, tmp_path / "shuttle") == Imported(0, 2, [])
    assert held(tmp_path / "shuttle") == {"b"}


def test_an_export_leaves_out_what_is_damaged(tmp_path: Path) -> None:
    folder = filled(tmp_path / "depot", "a", "b")
    files.path_of(folder, "a").write_bytes(b"rubbish")
    files.path_of(folder, "link").symlink_to("/etc/passwd")
    written, (damaged, link) = export_pool(folder, tmp_path / "x.tar")
    assert (written, damaged[:3], link) == (
        1,
        "a: ",
        "link: expected a plain file, came a symbolic link; remove it",
    )
    assert export_pool(tmp_path / "nothing", tmp_path / "empty.tar") == (0, [])
    with pytest.raises(ArchiveError, match="nowhere"):
        export_pool(folder, tmp_path / "nowhere" / "x.tar")


def test_another_voice_is_refused_in_one_line_each(archive: Path, tmp_path: Path) -> None:
    done = bring(archive, tmp_path / "shuttle", voice="elevenlabs another")
    assert (done.brought, len(done.refused)) == (0, 2)
    assert "expected the voice 'elevenlabs another'" in done.refused[0]
    assert bring(archive, tmp_path / "shuttle", voice=None).brought == 2


def test_what_there_is_no_room_for_is_refused(archive: Path, tmp_path: Path) -> None:
    one = files.path_of(tmp_path / "depot", "a").stat().st_size
    done = bring(archive, tmp_path / "shuttle", max_bytes=round(1.5 * one))
    assert (done.brought, len(done.refused)) == (1, 1)
    assert "pool.max_mb" in done.refused[0]


Change = Callable[[dict[str, bytes], dict[str, Any]], None]


def changed(archive: Path, change: Change) -> Path:
    """The same archive after ``change`` has had its files and its manifest."""
    with tarfile.open(archive) as tar:
        found = {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]
    manifest = json.loads(found.pop(MANIFEST))
    before = json.dumps(manifest)
    change(found, manifest)
    if json.dumps(manifest) != before:
        found[MANIFEST] = json.dumps(manifest).encode()
    else:  # to the byte as it was signed
        with tarfile.open(archive) as tar:
            found[MANIFEST] = tar.extractfile(MANIFEST).read()  # type: ignore[union-attr]
    path = archive.with_name("changed.tar")
    with tarfile.open(path, "w") as tar:
        for name, content in found.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


def add_traversal(found: dict[str, bytes], manifest: dict[str, Any]) -> None:
    found["entries/../../evil.sound"] = found["entries/a.sound"]
    manifest["entries"].append({**manifest["entries"][0], "id": "../../evil"})


def add_absolute(found: dict[str, bytes], manifest: dict[str, Any]) -> None:
    found["/tmp/evil.sound"] = b"x"


def swap(found: dict[str, bytes], manifest: dict[str, Any]) -> None:
    """An entry under another one's name, honestly listed."""
    found["entries/c.sound"] = found["entries/a.sound"]
    manifest["entries"].append({**manifest["entries"][0], "id": "c"})


def list_the_missing(found: dict[str, bytes], manifest: dict[str, Any]) -> None:
    manifest["entries"].append({**manifest["entries"][0], "id": "missing"})


def hide(found: dict[str, bytes], manifest: dict[str, Any]) -> None:
    found["entries/c.sound"] = found["entries/a.sound"]


def flip(found: dict[str, bytes], manifest: dict[str, Any]) -> None:
    content = found["entries/a.sound"]
    found["entries/a.sound"] = content[:-1] + bytes([content[-1] ^ 1])


def relabel(found: dict[str, bytes], manifest: dict[str, Any]) -> None:
    """What a person reads is not what would be said."""
    manifest["entries"][0]["text"] = "Что-то милое."


def inflate(found: dict[str, bytes], manifest: dict[str, Any]) -> None:
    found["entries/a.sound"] += bytes(1000)


@pytest.mark.parametrize(
    ("change", "still_brought", "reason"),
    [
        (add_traversal, {"a", "b"}, "expected a file"),
        (add_absolute, {"a", "b"}, "expected a file"),
        (swap, {"a", "b"}, "it holds the entry 'a'"),
        (list_the_missing, {"a", "b"}, "not in the archive"),
        (hide, {"a", "b"}, "not in the manifest"),
        (flip, {"b"}, "SHA-256"),
        (inflate, {"b"}, "at most"),
        (relabel, {"b"}, "another text, use, language or voice than the manifest says"),
    ],
)
def test_one_bad_entry_is_refused_and_the_others_are_taken(
    archive: Path, tmp_path: Path, change: Change, still_brought: set[str], reason: str
) -> None:
    done = bring(changed(archive, change), tmp_path / "in" / "shuttle")
    assert any(reason in line for line in done.refused)
    assert all("\n" not in line for line in done.refused)
    assert held(tmp_path / "in" / "shuttle") == still_brought
    assert not [path for path in tmp_path.rglob("*evil*")]


# --- whose archive it is, and what it says ---


def signed(folder: Path, key: Path, *entry_ids: str) -> Path:
    archive = folder / f"signed-{key.name}.tar"
    export_pool(
        filled(folder / f"depot of {key.name}", *entry_ids),
        archive,
        sign=lambda text: sign(text, key, NAMESPACE),
    )
    return archive


def test_an_archive_that_an_allowed_depot_signed_is_taken(tmp_path: Path) -> None:
    key = make_key(tmp_path)
    archive = signed(tmp_path, key, "a", "b")
    assert bring(archive, tmp_path / "shuttle", signers=allow(tmp_path, key)) == Imported(2, 0, [])


def test_an_archive_that_nobody_allowed_has_signed_is_refused_as_a_whole(
    archive: Path, tmp_path: Path
) -> None:
    key, stranger = make_key(tmp_path), make_key(tmp_path, "stranger")
    signers, shuttle = allow(tmp_path, key), tmp_path / "shuttle"
    with pytest.raises(ArchiveError, match=r"^it is not signed: .*--sign KEY.*--unsigned takes it"):
        bring(archive, shuttle, signers=signers)
    with pytest.raises(ArchiveError, match=r"allowed signer.*--unsigned takes it"):
        bring(signed(tmp_path, stranger, "a"), shuttle, signers=signers)
    with pytest.raises(ArchiveError, match=r"nobody's signature counts here"):
        bring(signed(tmp_path, key, "a"), shuttle, signers=tmp_path / "none")
    assert held(shuttle) == set()
    assert bring(archive, shuttle).brought == 2, "without the demand it is taken"


@pytest.mark.parametrize("change", [add_traversal, swap, list_the_missing, relabel])
def test_a_manifest_that_was_changed_is_not_signed_any_more(tmp_path: Path, change: Change) -> None:
    key = make_key(tmp_path)
    archive = changed(signed(tmp_path, key, "a", "b"), change)
    with pytest.raises(ArchiveError, match="allowed signer"):
        bring(archive, tmp_path / "in" / "shuttle", signers=allow(tmp_path, key))
    assert held(tmp_path / "in" / "shuttle") == set()


@pytest.mark.parametrize(
    ("change", "still_brought"),
    [(hide, {"a", "b"}), (flip, {"b"}), (inflate, {"b"}), (add_absolute, {"a", "b"})],
)
def test_what_the_signed_manifest_does_not_name_by_its_hash_is_refused(
    tmp_path: Path, change: Change, still_brought: set[str]
) -> None:
    key = make_key(tmp_path)
    archive = changed(signed(tmp_path, key, "a", "b"), change)
    done = bring(archive, tmp_path / "in" / "shuttle", signers=allow(tmp_path, key))
    assert (held(tmp_path / "in" / "shuttle"), len(done.refused)) == (still_brought, 1)


def test_a_text_that_may_not_be_said_is_refused(archive: Path, tmp_path: Path) -> None:
    def objection(text: PoolText) -> str | None:
        return "it has a blocked word (1)" if text.entry_id == "a" else None

    done = bring(archive, tmp_path / "shuttle", objection=objection)
    assert done == Imported(1, 0, ["a: its text: it has a blocked word (1)"])
    assert held(tmp_path / "shuttle") == {"b"}


def stretched(seconds: float) -> HeldSound:
    """Two letters that sound so long."""
    header, samples = held_sound(pool_text("Да.", entry_id="long"))
    longer = np.resize(samples, round(seconds * header.sample_rate))
    return HeldSound(msgspec.structs.replace(header, marks=(Mark(len(longer), 3),)), longer)


@pytest.mark.parametrize(
    ("seconds", "is_kept"), [(0.02, False), (0.04, True), (4.1, True), (4.3, False), (59.0, False)]
)
def test_a_sound_is_as_long_as_its_letters_take(tmp_path: Path, seconds: float, is_kept: bool) -> None:
    """In an archive, which may promise what it likes, and in the folder, wherever it came from."""
    depot, shuttle = filled(tmp_path / "depot"), filled(tmp_path / "shuttle")
    content = encode(*stretched(seconds))
    files.path_of(depot, "long").write_bytes(content)
    files.path_of(shuttle, "long").write_bytes(content)
    assert export_pool(depot, tmp_path / "x.tar").written == is_kept
    assert held(shuttle) == ({"long"} if is_kept else set())
    assert files.path_of(shuttle, "long").exists() == is_kept


def test_a_long_sound_in_an_archive_made_by_hand_is_refused(archive: Path, tmp_path: Path) -> None:
    def lengthen(found: dict[str, bytes], manifest: dict[str, Any]) -> None:
        found["entries/long.sound"] = content = encode(*stretched(30.0))
        about = {"id": "long", "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        manifest["entries"].append({**manifest["entries"][0], **about})

    done = bring(changed(archive, lengthen), tmp_path / "shuttle")
    assert done.brought == 2
    assert done.refused == ["long: 30000 ms of sound for 2 letters"]


def test_a_signature_is_no_entry(archive: Path, tmp_path: Path) -> None:
    with tarfile.open(signed(tmp_path, make_key(tmp_path), "a")) as tar:
        assert SIGNATURE in tar.getnames()
    with tarfile.open(archive) as tar:
        assert SIGNATURE not in tar.getnames()


def test_a_link_in_an_archive_is_followed_nowhere(archive: Path, tmp_path: Path) -> None:
    with tarfile.open(archive, "a") as tar:
        link = tarfile.TarInfo("entries/link.sound")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    done = bring(archive, tmp_path / "shuttle")
    assert (done.brought, len(done.refused)) == (2, 1)


@pytest.mark.parametrize("content", [b"", b"not a tar", bytes(10240)])
def test_what_is_no_archive_is_one_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.tar"
    path.write_bytes(content)
    with pytest.raises(ArchiveError, match=r"pool export"):
        bring(path, tmp_path / "shuttle")


def member(kind: bytes, content: bytes, size: bytes | None = None, name: str = "entries/a.sound") -> bytes:
    """A member as a tar has it; ``size``: what its header claims."""
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, len(content)
    header = bytearray(info.tobuf(tarfile.USTAR_FORMAT))
    header[124:136] = size or header[124:136]
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + content + bytes(-len(content) % tarfile.BLOCKSIZE)


BELOW_ZERO = b"\xff" * 9 + (-1024).to_bytes(3, "big", signed=True)
HARMLESS = member(tarfile.REGTYPE, b"x")


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(member(tarfile.GNUTYPE_LONGNAME, b"a\0") * 2000 + HARMLESS, id="names of names"),
        pytest.param(member(tarfile.XHDTYPE, b"7 a=bc\n") * 2000 + HARMLESS, id="headers of headers"),
        pytest.param(member(tarfile.XHDTYPE, b"27 GNU.sparse.map=1,2,three\n") + HARMLESS, id="sparse map"),
        pytest.param(member(tarfile.XHDTYPE, b"30 size=9999999999999999999999\n") + HARMLESS, id="huge size"),
        pytest.param(member(tarfile.XHDTYPE, b"9" * 5000 + b" a=b\n") + HARMLESS, id="huge length"),
        pytest.param(member(tarfile.GNUTYPE_SPARSE, b""), id="sparse file"),
        pytest.param(member(tarfile.REGTYPE, b"", BELOW_ZERO) * 2 + bytes(1024), id="size below zero"),
        pytest.param(member(tarfile.REGTYPE, b'{"entries":[{"id":"\xff"}]}', name=MANIFEST), id="no UTF-8"),
    ],
)
def test_what_tars_can_have_beside_plain_files_is_one_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.tar"
    path.write_bytes(content)
    with pytest.raises(ArchiveError):
        bring(path, tmp_path / "shuttle")


@pytest.mark.parametrize("kind", [tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE])
def test_a_header_of_any_length_fills_no_memory(tmp_path: Path, kind: bytes) -> None:
    path = tmp_path / "x.tar"
    length = 256 << 20
    with path.open("wb") as file:
        file.write(member(kind, b"", b"%011o\0" % length))
        file.truncate(length + 2048)
    tracemalloc.start()
    try:
        with pytest.raises(ArchiveError):
            bring(path, tmp_path / "shuttle")
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_damage_brings_in_anything_that_is_not_whole(
    archive: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    content = bytearray(archive.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    content = content[: data.draw(st.integers(0, len(content)))]
    folder = tmp_path_factory.mktemp("fuzz")
    path = folder / "x.tar"
    path.write_bytes(content)
    with contextlib.suppress(ArchiveError):
        bring(path, folder / "shuttle")
    for entry_id in files.entry_ids(folder / "shuttle"):
        files.sound_of(folder / "shuttle", entry_id)
