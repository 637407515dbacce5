"""What the guide tells of its costs, in ``turn`` and ``state``. Pure."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from edge.config import Prices
from edge.messages import CeilingBound, CeilingLevel, CostCeiling
from edge.spending.books import Books
from edge.spending.lines import LedgerLine, Lines, Purpose, Unit, lines_of
from edge.spending.price import cost_of


class ServiceCost(msgspec.Struct, frozen=True, kw_only=True):
    """What one service was asked for one purpose."""

    service: str
    purpose: Purpose
    """``guess``: an answer begun before its question was certain; ``ahead``: for the pool; ``probe``: to see
    whether the service works."""
    requests: int
    tokens_in: int
    """As the service counts them; estimated where it does not tell, as for a reply that was broken off."""
    tokens_out: int
    characters: int
    """Characters that were to be spoken."""
    audio_s: float
    """Seconds of speech that were to be recognised."""
    money: float | None
    """By the service's prices; null: one of them is not known."""


class TurnCost(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked of paid services for one turn, also by rungs that lost. Recognition is not in it."""

    money: float
    """What is known of it: at least so much."""
    unknown: tuple[str, ...]
    """Services of which something has no price; empty: ``money`` is all."""
    services: tuple[ServiceCost, ...]


class CostToday(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked of paid services today, live and ahead, by all processes."""

    date: str
    """Local, like ``2026-11-20``."""
    money: float
    """What is known of it: at least so much."""
    unknown: tuple[str, ...]
    """Services of which something has no price; empty: ``money`` is all."""
    services: tuple[ServiceCost, ...]
    ceiling_level: CeilingLevel
    """1: the day's ceiling is near, and remarks are made without paid services. 2: it is reached, and so are
    answers."""
    ceilings: dict[CeilingBound, float]
    """Ceiling that is set → the part of it that is used up."""


def turn_cost(spent: Mapping[str, float], prices: Mapping[str, Prices]) -> TurnCost:
    """What was spent for one turn."""
    lines = lines_of(spent)
    cost = cost_of(lines, prices)
    return TurnCost(money=round(cost.money, 6), unknown=cost.unknown, services=_service_costs(lines, prices))


def cost_today(
    books: Books, date: str, prices: Mapping[str, Prices], ceiling: CostCeiling | None
) -> CostToday:
    """What the processes have told of their spending on ``date``."""
    lines = books.spent(date)
    cost = cost_of(lines, prices)
    return CostToday(
        date=date,
        money=round(cost.money, 6),
        unknown=cost.unknown,
        services=_service_costs(lines, prices),
        ceiling_level=ceiling.level if ceiling else 0,
        ceilings=dict(ceiling.shares) if ceiling else {},
    )


def _service_costs(lines: Lines, prices: Mapping[str, Prices]) -> tuple[ServiceCost, ...]:
    return tuple(_service_cost(line, amounts, prices) for line, amounts in lines.items())


def _service_cost(
    line: LedgerLine, amounts: Mapping[Unit, float], prices: Mapping[str, Prices]
) -> ServiceCost:
    cost = cost_of({line: dict(amounts)}, prices)
    return ServiceCost(
        service=line.service,
        purpose=line.purpose,
        requests=int(amounts.get("requests", 0)),
        tokens_in=int(amounts.get("tokens_in", 0)),
        tokens_out=int(amounts.get("tokens_out", 0)),
        characters=int(amounts.get("characters", 0)),
        audio_s=round(amounts.get("audio_s", 0.0), 2),
        money=round(cost.money, 6) if cost.is_known else None,
    )
