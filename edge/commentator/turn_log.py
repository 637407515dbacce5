"""What the journal is told of an ended turn by who made it."""

from __future__ import annotations

import logging

from edge.journal import stage_fields
from edge.journal_events import MessageId, event
from edge.messages import Turn
from edge.timeline import time_to_ms

log = logging.getLogger(__name__)


def log_turn(turn: Turn, received_mono: float) -> None:
    """One line that tells the turn; what a passenger was answered stays out of the journal."""
    ttfa_ms = time_to_ms("first_sample", turn.kind, turn.stages)
    models, voices = "+".join(turn.models), "+".join(turn.voices)
    fields = stage_fields(turn.turn_id, turn.stages, received_mono) | event(
        MessageId.TURN_ENDED,
        kind=turn.kind,
        turn_priority=int(turn.priority),
        outcome=turn.outcome,
        ttfa_ms=ttfa_ms,
        models=models or None,
        voices=voices or None,
    )
    log.log(
        logging.INFO if turn.outcome != "failed" else logging.ERROR,
        "%s %s%s: %s (%s → %s, first sound after %s)",
        turn.kind,
        turn.outcome,
        f" ({turn.reason})" if turn.reason else "",
        "…" if turn.kind == "answer" else turn.text or "nothing heard",
        models or "as given",
        voices or "no voice",
        "-" if ttfa_ms is None else f"{ttfa_ms:.0f} ms",
        extra=fields,
    )
