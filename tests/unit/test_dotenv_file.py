"""A ``.env`` file counts for a person at a desk only, and only where nobody else may have written it."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.config import ConfigError, environment, load
from edge.config.dotenv_file import _tell

EVIL = "SHUTTLE_GUIDE_OPENAI__BASE_URL=https://evil.example/v1\n"
SOMEBODY = 12345
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    _tell.cache_clear()
    path = tmp_path / ".env"
    path.write_text(EVIL, "utf-8")
    path.chmod(0o600)
    tmp_path.chmod(0o700)
    return path


def is_read(path: Path, **env: str) -> bool:
    return load(env, dotenv=path).services["openai"].base_url == "https://evil.example/v1"


def test_it_is_read_at_a_desk(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert is_read(file)
    # A program on a desktop is started by systemd too, by the user's own instance.
    assert is_read(file, INVOCATION_ID="0" * 32, MANAGERPID="1234")
    assert not caplog.records


@pytest.mark.parametrize(
    "unit",
    [
        {"INVOCATION_ID": "0" * 32},
        {"NOTIFY_SOCKET": "/run/systemd/notify"},
        {"NOTIFY_SOCKET": "@x", "INVOCATION_ID": "0" * 32, "MANAGERPID": "1"},
    ],
)
def test_under_systemd_it_is_never_read(
    file: Path, unit: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    assert not is_read(file, **unit)
    (line,) = [record.getMessage() for record in caplog.records]
    assert line == f"config: {file} is not read: systemd has started this"


def by_others(path: Path) -> None:
    path.chmod(0o666)


def by_the_group(path: Path) -> None:
    path.chmod(0o660)


def somebodys(path: Path) -> None:
    os.chown(path, SOMEBODY, SOMEBODY)


def in_somebodys_folder(path: Path) -> None:
    os.chown(path.parent, SOMEBODY, SOMEBODY)


def in_a_folder_that_others_write(path: Path) -> None:
    path.parent.chmod(0o1777)


def a_link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


def a_fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path, 0o600)


def a_socket(path: Path) -> None:
    path.unlink()
    os.mknod(path, 0o600 | stat.S_IFSOCK)


def no_text(path: Path) -> None:
    path.write_bytes(b"\xff\xfe" + EVIL.encode())


def too_large(path: Path) -> None:
    path.write_text(EVIL + "#" * (2 << 20), "utf-8")


ANYBODY = (by_others, by_the_group, a_link, a_fifo, a_socket, no_text, too_large)
ROOT = (somebodys, in_somebodys_folder, in_a_folder_that_others_write)


def check_refused(file: Path, spoil: Callable[[Path], None], caplog: pytest.LogCaptureFixture) -> None:
    spoil(file)
    for _ in range(2):
        assert not is_read(file)
    (line,) = [record.getMessage() for record in caplog.records]  # told once
    assert line.startswith(f"config: {file} is not read: ")
    assert "\n" not in line


@pytest.mark.parametrize("spoil", ANYBODY)
def test_what_others_may_have_written_is_not_read(
    spoil: Callable[[Path], None], file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    check_refused(file, spoil, caplog)


@as_root
@pytest.mark.parametrize("spoil", ROOT)
def test_root_also_looks_at_the_owner_and_at_the_folder(
    spoil: Callable[[Path], None], file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    check_refused(file, spoil, caplog)


@as_root
@pytest.mark.parametrize(("owner", "read"), [(0, True), (SOMEBODY, True), (SOMEBODY + 1, False)])
def test_a_user_reads_his_own_and_roots(
    file: Path, owner: int, read: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.chown(file, owner, owner)
    monkeypatch.setattr(os, "geteuid", lambda: SOMEBODY)
    assert is_read(file) is read


def test_only_settings_and_keys_count_in_it(file: Path) -> None:
    file.write_text("HTTP_PROXY=http://evil.example\nCREDENTIALS_DIRECTORY=/tmp\nGROQ_API_KEY=k\n" + EVIL)
    assert environment({}, dotenv=file) == {
        "GROQ_API_KEY": "k",
        "SHUTTLE_GUIDE_OPENAI__BASE_URL": "https://evil.example/v1",
    }


def test_a_line_is_as_it_is_written_and_takes_in_no_other(file: Path) -> None:
    """Nine lines that each name the one before ten times would be gigabytes."""
    file.write_text("A=x\nSHUTTLE_GUIDE_GROQ__MODEL=${A}$A\n", "utf-8")
    assert load({}, dotenv=file).services["groq"].model == "${A}$A"


def test_a_unit_reads_none_whatever_its_environment_says(file: Path) -> None:
    """``shuttle-guide run`` is what units call."""
    file.write_text("SHUTTLE_GUIDE_MQTT__PORT=none\n")
    for command, refused in ((("config", "check"), True), (("run", "ingest"), False)):
        env = {"PATH": os.environ["PATH"], "HOME": str(file.parent), "SHUTTLE_GUIDE_LOG_LEVEL": "loud"}
        ended = subprocess.run(
            [sys.executable, "-m", "edge", *command], cwd=file.parent, env=env, capture_output=True, text=True
        )
        assert ended.returncode == 78
        assert ("mqtt.port" in ended.stderr) is refused, ended.stderr


# --- the settings file, where root reads it ---


@as_root
@pytest.mark.parametrize("spoil", [by_others, by_the_group, somebodys])
def test_root_takes_no_settings_that_somebody_else_may_write(
    spoil: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SUDO_UID", raising=False)
    settings = tmp_path / "guide.toml"
    settings.write_text('[openai]\nbase_url = "https://evil.example/v1"\n')
    spoil(settings)
    link = tmp_path / "link.toml"  # as a device has one, to the release's own
    link.symlink_to(settings)
    for path in (settings, link):
        with pytest.raises(ConfigError, match=f"{path} is not read: "):
            load({"SHUTTLE_GUIDE_CONFIG": str(path)}, dotenv=None)
    os.chown(settings, 0, 0)
    settings.chmod(0o644)
    assert (
        load({"SHUTTLE_GUIDE_CONFIG": str(link)}, dotenv=None)
        .services["openai"]
        .base_url.startswith("https://evil")
    )
    spoil(settings)
    if spoil is somebodys:
        monkeypatch.setenv("SUDO_UID", str(SOMEBODY))  # what an engineer has brought, who became root
        load({"SHUTTLE_GUIDE_CONFIG": str(settings)}, dotenv=None)
    monkeypatch.setattr(os, "geteuid", lambda: SOMEBODY)  # whoever is not root has named it for himself
    load({"SHUTTLE_GUIDE_CONFIG": str(settings)}, dotenv=None)


def test_settings_that_are_no_file_are_refused_and_hold_nobody_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "guide.toml")
    for path in (tmp_path / "guide.toml", tmp_path):
        with pytest.raises(ConfigError, match=f"{path} is not read: expected a plain file, came a "):
            load({"SHUTTLE_GUIDE_CONFIG": str(path)}, dotenv=None)
