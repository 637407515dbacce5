"""Ready lines for passengers: no model answers, nothing was understood, something is asked of the guide."""

from __future__ import annotations

import random
from typing import Literal

from edge.messages import Language, Occasion
from edge.package_tables import read_table

LineOccasion = Occasion | Literal["no_model", "no_model_after_opener", "broken_off"]
"""``no_model_after_opener``: "one moment…" was said already. ``broken_off``: ends a sentence whose model fell
silent. ``repeat``: there is nothing to repeat."""


class ReadyAnswers:
    """Picks a line for an occasion; says none twice in a row.

    Raises:
        OSError, tomllib.TOMLDecodeError: the guide's own file is damaged.
    """

    def __init__(self, language: Language, *, rng: random.Random | None = None) -> None:
        self._lines: dict[str, list[str]] = read_table(__package__, f"answers/{language}.toml")
        self._rng = rng or random.Random()
        self._last: dict[str, str] = {}

    def pick(self, occasion: LineOccasion) -> str:
        """A line to be spoken as it is."""
        others = [line for line in self._lines[occasion] if line != self._last.get(occasion)]
        self._last[occasion] = self._rng.choice(others)
        return self._last[occasion]
