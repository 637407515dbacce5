"""A pool travels in a file; what is malformed is refused entry by entry, and nothing outside is touched."""

from __future__ import annotations

import contextlib
import io
import json
import tarfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.speaker.pool import files
from edge.speaker.pool.archive import MANIFEST, ArchiveError, Imported, export_pool, import_pool
from edge.speaker.pool.entry import encode
from edge.speaker.pool.store import Store
from edge.speaker.pool.worth import Limits
from tests.support.pooled import VOICE, held_sound, pool_text

ROOM = 10**8
LIMITS = Limits(max_bytes=ROOM, max_age_s=1e9)


def filled(folder: Path, *entry_ids: str, voice: str = VOICE) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for entry_id in entry_ids:
        header, samples = held_sound(pool_text("Да.", entry_id=entry_id), voice=voice)
        files.path_of(folder, entry_id).write_bytes(encode(header, samples))
    return folder


def bring(archive: Path, folder: Path, *, voice: str | None = VOICE, max_bytes: int = ROOM) -> Imported:
    return import_pool(archive, folder, voice=voice, max_bytes=max_bytes)


def held(folder: Path) -> set[str]:
    store = Store(folder, VOICE, LIMITS, Counter())
    store.open(1e9)
    return set(store.entries)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Of a pool with two entries."""
    path = tmp_path / "depot.tar"
    assert export_pool(filled(tmp_path / "depot", "a", "b"), path) == 2
    return path


def test_what_was_exported_is_held_after_the_import(archive: Path, tmp_path: Path) -> None:
    assert bring(archive, tmp_path / "shuttle") == Imported(2, 0, [])
    assert held(tmp_path / "shuttle") == {"a", "b"}
    assert bring(archive, tmp_path / "shuttle") == Imported(0, 2, [])


def test_what_a_shuttle_has_used_up_does_not_come_back(archive: Path, tmp_path: Path) -> None:
    bring(archive, tmp_path / "shuttle")
    store = Store(tmp_path / "shuttle", VOICE, LIMITS, Counter())
    store.open(1e9)
    assert store.take("a", "Да.", "ru")
    assert bring(archive, tmp_path / "shuttle") == Imported(0, 2, [])
    assert held(tmp_path / "shuttle") == {"b"}


def test_an_export_leaves_out_what_is_damaged(tmp_path: Path) -> None:
    folder = filled(tmp_path / "depot", "a", "b")
    files.path_of(folder, "a").write_bytes(b"rubbish")
    assert export_pool(folder, tmp_path / "x.tar") == 1
    assert export_pool(tmp_path / "nothing", tmp_path / "empty.tar") == 0
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
    change(found, manifest)
    path = archive.with_name("changed.tar")
    with tarfile.open(path, "w") as tar:
        for name, content in {**found, MANIFEST: json.dumps(manifest).encode()}.items():
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
    with pytest.raises(ArchiveError, match=r"missing\.tar: No such file or directory$"):
        bring(tmp_path / "missing.tar", tmp_path / "shuttle")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
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
