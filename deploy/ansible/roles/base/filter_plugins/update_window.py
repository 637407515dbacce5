"""Ansible filter for the hours in which a shuttle updates itself."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

DAY_MINUTES = 24 * 60
WINDOW = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


def update_timers(window: str) -> list[dict[str, Any]]:
    """When systemd's two timers of apt fire: lists and downloads first, installation from the middle on.

    Each is delayed by chance, within half of its half, so that a fleet does not ask a mirror all at once and
    what began late still ends in time.

    Args:
        window: local time, such as ``02:00-04:00``; it may go over midnight.

    Returns:
        For each timer ``timer`` (its name), ``at`` (``HH:MM``) and ``spread_s``; none for what is no window.
    """
    match = WINDOW.fullmatch(window)
    if match is None or match[1] + match[2] == match[3] + match[4]:
        return []
    begin, end = (int(match[at]) * 60 + int(match[at + 1]) for at in (1, 3))
    half = (end - begin) % DAY_MINUTES / 2
    return [
        {"timer": timer, "at": _clock(at), "spread_s": int(half * 60 / 2)}
        for timer, at in (("apt-daily", begin), ("apt-daily-upgrade", begin + int(half)))
    ]


def _clock(minutes: int) -> str:
    hour, minute = divmod(minutes % DAY_MINUTES, 60)
    return f"{hour:02}:{minute:02}"


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"update_timers": update_timers}
