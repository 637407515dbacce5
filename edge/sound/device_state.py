"""Whether there is an audio device that works, and how the journal hears of it."""

from __future__ import annotations

import logging
from typing import Literal, NamedTuple

from edge.journal_events import MessageId, event

RETRY_MIN_S = 0.5
RETRY_MAX_S = 5.0
"""The longest pause between two attempts to open a device."""


class DeviceState(NamedTuple):
    """Whether a device is there, and why not."""

    name: Literal["open", "absent"]
    reason: str


def log_lost(log: logging.Logger, device: str, name: str, was: DeviceState, now: DeviceState) -> None:
    """Tell the journal that a device is not there any more, or not yet.

    Args:
        device: ``loudspeaker`` or ``microphone``.
        name: as the operator knows it, with its kind.
    """
    log.warning(
        "%s is %s: %s; trying again every %g to %g s",
        name,
        "lost" if was.name == "open" else "absent",
        now.reason,
        RETRY_MIN_S,
        RETRY_MAX_S,
        extra=event(MessageId.AUDIO_LOST, device=device),
    )
