"""From nothing to a full pool and no further, on a clock that the test holds."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence

import pytest

from edge.clock import Moment
from edge.commentator.forbidden import Forbidden
from edge.commentator.gate import Gate
from edge.commentator.openers import own_texts
from edge.commentator.pool.admission import Admission
from edge.commentator.pool.cost import WritingCost
from edge.commentator.pool.likely import Likely
from edge.commentator.pool.matching import Hit, Miss
from edge.commentator.pool.plan import (
    BARREN_REST_S,
    MAX_ON_THEIR_WAY,
    HaveVoiced,
    Plan,
    PlanStep,
    Quantities,
    Rest,
    Write,
)
from edge.commentator.pool.stock import LOST_AFTER_S, Stock
from edge.commentator.pool.variety import Spoken
from edge.config import Ahead
from edge.messages import Language, Pattern, PoolEntry, PoolHoldings, PoolText, Sighting
from edge.spending.ledger import DayLedger

PROMPT, VOICE = "p1", "v1"
DOG, DOGS = Pattern(label="dog"), Pattern(label="dog", count="several")
TEXTS = [
    "Хвост работает как дворник.",
    "Нюхает ветер перемен, и тот пахнет рисом.",
    "Считает нас большой белой коровой.",
    "Этот сторож берёт взятки печеньем!",
    "Лапы мыть не обещает.",
]


def moment(seconds: float = 1000.0) -> Moment:
    return Moment(seconds, 1_795_000_000.0 + seconds, "2026-11-20", 12)


def remark(text: str = TEXTS[0], pattern: Pattern = DOG, entry_id: str = "e1", **changes: str) -> PoolText:
    fields = {"language": "ru", "prompt": PROMPT} | changes
    return PoolText(use="remark", text=text, pattern=pattern, entry_id=entry_id, **fields)  # type: ignore[arg-type]


def holdings(
    *texts: PoolText, voice: str = VOICE, instance: str = "s1", waiting: int = 0, characters_left: int = 5000
) -> PoolHoldings:
    return PoolHoldings(
        instance=instance,
        voice=voice,
        entries=tuple(PoolEntry(text=text, duration_ms=900, voice=VOICE) for text in texts),
        waiting=waiting,
        characters_left=characters_left,
    )


def admission(*own: PoolText, blocked: Iterable[str] = ()) -> Admission:
    return Admission("ru", PROMPT, Gate(Forbidden(words=blocked)), own)


class Making:
    """A plan with its parts."""

    def __init__(self, size: int = 10, own: Sequence[PoolText] = (), requests: int = 100) -> None:
        self.stock = Stock("ru", admission(*own), own)
        self.spoken = Spoken()
        self.ledger = DayLedger()
        self.cost = WritingCost(Ahead(requests_per_day=requests, tokens_per_day=10**8), self.ledger)
        self.plan = Plan(
            Quantities(size),
            self.stock,
            Likely(["dog"]),
            self.cost,
            self.spoken,
            Gate(Forbidden()),
            "ru",
            PROMPT,
        )

    def next(self, now: Moment | None = None) -> PlanStep:
        return self.plan.next_step(now or moment())

    def why(self, now: Moment | None = None) -> str:
        step = self.next(now)
        assert isinstance(step, Rest)
        return step.why


# --- what the stock gives and throws away ---


def test_a_used_remark_is_not_used_again_while_the_speaker_still_lists_it() -> None:
    stock, dog = Stock("ru", admission()), Sighting(label="dog")
    stock.note(holdings(remark()))
    assert isinstance(stock.take(dog, "ru", Spoken()), Hit)
    assert stock.take(dog, "ru", Spoken()) == Miss("nothing_held")
    stock.note(holdings(remark()))
    assert stock.take(dog, "ru", Spoken()) == Miss("nothing_held")
    assert stock.held_patterns().total() == 0
    assert stock.texts("dog") == [TEXTS[0]], "and nothing like it is written anew"


def test_a_remark_in_another_language_is_not_taken() -> None:
    stock = Stock("ru", admission())
    stock.note(holdings(remark()))
    assert stock.take(Sighting(label="dog"), "en", Spoken()) == Miss("nothing_held")


@pytest.mark.parametrize(
    ("text", "voice", "reason"),
    [
        (remark(prompt="p0"), VOICE, "another prompt"),
        (remark(language="en"), VOICE, "another language"),
        (remark(), "v2", "another voice"),
        (remark("Две собаки шепчутся."), VOICE, "it names a number (2)"),
        (PoolText(use="opener", language="ru", text="Эй!"), VOICE, "not among the guide's texts any more"),
    ],
)
def test_the_void_is_thrown_away_once_and_never_said(text: PoolText, voice: str, reason: str) -> None:
    stock = Stock("ru", admission())
    discarded = stock.note(holdings(text, voice=voice))
    assert [(d.entry_ids, d.reason) for d in discarded] == [((text.entry_id,), reason)]
    assert stock.note(holdings(text, voice=voice)) == []
    assert not isinstance(stock.take(Sighting(label="dog"), "ru", Spoken()), Hit)
    assert stock.note(holdings(text, voice=voice, instance="s2")), "a new speaker may not know of it"


def test_an_opener_that_is_switched_off_is_kept_and_not_played() -> None:
    opener = PoolText(use="opener", language="ru", text="О!", kind="remark")
    stock = Stock("ru", admission(opener))
    assert stock.note(holdings(opener)) == []
    assert stock.own() == {}


# --- what is done next ---


def test_nothing_is_done_before_the_speaker_has_told_what_it_holds() -> None:
    assert "not told" in Making().why()


@pytest.mark.parametrize(
    ("news", "why"),
    [
        (holdings(voice=""), "no voice"),
        (holdings(characters_left=0), "characters"),
        (holdings(waiting=MAX_ON_THEIR_WAY), "wait to be voiced"),
    ],
)
def test_what_could_not_be_voiced_is_not_written(news: PoolHoldings, why: str) -> None:
    making = Making()
    making.stock.note(news)
    assert why in making.why()


@pytest.mark.parametrize("language", ["ru", "en", "id"])
def test_openers_are_voiced_before_anything_is_written(language: Language) -> None:
    own = own_texts(language, ["remark", "answer"])
    assert len({text.entry_id for text in own}) == len(own)
    assert {text.use for text in own} == {"opener", "bridge", "ending"}
    making = Making(own=own)
    making.stock.note(holdings())
    voiced: list[PoolText] = []
    while isinstance(step := making.next(), HaveVoiced):
        for text in step.texts:
            making.stock.sent(text, 1000.0)
            voiced.append(text)
        making.stock.note(holdings(*voiced))
    assert voiced == own
    assert isinstance(step, Write)


def test_it_fills_from_nothing_and_stops_when_it_is_full() -> None:
    making, now, rng = Making(size=10), moment(), random.Random(1)
    making.stock.note(holdings())
    patterns, voiced = [], []
    while isinstance(step := making.next(now), Write):
        patterns.append(step.pattern)
        texts = [" ".join("".join(rng.choices("абвгдежз", k=7)) for _ in range(4)) + "." for _ in range(5)]
        good, _ = making.plan.written(step, texts, "m", now)
        voiced += good
        making.stock.note(holdings(*voiced))
        now = moment(now.mono + 60)
        assert len(patterns) < 10
    assert making.why(now) == "full"
    assert making.stock.held_patterns().total() == 10
    assert {DOG, DOGS} >= set(patterns)


def test_a_pause_is_made_before_a_request_and_before_nothing_else() -> None:
    making = Making()
    making.stock.note(holdings())
    assert making.plan.next_step(moment(), wait_s=3.0) == Rest(3.0, "")
    assert isinstance(making.plan.next_step(moment()), Write)
    making.stock.note(holdings(characters_left=0))
    assert isinstance(step := making.plan.next_step(moment(), wait_s=3.0), Rest)
    assert step.final


def test_the_day_s_allowance_ends_it_until_midnight() -> None:
    making = Making(requests=1)
    making.stock.note(holdings())
    step = making.next()
    assert isinstance(step, Write)
    making.ledger.spend(moment(), making.cost.of(20))
    assert making.why(moment(1100.0)) == "today's 1 requests are used up"
    assert isinstance(making.next(moment(1100.0)._replace(date="2026-11-21")), Write)


def test_a_pattern_of_which_nothing_new_comes_is_left_alone_for_a_while() -> None:
    making = Making()
    making.stock.note(holdings())
    step = making.next()
    assert isinstance(step, Write)
    making.plan.written(step, ["Две собаки слева."], "m", moment())
    other = making.next(moment(1100.0))
    assert isinstance(other, Write)
    assert other.pattern != step.pattern
    later = making.next(moment(1100.0 + BARREN_REST_S))
    assert isinstance(later, Write)
    assert later.pattern == step.pattern


def test_what_was_sent_and_never_came_is_not_counted_on_for_ever() -> None:
    making = Making()
    making.stock.note(holdings())
    making.stock.sent(remark(), 1000.0)
    assert making.stock.on_their_way(1000.0 + LOST_AFTER_S - 1) == 1
    assert making.stock.on_their_way(1000.0 + LOST_AFTER_S) == 0


def test_the_model_is_told_what_there_is_already() -> None:
    making = Making()
    making.stock.note(holdings(remark()))
    step = making.next()
    assert isinstance(step, Write)
    assert step.avoid == (TEXTS[0],)
