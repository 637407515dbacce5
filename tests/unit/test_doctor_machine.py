"""The doctor's look at the machine, on the trees of two boards and on a desk."""

from __future__ import annotations

from pathlib import Path

import msgspec

from edge.config import Settings
from edge.doctor.check import Check
from edge.doctor.machine import check_machine
from edge.vitals.tree import Tree
from tests.support.recorded_tree import RecordedTree

ROUTES = "Iface\tDestination\tGateway\nwlan0\t00000000\t0100A8C0\nwlan0\t0000A8C0\t00000000\n"


def checks(tree: Tree) -> dict[str, Check]:
    settings = msgspec.convert({"state_dir": "/tmp"}, Settings)
    return {check.name: check for check in check_machine(tree, settings)}


def test_a_jetson_is_told_with_its_release_mode_sensors_and_power() -> None:
    found = checks(RecordedTree("jetson-orin-jp6"))
    assert "Orin Nano" in found["board"].actual
    assert "JetPack 6.2, L4T 36.4.3" in found["board"].actual
    assert found["power mode"].actual == "25W"
    assert "cpu 51 °C" in found["temperatures"].actual
    assert found["GPU load"].actual == "14%"
    assert "VDD_IN 5.7 W" in found["power"].actual
    assert "Speakerphone (USB-Audio - USB Speakerphone)" in found["sound cards"].actual
    assert found["memory"].actual == "5000 of 7620 MiB available"


def test_the_other_release_too() -> None:
    found = checks(RecordedTree("jetson-orin-jp7"))
    assert "AGX Orin" in found["board"].actual
    assert "JetPack 7.2, L4T 39.2.0" in found["board"].actual
    assert found["power mode"].actual == "50W"
    assert found["sound cards"].actual.startswith("none")


def test_a_desk_has_no_lines_of_a_jetson(tmp_path: Path) -> None:
    assert set(checks(Tree(tmp_path))) == {"python", "sound cards", "disk", "clock", "uplink"}


def test_what_is_scarce_or_hot_comes_with_advice(tmp_path: Path) -> None:
    zone = tmp_path / "sys/class/thermal/thermal_zone0"
    zone.mkdir(parents=True)
    (zone / "type").write_text("tj-thermal\n")
    (zone / "temp").write_text("97500\n")
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/meminfo").write_text("MemTotal: 8000000 kB\nMemAvailable: 200000 kB\n")
    found = checks(Tree(tmp_path))
    assert (found["temperatures"].verdict, found["memory"].verdict) == ("absent", "absent")
    assert found["temperatures"].advice
    assert found["memory"].advice


def test_the_uplink_is_the_default_route(tmp_path: Path) -> None:
    assert checks(Tree(tmp_path))["uplink"].verdict == "absent"
    (tmp_path / "proc/net").mkdir(parents=True)
    (tmp_path / "proc/net/route").write_text(ROUTES)
    assert checks(Tree(tmp_path))["uplink"].actual == "over wlan0"
