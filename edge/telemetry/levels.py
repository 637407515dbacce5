"""Vitals as levels for metrics (see ``edge.metric_levels``). Pure; no I/O."""

from __future__ import annotations

from collections.abc import Collection
from typing import get_args

from edge.fleet.frame import AlarmName
from edge.messages import Control, CostCeiling
from edge.vitals.heat import HeatLevel
from edge.vitals.vitals import Vitals

MIB = 1 << 20


def machine_levels(vitals: Vitals, heat_level: HeatLevel) -> dict[str, float]:
    """What the machine is like; what it does not tell is left out."""
    single = {
        "gpu_load": vitals.gpu_load,
        "load_1m": vitals.load_1m,
        "memory_total": _bytes(vitals.memory_total_mib),
        "memory_available": _bytes(vitals.memory_available_mib),
        "disk_free": _bytes(vitals.disk_free_mib),
        "clock_synchronized": vitals.clock_synchronized,
        "slowdowns.undervoltage": vitals.undervoltage_events,
        "slowdowns.overcurrent": vitals.overcurrent_events,
        "slowdowns.current_peaks": vitals.current_peak_events,
        "throttled_zones": len(vitals.throttled_by_heat),
        "heat_level": heat_level,
    }
    return {
        **{name: 1.0 * value for name, value in single.items() if value is not None},
        **{f"temperature_c.{zone}": degrees for zone, degrees in vitals.temperatures_c.items()},
        **{f"power_w.{rail}": milliwatts / 1000 for rail, milliwatts in vitals.power_mw.items()},
    }


def guide_levels(
    control: Control | None, ceiling: CostCeiling | None, raised: Collection[AlarmName]
) -> dict[str, float]:
    """What the guide was told to do, how near the day's ceiling is, and which alarms are raised."""
    levels = {f"alarm.{name}": float(name in raised) for name in get_args(AlarmName)}
    if control:
        levels |= {"muted": float(control.muted), "microphone_off": float(control.microphone_off)}
    if ceiling:
        levels["ceiling_level"] = float(ceiling.level)
    return levels


def _bytes(mib: int | None) -> int | None:
    return None if mib is None else mib * MIB
