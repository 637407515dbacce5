"""Where others may write, only plain files of a bounded size are read, and nothing is waited for."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edge.plain_file import open_only_plain, open_plain, read_plain, read_plain_json

SECRET = b"root:x:0:0"


def a_link(path: Path) -> None:
    path.with_name("secret").write_bytes(SECRET)
    path.symlink_to(path.with_name("secret"))


def a_link_to_nothing(path: Path) -> None:
    path.symlink_to(path.with_name("nothing"))


def a_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(os.path.relpath(path))


def a_device(path: Path) -> None:
    os.mknod(path, 0o600 | 0o020000, os.makedev(1, 5))  # /dev/zero


OTHERS = [
    (a_link, "a symbolic link"),
    (a_link_to_nothing, "a symbolic link"),
    (os.mkfifo, "a FIFO"),
    (Path.mkdir, "a folder"),
    (a_socket, "a socket"),
    pytest.param(
        a_device, "a device", marks=pytest.mark.skipif(os.geteuid() != 0, reason="root makes devices")
    ),
]


@pytest.mark.parametrize(("make", "kind"), OTHERS)
def test_what_is_no_plain_file_is_refused_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: object, kind: str
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "kept.json"
    make(path)  # type: ignore[operator]
    for attempt in (
        lambda: read_plain(path, 100),
        lambda: open_plain(path, 100),
        lambda: open_only_plain(str(path), os.O_WRONLY | os.O_CREAT),
        lambda: open_only_plain(str(path), os.O_RDWR),
    ):
        with pytest.raises(OSError, match=f"expected a plain file, came {kind}; remove it") as caught:
            attempt()
        assert caught.value.filename == str(path)
    assert [file.read_bytes() for file in tmp_path.glob("secret")] in ([], [SECRET])
    assert not (tmp_path / "nothing").exists()


def test_a_plain_file_is_read_up_to_its_bound(tmp_path: Path) -> None:
    path = tmp_path / "kept.json"
    path.write_bytes(b"12345")
    assert read_plain(path, 5) == b"12345"
    with pytest.raises(OSError, match="expected at most 4 bytes, came 5"):
        read_plain(path, 4)
    with pytest.raises(FileNotFoundError):
        read_plain(tmp_path / "absent", 5)


@pytest.mark.parametrize(
    "damaged",
    [b"", b"{", b"\xff\xfe", b'{"\xff": 1}', b'{"a": "\xed\xa0\x80"}', b'{"a": ' + b"[" * 100_000],
    ids=["empty", "cut", "no JSON", "no UTF-8", "half a character", "too deep"],
)
def test_json_that_is_damaged_raises_what_every_reader_expects(tmp_path: Path, damaged: bytes) -> None:
    """Else a bit that fell over on a card would keep a process from ever starting again."""
    path = tmp_path / "kept.json"
    path.write_bytes(b'{"a": 1}')
    assert read_plain_json(path, 10, dict[str, Any]) == {"a": 1}
    path.write_bytes(damaged)
    with pytest.raises(msgspec.DecodeError):
        read_plain_json(path, 1_000_000, dict[str, Any])


def test_a_file_that_grows_while_it_is_read_is_not_read_without_end(tmp_path: Path) -> None:
    """Those of /proc say that they have no bytes."""
    with pytest.raises(OSError, match="expected at most 4 bytes, came 5"):
        read_plain(Path("/proc/self/status"), 4)


def test_links_are_followed_only_where_that_was_asked_for_and_not_to_a_fifo(tmp_path: Path) -> None:
    (tmp_path / "model").write_bytes(b"weights")
    (tmp_path / "link").symlink_to("model")
    with open_plain(tmp_path / "link", 10, follow=True) as file:
        assert file.read() == b"weights"
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "trap").symlink_to("fifo")
    with pytest.raises(OSError, match="came a FIFO"):
        open_plain(tmp_path / "trap", 10, follow=True)
