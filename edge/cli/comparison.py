"""What a comparison found, and which pair of model and voice is the fastest that is good enough. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import mean, median
from typing import Any, NamedTuple

from edge.cli.compared_turn import ComparedTurn
from edge.commentator.question_language import is_in
from edge.config import Prices, Settings
from edge.messages import Language
from edge.nearest_rank import nearest_rank
from edge.spending.price import Cost, cost_of

TURNS_OF_COST = 1000
"""A turn's own cost has too many zeros."""

LAST_RUNGS = ("phrasebook", "espeak")
"""Always there, and quicker than all others: compared where they are named or nothing else is there."""


class Pair(NamedTuple):
    """A model and the voice that speaks its words."""

    model: str
    voice: str

    def __str__(self) -> str:
        return f"{self.model} + {self.voice}"


@dataclass
class PairResult:
    """A pair's turns, and what became of those that failed."""

    turns: list[ComparedTurn] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def first_sound_s(self, percent: float) -> float:
        return _percentile([turn.first_sound_s for turn in self.turns], percent)

    def cost(self, prices: Mapping[str, Prices]) -> Cost:
        """The mean of a turn, times ``TURNS_OF_COST``."""
        costs = [cost_of(turn.lines, prices) for turn in self.turns]
        unknown = {name for cost in costs for name in cost.unknown}
        return Cost(mean(cost.money for cost in costs) * TURNS_OF_COST, tuple(sorted(unknown)))

    def objections(self, deadline_s: float, language: Language) -> list[str]:
        """Why it is not good enough; nothing: it is."""
        why = list(dict.fromkeys(self.failures))
        if self.turns and (late_s := self.first_sound_s(95)) > deadline_s:
            why.append(f"first sound after {late_s:.1f} s, a remark is stale after {deadline_s:g} s")
        foreign = [turn for turn in self.turns if not is_in(turn.text, language)]
        if foreign:
            why.append(f"{len(foreign)} of {len(self.turns)} replies are not in {language}")
        for reason in dict.fromkeys(turn.stopped for turn in self.turns if turn.stopped):
            why.append(f"the output gate: {reason}")
        return why


Results = dict[Pair, PairResult]


def winner_of(results: Results, settings: Settings) -> Pair | None:
    """The good enough pair whose median time to the first sound is the least; None: there is none."""
    deadline_s, language = settings.commentator.remark_ttl_s, settings.shuttle.language
    good = [
        pair
        for pair, result in results.items()
        if result.turns and not result.objections(deadline_s, language)
    ]
    return min(good, key=lambda pair: results[pair].first_sound_s(50), default=None)


def setting_lines(pair: Pair, settings: Settings) -> list[str]:
    """TOML that chooses the pair; what was configured before stays behind it."""
    # The last rungs are always the last, so they are first only where nothing else is named.
    models = [] if pair.model == "phrasebook" else _order(pair.model, settings.commentator.models)
    voices = ["espeak"] if pair.voice == "espeak" else _order(pair.voice, settings.speaker.voices)
    return [
        *("[commentator]", f"models = {json.dumps(models)}"),
        *("[speaker]", f"voices = {json.dumps(voices)}"),
    ]


def as_data(results: Results, settings: Settings) -> list[dict[str, Any]]:
    """Each pair for ``--json``."""
    prices = {name: service.prices for name, service in settings.services.items()}
    deadline_s, language = settings.commentator.remark_ttl_s, settings.shuttle.language
    found = []
    for pair, result in results.items():
        objections = result.objections(deadline_s, language)
        row: dict[str, Any] = {
            "model": pair.model,
            "voice": pair.voice,
            "turns": len(result.turns),
            "failed": len(result.failures),
            "good_enough": bool(result.turns) and not objections,
            "objections": objections,
        }
        if result.turns:
            cost = result.cost(prices)
            row |= {
                "first_sound_ms": _ms([turn.first_sound_s for turn in result.turns]),
                "first_token_ms": _ms([turn.first_token_s for turn in result.turns]),
                "first_clause_ms": _ms([turn.first_clause_s for turn in result.turns]),
                "whole_text_ms": _ms([turn.whole_text_s for turn in result.turns]),
                "tokens_per_s": tokens_per_s(result.turns),
                "characters": round(mean(len(turn.text) for turn in result.turns), 1),
                "cost_of_1000_turns": round(cost.money, 4) if cost.is_known else None,
                "texts": {turn.trigger: turn.text for turn in result.turns},
            }
        found.append(row)
    return found


def tokens_per_s(turns: Sequence[ComparedTurn]) -> float | None:
    """The median; None: no reply took any time."""
    rates = [rate for turn in turns if (rate := turn.tokens_per_s) is not None]
    return round(median(rates), 1) if rates else None


def _order(first: str, names: Sequence[str]) -> list[str]:
    return list(dict.fromkeys((first, *names)))


def _ms(seconds: Sequence[float]) -> dict[str, float]:
    return {f"p{percent}": round(_percentile(seconds, percent) * 1000, 1) for percent in (50, 95)}


def _percentile(values: Sequence[float], percent: float) -> float:
    return median(values) if percent == 50 else nearest_rank(sorted(values), percent)
