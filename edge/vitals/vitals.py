"""All vitals at one moment, as they are told on MQTT."""

from __future__ import annotations

from pathlib import Path

import msgspec

from edge.vitals.board import Board, read_power_mode
from edge.vitals.clock import clock_synchronized
from edge.vitals.memory import disk_free_mib, read_load_1m, read_memory
from edge.vitals.sensors import read_gpu_load, read_power_mw, read_temperatures_c
from edge.vitals.slowdowns import SlowdownCounts, read_slowdown_counts, read_throttled_by_heat
from edge.vitals.tree import Tree


class Vitals(msgspec.Struct, frozen=True, kw_only=True):
    """What the machine is like now. What it does not tell is null, or missing in a table."""

    temperatures_c: dict[str, float]
    """Zone → °C."""
    power_mw: dict[str, int]
    """Rail → milliwatts; ``VDD_IN`` is the whole Jetson module."""
    power_mode: str | None
    """The power mode of a Jetson, like ``15W``."""
    undervoltage_events: int | None
    """How often the hardware has slowed the module down since the board started: too little voltage, …"""
    overcurrent_events: int | None
    """… more current on average than the power mode allows, …"""
    current_peak_events: int | None
    """… more for a moment, which is ordinary under load in the highest power modes."""
    throttled_by_heat: tuple[str, ...]
    """The zones that run slower now because they are hot, like ``cpu``."""
    gpu_load: float | None
    """0 … 1."""
    load_1m: float | None
    """Processes that ran or waited, on average over a minute."""
    memory_total_mib: int | None
    memory_available_mib: int | None
    """The GPU of a Jetson uses the same memory."""
    disk_free_mib: int | None
    """Where the guide keeps its state."""
    clock_synchronized: bool | None
    """Set by a time server, as systemd-timesyncd or chrony say; null where neither runs."""


def read_vitals(tree: Tree, state_dir: Path) -> Vitals:
    """Read how the machine is. A sensor can take some milliseconds, so this belongs into a thread."""
    memory = read_memory(tree)
    slowdowns = read_slowdown_counts(tree)
    return Vitals(
        temperatures_c=read_temperatures_c(tree),
        power_mw=read_power_mw(tree),
        power_mode=read_power_mode(tree),
        undervoltage_events=slowdowns.undervoltage,
        overcurrent_events=slowdowns.overcurrent,
        current_peak_events=slowdowns.current_peaks,
        throttled_by_heat=read_throttled_by_heat(tree),
        gpu_load=read_gpu_load(tree),
        load_1m=read_load_1m(tree),
        memory_total_mib=memory.total_mib if memory else None,
        memory_available_mib=memory.available_mib if memory else None,
        disk_free_mib=disk_free_mib(state_dir),
        clock_synchronized=clock_synchronized(tree),
    )


def slowdown_counts(vitals: Vitals) -> SlowdownCounts:
    return SlowdownCounts(vitals.undervoltage_events, vitals.overcurrent_events, vitals.current_peak_events)


def describe(board: Board, vitals: Vitals) -> str:
    """One line for people: what there is, and nothing about what there is not."""
    parts = [board.model or "not a Jetson"]
    if board.l4t:
        parts.append(f"JetPack {board.jetpack or '?'} (L4T {board.l4t})")
    if vitals.power_mode:
        parts.append(f"power mode {vitals.power_mode}")
    if "VDD_IN" in vitals.power_mw:
        parts.append(f"{vitals.power_mw['VDD_IN'] / 1000:.1f} W")
    if vitals.temperatures_c:
        hottest = max(vitals.temperatures_c, key=lambda zone: vitals.temperatures_c[zone])
        parts.append(f"{hottest} {vitals.temperatures_c[hottest]:.0f} °C")
    if vitals.throttled_by_heat:
        parts.append(f"throttled by heat ({', '.join(vitals.throttled_by_heat)})")
    if vitals.undervoltage_events:
        parts.append(f"{vitals.undervoltage_events} times too little voltage since it started")
    if vitals.gpu_load is not None:
        parts.append(f"GPU {vitals.gpu_load:.0%}")
    if vitals.memory_total_mib is not None and vitals.memory_available_mib is not None:
        total_gib = vitals.memory_total_mib / 1024
        parts.append(f"memory {vitals.memory_available_mib / 1024:.1f} of {total_gib:.1f} GiB free")
    if vitals.disk_free_mib is not None:
        parts.append(f"disk {vitals.disk_free_mib / 1024:.0f} GiB free")
    if vitals.clock_synchronized is False:
        parts.append("clock not synchronized")
    return ", ".join(parts)
