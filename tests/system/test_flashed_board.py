"""The whole roll-out as a freshly flashed board meets it, on each suite that boards have or are near to.

The board has a user with a password and sudo, no SSH for root, and no way to any mirror. At its first minutes
something else holds the package lock. All comes from the bundle: Debian packages, an interpreter, wheels.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import flashed_board
from tests.support.flashed_board import CLOCKS, HELD, PASSWORD, USER
from tests.support.fleet import ANSIBLE, Fleet, Played, make_bundle
from tests.support.machine import Machine
from tests.support.shuttle import UNITS, Shuttle

pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(1200),
]  # with neither root file system nor packages cached yet
HOLDER = """\
import fcntl, os, time
lock = open("/var/lib/dpkg/lock-frontend", "w")
fcntl.lockf(lock, fcntl.LOCK_EX)
open("/run/holds", "w").close()
time.sleep({seconds})
"""
HELD_S = {"jammy": 150, "noble": 90, "bookworm": 90, "trixie": 90}
"""Some of it goes by before the play asks."""


@pytest.fixture(scope="module")
def plain_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The guide and its wheels, made once; each board's bundle has its own packages beside them."""
    if not ANSIBLE.exists():
        pytest.skip("system tests: no Ansible in .venv-deploy; run: make setup")
    return tmp_path_factory.mktemp("plain")


@pytest.fixture(scope="module", params=CLOCKS)
def flashed(
    request: pytest.FixtureRequest, plain_bundle: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Fleet]]:
    """Suite and fleet: one board that was never rolled out to."""
    suite = request.param
    if reason := flashed_board.missing(suite):
        pytest.skip(f"{suite}: {reason}")
    folder = tmp_path_factory.mktemp(suite)
    with flashed_board.board(suite, "met-one", "10.213.97") as machine:
        sources = flashed_board.flash(machine, suite)
        fleet = Fleet(folder, {"shuttle-01": machine}, USER, PASSWORD)
        made = plain_bundle / "bundle"
        if not made.exists():
            make_bundle(made, fleet.signer)
        shutil.copytree(made, fleet.bundle)
        flashed_board.complete_bundle(fleet, suite, sources)
        yield suite, fleet


@pytest.fixture(scope="module")
def first_run(flashed: tuple[str, Fleet]) -> Played:
    """site.yml, while something holds the package lock as dpkg does."""
    suite, fleet = flashed
    board = fleet.machines["shuttle-01"]
    board.write("/root/holder.py", HOLDER.format(seconds=HELD_S[suite]))
    board.run("systemd-run --quiet --unit=holder /usr/bin/python3 /root/holder.py")
    board.run("until test -e /run/holds; do sleep 0.1; done")
    return fleet.play("site")


@pytest.fixture
def shuttle(flashed: tuple[str, Fleet], first_run: Played) -> Shuttle:
    assert first_run.returncode == 0, first_run.output
    return Shuttle(flashed[1], "shuttle-01")


@pytest.fixture
def board(shuttle: Shuttle) -> Machine:
    return shuttle.machine


def test_a_flashed_board_without_any_mirror_becomes_a_shuttle_that_speaks(shuttle: Shuttle) -> None:
    shuttle.wait_ready()
    assert shuttle.speaks()
    assert shuttle.machine.run("ip route show default") == "", "it had no way out"


def test_the_guide_runs_in_the_interpreter_that_came_with_the_bundle(board: Machine) -> None:
    python = board.run("readlink -f /opt/shuttle-guide/current/.venv/bin/python").strip()
    assert python.startswith("/opt/shuttle-guide/"), python
    pid = board.run("systemctl show --property=MainPID --value shuttle-guide-speaker").strip()
    assert board.run(f"readlink /proc/{pid}/exe").strip() == python


def test_who_holds_the_package_lock_is_told_and_waited_for(first_run: Played, board: Machine) -> None:
    told = " ".join(first_run.output.split())
    found = re.search(r"THE PACKAGE LOCK IS HELD: /var/lib/dpkg/lock-frontend: process (\d+) \((.*?)\)", told)
    assert found, first_run.output
    assert found[2] == "/usr/bin/python3 /root/holder.py"
    assert "RETRYING: [shuttle-01]: Wait until it is free" in told
    assert board.attempt("systemctl is-active holder").stdout.strip() == "inactive", "it was not ended"


def test_packages_of_jetson_linux_are_held_and_can_be_released(board: Machine) -> None:
    assert board.run("apt-mark showhold").split() == [HELD]
    try:
        board.run("apt-mark unhold 'nvidia-l4t-*'")
        assert board.run("apt-mark showhold") == ""
    finally:
        board.run(f"apt-mark hold {HELD}")


def test_the_clock_is_set_by_who_set_it_before(
    flashed: tuple[str, Fleet], first_run: Played, board: Machine
) -> None:
    if CLOCKS[flashed[0]] == "chrony":
        assert board.run("cat /etc/chrony/conf.d/gps.conf") == flashed_board.GPS
        assert board.run("systemctl is-active chrony.service").strip() == "active"
        assert "GPS" in board.run("chronyc -n sources")
        assert "THE CLOCK IS NOT SET" not in first_run.output
        status = "dpkg-query --show --showformat '${db:Status-Status}' systemd-timesyncd"
        assert board.run(status, check=False) != "installed"
    else:
        assert board.run("systemctl is-enabled systemd-timesyncd.service").strip() == "enabled"


def test_updates_have_their_hours(board: Machine) -> None:
    for timer, at in (("apt-daily", "02:00:00"), ("apt-daily-upgrade", "03:00:00")):
        shown = board.run(
            f"systemctl show {timer}.timer --property=TimersCalendar,RandomizedDelayUSec,Persistent"
        )
        assert re.findall(r"OnCalendar=(.*?) ;", shown) == [f"*-*-* {at}"], shown
        assert "RandomizedDelayUSec=30min" in shown
        assert "Persistent=no" in shown
    assert board.run("cat /var/lib/snap-timer").strip() == "02:00-04:00"
    settings = board.run("apt-config dump Unattended-Upgrade::Automatic-Reboot")
    assert settings.strip() == 'Unattended-Upgrade::Automatic-Reboot "false";'


def test_a_second_run_changes_nothing(flashed: tuple[str, Fleet], shuttle: Shuttle) -> None:
    played = flashed[1].play("site")
    assert played.returncode == 0, played.output
    assert played.counts(shuttle.name)["changed"] == 0, played.output
    assert "LOCK IS HELD" not in played.output
    assert len(shuttle.machine.run("cat /var/lib/snap-calls").splitlines()) == 1


def test_needrestart_leaves_the_guide_alone(board: Machine) -> None:
    """The real one, after a library that all use was exchanged: others are restarted."""
    units = (*UNITS, "mosquitto.service")
    before = {unit: _pid(board, unit) for unit in units}
    library = board.run("ldconfig -p | sed -n 's/.*libc.so.6.* => //p' | head -n 1").strip()
    board.run(
        f"cp --archive $(readlink -f {library}) /root/library && mv /root/library $(readlink -f {library})"
    )
    outdated = board.run("needrestart -b -r l", timeout_s=120)
    assert all(f"NEEDRESTART-SVC: {unit}" in outdated for unit in units), outdated
    told = board.run("DEBIAN_FRONTEND=noninteractive needrestart -r a 2>&1", timeout_s=120)
    after = {unit: _pid(board, unit) for unit in units}
    assert after.pop("mosquitto.service") != before.pop("mosquitto.service"), told
    assert after == before, told


def _pid(board: Machine, unit: str) -> str:
    return board.run(f"systemctl show --property=MainPID --value {unit}").strip()
