"""Has shuttles say something: the one place from which people's words go to the fleet."""

from __future__ import annotations

from typing import NamedTuple

from edge.fleet.client import FleetClient


class FleetAnnouncement(NamedTuple):
    """What is to be said, and how."""

    text: str | None
    texts: dict[str, str] | None = None
    """By language, instead of one text."""
    language: str | None = None
    safety: bool = False
    """Whether it is said as ``safety``, which not every account may."""
    chime: bool = False
    ttl_s: float = 60.0
    """Seconds within which it has to begin."""
    not_before: float | None = None
    """Unix seconds."""


async def announce(client: FleetClient, scope: str, announcement: FleetAnnouncement, now_at: float) -> str:
    """Publish it for a shuttle's id, ``group/NAME`` or ``all``; returns the command's id.

    Raises:
        FleetUnreachableError: the broker does not take it.
    """
    not_before = announcement.not_before
    wait_s = 0.0 if not_before is None else max(0.0, not_before - now_at)
    return await client.command(
        scope,
        "safety" if announcement.safety else "announce",
        expiry_s=wait_s + announcement.ttl_s,
        text=announcement.text,
        texts=announcement.texts,
        language=announcement.language,
        chime=True if announcement.chime else None,
        ttl=announcement.ttl_s,
        not_before=not_before,
    )
