"""The role ``power``, run by Ansible on a folder and stubs of a Jetson's programs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edge.power.__main__ import settings
from tests.support.fleet import ANSIBLE
from tests.support.late_input import late_input
from tests.support.power_role import FAN_CONF, PowerRole

pytestmark = [
    pytest.mark.skipif(not ANSIBLE.exists(), reason="no Ansible in .venv-deploy; run: make setup"),
    pytest.mark.timeout(400),  # a play takes its time on a busy machine
]

JOB = "etc/systemd/system/poweroff.target.d/shuttle-guide.conf"
MANAGER = "etc/systemd/system.conf.d/shuttle-guide-power-off.conf"
CHOSEN = {
    "power_mode": "MAXN_SUPER",
    "power_fan_profile": "cool",
    "power_zram": False,
    "power_watchdog_s": 45,
    "power_ignition": True,
    "power_ignition_hold_s": 90,
    "power_ignition_line": "/dev/gpiochip0:105",
}


def test_what_is_chosen_is_set_once_and_changes_nothing_after_it(tmp_path: Path) -> None:
    role = PowerRole(tmp_path)
    played, asked = role.play(CHOSEN)
    assert played.returncode == 0, played.output
    assert "nvpmodel -m 2" in asked
    assert role.text("var/lib/nvpmodel/status") == "pmode:0002"
    conf = role.root / "etc/nvfancontrol.conf"
    assert conf.is_symlink(), "the board's own file is changed"
    assert conf.read_text() == FAN_CONF.replace("FAN_DEFAULT_PROFILE quiet", "FAN_DEFAULT_PROFILE cool")
    fan = [line for line in asked if "nvfancontrol" in line]
    assert fan == ["systemctl stop nvfancontrol.service", "systemctl start nvfancontrol.service"]
    assert role.text("var/lib/nvfancontrol/status") is None
    assert not role.is_("nvzramconfig", "enabled")
    watchdog = role.text("etc/systemd/system.conf.d/shuttle-guide.conf") or ""
    assert watchdog.endswith("[Manager]\nRuntimeWatchdogSec=45\n")
    assert "systemctl daemon-reexec" in asked
    assert "JobTimeoutSec=20\n" in (role.text(JOB) or "")
    assert "DefaultTimeoutStopSec=10\n" in (role.text(MANAGER) or "")
    assert role.is_("shuttle-guide-power", "enabled")
    assert role.is_("shuttle-guide-power", "active")
    env = dict(line.split("=", 1) for line in (role.text("etc/shuttle-guide/power.env") or "").splitlines())
    assert settings(env).hold_s == 90
    assert settings(env).line is not None
    again, asked = role.play(CHOSEN)
    assert again.returncode == 0, again.output
    assert again.counts("localhost")["changed"] == 0, again.output
    assert asked == ["systemctl daemon-reload"]


def test_a_mode_that_asks_nothing_is_set_also_where_nobody_reads_the_answer(tmp_path: Path) -> None:
    role = PowerRole(tmp_path)
    settings = {"power_mode": "MAXN_SUPER"}
    played, asked = role.play(settings, environment=late_input(tmp_path / "late", "nvpmodel"))
    assert played.returncode == 0, played.output
    assert "nvpmodel -m 2" in asked
    assert role.text("var/lib/nvpmodel/status") == "pmode:0002"


def test_a_mode_that_needs_a_restart_is_told_and_not_forced(tmp_path: Path) -> None:
    role = PowerRole(tmp_path)
    played, asked = role.play({"power_mode": "7W"})
    assert played.returncode == 0, played.output
    assert asked[:2] == ["nvpmodel -m 3", "answered no"]
    assert "7W needs a restart, which is not forced" in played.output
    assert role.text("var/lib/nvpmodel/status") == "pmode:0001"


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"power_mode": "MAXN"}, "among this board's modes: 15W, 25W, MAXN_SUPER, 7W"),
        ({"power_mode": "COMMENTED"}, "among this board's modes: 15W, 25W, MAXN_SUPER, 7W"),
        ({"power_fan_profile": "loud"}, "among this board's profiles: cool, quiet"),
        ({"power_ignition_line": "105"}, "expected /dev/gpiochipN:LINE"),
        ({"power_ignition_hold_s": 29}, "power_ignition_hold_s: expected 30 seconds or more, got 29"),
    ],
)
def test_what_the_board_does_not_know_is_refused_before_anything_is_touched(
    tmp_path: Path, wrong: dict[str, Any], told: str
) -> None:
    role = PowerRole(tmp_path)
    played, asked = role.play(CHOSEN | wrong)
    assert played.returncode != 0
    assert told in " ".join(played.output.split())
    assert asked == []
    assert role.text("etc/shuttle-guide/power.env") is None


def test_on_a_machine_that_is_no_jetson_only_what_every_machine_has_is_set(tmp_path: Path) -> None:
    role = PowerRole(tmp_path, jetson=False)
    played, asked = role.play(CHOSEN)
    assert played.returncode == 0, played.output
    assert not [line for line in asked if "nv" in line]
    assert role.text("etc/systemd/system.conf.d/shuttle-guide.conf")
    assert role.is_("shuttle-guide-power", "active")


def test_nothing_is_chosen_for_who_chooses_nothing(tmp_path: Path) -> None:
    role = PowerRole(tmp_path)
    played, asked = role.play({})
    assert played.returncode == 0, played.output
    assert not [line for line in asked if "nv" in line]
    assert role.text("etc/shuttle-guide/power.env") is None
    assert not role.is_("shuttle-guide-power", "enabled")


def test_the_ignition_powers_nothing_off_any_more_where_it_is_turned_off_again(tmp_path: Path) -> None:
    role = PowerRole(tmp_path)
    role.play(CHOSEN)
    played, _ = role.play(CHOSEN | {"power_ignition": False})
    assert played.returncode == 0, played.output
    assert [role.text(path) for path in ("etc/shuttle-guide/power.env", JOB, MANAGER)] == [None] * 3
    assert not role.is_("shuttle-guide-power", "enabled")
    assert not role.is_("shuttle-guide-power", "active")


def test_a_dry_run_changes_nothing(tmp_path: Path) -> None:
    role = PowerRole(tmp_path)
    played, asked = role.play(CHOSEN, "--check")
    assert played.returncode == 0, played.output
    assert not [line for line in asked if not line.endswith("daemon-reload")]
    assert role.text("var/lib/nvpmodel/status") == "pmode:0001"
    assert role.text("etc/shuttle-guide/power.env") is None
