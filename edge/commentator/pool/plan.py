"""What to do next to have a full pool: have a text voiced, ask a model for remarks, or rest. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from edge.clock import Moment
from edge.commentator.gate import Gate
from edge.commentator.pool.cost import WritingCost
from edge.commentator.pool.likely import Likely
from edge.commentator.pool.stock import Stock
from edge.commentator.pool.variety import Spoken
from edge.commentator.pool.vetting import vet
from edge.messages import Language, Pattern, PoolText

MAX_ON_THEIR_WAY = 8
"""Texts that wait to be voiced; with more of them it is the voice that is the bottleneck."""
PER_REQUEST = 5
"""Remarks that a model is asked for at once. Of fewer, each would cost a prompt's tokens; of more about one
thing, more are alike."""
LOOK_AGAIN_S = 30.0
BARREN_REST_S = 1800.0
"""A pattern for which nothing new was found is left alone so long."""


@dataclass(frozen=True)
class Rest:
    """Nothing is to be done, for so long or until there is news."""

    for_s: float
    why: str
    """Empty: only for a pause."""
    final: bool = False
    """No patience helps: it is full, or something is missing or used up."""


@dataclass(frozen=True)
class HaveVoiced:
    """Have these voiced."""

    texts: tuple[PoolText, ...]


@dataclass(frozen=True)
class Write:
    """Ask a model for so many remarks."""

    pattern: Pattern
    number: int
    avoid: tuple[str, ...]
    """Remarks about the same thing, which there are."""


PlanStep = Rest | HaveVoiced | Write


@dataclass(frozen=True)
class Quantities:
    """How much of everything."""

    size: int
    """Remarks that a full pool has."""
    per_request: int = PER_REQUEST


class Plan:
    """Chooses the next step towards a full pool.

    Args:
        quantities: how much there shall be.
        stock: what there is.
        likely: what is worth writing.
        cost: what may be spent.
        spoken: what was heard.
        gate: cleans what a model wrote, as on the live way.
        language: of the remarks.
        prompt: fingerprint of what they are written under.
    """

    def __init__(
        self,
        quantities: Quantities,
        stock: Stock,
        likely: Likely,
        cost: WritingCost,
        spoken: Spoken,
        gate: Gate,
        language: Language,
        prompt: str,
    ) -> None:
        self._quantities = quantities
        self._stock = stock
        self._likely = likely
        self._cost = cost
        self._spoken = spoken
        self._gate = gate
        self._language = language
        self._prompt = prompt
        self._barren: dict[Pattern, float] = {}

    def next_step(self, now: Moment, *, can_write: bool = True, wait_s: float = 0.0) -> PlanStep:
        """What to do next towards a full pool.

        Args:
            can_write: there is a model to ask.
            wait_s: it may be asked in so many seconds.
        """
        if obstacle := self._obstacle(now):
            return obstacle
        if own := self._stock.unvoiced_own_texts():
            return HaveVoiced(tuple(own[:MAX_ON_THEIR_WAY]))
        held = self._stock.held_patterns()
        room = self._quantities.size - held.total()
        # A request for one remark costs much the same as one for several.
        if room <= 0 or room < min(self._quantities.per_request, self._quantities.size):
            return Rest(LOOK_AGAIN_S, "full", final=True)
        if not can_write:
            return Rest(LOOK_AGAIN_S, "no language model is configured", final=True)
        if used_up := self._cost.used_up(now):
            return Rest(LOOK_AGAIN_S, f"today's {used_up} are used up", final=True)
        if wait_s > 0:
            return Rest(wait_s, "")
        wanted = self._likely.wanted(held, now.mono, now.hour)
        fruitful = (pattern for pattern in wanted if self._barren.get(pattern, 0.0) <= now.mono)
        if (pattern := next(fruitful, None)) is None:
            return Rest(LOOK_AGAIN_S, "nothing new comes to the model's mind", final=True)
        avoid = tuple(self._stock.texts(pattern.label)[-8:])
        return Write(pattern, min(room, self._quantities.per_request), avoid)

    def written(
        self, step: Write, texts: Iterable[str], model: str, now: Moment
    ) -> tuple[list[PoolText], dict[str, int]]:
        """A model answered: what of it is to be voiced, and what was refused, by reason."""
        known = [*self._stock.known(), *self._spoken.texts]
        vetted = vet(texts, step.pattern, self._language, self._gate, known)
        if not vetted.good:
            self.fruitless(step, now)
        good = [
            PoolText(
                use="remark",
                language=self._language,
                text=text,
                pattern=step.pattern,
                model=model,
                written_at=now.at,
                prompt=self._prompt,
            )
            for text in vetted.good[: step.number]
        ]
        return good, dict(vetted.refused)

    def fruitless(self, step: Write, now: Moment) -> None:
        """Nothing came of it: this pattern is left alone for a while."""
        self._barren[step.pattern] = now.mono + BARREN_REST_S

    def _obstacle(self, now: Moment) -> Rest | None:
        """Why nothing could be voiced now."""
        holdings = self._stock.holdings
        if holdings is None:
            return Rest(LOOK_AGAIN_S, "the speaker has not told what it holds")
        if not holdings.voice:
            return Rest(LOOK_AGAIN_S, "no voice is configured that is worth voicing ahead with", final=True)
        if holdings.characters_left <= 0:
            return Rest(LOOK_AGAIN_S, "the voice's characters of today are used up", final=True)
        if max(self._stock.on_their_way(now.mono), holdings.waiting) >= MAX_ON_THEIR_WAY:
            return Rest(LOOK_AGAIN_S, "enough texts wait to be voiced")
        return None
