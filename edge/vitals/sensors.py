"""Temperatures, GPU load and power, from sysfs."""

from __future__ import annotations

from edge.vitals.tree import Tree

GPU_FOLDERS = ("/sys/class/devfreq/*.gpu", "/sys/class/devfreq/*.ga10b")
"""JetPack 6 and 7; JetPack 5."""


def read_temperatures_c(tree: Tree) -> dict[str, float]:
    """Zone → °C, of the zones that answer."""
    found = {}
    for zone in tree.folders("/sys/class/thermal/thermal_zone*"):
        kind, millidegrees = tree.text(f"{zone}/type"), tree.number(f"{zone}/temp")
        if kind and millidegrees is not None:
            found[kind.removesuffix("-thermal").removesuffix("_thermal")] = round(millidegrees / 1000, 1)
    return found


def read_gpu_load(tree: Tree) -> float | None:
    """How busy the GPU is, 0 … 1; the driver tells tenths of a percent. None: there is no such GPU."""
    for pattern in GPU_FOLDERS:
        for folder in tree.folders(pattern):
            for path in (f"{folder}/device/load", f"{folder}/load"):
                if (load := tree.number(path)) is not None:
                    return load / 1000
    return None


def read_power_mw(tree: Tree) -> dict[str, int]:
    """Rail → milliwatts, of the INA3221 power monitors (``VDD_IN`` is the whole module)."""
    found = {}
    for folder in tree.folders("/sys/class/hwmon/hwmon*"):
        if tree.text(f"{folder}/name") != "ina3221":
            continue
        for channel in (1, 2, 3):
            label = tree.text(f"{folder}/in{channel}_label")
            millivolts = tree.number(f"{folder}/in{channel}_input")
            milliamperes = tree.number(f"{folder}/curr{channel}_input")
            if label and millivolts is not None and milliamperes is not None:
                found[label] = round(millivolts * milliamperes / 1000)
    return found
