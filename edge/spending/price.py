"""What amounts cost by the services' prices; what has no price costs "unknown", never 0. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from edge.config import Prices, Settings
from edge.spending.lines import Lines, Unit

PRICED: tuple[tuple[Unit, str, float], ...] = (
    ("tokens_in", "per_million_tokens_in", 1e6),
    ("tokens_out", "per_million_tokens_out", 1e6),
    ("characters", "per_million_characters", 1e6),
    ("audio_s", "per_hour_of_audio", 3600.0),
)
"""Unit, the price of how many of it, how many these are."""


class Cost(NamedTuple):
    """What something cost, in the currency of the prices."""

    money: float
    """What is known of it: at least so much."""
    unknown: tuple[str, ...]
    """Services of which something has no price."""

    @property
    def is_known(self) -> bool:
        return not self.unknown

    def __str__(self) -> str:
        """The money, for people."""
        return self.short if self.is_known or not self.money else f"{self.short} + unknown"

    @property
    def short(self) -> str:
        """The money, short, for a table."""
        if self.is_known:
            return f"{self.money:.4f}"
        return f"≥ {self.money:.4f}" if self.money else "unknown"


def prices_of(settings: Settings) -> dict[str, Prices]:
    """Service → its prices."""
    return {name: service.prices for name, service in settings.services.items()}


def cost_of(lines: Lines, prices: Mapping[str, Prices]) -> Cost:
    """What these lines cost together.

    Args:
        prices: by service; one that is not there has none.
    """
    money, unknown = 0.0, set()
    for line, amounts in lines.items():
        asked = prices.get(line.service, Prices())
        for unit, name, quantity in PRICED:
            if not (amount := amounts.get(unit, 0.0)):
                continue
            if (price := getattr(asked, name)) is None:
                unknown.add(line.service)
            else:
                money += amount * price / quantity
    return Cost(money, tuple(sorted(unknown)))
