"""The role ``recognizer_server`` on a folder and a stub of systemctl; its unit is judged by systemd."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from edge.recognizer_server.env_file import read_env_file
from tests.support.fleet import ANSIBLE, ROOT, Played
from tests.support.local_role import play_here
from tests.support.power_role import SYSTEMCTL

pytestmark = [
    pytest.mark.skipif(not ANSIBLE.exists(), reason="no Ansible in .venv-deploy; run: make setup"),
    pytest.mark.timeout(900),
]
UNIT = "shuttle-guide-recognizer-server.service"
TOKEN = "a-token-of-a-test-0123"
TLS = {"certificate": "CERTIFICATE", "key": "PRIVATE"}
HOME = "opt/shuttle-guide/recognizer-server"
MODELS = """\
#!/bin/sh
# The models' command of the release, as it would answer.
echo "$@" >>{folder}/verified
[ ! -e {folder}/spoilt ] || { echo "whisper/base: expected another checksum"; exit 1; }
"""


class DepotServer:
    """A folder for its files, a stub of systemctl, and a lock without packages."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.root = folder, folder / "root"
        for part in ("units", "bin", "source/systemd", "models/whisper/base"):
            (folder / part).mkdir(parents=True)
        (folder / "units" / UNIT).touch()
        stub = folder / "bin" / "systemctl"
        stub.write_text(SYSTEMCTL.replace("{folder}", str(folder)))
        stub.chmod(0o755)
        self.source = folder / "source"
        for name in (".venv", "edge", "systemd", "models"):
            shutil.rmtree(self.source / name, ignore_errors=True)
            (self.source / name).symlink_to(ROOT / name)
        for name in ("pyproject.toml", "README.md"):
            shutil.copy2(ROOT / name, self.source / name)
        for name in ("recognizer", "recognizer-gpu"):
            (self.source / f"requirements-{name}.lock").write_text("# none in a test\n")
        (folder / "models/whisper/base/model.bin").write_text("weights")

    def play(self, *more: str, **settings: Any) -> tuple[Played, list[str]]:
        """How it ended, and what systemctl was asked to do."""
        asked = self.folder / "asked"
        asked.write_text("")
        given: Mapping[str, Any] = {
            "recognizer_server_root": str(self.root),
            "recognizer_server_source": str(self.source),
            "recognizer_server_models_from": str(self.folder / "models"),
            "recognizer_server_debs": [],  # they are here already
            "recognizer_server_token": TOKEN,
        } | settings
        played = play_here(self.folder, [{"role": "recognizer_server"}], given, *more, within_s=800.0)
        return played, [line for line in asked.read_text().splitlines() if "daemon-reload" not in line]

    def stand_in(self) -> None:
        """The installed command cannot run without its packages."""
        command = self.root / HOME / "venv/bin/shuttle-guide"
        command.write_text(MODELS.replace("{folder}", str(self.folder)))

    def drop_in(self) -> str:
        return (self.root / f"etc/systemd/system/{UNIT}.d/depot.conf").read_text()


SETTINGS: dict[str, Any] = {
    "recognizer_server_tls": TLS,
    "recognizer_server_reference": {"LANGUAGE": "ru", "INITIAL_PROMPT": "café # b"},
    "recognizer_server_settings": {"RECOGNIZER_SERVER__MAX_CLIENTS": 8},
}


@pytest.fixture(scope="module")
def depot(tmp_path_factory: pytest.TempPathFactory) -> DepotServer:
    """Set up once: making an environment takes longest."""
    server = DepotServer(tmp_path_factory.mktemp("depot"))
    played, asked = server.play(**SETTINGS)
    assert played.returncode == 0, played.output
    assert TOKEN not in played.output
    assert "PRIVATE" not in played.output
    assert f"systemctl enable {UNIT}" in asked
    return server


def test_what_is_written_is_what_the_server_reads(depot: DepotServer) -> None:
    assert (depot.root / HOME / "venv/bin/shuttle-guide").exists()
    credentials = depot.root / "etc/shuttle-guide/credentials"
    assert credentials.stat().st_mode & 0o777 == 0o700
    for name, text in (("token", TOKEN), ("key", "PRIVATE"), ("certificate", "CERTIFICATE")):
        file = credentials / f"recognizer_server_{name}"
        assert (file.read_text(), file.stat().st_mode & 0o777) == (f"{text}\n", 0o600)
    told = read_env_file(depot.root / "etc/shuttle-guide/recognizer.env")
    assert told["SHUTTLE_GUIDE_LISTENER__RECOGNIZER__HINT"] == "café # b"
    assert "--env-file /etc/shuttle-guide/recognizer.env\n" in depot.drop_in()
    assert 'Environment="SHUTTLE_GUIDE_RECOGNIZER_SERVER__MAX_CLIENTS=8"\n' in depot.drop_in()


def test_a_second_run_changes_nothing_and_one_that_was_cut_off_is_made_up_for(depot: DepotServer) -> None:
    again, asked = depot.play(**SETTINGS)
    assert again.returncode == 0, again.output
    assert again.counts("localhost")["changed"] == 0, again.output
    assert asked == []
    (depot.root / HOME / "installed").unlink()
    again, asked = depot.play(**SETTINGS)
    assert again.returncode == 0, again.output
    assert f"systemctl restart {UNIT}" in asked
    assert (depot.root / HOME / "installed").exists()


def test_models_come_from_the_operators_folder_and_their_sums_are_compared(depot: DepotServer) -> None:
    depot.stand_in()
    only = ("--tags", "preflight,models")
    (depot.folder / "spoilt").touch()
    played, _ = depot.play(*only, recognizer_server_models=["whisper/base"])
    assert played.returncode != 0
    assert "expected another checksum" in played.output
    (depot.folder / "spoilt").unlink()
    played, _ = depot.play(*only, recognizer_server_models=["whisper/base"])
    assert played.returncode == 0, played.output
    models = depot.root / "var/lib/shuttle-guide/models"
    assert (models / "whisper/base/model.bin").read_text() == "weights"
    assert f"models --dir {models} verify --require-pinned" in (depot.folder / "verified").read_text()
    played, _ = depot.play(*only, recognizer_server_models=["whisper/medium"])
    assert played.returncode != 0
    assert "fetch whisper/medium" in " ".join(played.output.split())


@pytest.mark.parametrize("token", ["short", "with a space in between", ""])
def test_a_token_that_is_none_is_refused_before_anything_is_done(tmp_path: Path, token: str) -> None:
    server = DepotServer(tmp_path)
    played, asked = server.play(recognizer_server_token=token)
    assert played.returncode != 0
    assert not server.root.exists()
    assert asked == []


def test_a_dry_run_changes_nothing(tmp_path: Path) -> None:
    server = DepotServer(tmp_path)
    played, asked = server.play("--check", recognizer_server_tls=TLS)
    assert played.returncode == 0, played.output
    assert not server.root.exists()
    assert asked == []


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")
@pytest.mark.parametrize("gpu", [False, True], ids=["cpu", "gpu"])
def test_systemd_knows_all_of_the_unit_and_it_stays_shut(tmp_path: Path, gpu: bool) -> None:
    server = DepotServer(tmp_path)
    played, _ = server.play("--tags", "configure", recognizer_server_tls=TLS, recognizer_server_gpu=gpu)
    assert played.returncode == 0, played.output
    asked = ["systemd-analyze", "security", "--offline=yes", f"--root={server.root}", UNIT]
    judged = subprocess.run(asked, capture_output=True, text=True, check=False)
    exposure = re.search(r"Overall exposure level for .*: ([0-9.]+)", judged.stdout)
    assert exposure, judged.stdout + judged.stderr
    assert float(exposure[1]) <= (2.0 if gpu else 1.7)
    assert "Unknown" not in judged.stderr
