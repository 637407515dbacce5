"""The sound cards that ALSA has, and who plays and records on them now."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from edge.foreign_numbers import whole_number
from edge.vitals.tree import Tree

CARD = re.compile(r"^\s*\d+ \[(\S+)\s*\]: (.+)$", re.MULTILINE)
NAMED_IN = "/etc/alsa/conf.d/60-shuttle-guide.conf"
"""What the role ``audio`` writes (examples/asound.conf)."""
CARD_OF = re.compile(r'^pcm\.shuttle_(capture_)?card \{[^}]*?^\s*card "([^"\n]*)"', re.MULTILINE)
Direction = Literal["playback", "capture"]
DIRECTION: dict[str, Direction] = {"p": "playback", "c": "capture"}


def read_sound_cards(tree: Tree) -> dict[str, str]:
    """Id (what ``CARD=`` names, which stays when numbers move) → what it is."""
    return dict(CARD.findall(tree.text("/proc/asound/cards") or ""))


def read_named_cards(tree: Tree) -> dict[Direction, str]:
    """Ids of the cards behind ``shuttle_speaker`` and ``shuttle_microphone``, where they are named."""
    found: list[tuple[str, str]] = CARD_OF.findall(tree.text(NAMED_IN) or "")
    return {"capture" if capture else "playback": card for capture, card in found}


class OpenDevice(NamedTuple):
    """A device of a card that somebody has open."""

    card: str
    """The card's id."""
    direction: Direction
    rate_hz: int | None
    """None: it was opened, and not set up."""
    pid: int | None
    """The process or the thread that opened it; None: it is in another container."""
    holder: str
    """The process's command and unit, as the kernel tells them; empty: neither is told."""


def read_open_devices(tree: Tree) -> Iterator[OpenDevice]:
    """Open devices in the order of the cards."""
    for folder in tree.folders("/proc/asound/card[0-9]*/pcm*/sub*"):
        status = _fields(tree.text(f"{folder}/status"))
        if "owner_pid" not in status:
            continue  # closed
        card, pcm = folder.split("/")[3:5]
        rate = _fields(tree.text(f"{folder}/hw_params")).get("rate", "").split(" ")[0]
        pid = whole_number(status["owner_pid"]) or None
        yield OpenDevice(
            tree.text(f"/proc/asound/{card}/id") or card,
            DIRECTION.get(pcm[-1:], "playback"),
            whole_number(rate),
            pid,
            _holder(tree, pid) if pid else "",
        )


def _fields(text: str | None) -> dict[str, str]:
    pairs = (line.partition(":") for line in (text or "").splitlines())
    return {name.strip(): value.strip() for name, colon, value in pairs if colon}


def _holder(tree: Tree, pid: int) -> str:
    """Which program and unit a process is; not its whole command line, which may hold a password."""
    command = tree.text(f"/proc/{pid}/comm") or ""
    places = (tree.text(f"/proc/{pid}/cgroup") or "").splitlines()
    unit = places[-1].rpartition("/")[2] if places else ""
    return ", ".join(part for part in (command, unit) if part)
