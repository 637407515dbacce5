"""The machine: Python, board, temperatures, power, memory, sound cards, disk, clock, network."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from pathlib import Path

from edge.config import Settings
from edge.doctor.check import Check, optional
from edge.vitals.board import read_board
from edge.vitals.clock import clock_synchronized
from edge.vitals.memory import disk_free_mib, read_memory
from edge.vitals.sensors import read_gpu_load, read_power_mw, read_temperatures_c
from edge.vitals.sound_cards import read_sound_cards
from edge.vitals.tree import Tree

HOT_C = 85.0
"""A Jetson lowers its clocks a little above this."""
LEAST_DISK_MIB = 500
LEAST_MEMORY_MIB = 400


def check_machine(tree: Tree, settings: Settings) -> Iterator[Check]:
    """Reads files alone; on a machine that is no Jetson its own lines are left out."""
    version = f"{platform.python_version()} on {platform.machine()}"
    yield Check("python", "ok", ">= 3.11", version)
    yield from _check_jetson(tree)
    if memory := read_memory(tree):
        told = f"{memory.available_mib} of {memory.total_mib} MiB available"
        scarce = memory.available_mib < LEAST_MEMORY_MIB
        yield optional(
            "memory", f">= {LEAST_MEMORY_MIB} MiB", told, "choose smaller models" if scarce else ""
        )
    cards = ", ".join(f"{card} ({kind})" for card, kind in read_sound_cards(tree).items())
    yield Check("sound cards", "ok", "", cards or "none of ALSA's; a sound server may have one")
    free = disk_free_mib(Path(settings.state_dir))
    if free is not None:
        advice = "make room: the state and the pool are kept there" if free < LEAST_DISK_MIB else ""
        yield optional(
            "disk", f">= {LEAST_DISK_MIB} MiB", f"{free} MiB free for {settings.state_dir}", advice
        )
    synchronized = clock_synchronized()
    if synchronized is None:
        yield Check("clock", "ok", "synchronized", "the system does not tell")
    else:
        advice = "" if synchronized else "start systemd-timesyncd or chrony; certificates need the right time"
        yield optional(
            "clock", "synchronized", "synchronized" if synchronized else "not synchronized", advice
        )
    route = _default_route(tree)
    advice = "" if route else "local voices and models only, until there is one"
    yield optional("uplink", "a default route", f"over {route}" if route else "none", advice)


def _check_jetson(tree: Tree) -> Iterator[Check]:
    board = read_board(tree)
    if board.l4t:
        name = f"JetPack {board.jetpack}" if board.jetpack else "a JetPack that is not known here"
        yield Check("board", "ok", "Jetson Orin", f"{board.model or '?'}, {name}, L4T {board.l4t}")
        yield Check("power mode", "ok", "", board.power_mode or "not told")
    if temperatures := read_temperatures_c(tree):
        told = ", ".join(f"{zone} {celsius:.0f} °C" for zone, celsius in temperatures.items())
        hot = max(temperatures.values()) >= HOT_C
        yield optional("temperatures", f"< {HOT_C:.0f} °C", told, "cool it: it slows down" if hot else "")
    if (load := read_gpu_load(tree)) is not None:
        yield Check("GPU load", "ok", "", f"{load:.0%}")
    if power := read_power_mw(tree):
        yield Check("power", "ok", "", ", ".join(f"{rail} {mw / 1000:.1f} W" for rail, mw in power.items()))


def _default_route(tree: Tree) -> str | None:
    """The interface of the default route; None: there is none."""
    for line in (tree.text("/proc/net/route") or "").splitlines()[1:]:
        columns = line.split()
        if len(columns) > 1 and columns[1] == "00000000":
            return columns[0]
    for line in (tree.text("/proc/net/ipv6_route") or "").splitlines():
        columns = line.split()
        if len(columns) == 10 and columns[0] == "0" * 32 and columns[1] == "00" and columns[9] != "lo":
            return columns[9]
    return None
