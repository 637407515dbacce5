"""How near today's spending is to what a day may cost, and what the guide does without then. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from edge.config import CostSettings, Prices
from edge.messages import CeilingBound, CeilingLevel
from edge.spending.lines import Lines, total
from edge.spending.price import cost_of

NEAR_CEILING = "rests: the day's ceiling of cost is near"
AT_CEILING = "rests: the day's ceiling of cost is reached"
NEAR = 0.8
"""The share of a ceiling from which on only answers and announcements are paid for."""
WITHOUT: dict[CeilingLevel, str] = {
    1: "remarks are made without paid services, nothing is made ahead, and no answer is begun on a guess",
    2: "remarks and answers are made without paid services; announcements are spoken as ever",
}
"""What the guide does at a level."""


def shares(lines: Lines, ceilings: CostSettings, prices: Mapping[str, Prices]) -> dict[CeilingBound, float]:
    """Which part of each ceiling that is set these lines use up; 1.0 is all of it.

    What has no price counts nothing: a ceiling in money is not taken from an operator while a configured
    service lacks one.
    """
    amounts = total(lines.values())
    used: dict[CeilingBound, float] = {
        "money": cost_of(lines, prices).money,
        "tokens": amounts["tokens_in"] + amounts["tokens_out"],
        "characters": amounts["characters"],
    }
    limits: dict[CeilingBound, float | None] = {
        "money": ceilings.money_per_day,
        "tokens": ceilings.tokens_per_day,
        "characters": ceilings.characters_per_day,
    }
    # Of nothing everything is used up.
    return {
        bound: used[bound] / limit if limit else 1.0 for bound, limit in limits.items() if limit is not None
    }


def level_of(used: Mapping[CeilingBound, float]) -> CeilingLevel:
    """Where the fullest ceiling stands."""
    most = max(used.values(), default=0.0)
    return 2 if most >= 1.0 else 1 if most >= NEAR else 0
