"""What the journal is told of an ended turn here: that it went out, and a warning when it came too late."""

from __future__ import annotations

import logging

from edge.journal import turn_fields
from edge.journal_events import MessageId, event
from edge.messages import Turn
from edge.timeline import time_to_ms

log = logging.getLogger(__name__)


def log_turn(turn: Turn, slow_turn_ms: int) -> bool:
    """Write the lines; True when its first content came later than ``slow_turn_ms``."""
    log.info("turn is published", extra=turn_fields(turn.turn_id))
    waited_ms = time_to_ms("first_content", turn.kind, turn.stages)
    if waited_ms is None or waited_ms <= slow_turn_ms:
        return False
    log.warning(
        "slow %s: first content after %.0f ms (telemetry.slow_turn_ms is %d)",
        turn.kind,
        waited_ms,
        slow_turn_ms,
        extra=turn_fields(turn.turn_id) | event(MessageId.TURN_SLOW, kind=turn.kind, ttfc_ms=waited_ms),
    )
    return True
