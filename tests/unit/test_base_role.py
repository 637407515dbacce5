"""What the base role decides by itself: hours for updates, how long anything waits for the package lock."""

from __future__ import annotations

import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROLES = Path(__file__).parents[2] / "deploy" / "ansible" / "roles"
FILTERS = runpy.run_path(str(ROLES / "base" / "filter_plugins" / "update_window.py"))[
    "FilterModule"
]().filters()
update_timers = FILTERS["update_timers"]
FIRST_BOOT_S = 900
"""So long a freshly flashed board may take to update itself."""


@pytest.mark.parametrize(
    ("window", "begin", "middle", "spread_s"),
    [
        ("02:00-04:00", "02:00", "03:00", 1800),
        ("23:30-00:30", "23:30", "00:00", 900),
        ("00:00-00:01", "00:00", "00:00", 15),
        ("04:00-02:00", "04:00", "15:00", 19800),
    ],
)
def test_packages_come_in_the_first_half_and_are_installed_in_the_second(
    window: str, begin: str, middle: str, spread_s: int
) -> None:
    assert update_timers(window) == [
        {"timer": "apt-daily", "at": begin, "spread_s": spread_s},
        {"timer": "apt-daily-upgrade", "at": middle, "spread_s": spread_s},
    ]


@pytest.mark.parametrize(
    "window", ["", "02:00", "2:00-4:00", "02:00-24:00", "02:60-04:00", "02:00-02:00", "night"]
)
def test_what_is_no_window_has_no_timers(window: str) -> None:
    assert update_timers(window) == []


def _tasks(node: Any) -> Iterator[dict[str, Any]]:
    for entry in node if isinstance(node, list) else []:
        if isinstance(entry, dict):
            yield entry
            for below in ("block", "rescue", "always"):
                yield from _tasks(entry.get(below))


def test_every_task_that_installs_packages_waits_for_the_lock() -> None:
    """Also where the base role is not played before it, as in upgrade.yml."""
    found = {
        f"{path.relative_to(ROLES)}: {task.get('name')}": task["ansible.builtin.apt"].get("lock_timeout")
        for path in sorted(ROLES.glob("*/tasks/*.yml"))
        if "ansible.builtin.apt" in (text := path.read_text())
        for task in _tasks(yaml.safe_load(text))
        if "ansible.builtin.apt" in task
    }
    assert len(found) >= 4
    own = yaml.safe_load((ROLES / "base" / "vars" / "main.yml").read_text())
    seconds = {"{{ base_apt_wait_s }}": own["base_apt_wait_s"]}
    assert {task for task, wait in found.items() if seconds.get(wait, wait) != FIRST_BOOT_S} == set()
