"""The doctor tells whether somebody feeds the hardware's watchdog."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from edge.config import Settings
from edge.doctor.check import Check
from edge.doctor.machine import check_machine
from edge.vitals.tree import Tree
from edge.vitals.watchdog import Watchdog, read_watchdog

ETC, LIB = "etc/systemd", "usr/lib/systemd"
L4T = {"etc/nv_tegra_release": "# R36 (release), REVISION: 4.3, GCID: 1"}


def machine(root: Path, files: dict[str, str]) -> Tree:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(f"{text}\n", "utf-8")
    return Tree(root)


def told(tree: Tree) -> Check | None:
    settings = msgspec.convert({"state_dir": "/tmp"}, Settings)
    return {check.name: check for check in check_machine(tree, settings)}.get("hardware watchdog")


def of_kernel(state: str) -> dict[str, str]:
    """As Documentation/ABI/testing/sysfs-class-watchdog of the kernel has them."""
    folder = "sys/class/watchdog/watchdog0"
    return {f"{folder}/state": state, f"{folder}/identity": "Some WDT", f"{folder}/timeout": "30"}


def test_what_the_kernel_says_counts(tmp_path: Path) -> None:
    check = told(machine(tmp_path, of_kernel("active")))
    assert check is not None
    assert (check.verdict, check.actual) == ("ok", "Some WDT, 30 s")


def test_one_that_nobody_feeds_comes_with_what_to_do(tmp_path: Path) -> None:
    # What systemd was told does not count where the kernel says otherwise: it may not have been started anew.
    files = of_kernel("inactive") | {f"{ETC}/system.conf": "RuntimeWatchdogSec=30"}
    check = told(machine(tmp_path, files))
    assert check is not None
    assert (check.verdict, check.actual) == ("absent", "Some WDT is there and nobody feeds it")
    assert "RuntimeWatchdogSec" in check.advice


def test_a_jetson_without_one_is_told_and_a_desk_is_not(tmp_path: Path) -> None:
    assert told(Tree(tmp_path)) is None
    check = told(machine(tmp_path, L4T))
    assert check is not None
    assert (check.verdict, check.actual) == ("absent", "none")


def setting(value: str) -> str:
    return f"[Manager]\nRuntimeWatchdogSec={value}"


@pytest.mark.parametrize(
    ("files", "fed"),
    [
        ({}, False),
        ({f"{ETC}/system.conf": "[Manager]\n#RuntimeWatchdogSec=30"}, False),
        ({f"{ETC}/system.conf": setting("30")}, True),
        ({f"{ETC}/system.conf": setting("off")}, False),
        ({f"{ETC}/system.conf": setting(" 0s")}, False),
        ({f"{ETC}/system.conf": setting("10"), f"{LIB}/system.conf": setting("0")}, True),
        ({f"{ETC}/system.conf": setting("0"), f"{LIB}/system.conf.d/9.conf": setting("9")}, True),
        ({f"{LIB}/system.conf.d/a.conf": setting("9"), f"{ETC}/system.conf.d/a.conf": "# nothing"}, False),
        ({f"{ETC}/system.conf.d/a.conf": setting("9"), f"{LIB}/system.conf.d/b.conf": setting("0")}, False),
        ({f"{ETC}/system.conf.d/a.conf": setting("0\nRuntimeWatchdogSec=1min")}, True),
    ],
    ids=range(10),
)
def test_where_the_kernel_says_nothing_what_systemd_was_told_counts(
    tmp_path: Path, files: dict[str, str], fed: bool
) -> None:
    tree = machine(tmp_path, files | {"dev/watchdog": ""})
    assert read_watchdog(tree) == Watchdog("/dev/watchdog", None, fed)
