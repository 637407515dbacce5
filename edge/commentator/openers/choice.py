"""Which opener, bridge or ending is said. Pure."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Mapping

from edge.messages import Kind, Language, PoolEntry, PoolUse, Sighting

CALM_LABELS = frozenset(
    {"sunset", "rainbow", "temple", "rice field", "tree", "boat", "potted plant", "bench"}
)
NEARLY_AS_LONG_MS = 250
"""Among openers that fit the wait, the longer ones leave the shorter silence behind them."""
NOT_AGAIN_AFTER = 3
"""Other openers that are said in between, where there are others."""


def mood_of(kind: Kind, sighting: Sighting | None) -> str:
    """The mood of an opener: ``calm`` or ``surprise``."""
    if kind == "place" or (sighting and sighting.label in CALM_LABELS):
        return "calm"
    return "surprise"


class Openers:
    """Chooses openers, and never the same twice in a row.

    Args:
        rng: chooses among equals.
    """

    def __init__(self, rng: random.Random | None = None) -> None:
        self._rng = rng or random.Random()
        self._last: dict[PoolUse, deque[str]] = {}

    def choose(
        self,
        held: Mapping[str, PoolEntry],
        use: PoolUse,
        kind: Kind,
        language: Language,
        *,
        mood: str = "",
        within_ms: float = float("inf"),
    ) -> PoolEntry | None:
        """The one to be said now; None: none fits.

        Args:
            held: by id, what can be played.
            kind: of the turn; places take those of remarks.
            within_ms: it must not last longer.
        """
        last = self._last.setdefault(use, deque(maxlen=NOT_AGAIN_AFTER))
        wanted_kind = "remark" if kind == "place" else kind
        fitting = [
            entry
            for entry_id, entry in held.items()
            if (entry.text.use, entry.text.kind, entry.text.language) == (use, wanted_kind, language)
            and (not mood or entry.text.mood in ("", mood))
            and entry.duration_ms <= within_ms
            and entry_id not in list(last)[-1:]
        ]
        if not fitting:
            return None
        fresh = [entry for entry in fitting if entry.text.entry_id not in last] or fitting
        shortest_ms = 0.0  # nothing is waited for: each is as good
        if within_ms < float("inf"):
            shortest_ms = max(entry.duration_ms for entry in fresh) - NEARLY_AS_LONG_MS
        chosen = self._rng.choice([entry for entry in fresh if entry.duration_ms >= shortest_ms])
        last.append(chosen.text.entry_id)
        return chosen
