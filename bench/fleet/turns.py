"""A turn as a guide ends it, to be told again and again."""

from __future__ import annotations

import time

from edge.messages import Kind, Priority, StageTime, Turn, new_id

STAGES = ("received", "accepted", "first_token", "first_text", "first_audio", "first_sample", "last_sample")


def ended_turn(trigger_id: str | None = None, kind: Kind = "remark") -> Turn:
    """A remark of usual length, through a model and a voice; or what an announcement became."""
    now_mono = time.monotonic()
    return Turn(
        turn_id=new_id(),
        trigger_id=trigger_id or new_id(),
        kind=kind,
        priority=Priority.ANNOUNCEMENT if kind == "announcement" else Priority.REMARK,
        language="ru",
        text="Справа две собаки, и обе делают вид, что не ждут нас на остановке.",
        outcome="spoken",
        models=("groq",),
        voices=("elevenlabs",),
        received_at=time.time(),
        stages=tuple(StageTime(stage, now_mono + 0.1 * number) for number, stage in enumerate(STAGES)),  # type: ignore[arg-type]
    )
