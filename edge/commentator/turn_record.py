"""A turn as it ended: what is published of it, and its line in the journal."""

from __future__ import annotations

import logging
from collections import Counter
from enum import Enum

from edge.commentator.wording import Wording
from edge.journal import stage_fields
from edge.journal_events import MessageId, event
from edge.messages import Language, Priority, SpeechReport, Trigger, Turn
from edge.timeline import Timeline, time_to_ms

log = logging.getLogger(__name__)


class Cut(Enum):
    """Why a turn was not heard to its end; what is at least as important as the value is said anew then."""

    LOST = Priority.ANNOUNCEMENT
    """The speaker, or this commentator's predecessor, died with it."""
    UNSAID = Priority.ANSWER
    """Something more important came when no more than its opener was there."""


def turn_of(
    trigger: Trigger,
    language: Language,
    report: SpeechReport,
    timeline: Timeline,
    models: tuple[str, ...] = (),
    wording: Wording | None = None,
) -> Turn:
    """What became of a trigger.

    Args:
        report: the speaker's, or one in its place; its stages are added to the timeline.
        models: who wrote the words.
        wording: where they came from; None: that died with them.
    """
    timeline.merge(report.stages)
    trail = wording.trail if wording else None
    spent = Counter(report.spent)
    spent.update(trail.spent if trail else {})
    return Turn(
        turn_id=trigger.turn_id,
        trigger_id=trigger.trigger_id,
        kind=trigger.kind,
        occasion=trigger.occasion,
        priority=trigger.priority,
        language=language,
        text=report.spoken_text,
        sources=wording.sources if wording else (),
        outcome=report.outcome,
        reason=report.reason,
        models=models,
        refused=tuple(wording.refused) if wording else (),
        voices=report.voices,
        received_at=trigger.received_at,
        merged=trigger.merged,
        stages=timeline.stages(),
        tries=(*(trail.tries if trail else ()), *report.tries),
        spent=dict(spent),
    )


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
        merged=turn.merged and turn.merged.count,
        merged_since=turn.merged and turn.merged.since,
    )
    log.log(
        logging.INFO if turn.outcome != "failed" else logging.ERROR,
        "%s %s%s: %s (%s → %s, first sound after %s)%s",
        turn.kind,
        turn.outcome,
        f" ({turn.reason})" if turn.reason else "",
        "…" if turn.kind == "answer" else turn.text or "nothing heard",
        models or "as given",
        voices or "no voice",
        "-" if ttfa_ms is None else f"{ttfa_ms:.0f} ms",
        f"; not said: {'; '.join(turn.refused)}" if turn.refused else "",
        extra=fields,
    )
