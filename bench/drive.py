"""Two hours of a drive, faster than real time: how many remarks come from the pool, and is one heard twice?

The director and all policies of the pool are the real ones; the clock, the model and the voice are not. The
events come from a generator with a fixed seed: labels by Zipf's law, objects that a tracker reports several
times, groups, sides.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from edge.ahead.pace import Pace
from edge.clock import Moment
from edge.commentator.director import Director
from edge.commentator.forbidden import Forbidden
from edge.commentator.gate import Gate
from edge.commentator.openers import own_texts
from edge.commentator.pool.admission import Admission
from edge.commentator.pool.cost import REQUESTS, TOKENS, WritingCost
from edge.commentator.pool.likely import Likely, Met
from edge.commentator.pool.matching import Hit
from edge.commentator.pool.plan import HaveVoiced, Plan, Quantities, Rest, Write
from edge.commentator.pool.pool import PAUSES
from edge.commentator.pool.stock import Stock
from edge.commentator.pool.variety import Spoken, is_near_duplicate, normalised
from edge.commentator.pool.vetting import LONGEST_CHARS
from edge.config import Settings
from edge.messages import Count, PoolEntry, PoolHoldings, PoolText, Side, Sighting, Trigger, new_id
from edge.spending.ledger import DayLedger

DRIVE_S = 7200.0
DEPOT_S = 300.0
"""The guide is on so long before the first passengers."""
EVENTS_PER_MINUTE = 7.0
"""New objects; each is reported up to three times."""
ZIPF = 1.1
SPEECH_S = 4.5
LIVE_WAIT_S = 0.55
WRITING_S = 1.2
"""A request for several remarks."""
VOICING_S = 0.7
UNFIT, REPEATED = 0.2, 0.15
"""Shares of what a model writes that name a number, or are jokes that it made before."""
MEAN_CHARS = 70
TYPED = 0.04
"""Share of sightings that say more than label, number and side."""
DATE, HOUR, STARTS_AT = "2026-11-20", 10, 1_795_000_000.0

ON_THE_ROAD = (
    *("person", "motorcycle", "scooter", "car", "dog", "bird", "tree", "bicycle", "cat", "chicken", "truck"),
    *("man", "woman", "child", "cyclist", "potted plant", "bench", "cow", "temple", "duck", "bus", "goat"),
    *("surfboard", "umbrella", "monkey", "backpack", "rice field", "butterfly", "surfer", "boat", "horse"),
    *("gecko", "stroller"),
)
"""The most frequent first."""


class DriveEvent(NamedTuple):
    """An event of the drive."""

    at_s: float
    sighting: Sighting


@dataclass
class DriveFigures:
    """What a drive was like."""

    remarks: int = 0
    pooled: int = 0
    near: int = 0
    heard_twice: int = 0
    misses: Counter[str] = field(default_factory=Counter)
    characters: int = 0
    """Voiced ahead."""
    requests: int = 0
    tokens: int = 0
    left: int = 0
    """Remarks in the pool at the end."""

    @property
    def share(self) -> float:
        return self.pooled / self.remarks if self.remarks else 0.0


def measure() -> dict[str, DriveFigures]:
    """The first day, from an empty pool, and the second one, with what the first one has left and learned."""
    shuttle = Shuttle(Settings())
    first = shuttle.drive(seed=1, date=DATE)
    second = shuttle.drive(seed=2, date="2026-11-21")
    return {"first day, from an empty pool": first, "second day": second}


def events(seed: int) -> Iterator[DriveEvent]:
    """Sightings in the order of time."""
    rng = random.Random(seed)
    weights = [1 / rank**ZIPF for rank in range(1, len(ON_THE_ROAD) + 1)]
    reports: list[tuple[float, int, Sighting]] = []
    order = itertools.count()
    at_s = 0.0
    while at_s < DRIVE_S:
        at_s += rng.expovariate(EVENTS_PER_MINUTE / 60)
        count: Count = rng.choices((1, 2, 3, 4, 6, "several"), (70, 14, 6, 3, 2, 5))[0]
        side: Side | None = rng.choices(("left", "right", "ahead", "behind", None), (33, 37, 18, 2, 10))[0]
        label = rng.choices(ON_THE_ROAD, weights)[0]
        text = "собака в панаме машет лапой" if rng.random() < TYPED else None
        sighting = Sighting(label=label, count=count, side=side, object_id=new_id(), text=text)
        for report in range(rng.randint(1, 3)):
            heapq.heappush(reports, (at_s + 0.8 * report, next(order), sighting))
        while reports and reports[0][0] <= at_s:
            seen_at_s, _, seen = heapq.heappop(reports)
            yield DriveEvent(seen_at_s, seen)


class Shuttle:
    """One guide with its pool, over several days; the clock is the caller's.

    Args:
        settings: the defaults.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._language = settings.shuttle.language
        ahead = settings.commentator.ahead
        self._spoken = Spoken()
        self._ledger = DayLedger()
        self._cost = WritingCost(ahead, self._ledger)
        self._likely = Likely(ahead.labels, Met())
        own = own_texts(self._language, ["remark"])
        admission = Admission(self._language, "p", Gate(Forbidden(), max_chars=LONGEST_CHARS), own)
        self._stock = Stock(self._language, admission, own)
        self._rng = random.Random(3)
        self._writing: tuple[Write, float] | None = None
        self._voicing_until_s: float | None = None
        self._held: dict[str, PoolEntry] = {}
        self._heard: list[str] = []

    def drive(self, seed: int, date: str) -> DriveFigures:
        """One day."""
        self._begin_day(date)
        found, director = DriveFigures(), Director(self._settings.commentator.chattiness)
        turn: Trigger | None = None
        turn_ends_s = 0.0
        coming = events(seed)
        seen = next(coming, None)
        step_s = 0.1
        for tick in range(int((DEPOT_S + DRIVE_S) / step_s)):
            now_s = tick * step_s
            while seen and DEPOT_S + seen.at_s <= now_s:
                director.offer(self._trigger(seen.sighting, now_s), now_s)
                seen = next(coming, None)
            if turn and now_s >= turn_ends_s:
                director.ended(turn.turn_id, now_s)
                turn = None
                self._pace.disturbed(now_s)
                self._rest_until_s = 0.0
                self._quiet_since_s = now_s
            if turn is None and (chosen := director.choose(now_s)):
                turn = chosen
                director.begin(turn.turn_id, turn, now_s)
                director.first_text(turn.turn_id)
                turn_ends_s = now_s + self._say(turn, found, now_s)
                self._writing = None  # broken off
                self._voicing_until_s = None
            if turn is None:
                self._work_ahead(now_s, found)
        spent = self._ledger.spent(date)
        found.requests, found.tokens = int(spent[REQUESTS]), int(spent[TOKENS])
        found.left = sum(entry.text.use == "remark" for entry in self._held.values())
        return found

    def _begin_day(self, date: str) -> None:
        self._date = date
        self._pace = Pace(PAUSES, random.Random(5).random, 0.0)
        self._plan = Plan(
            Quantities(self._settings.commentator.ahead.size),
            self._stock,
            self._likely,
            self._cost,
            self._spoken,
            Gate(Forbidden()),
            self._language,
            "p",
        )
        self._waiting: list[PoolText] = []
        self._writing = None
        self._voicing_until_s = None
        self._next_voicing_s = 0.0
        self._quiet_since_s = 0.0
        self._characters_left = self._settings.pool.characters_per_day
        self._tell()

    def _trigger(self, sighting: Sighting, now_s: float) -> Trigger:
        return Trigger(
            kind="remark",
            sighting=sighting,
            received_mono=now_s,
            received_at=STARTS_AT + now_s,
            expires_mono=now_s + self._settings.commentator.remark_ttl_s,
        )

    def _moment(self, now_s: float) -> Moment:
        return Moment(now_s, STARTS_AT + now_s, self._date, HOUR)

    def _say(self, turn: Trigger, found: DriveFigures, now_s: float) -> float:
        """How long it takes."""
        assert turn.sighting is not None
        found.remarks += 1
        self._likely.met(turn.sighting, now_s, HOUR)
        hit = self._stock.take(turn.sighting, self._language, self._spoken)
        if isinstance(hit, Hit):
            found.pooled += 1
            found.near += hit.near
            text = hit.entry.text.text
            found.heard_twice += is_near_duplicate(text, self._heard)
            del self._held[hit.entry.text.entry_id]
            self._tell()
        else:
            found.misses[hit.reason] += 1
            text = self._remark()
        self._spoken.add(text)
        self._heard.append(normalised(text))
        return SPEECH_S + (0.0 if isinstance(hit, Hit) else LIVE_WAIT_S)

    def _work_ahead(self, now_s: float, found: DriveFigures) -> None:
        """One thing at a time each: the commentator writes, the speaker voices."""
        if self._writing and now_s >= self._writing[1]:
            step, self._writing = self._writing[0], None
            texts = [self._written_text() for _ in range(step.number)]
            good, _ = self._plan.written(step, texts, "simulated", self._moment(now_s))
            self._ledger.spend(self._moment(now_s), self._cost.of(680))
            self._pace.succeeded(now_s)
            self._send(good, now_s)
        elif self._writing is None and now_s >= self._rest_until_s:
            match self._plan.next_step(self._moment(now_s)):
                case HaveVoiced(voiced):
                    self._send(list(voiced), now_s)
                case Write() if (wait_s := self._pace.wait_s(now_s)) > 0:
                    self._rest_until_s = now_s + wait_s
                case Write() as step:
                    self._writing = (step, now_s + WRITING_S)
                case Rest(for_s, _):
                    self._rest_until_s = now_s + for_s
        self._voice(now_s, found)

    def _voice(self, now_s: float, found: DriveFigures) -> None:
        pool = self._settings.pool
        if self._voicing_until_s is not None and now_s >= self._voicing_until_s:
            self._voicing_until_s = None
            text = self._waiting.pop(0)
            self._held[text.entry_id] = PoolEntry(text=text, duration_ms=len(text.text) * 65, voice="v")
            found.characters += len(text.text)
            self._characters_left = max(0, self._characters_left - len(text.text))
            self._next_voicing_s = now_s + pool.pause_s * self._rng.uniform(0.5, 1.5)
            self._tell()
        is_quiet = now_s - self._quiet_since_s >= pool.quiet_s
        may_voice = self._waiting and is_quiet and self._characters_left and now_s >= self._next_voicing_s
        if self._voicing_until_s is None and may_voice:
            self._voicing_until_s = now_s + VOICING_S

    def _send(self, texts: list[PoolText], now_s: float) -> None:
        for text in texts:
            self._stock.sent(text, now_s)
            self._waiting.append(text)
        self._tell()

    def _tell(self) -> None:
        news = PoolHoldings(
            instance="s",
            voice="v",
            entries=tuple(self._held.values()),
            waiting=len(self._waiting),
            characters_left=self._characters_left,
        )
        self._rest_until_s = 0.0
        assert not self._stock.note(news), "nothing of it is void"

    def _written_text(self) -> str:
        luck = self._rng.random()
        if luck < UNFIT:
            return "Слева две собаки."
        if luck < UNFIT + REPEATED and self._heard:
            return self._rng.choice(self._heard).capitalize() + "."
        return self._remark()

    def _remark(self) -> str:
        """Words like no others, in which no number and no side can hide."""
        words = ["".join(self._rng.choices("бвгджзклмнпрст", k=6)) for _ in range(MEAN_CHARS // 7)]
        return " ".join(words).capitalize() + "."
