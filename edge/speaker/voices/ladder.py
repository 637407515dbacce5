"""The voice ladder: a script in, sound out, by the best voice that works."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from edge.config import Settings
from edge.ladder import Ladder, Rung
from edge.ladder.limits import LadderLimits
from edge.speaker.voices.base import Piece, VoiceRequest

VoiceLadder = Ladder[VoiceRequest, Piece]

MIN_MS = 300
"""No voice in the cloud is quicker by more than its answers scatter."""
STALL_MS = 1200
"""A clause's sound comes at once or hardly ever."""
LOCAL_INITIAL_MS = 900
"""A voice on this machine may have to be loaded first."""


def make_voice_ladder(
    settings: Settings, voices: Sequence[Rung[VoiceRequest, Piece]], *, hedged: bool = True
) -> VoiceLadder:
    """The ladder of these voices, with the settings' budget.

    Args:
        voices: best first (see ``voices.make_voices``).
        hedged: a late paid voice gets another one beside it.
    """
    limits = LadderLimits.of(
        settings.speaker.budget, min_ms=MIN_MS, stall_ms=STALL_MS, local_initial_ms=LOCAL_INITIAL_MS
    )
    return Ladder(
        "voice",
        voices,
        limits if hedged else replace(limits, hedges_per_minute=0),
        advance=lambda request, piece: replace(request, start=piece.spoken_to),
        owed_since=lambda request: request.script.owed_since(request.start),
        finished=lambda request: request.script.finished_at(request.start),
        trail_of=lambda request: request.trail,
    )
