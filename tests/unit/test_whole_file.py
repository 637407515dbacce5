"""Files are there completely or not at all, and belong to whom their folder belongs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edge.config import Settings, state_dir_of
from edge.whole_file import make_folder, write_whole


def test_a_file_is_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    for content in (b"old", b"new"):
        write_whole(tmp_path / "kept.json", content)
    assert [path.name for path in tmp_path.iterdir()] == ["kept.json"]
    assert (tmp_path / "kept.json").read_bytes() == b"new"
    assert not (tmp_path / "kept.json").stat().st_mode & 0o007


def test_what_cannot_be_written_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_whole(tmp_path / "kept.json", b"old")

    def fail(descriptor: int) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        write_whole(tmp_path / "kept.json", b"new")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can bring files for somebody else")
def test_what_root_brings_belongs_to_the_owner_of_the_folder(tmp_path: Path) -> None:
    os.chown(tmp_path, 4321, 4322)
    make_folder(tmp_path / "voices")
    write_whole(tmp_path / "voices" / "driver.json", b"{}")
    for path in (tmp_path / "voices", tmp_path / "voices" / "driver.json"):
        assert (path.stat().st_uid, path.stat().st_gid) == (4321, 4322)


def test_a_command_finds_what_a_unit_keeps_in_its_own_folder(tmp_path: Path) -> None:
    settings = Settings(state_dir=str(tmp_path))
    assert state_dir_of(settings, "speaker") == tmp_path
    (tmp_path / "speaker").mkdir()
    assert state_dir_of(settings, "speaker") == tmp_path / "speaker"
    assert state_dir_of(settings, "listener") == tmp_path
