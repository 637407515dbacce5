"""The hardware's watchdog: does anybody feed it, so that a kernel that hangs is started anew?"""

from __future__ import annotations

import re
from typing import NamedTuple

from edge.vitals.tree import Tree

DEVICE = "/dev/watchdog"
CONFIGURED_IN = ("/usr/lib/systemd", "/run/systemd", "/etc/systemd")
"""Where systemd looks, the strongest last: its ``system.conf`` and the files in ``system.conf.d``."""
SETTING = re.compile(r"^[ \t]*RuntimeWatchdogSec[ \t]*=(.*)$", re.MULTILINE)
OFF = re.compile(r"(?:0+[a-z]*|off|infinity|)")


class Watchdog(NamedTuple):
    """What there is, and how it is."""

    name: str
    """As its driver calls it, or its device."""
    timeout_s: int | None
    """None: the kernel does not tell."""
    fed: bool
    """The watchdog is running; where the kernel does not tell: systemd was told to feed it."""


def read_watchdog(tree: Tree) -> Watchdog | None:
    """The machine's first watchdog; None: it has none."""
    for folder in tree.folders("/sys/class/watchdog/watchdog*"):
        if state := tree.text(f"{folder}/state"):
            name = tree.text(f"{folder}/identity") or DEVICE
            return Watchdog(name, tree.number(f"{folder}/timeout"), state == "active")
    if tree.exists(DEVICE):
        return Watchdog(DEVICE, None, not OFF.fullmatch(_configured(tree)))
    return None


def _configured(tree: Tree) -> str:
    """What ``RuntimeWatchdogSec`` is set to, as systemd.conf(5) has it: later names override earlier ones."""
    drop_ins: dict[str, str] = {}
    found = [f"{folder}/system.conf" for folder in CONFIGURED_IN if tree.exists(f"{folder}/system.conf")][-1:]
    for folder in CONFIGURED_IN:
        for path in tree.folders(f"{folder}/system.conf.d/*.conf"):
            drop_ins[path.rpartition("/")[2]] = path
    found += [drop_ins[name] for name in sorted(drop_ins)]
    settings = [value.strip() for path in found for value in SETTING.findall(tree.text(path) or "")]
    return settings[-1] if settings else ""
