"""The machine: Python, board, temperatures, power, memory, sound cards, disk, clock, network."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from pathlib import Path

from edge.config import Settings
from edge.doctor.check import Check, optional
from edge.vitals.board import read_board
from edge.vitals.clock import clock_synchronized
from edge.vitals.heat import RESTS, HeatPolicy
from edge.vitals.memory import disk_free_mib, read_memory
from edge.vitals.sensors import read_gpu_load, read_power_mw, read_temperatures_c
from edge.vitals.slowdowns import ADVICE, read_slowdown_counts, read_throttled_by_heat
from edge.vitals.sound_cards import read_sound_cards
from edge.vitals.tree import Tree
from edge.vitals.watchdog import read_watchdog

HOT_C = 85.0
"""A Jetson lowers its clocks a little above this."""
LEAST_DISK_MIB = 500
LEAST_MEMORY_MIB = 400


def check_machine(tree: Tree, settings: Settings) -> Iterator[Check]:
    """Reads files alone; on a machine that is no Jetson its own lines are left out."""
    version = f"{platform.python_version()} on {platform.machine()}"
    yield Check("python", "ok", ">= 3.11", version)
    yield from _check_jetson(tree)
    yield from _check_watchdog(tree)
    if memory := read_memory(tree):
        told = f"{memory.available_mib} of {memory.total_mib} MiB available"
        enough = memory.available_mib >= LEAST_MEMORY_MIB
        requested = f">= {LEAST_MEMORY_MIB} MiB"
        yield optional("memory", requested, told, "choose smaller models", unless=enough)
    cards = ", ".join(f"{card} ({kind})" for card, kind in read_sound_cards(tree).items())
    yield Check("sound cards", "ok", "", cards or "none of ALSA's; a sound server may have one")
    free = disk_free_mib(Path(settings.state_dir))
    if free is not None:
        told, requested = f"{free} MiB free for {settings.state_dir}", f">= {LEAST_DISK_MIB} MiB"
        advice = "make room: the state and the pool are kept there"
        yield optional("disk", requested, told, advice, unless=free >= LEAST_DISK_MIB)
    synchronized = clock_synchronized(tree)
    if synchronized is None:
        yield Check("clock", "ok", "synchronized", "neither systemd-timesyncd nor chrony runs")
    else:
        told = "synchronized" if synchronized else "not synchronized"
        advice = "start systemd-timesyncd or chrony; certificates need the right time"
        yield optional("clock", "synchronized", told, advice, unless=synchronized)
    route = _default_route(tree)
    told, advice = f"over {route}" if route else "none", "local voices and models only, until there is one"
    yield optional("uplink", "a default route", told, advice, unless=route)


def _check_jetson(tree: Tree) -> Iterator[Check]:
    board = read_board(tree)
    if board.l4t:
        name = f"JetPack {board.jetpack}" if board.jetpack else "a JetPack that is not known here"
        yield Check("board", "ok", "Jetson Orin", f"{board.model or '?'}, {name}, L4T {board.l4t}")
        yield Check("power mode", "ok", "", board.power_mode or "not told")
    if temperatures := read_temperatures_c(tree):
        told = ", ".join(f"{zone} {celsius:.0f} °C" for zone, celsius in temperatures.items())
        hot = max(temperatures.values()) >= HOT_C
        level = HeatPolicy().follow(temperatures, 0.0)
        advice = f"cool it: {RESTS[level] + ' rest' if level else 'it slows down'}" if hot or level else ""
        yield optional("temperatures", f"< {HOT_C:.0f} °C", told, advice)
    if (load := read_gpu_load(tree)) is not None:
        yield Check("GPU load", "ok", "", f"{load:.0%}")
    if power := read_power_mw(tree):
        yield Check("power", "ok", "", ", ".join(f"{rail} {mw / 1000:.1f} W" for rail, mw in power.items()))

    yield from _check_slowdowns(tree)


def _check_slowdowns(tree: Tree) -> Iterator[Check]:
    counts, hot = read_slowdown_counts(tree), read_throttled_by_heat(tree)
    if counts.undervoltage is not None:
        told = f"{counts.undervoltage} times since it started" if counts.undervoltage else "never"
        yield optional("undervoltage", "never", told, ADVICE["undervoltage"], unless=not counts.undervoltage)
    reasons = [f"by heat: {', '.join(hot)}"] if hot else []
    if counts.overcurrent:
        reasons.append(f"by overcurrent: {counts.overcurrent} times since it started")
    advice = "; ".join([ADVICE["heat"]] * bool(hot) + [ADVICE["overcurrent"]] * bool(counts.overcurrent))
    if counts.current_peaks:
        reasons.append(f"by short peaks of current: {counts.current_peaks} times, which is ordinary")
    if reasons or counts.overcurrent is not None:
        yield optional("throttled", "not", "; ".join(reasons) or "not", advice)


def _check_watchdog(tree: Tree) -> Iterator[Check]:
    """A machine without one is told only where it is a Jetson: all of them have one."""
    watchdog = read_watchdog(tree)
    wanted = "fed by systemd"
    if watchdog is None:
        if read_board(tree).l4t:
            advice = "its driver is not loaded: a kernel that hangs stays so until somebody cuts the power"
            yield optional("hardware watchdog", wanted, "none", advice)
        return
    timeout = "" if watchdog.timeout_s is None else f", {watchdog.timeout_s} s"
    advice = "RuntimeWatchdogSec=30 in /etc/systemd/system.conf.d/*.conf, then reboot"
    actual = f"{watchdog.name}{timeout}" if watchdog.fed else f"{watchdog.name} is there and nobody feeds it"
    yield optional("hardware watchdog", wanted, actual, advice, unless=watchdog.fed)


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
