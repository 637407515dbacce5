"""Which board this is, which JetPack it runs, and in which power mode."""

from __future__ import annotations

import re
from typing import NamedTuple

from edge.vitals.tree import Tree

L4T = re.compile(r"# R(\d+) \(release\), REVISION: (\d+(?:\.\d+)?)")
JETPACK_OF_L4T = {
    "36.3.0": "6.0",
    "36.4.0": "6.1",
    "36.4.3": "6.2",
    "36.4.4": "6.2.1",
    "36.4.7": "6.2.1",
    "36.5.0": "6.2.2",
    "39.2.0": "7.2",
    "39.2.1": "7.2.1",
}
"""Releases that run on Orin; others are named by their L4T alone."""
JETPACK_PACKAGE = re.compile(r"^Package: nvidia-jetpack\n(?:.+\n)*?Version: (\d+(?:\.\d+)+)", re.MULTILINE)
POWER_MODE = re.compile(r"pmode:(\d+)")
POWER_MODEL = re.compile(r"<\s*POWER_MODEL\s+ID=(\d+)\s+NAME=(\S+?)\s*>")


class Board(NamedTuple):
    """Which board this is. None: it is not a Jetson, or it does not tell."""

    model: str | None
    l4t: str | None
    """NVIDIA's release of Linux, like ``36.4.3``."""
    jetpack: str | None
    power_mode: str | None
    """Like ``15W`` or ``MAXN_SUPER``."""


def read_board(tree: Tree) -> Board:
    l4t = _l4t(tree)
    return Board(
        model=tree.text("/proc/device-tree/model"),
        l4t=l4t,
        jetpack=_installed_jetpack(tree) or JETPACK_OF_L4T.get(l4t or ""),
        power_mode=read_power_mode(tree),
    )


def read_power_mode(tree: Tree) -> str | None:
    """What ``nvpmodel -q`` prints, from the two files that it keeps."""
    chosen = POWER_MODE.search(tree.text("/var/lib/nvpmodel/status") or "")
    if chosen is None:
        return None
    names: dict[int, str] = {
        int(number): name for number, name in POWER_MODEL.findall(tree.text("/etc/nvpmodel.conf") or "")
    }
    mode = int(chosen[1])
    return names.get(mode, f"mode {mode}")


def gpu_name(tree: Tree) -> str | None:
    """The board's own name, whose GPU has none else, or a graphics card's; None: there is no NVIDIA GPU."""
    if any(tree.folders("/sys/class/devfreq/*gpu")):
        return tree.text("/proc/device-tree/model")
    for folder in tree.folders("/proc/driver/nvidia/gpus/*"):
        for line in (tree.text(f"{folder}/information") or "").splitlines():
            if line.startswith("Model:"):
                return line.removeprefix("Model:").strip()
    return None


def _l4t(tree: Tree) -> str | None:
    found = L4T.match(tree.text("/etc/nv_tegra_release") or "")
    return f"{found[1]}.{found[2]}" if found else None


def _installed_jetpack(tree: Tree) -> str | None:
    """The meta-package's version; it is often not installed."""
    found = JETPACK_PACKAGE.search(tree.text("/var/lib/dpkg/status") or "")
    return found[1] if found else None
