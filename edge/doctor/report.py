"""What support needs to know of a shuttle, gathered into named texts: no key, and no word of a passenger.

Each part is bounded in size and time, and one that cannot be had is told in a line. What services, cameras
and passengers said does not get in: of the journal only chosen fields of our own lines are kept
(``journal_line``).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import platform
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from edge.bus.topology import UNITS
from edge.config import Settings, as_dict
from edge.config.child_environment import without_secrets
from edge.doctor.check import Check
from edge.journal_events import MessageId
from edge.masking import masked
from edge.programs import kill_and_wait
from edge.vitals.board import read_board
from edge.vitals.sound_cards import read_sound_cards
from edge.vitals.tree import Tree
from edge.vitals.vitals import read_vitals

LARGEST_PART = 4 << 20
"""Bytes that are looked at; what is behind them is left out, and said to be."""
ENDS_WITHIN_S = 15.0
DOCTOR_WITHIN_S = 200.0
"""The doctor tries the engines, which may compile for minutes."""
LONGEST_NAME = 60
BOOTS = 3
JOURNAL_LINES = 5000
"""Lines of each boot, the newest."""
SYSTEM_PATHS = ":/usr/local/sbin:/usr/sbin:/sbin"
SHOWN = "Id,ActiveState,SubState,Result,NRestarts,StatusText,ActiveEnterTimestamp,MemoryCurrent,MemoryPeak"
OTHERS = (
    "shuttle-guide.target",
    "shuttle-guide-llm.service",
    "mosquitto.service",
    "shuttle-firewall.service",
)

COMMANDS: dict[str, tuple[tuple[str, ...], ...]] = {
    "packages.txt": (("dpkg-query", "--show"),),
    "units.txt": (
        ("systemctl", "show", f"--property={SHOWN}", *UNITS, *OTHERS),
        ("systemctl", "list-units", "--failed", "--no-pager", "--plain"),
        ("systemctl", "get-default"),
        ("systemd-analyze", "time"),
    ),
    "sound.txt": (("aplay", "--list-devices"), ("arecord", "--list-devices")),
    "power.txt": (("nvpmodel", "-q"), ("nvfancontrol", "-q"), ("jetson_clocks", "--show")),
    "disk.txt": (("df", "--human-readable"), ("lsblk",)),
    "network.txt": (
        ("ip", "-brief", "address"),
        ("ip", "route"),
        ("ip", "-6", "route"),
        ("ss", "--listening", "--tcp", "--udp", "--numeric"),
    ),
}
"""Name in the report → programs whose output it holds. None of them shows a key or waits for anybody."""
FILES: dict[str, tuple[str, ...]] = {
    "sound.txt": (
        "/proc/asound/cards",
        "/proc/asound/card*/pcm*/sub*/hw_params",
        "/proc/asound/card*/pcm*/sub*/status",
        "/etc/alsa/conf.d/*shuttle-guide*",
        "/etc/udev/rules.d/*shuttle-guide*",
    ),
    "power.txt": ("/var/lib/nvpmodel/status", "/etc/nvfancontrol.conf"),
    "versions.txt": ("/etc/os-release", "/etc/nv_tegra_release"),
    "pstore.txt": ("/sys/fs/pstore/*", "/var/lib/systemd/pstore/*", "/var/lib/systemd/pstore/*/*"),
}
"""Name in the report → root's files and the kernel's."""

TOLD_IN_FIELDS = {MessageId.TURN_ENDED.value, MessageId.TURN_SLOW.value, MessageId.MESSAGE_REFUSED.value}
"""Their texts have what was said or sent; their fields have not."""
KEPT_FIELDS = frozenset(
    {
        *("MESSAGE_ID", "PRIORITY", "SHUTTLE_ID", "TURN_ID", "KIND", "TURN_PRIORITY", "OUTCOME", "TTFA_MS"),
        *("TTFC_MS", "MODELS", "VOICES", "CODE", "RUNG", "LADDER", "WHO", "BOUND", "DEVICE", "SESSION"),
        "CAUSE",
    }
)
WARNING = "4"
NAMES = {event.value: event.name for event in MessageId}


class Part(NamedTuple):
    """A file of the report."""

    name: str
    content: bytes
    """UTF-8. What programs print may be anything; what is no character is told as one that says so."""


class NotHadError(Exception):
    """A part cannot be had; the text is one line."""


async def gather(settings: Settings, tree: Tree, say: Callable[[str], None]) -> list[Part]:
    """All that can be had, after some seconds; with engines that have to be tried first, minutes.

    Args:
        say: is given one line for each part that cannot be had.
    """
    texts: dict[str, list[str]] = {
        "settings.json": [_json(as_dict(settings))],
        "vitals.json": [
            _json(msgspec.to_builtins(await asyncio.to_thread(read_vitals, tree, Path(settings.state_dir))))
        ],
        "versions.txt": [_versions(tree)],
    }

    async def add(name: str, what: str, text: Awaitable[str]) -> None:
        try:
            texts.setdefault(name, []).append(f"# {what}\n{await text}")
        except NotHadError as error:
            say(f"{name}: {what if len(what) < LONGEST_NAME else what[:LONGEST_NAME] + '…'}: {error}")

    for name, commands in (COMMANDS | {"sound.txt": (*COMMANDS["sound.txt"], *_mixers(tree))}).items():
        for command in commands:
            await add(name, " ".join(command), program_output(command))
    for name, patterns in FILES.items():
        for path in [path for pattern in patterns for path in tree.folders(pattern)]:
            await add(name, path, _file(tree, path))
    for boot in range(BOOTS):
        await add(f"journal-{boot}.jsonl", f"{boot} starts ago", _journal(boot))
    try:
        doctor = (sys.executable, "-P", "-m", "edge", "doctor", "--json")
        checks = json.loads(await program_output(doctor, DOCTOR_WITHIN_S, but_exit_codes=(0, 1)))
    except (NotHadError, ValueError):
        say("doctor.json: `shuttle-guide doctor` gives nothing; call it by hand")
    else:
        texts["doctor.json"] = [_json(checks)]
        told = [f"{check['verdict']:<8} {Check(**check).told()}" for check in checks]
        texts["doctor.txt"] = [line.replace("\n", " ") for line in told]
    return [
        Part(name, f"{masked(chr(10).join(parts)).rstrip(chr(10))}\n".encode(errors="replace"))
        for name, parts in sorted(texts.items())
    ]


def journal_line(entry: Mapping[str, Any]) -> dict[str, str] | None:
    """What may be kept of a line of the journal (``journalctl -o json``); None: nothing.

    Kept are lines that our own logging wrote to the journal itself, if they tell one of our events or at
    least warn, and what systemd says of our units. What reached the journal through a process's standard
    error is left out: libraries write there.
    """
    text = {name: value for name, value in entry.items() if isinstance(value, str)}
    about = {
        "AT": text.get("__REALTIME_TIMESTAMP", ""),
        "UNIT": text.get("_SYSTEMD_UNIT") or "",
        "PID": text.get("_PID", ""),
    }
    if text.get("_PID") == "1" and text.get("UNIT") in UNITS:
        return about | {"UNIT": text["UNIT"], "MESSAGE": masked(text.get("MESSAGE", ""))}
    if about["UNIT"] not in UNITS or text.get("_TRANSPORT") != "journal" or "SHUTTLE_ID" not in text:
        return None
    event = text.get("MESSAGE_ID", "")
    if event not in NAMES and text.get("PRIORITY", "7") > WARNING:
        return None
    kept = {
        name: value
        for name, value in text.items()
        if name in KEPT_FIELDS or (name.startswith("STAGE_") and name.endswith("_MS"))
    }
    if event not in TOLD_IN_FIELDS:
        kept["MESSAGE"] = text.get("MESSAGE", "")
    if event in NAMES:
        kept["EVENT"] = NAMES[event]
    return about | {name: masked(value) for name, value in kept.items()}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def _versions(tree: Tree) -> str:
    packages = sorted(f"{each.name} {each.version}" for each in metadata.distributions())
    board = read_board(tree)
    return "\n".join(
        [
            f"shuttle-guide {metadata.version('shuttle-guide')} in {sys.prefix}",
            f"python {platform.python_version()}, kernel {' '.join(os.uname()[2:])}",
            f"board {board.model or '-'}, L4T {board.l4t or '-'}, JetPack {board.jetpack or '-'}",
            f"serial number {tree.text('/proc/device-tree/serial-number') or '-'}",
            *packages,
        ]
    )


def _mixers(tree: Tree) -> Iterator[tuple[str, ...]]:
    for card in read_sound_cards(tree):
        yield "amixer", "--card", card, "contents"


async def _file(tree: Tree, path: str) -> str:
    """The text of a file in a folder of root's or the kernel's (``FILES``)."""
    try:
        content = await asyncio.to_thread(tree.read, tree.root / path.lstrip("/"))
    except IsADirectoryError:
        return "(a folder)"
    except OSError as error:
        raise NotHadError(error.strerror or "it cannot be read") from error
    return _cut(content)


async def _journal(boot: int) -> str:
    units = [word for unit in UNITS for word in ("--unit", unit)]
    read = ("journalctl", "--quiet", "--no-pager", "--output=json", "--reverse", f"--lines={JOURNAL_LINES}")
    lines = []  # the newest first: what is cut off is old
    for line in (await program_output((*read, f"--boot=-{boot}", *units))).splitlines():
        with contextlib.suppress(ValueError, RecursionError):
            entry = json.loads(line)
            if isinstance(entry, dict) and (kept := journal_line(entry)):
                lines.append(json.dumps(kept, ensure_ascii=False))
    return "\n".join(reversed(lines))


async def program_output(
    command: tuple[str, ...], within_s: float = ENDS_WITHIN_S, but_exit_codes: tuple[int, ...] = (0,)
) -> str:
    """What a program writes, both its outputs.

    Raises:
        NotHadError: it is not there, takes too long (then it is ended, with its children), or fails.
    """
    path = os.environ.get("PATH", "/usr/bin:/bin") + SYSTEM_PATHS
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=without_secrets() | {"PATH": path, "LC_ALL": "C.UTF-8"},
            start_new_session=True,
        )
    except OSError as error:
        raise NotHadError(error.strerror or "it does not start") from error
    assert process.stdout is not None
    output = b""
    try:
        async with asyncio.timeout(within_s):
            while len(output) <= LARGEST_PART and (data := await process.stdout.read(1 << 16)):
                output += data
            if len(output) <= LARGEST_PART:
                await process.wait()
    except TimeoutError:
        raise NotHadError(f"it did not end within {within_s:.0f} s") from None
    finally:
        ended = process.returncode is not None
        await kill_and_wait(process, group=True)
    if ended and process.returncode not in but_exit_codes:
        raise NotHadError(f"it ended with status {process.returncode}")
    return _cut(output)


def _cut(content: bytes) -> str:
    """Whole lines of a bounded size: half a key would not be known for one."""
    text = content[:LARGEST_PART].decode("utf-8", "replace").replace("\0", "\n")
    if len(content) <= LARGEST_PART:
        return text
    return text[: text.rfind("\n") + 1] + "(the rest is left out)\n"
