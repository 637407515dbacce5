"""A booted machine behind the ignition: it fades, keeps what it holds and goes down; a short off is nothing.

How long it takes is printed (``pytest -s``), and is at most what docs/operations.md states.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.bus.topology import PROCESSES
from tests.support import installed_guide
from tests.support.machine import Machine
from tests.support.units import Units

pytestmark = pytest.mark.timeout(600)

HOLD_S = 8
"""A busy machine takes some of it before it says that the ignition is on again."""
WEDGE = Path(__file__).with_name("wedge.py")
LIMITS = Path(__file__).parents[2] / "deploy/ansible/roles/power/files"
OPERATIONS = Path(__file__).parents[2] / "docs/operations.md"
PATIENCE_S = 90.0
"""Longer than what is stated, so that how long it took is told."""
ANNOUNCEMENT = "Следующая остановка — Луна Бич. " * 12
STUBBORN = """\
[Service]
ExecStart=/bin/sh -c 'trap "" TERM; while :; do sleep 1; done'
TimeoutStopSec=infinity
SendSIGKILL=no
"""


@pytest.fixture(scope="module")
def shuttle() -> Iterator[Machine]:
    with Machine(
        name="powr-one", network="10.213.89", packages=installed_guide.PACKAGES, flavour="guide"
    ) as machine:
        installed_guide.install(machine)
        machine.write("/etc/shuttle-guide/power.env", f"IGNITION_HOLD_S={HOLD_S}\n")
        machine.copy(LIMITS / "poweroff.conf", "/etc/systemd/system/poweroff.target.d/shuttle-guide.conf")
        machine.copy(LIMITS / "manager.conf", "/etc/systemd/system.conf.d/shuttle-guide.conf")
        machine.run("mkdir -p /var/log/journal && systemctl daemon-reexec && journalctl --flush")
        machine.run("systemctl enable --now mosquitto shuttle-guide.target shuttle-guide-power.service")
        yield machine


@pytest.fixture
def units(shuttle: Machine) -> Units:
    units = Units(shuttle)
    units.until_ready(*PROCESSES, "power")
    return units


def stated_s() -> float:
    """From ``off`` until the machine is off: the hold, and what the docs give it then."""
    (budget,) = re.findall(
        r"^\| the machine is off \| ([0-9]+) s:", OPERATIONS.read_text("utf-8"), re.MULTILINE
    )
    return HOLD_S + float(budget)


def ignition(shuttle: Machine, word: str) -> None:
    """As the vehicle says it: retained."""
    shuttle.run(f"mosquitto_pub -r -q 1 -t shuttle/test/vehicle -m '{json.dumps({'ignition': word})}'")


def begin_to_speak(shuttle: Machine, units: Units) -> None:
    """Returns when some of a long announcement has been played."""
    before = starts(units)
    shuttle.run(f"mosquitto_pub -q 1 -t shuttle/test/announce -m '{ANNOUNCEMENT}'")
    units.until(lambda: starts(units) > before, "it to speak")
    shuttle.run("sleep 1.5")


def starts(units: Units) -> int:
    return sum(line.startswith("speaking") for line in told(units, "speaker"))


def told(units: Units, process: str) -> list[str]:
    return [entry["MESSAGE"] for entry in units.journal(f"SYSLOG_IDENTIFIER=shuttle-guide-{process}")]


def former_boot(shuttle: Machine, more: str) -> str:
    """Lines of the journal before the machine went down."""
    return shuttle.run(f"journalctl -q -b -1 --no-pager -o short-monotonic {more}", check=False)


def test_off_for_a_moment_does_nothing(shuttle: Machine, units: Units) -> None:
    ignition(shuttle, "on")
    ignition(shuttle, "off")
    units.until(lambda: "power off in" in units.show("power", "StatusText")[0], "the hold to begin")
    ignition(shuttle, "on")
    shuttle.run(f"sleep {HOLD_S + 2}")
    assert units.show("power", "StatusText", "NRestarts") == ["ignition on", "0"]
    assert told(units, "power")[-2:] == [
        f"ignition off: power off in {HOLD_S} s unless it is on again",
        "ignition on again: not powering off",
    ]


def test_it_ends_in_mid_sentence_and_keeps_what_it_was_told(shuttle: Machine, units: Units) -> None:
    shuttle.run("mosquitto_pub -q 1 -t shuttle/test/cmd/volume -m 40%")
    begin_to_speak(shuttle, units)
    shuttle.run("mosquitto_pub -q 1 -t shuttle/test/cmd/chattiness -m low")
    ignition(shuttle, "off")
    took_s = shuttle.until_down(PATIENCE_S)
    shuttle.restart()
    lines = former_boot(shuttle, "")
    lines = lines[lines.index("ignition off: power off in") :]
    print(f"\nfrom 'ignition off' to off: {took_s:.2f} s, of which {HOLD_S} s hold\n{lines}")
    assert took_s <= stated_s()
    asked, faded = (lines.index(text) for text in ("powering off", "speech interrupted by"))
    assert asked < faded
    assert "shuttle-guide-speaker.service: Killing" not in lines
    kept = json.loads(shuttle.run("cat /var/lib/shuttle-guide/ingest/control.json"))
    assert (kept["volume"], kept["chattiness"]) == (0.4, "low")


def test_what_the_broker_kept_of_the_last_drive_powers_nothing_off(shuttle: Machine, units: Units) -> None:
    shuttle.run(f"sleep {HOLD_S + 2}")
    kept = shuttle.run("mosquitto_sub -t shuttle/test/vehicle -C 1 -W 20")
    assert json.loads(kept) == {"ignition": "off"}
    assert units.show("power", "StatusText") == ["ignition unknown"]


def test_a_speaker_that_hangs_holds_nothing_up(shuttle: Machine, units: Units) -> None:
    shuttle.copy(WEDGE, "/opt/shuttle-guide/wedge.py")
    start = f"{installed_guide.RELEASE}/.venv/bin/python /opt/shuttle-guide/wedge.py run speaker"
    folder = "/run/systemd/system/shuttle-guide-speaker.service.d"
    shuttle.run(
        f"mkdir -p {folder} && printf '[Service]\\nExecStart=\\nExecStart={start}' >{folder}/test.conf"
    )
    shuttle.run("systemctl daemon-reload && systemctl restart shuttle-guide-speaker")
    units.until_ready("speaker")
    ignition(shuttle, "on")
    begin_to_speak(shuttle, units)
    shuttle.run(f"kill -USR1 {units.pid('speaker')}")  # SIGSTOP would not do: systemd sends SIGCONT
    ignition(shuttle, "off")
    took_s = shuttle.until_down(PATIENCE_S)
    shuttle.restart()
    lines = former_boot(shuttle, "_PID=1")
    print(f"\nwith a speaker that hangs: {took_s:.2f} s, of which {HOLD_S} s hold\n{lines}")
    assert took_s <= stated_s()
    assert "State 'stop-sigterm' timed out" in lines


def test_nor_does_anything_else_beyond_the_limit(shuttle: Machine, units: Units) -> None:
    shuttle.write("/etc/systemd/system/stubborn.service", STUBBORN)
    shuttle.run("systemctl daemon-reload && systemctl start stubborn")
    ignition(shuttle, "on")
    ignition(shuttle, "off")
    took_s = shuttle.until_down(PATIENCE_S)
    print(f"\nwith a service that never stops: {took_s:.2f} s, of which {HOLD_S} s hold and 20 s the limit")
    shuttle.restart()
    assert took_s <= stated_s()
    assert shuttle.run("systemctl is-active mosquitto") == "active\n"
    shuttle.run("systemctl disable stubborn; rm /etc/systemd/system/stubborn.service", check=False)
