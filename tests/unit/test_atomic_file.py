"""Files are there completely or not at all, and nothing that others have put in their way is touched."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

import pytest

from edge.atomic_file import HALF_WRITTEN, remove_half_written, whole_file, write_whole
from edge.config import Settings, state_dir_of


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


def test_a_link_in_its_place_is_replaced_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "kept.json").symlink_to("secret")
    write_whole(tmp_path / "kept.json", b"new")
    assert (tmp_path / "secret").read_bytes() == b"secret"
    assert (tmp_path / "kept.json").read_bytes() == b"new"
    assert not (tmp_path / "kept.json").is_symlink()


def test_a_name_that_was_guessed_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody can guess it; if somebody could, nothing would be followed, waited for or removed."""
    monkeypatch.setattr(secrets, "token_hex", lambda count: "guessed")
    (tmp_path / "secret").write_bytes(b"secret")
    trap = tmp_path / f"kept.json.guessed{HALF_WRITTEN}"
    for set_trap in (lambda: trap.symlink_to("secret"), lambda: os.mkfifo(trap), trap.touch):
        set_trap()
        with pytest.raises(FileExistsError):
            write_whole(tmp_path / "kept.json", b"new")
        assert os.path.lexists(trap)
        trap.unlink()
    assert (tmp_path / "secret").read_bytes() == b"secret"


def test_its_name_on_the_way_is_another_one_each_time(tmp_path: Path) -> None:
    names = set()
    for _ in range(3):
        with whole_file(tmp_path / "kept.json"):
            names |= {path.name for path in tmp_path.glob(f"*{HALF_WRITTEN}")}
    assert len(names) == 3


def test_what_a_killed_writer_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    left = tmp_path / f"kept.json.0123456789abcdef{HALF_WRITTEN}"
    others = [tmp_path / name for name in ("kept.json", f"other.json.1{HALF_WRITTEN}", "kept.json.bak")]
    for path in (left, *others):
        path.touch()
    remove_half_written(tmp_path / "kept.json")
    remove_half_written(tmp_path / "absent" / "kept.json")
    assert sorted(tmp_path.iterdir()) == sorted(others)


def test_what_fails_within_leaves_nothing(tmp_path: Path) -> None:
    with contextlib.suppress(KeyboardInterrupt), whole_file(tmp_path / "kept.json") as file:
        file.write(b"half")
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_a_command_finds_what_a_unit_keeps_in_its_own_folder(tmp_path: Path) -> None:
    settings = Settings(state_dir=str(tmp_path))
    assert state_dir_of(settings, "speaker") == tmp_path
    (tmp_path / "speaker").mkdir()
    assert state_dir_of(settings, "speaker") == tmp_path / "speaker"
    assert state_dir_of(settings, "listener") == tmp_path
