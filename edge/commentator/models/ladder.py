"""The model ladder: what is seen or asked in, clauses out, by the best model that works."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from edge.commentator.models.endings import ends_sentence
from edge.commentator.models.request import LanguageModel, ModelRequest, WrittenClause
from edge.config import Settings
from edge.ladder import Ladder
from edge.ladder.limits import LadderLimits

ModelLadder = Ladder[ModelRequest, WrittenClause]

MIN_MS = 400
"""No model in the cloud is quicker by more than its answers scatter."""
STALL_MS = 1500
"""The voice has sound for about so long from the first clause."""
LOCAL_INITIAL_MS = 1200
"""A model on this machine reads the whole prompt first."""


def make_model_ladder(
    settings: Settings,
    models: Sequence[LanguageModel],
    *,
    stage: str = "model",
    rests: Callable[[str], str] = lambda rung: "",
    hedged: bool = True,
) -> ModelLadder:
    """The ladder of these models.

    Args:
        models: best first, the phrasebook last (see ``clients.chat_models``).
        stage: the ladder's name.
        rests: rung → why it is left out at present; empty: it is not.
        hedged: a late paid model gets another one beside it.
    """
    limits = LadderLimits.of(
        settings.commentator.budget, min_ms=MIN_MS, stall_ms=STALL_MS, local_initial_ms=LOCAL_INITIAL_MS
    )
    return Ladder(
        stage,
        models,
        limits if hedged else replace(limits, hedges_per_minute=0),
        advance=lambda request, clause: replace(request, said=f"{request.said} {clause.text}".strip()),
        finished=lambda request: ends_sentence(request.said),
        rests=rests,
        trail_of=lambda request: request.trail,
    )
