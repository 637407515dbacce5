"""What is worth writing ahead, what it may cost, when it may be done, and what of it is taken."""

from __future__ import annotations

import random
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.commentator.allowance import REMEMBERED_DATES, Allowance, DailyLimits, Spent
from edge.commentator.forbidden import Forbidden
from edge.commentator.gate import Gate
from edge.commentator.pool.likely import HALF_LIFE_S, MAX_PATTERNS, Likely, Met, count_held
from edge.commentator.pool.memory import FILE_NAME, PoolMemory, read_memory, write_memory
from edge.commentator.pool.pace import BACKOFF_MAX_S, QUIET_S, WritingPace
from edge.commentator.pool.reply import remarks_of
from edge.commentator.pool.variety import normalised
from edge.commentator.pool.vetting import LONGEST_CHARS, vet
from edge.messages import CountClass, Language, Pattern, Side, Sighting

NOON, NOW = 12, 1_795_000_000.0
DAY_S = 86_400.0


def pattern(label: str, count: CountClass = "one", side: Side | None = None) -> Pattern:
    return Pattern(label=label, count=count, side=side)


def met(
    likely: Likely, label: str, times: int = 1, *, at: float = NOW, hour: int = NOON, **seen: object
) -> None:
    for _ in range(times):
        likely.met(msgspec.convert({"label": label, **seen}, Sighting), at, hour)


def filled(likely: Likely, number: int, at: float = NOW, hour: int = NOON) -> list[Pattern]:
    """The patterns of the remarks that an empty pool would get, in this order."""
    held: list[Pattern] = []
    for _ in range(number):
        held.append(likely.wanted(count_held(held), at, hour)[0])
    return held


# --- likely ---


def test_an_empty_pool_gets_a_remark_for_each_configured_label_first() -> None:
    labels = ["dog", "cat", "bird"]
    assert {p.label for p in filled(Likely(labels), 3)} == set(labels)
    assert pattern("dog", "several") in filled(Likely(labels), 9)


def test_what_is_met_most_gets_the_most_remarks() -> None:
    likely = Likely([])
    met(likely, "dog", 60)
    met(likely, "cat", 20)
    got = filled(likely, 12)
    assert sum(p.label == "dog" for p in got) in (9, 10)


def test_a_remark_that_fits_more_comes_first_then_the_side_that_is_met_most() -> None:
    likely = Likely([])
    met(likely, "dog", 9, side="right")
    met(likely, "dog", 4, side="left")
    got = filled(likely, 10)
    assert got[0] == pattern("dog")
    assert pattern("dog", side="right") in got
    assert got.count(pattern("dog", side="right")) > got.count(pattern("dog", side="left"))


def test_two_dogs_make_remarks_for_dogs_likely() -> None:
    likely = Likely([])
    met(likely, "dog", 5, count=2)
    met(likely, "dog", 5, count=6)
    assert filled(likely, 1)[0].label == "dog"
    assert set(filled(likely, 8)) >= {pattern("dog", "two"), pattern("dog", "several")}


def test_what_was_met_fades() -> None:
    likely = Likely([])
    met(likely, "dog", 10)
    met(likely, "cat", 6, at=NOW + HALF_LIFE_S)
    assert likely.wanted({}, NOW + HALF_LIFE_S, NOON)[0].label == "cat"


def test_the_hour_counts() -> None:
    likely = Likely([])
    met(likely, "sunset", 30, hour=18)
    for hour in range(24):
        met(likely, "dog", 2, hour=hour)
    assert likely.wanted({}, NOW, 18)[0].label == "sunset"
    assert likely.wanted({}, NOW, 10)[0].label == "dog"


@given(st.lists(st.floats(-1e9, 4e9), max_size=30))
def test_a_clock_that_leaps_forgets_neither_all_nor_breaks_the_arithmetic(leaps: list[float]) -> None:
    likely = Likely([])
    met(likely, "dog", 50, at=NOW)
    for at in leaps[:3]:
        likely.wanted({}, at, NOON)
    wanted = likely.wanted({}, NOW, NOON)
    assert [p.label for p in wanted] == ["dog"]
    assert all(weight > 0 for _, weight in likely.kept().patterns)


def test_what_was_met_survives_a_restart_and_is_bounded() -> None:
    likely = Likely([])
    for number in range(MAX_PATTERNS + 50):
        met(likely, f"thing {number}")
    met(likely, "dog", 5)
    kept = msgspec.json.decode(msgspec.json.encode(likely.kept()), type=Met)
    assert len(kept.patterns) == MAX_PATTERNS
    assert len(kept.hours) <= MAX_PATTERNS
    assert Likely([], kept).wanted({}, NOW, NOON)[0] == pattern("dog")


# --- allowance ---

LIMITS = DailyLimits(
    requests=3, tokens=1000, money=0.01, price_per_million_in=1.0, price_per_million_out=10.0
)


@pytest.mark.parametrize(
    ("requests", "tokens_in", "tokens_out", "what"),
    [(3, 1, 1, "3 requests"), (1, 900, 100, None), (1, 900, 101, "1000 tokens"), (1, 0, 1000, None)],
)
def test_a_day_has_its_limits(requests: int, tokens_in: int, tokens_out: int, what: str | None) -> None:
    allowance = Allowance(LIMITS)
    for _ in range(requests):
        assert allowance.exhausted("d") is None
        allowance.spend("d", tokens_in, tokens_out)
    assert allowance.exhausted("d") == what


def test_money_has_a_limit_and_what_a_request_will_cost_counts_already() -> None:
    allowance = Allowance(LIMITS._replace(tokens=10**9))
    allowance.spend("d", 0, 900)  # 0.009
    assert allowance.exhausted("d") is None
    assert allowance.exhausted("d", tokens=2000) == "0.01 in money"


def test_midnight_brings_a_new_allowance_and_a_clock_set_back_no_second_one() -> None:
    allowance = Allowance(LIMITS)
    for _ in range(3):
        allowance.spend("2026-11-20", 1, 1)
    assert allowance.exhausted("2026-11-21") is None
    allowance.spend("2026-11-21", 1, 1)
    assert allowance.exhausted("2026-11-20")
    assert allowance.spent("2026-11-21").requests == 1


@given(st.lists(st.tuples(st.integers(0, 4), st.booleans()), max_size=80))
def test_no_order_of_dates_and_restarts_exceeds_a_date_s_allowance(steps: list[tuple[int, bool]]) -> None:
    allowance = Allowance(LIMITS)
    made: dict[str, int] = {}
    for date_number, restart in steps:
        if restart:
            kept = msgspec.json.decode(msgspec.json.encode(allowance.ledger), type=dict[str, Spent])
            allowance = Allowance(LIMITS, kept)
        date = f"2026-11-{date_number + 1:02}"
        if allowance.exhausted(date) is None:
            allowance.spend(date, 10, 10)
            made[date] = made.get(date, 0) + 1
    assert all(number <= LIMITS.requests for number in made.values())


def test_the_ledger_forgets_the_dates_that_were_used_longest_ago() -> None:
    allowance = Allowance(LIMITS)
    for number in range(REMEMBERED_DATES + 5):
        allowance.spend(f"day {number}", 1, 1)
    assert len(allowance.ledger) == REMEMBERED_DATES
    assert f"day {REMEMBERED_DATES + 4}" in allowance.ledger


# --- pace ---


def test_nothing_is_written_before_it_was_quiet_for_a_while() -> None:
    pace = WritingPace(random.Random(1), 0.0)
    pace.disturbed(100.0)
    assert pace.wait_s(100.0) == QUIET_S
    assert pace.wait_s(100.0 + QUIET_S) == 0.0


def test_pauses_differ_between_shuttles() -> None:
    waits = set()
    for seed in range(20):
        pace = WritingPace(random.Random(seed), 0.0)
        pace.answered(100.0)
        waits.add(round(pace.wait_s(100.0), 1))
    assert len(waits) > 10


def test_refusals_lengthen_the_pause_up_to_a_bound_and_an_answer_ends_that() -> None:
    pace = WritingPace(random.Random(1), 0.0)
    pauses = [pace.refused(0.0) for _ in range(30)]
    assert pauses[3] > pauses[0]
    assert max(pauses) <= BACKOFF_MAX_S * 1.5
    pace.answered(0.0)
    assert pace.refused(0.0) <= pauses[3]


def test_the_service_s_own_wish_is_respected() -> None:
    assert WritingPace(random.Random(1), 0.0).refused(0.0, retry_after_s=400.0) >= 400.0


def test_an_order_to_fill_leaves_the_pauses_out_but_not_the_one_after_a_refusal() -> None:
    pace = WritingPace(random.Random(1), 0.0)
    pace.answered(10.0)
    pace.hurry()
    assert pace.wait_s(10.0) == 0.0
    pace.refused(10.0)
    assert pace.wait_s(10.0) > 1.0


# --- the reply ---


@pytest.mark.parametrize(
    ("reply", "texts"),
    [
        ('["Раз.", "Два \\"и\\" три."]', ["Раз.", 'Два "и" три.']),
        ('<think>["no"]</think>\n```json\n["One.",\n "Two."]\n```', ["One.", "Two."]),
        ('{"remarks": ["One.", "Two."]}', ["One.", "Two."]),
        ('["One.", "Two was cut', ["One."]),
        ("1. One.\n2) «Two.»\n- Three.", ["One.", "Two.", "Three."]),
        ("I cannot do that.", []),
        ("", []),
    ],
)
def test_remarks_of_a_reply(reply: str, texts: list[str]) -> None:
    assert remarks_of(reply) == texts


@given(st.text(max_size=200))
def test_no_reply_breaks_the_reader(reply: str) -> None:
    assert all(remark.strip() for remark in remarks_of(reply))


# --- what is taken ---


def test_what_may_not_be_said_is_refused_with_its_reason() -> None:
    texts = [
        "Собаки знают, где тут раздают завтраки.",
        "Знают собаки, где раздают тут завтраки!",
        "Две собаки на совещании.",
        "Собаки слева на совещании.",
        "Хвосты.",
        "Собаки " + "очень " * 40 + "рады.",
        "Собаки без конца и",
        "**Собаки** правят миром [смеётся].",
        "Собаки съели слово.",
    ]
    gate = Gate(Forbidden(words=["слово"]))
    vetted = vet(texts, pattern("dog", "several"), "ru", gate, [])
    assert vetted.good == (texts[0], "Собаки правят миром.")
    assert len(texts[5]) > LONGEST_CHARS
    assert sum(vetted.refused.values()) == len(texts) - 2
    assert "it resembles another" in vetted.refused


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Three dogs on the left, waiting for lunch.", "ru"),
        ("Tiga anjing di kiri menunggu makan siang.", "ru"),
        ("Три собаки слева ждут обеда.", "en"),
        ("Three dogs on the left are waiting for their lunch.", "id"),
    ],
)
def test_in_another_language_nothing_is_kept_since_its_number_and_side_cannot_be_read(
    text: str, language: Language
) -> None:
    vetted = vet([text], pattern("dog", "several"), language, Gate(Forbidden()), [])
    assert (vetted.good, list(vetted.refused)) == ((), ["its language"])


def test_what_was_heard_is_not_written_again() -> None:
    heard = [normalised("Собаки знают, где раздают тут завтраки!")]
    again = ["Собаки знают, где тут раздают завтраки."]
    assert vet(again, pattern("dog", "several"), "ru", Gate(Forbidden()), heard).good == ()


# --- what is kept ---


def test_the_memory_survives_and_a_damaged_one_gives_no_second_budget(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder, today = str(tmp_path / "state"), "2026-11-20"
    used_up = Spent(LIMITS.requests, LIMITS.tokens, LIMITS.money)
    assert read_memory(folder, today, used_up) == PoolMemory()
    kept = PoolMemory(spent={today: Spent(requests=2)}, heard=["хвост трубой"])
    write_memory(folder, msgspec.json.encode(kept))
    assert read_memory(folder, today, used_up) == kept
    (tmp_path / "state" / FILE_NAME).write_text("{")
    allowance = Allowance(LIMITS, read_memory(folder, today, used_up).spent)
    assert allowance.exhausted(today)
    assert not allowance.exhausted("2026-11-21")
    assert "nothing more is written ahead today" in caplog.text
