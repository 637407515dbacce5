"""The role ``metrics``, run by Ansible on a folder and a stub of systemctl."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.fleet import ANSIBLE
from tests.support.metrics_fleet import program
from tests.support.metrics_role import MetricsRole

pytestmark = [
    pytest.mark.skipif(not ANSIBLE.exists(), reason="no Ansible in .venv-deploy; run: make setup"),
    pytest.mark.timeout(400),
]
URL = {"metrics_url": "https://fleet.example:9443/api/v1/write"}
TLS = {"metrics_tls": {"authority": "AUTHORITY", "certificate": "CERTIFICATE", "key": "KEY"}}
UNIT = "etc/systemd/system/shuttle-metrics.service"
SECRETS = "etc/shuttle-metrics/secrets"


@pytest.fixture
def role(tmp_path: Path) -> MetricsRole:
    return MetricsRole(tmp_path / "role", program("prometheus"))


def test_without_a_fleet_nothing_is_there(role: MetricsRole) -> None:
    played, asked = role.play({})
    assert played.returncode == 0, played.output
    assert played.counts("localhost")["changed"] == 0
    assert asked == []


def test_the_agent_is_set_up_once_and_changes_nothing_after_it(role: MetricsRole) -> None:
    played, _ = role.play(URL | TLS)
    assert played.returncode == 0, played.output
    assert role.is_("active")
    assert role.is_("enabled")
    assert role.text(f"{SECRETS}/key") == "KEY"
    assert (role.root / SECRETS).stat().st_mode & 0o777 == 0o700
    assert (role.root / SECRETS / "key").stat().st_mode & 0o777 == 0o600
    assert "KEY" not in played.output
    unit = role.text(UNIT) or ""
    assert re.findall(r"(?m)^LoadCredential=(\w+)", unit) == ["authority", "certificate", "key"]
    check = (program("promtool"), "check", "config", "--agent", "--syntax-only")
    subprocess.run([*check, role.root / "etc/shuttle-metrics/agent.yml"], check=True)
    again, asked = role.play(URL | TLS)
    assert again.returncode == 0, again.output
    assert again.counts("localhost")["changed"] == 0, again.output
    assert [line for line in asked if "reload" not in line] == []


def test_an_account_takes_the_place_of_a_certificate(role: MetricsRole) -> None:
    role.play(URL | TLS)
    account = {"metrics_username": "s1", "metrics_password": "never shown"}
    played, asked = role.play(URL | account)
    assert played.returncode == 0, played.output
    assert "never shown" not in played.output
    assert role.text(f"{SECRETS}/password") == "never shown"
    assert role.text(f"{SECRETS}/key") is None
    written = role.text("etc/shuttle-metrics/agent.yml") or ""
    assert "password_file: /run/credentials/shuttle-metrics.service/password" in written
    assert "tls_config" not in written
    assert any("restart" in line for line in asked)


def test_who_leaves_the_fleet_leaves_nothing_behind(role: MetricsRole) -> None:
    role.play(URL | TLS)
    played, _ = role.play({})
    assert played.returncode == 0, played.output
    assert not role.is_("active")
    assert not role.is_("enabled")
    assert [path for path in role.root.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"metrics_url": "http://fleet.example/api/v1/write"},
        {"guide_settings": {}},
        {"metrics_tls": {"certificate": "without a key"}},
        {"metrics_username": "without a password"},
        {"metrics_interval_s": 1},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_what_cannot_work_is_refused_before_anything_is_touched(
    role: MetricsRole, wrong: dict[str, Any]
) -> None:
    played, asked = role.play(URL | wrong)
    assert played.returncode != 0
    assert "Expected metrics_url as https://" in " ".join(played.output.split())
    assert asked == []
    assert role.text(UNIT) is None


def test_a_prometheus_without_agent_mode_is_refused(role: MetricsRole) -> None:
    """Ubuntu 22.04 has 2.31."""
    role.pack("#!/bin/sh\necho 'prometheus, version 2.31.2+ds1 (branch: debian/sid)'\n")
    played, _ = role.play(URL)
    assert played.returncode != 0
    assert "Expected Prometheus 2.32 or newer, which knows agent mode; here it is 2.31.2" in " ".join(
        played.output.split()
    )
    assert not role.is_("active")


def test_a_dry_run_changes_nothing(role: MetricsRole) -> None:
    played, _ = role.play(URL | TLS, "--check")
    assert played.returncode == 0, played.output
    assert [path for path in role.root.rglob("*") if path.is_file()] == []


def test_the_unit_may_do_little(role: MetricsRole, tmp_path: Path) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("no systemd-analyze on this machine")
    role.play(URL | TLS)
    unit = tmp_path / "shuttle-metrics.service"
    unit.write_text(re.sub(r"(?ms)^ExecStart=.+?[^\\]$", "ExecStart=/bin/true", role.text(UNIT) or ""))
    verify = ["systemd-analyze", "verify", "--man=no", f"./{unit.name}"]
    verified = subprocess.run(verify, cwd=tmp_path, capture_output=True, text=True, timeout=30, check=False)
    assert (verified.returncode, verified.stderr) == (0, "")
    look = ["systemd-analyze", "security", "--offline=yes", "--no-pager", f"./{unit.name}"]
    looked = subprocess.run(look, cwd=tmp_path, capture_output=True, text=True, timeout=30, check=False)
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", looked.stdout)
    assert found, looked.stdout + looked.stderr
    assert float(found[1]) <= 2.0
