"""What was spent, what it costs, and how near that is to a ceiling: counts, prices, thresholds."""

from __future__ import annotations

import json

import pytest

from edge.config import CostSettings, Prices
from edge.messages import CostCeiling, Priority, ProcessName, Spending
from edge.spending.books import Books
from edge.spending.ceiling import level_of, shares
from edge.spending.lines import LedgerLine, lines_of, name_of_turn, names_of, only_ours, purpose_of, turns_of
from edge.spending.price import cost_of
from edge.spending.report import CostReport

MONDAY, TUESDAY = "2026-11-23", "2026-11-24"
GROQ = Prices(per_million_tokens_in=1.0, per_million_tokens_out=4.0, per_hour_of_audio=0.36)
PRICES = {
    "groq": GROQ,
    "voice": Prices(per_million_characters=50.0),
    "free": Prices(per_million_characters=0),
}
SPENT = (
    names_of("groq", "remark", {"requests": 2, "tokens_in": 1_000_000, "tokens_out": 250_000})
    | names_of("groq", "hearing", {"requests": 1, "audio_s": 100.0})
    | names_of("voice", "remark", {"requests": 3, "characters": 20_000})
)


def news(process: ProcessName, days: dict[str, dict[str, float]], today: str = MONDAY) -> Spending:
    return Spending(process=process, today=today, days=days)


def test_a_ledgers_entries_are_read_by_service_and_purpose() -> None:
    assert lines_of(SPENT) == {
        LedgerLine("groq", "remark"): {"requests": 2, "tokens_in": 1_000_000, "tokens_out": 250_000},
        LedgerLine("groq", "hearing"): {"requests": 1, "audio_s": 100.0},
        LedgerLine("voice", "remark"): {"requests": 3, "characters": 20_000},
    }
    assert lines_of(SPENT, SPENT)[LedgerLine("voice", "remark")] == {"requests": 6, "characters": 40_000}


@pytest.mark.parametrize(
    "name",
    [
        "",
        "groq",
        "groq.remark",
        "groq.remark.yen",
        "groq.war.tokens_in",
        "ahead.tokens",
        "groq.remark.tokens_in.tokens_in",
        "remark shuttle/demo/event, camera x.remark.tokens_in",
        "..",
        ".remark.tokens_in",
    ],
)
def test_entries_of_another_form_are_left_alone(name: str) -> None:
    assert lines_of({name: 5.0}) == {}
    assert only_ours({name: 5.0}) == {}


def test_turns_are_counted_by_what_they_are_spoken_for() -> None:
    ledger = {name_of_turn("remark"): 2.0, name_of_turn("place"): 2.0, name_of_turn("answer"): 1.0}
    assert turns_of(ledger, ledger) == {"remark": 4, "answer": 2}
    assert only_ours(ledger) == ledger
    assert [purpose_of(priority) for priority in Priority] == [
        *("remark", "remark", "answer", "announcement", "announcement")
    ]


def test_what_has_a_price_costs_it() -> None:
    cost = cost_of(lines_of(SPENT), PRICES)
    assert cost.money == pytest.approx(1.0 + 1.0 + 0.01 + 1.0)
    assert cost.is_known
    assert str(cost) == "3.0100"


def test_what_has_no_price_is_unknown_and_never_nothing() -> None:
    only_voice = cost_of(lines_of(SPENT), {"voice": PRICES["voice"]})
    assert (only_voice.money, only_voice.unknown) == (1.0, ("groq",))
    assert str(only_voice) == "≥ 1.0000 + unknown"
    nothing = cost_of(lines_of(SPENT), {})
    assert str(nothing) == "unknown"
    # One price of two is not enough.
    half = cost_of(lines_of(SPENT), PRICES | {"groq": Prices(per_million_tokens_in=1.0)})
    assert half.unknown == ("groq",)


def test_nothing_asked_costs_nothing_and_a_price_of_zero_is_a_price() -> None:
    assert str(cost_of({}, {})) == "0.0000"
    free = cost_of(lines_of(names_of("free", "remark", {"characters": 9})), PRICES)
    assert (free.money, free.is_known) == (0.0, True)


@pytest.mark.parametrize(("tokens", "level"), [(0, 0), (799, 0), (800, 1), (999, 1), (1000, 2), (5000, 2)])
def test_near_is_four_fifths_and_reached_is_all(tokens: int, level: int) -> None:
    lines = lines_of(names_of("groq", "ahead", {"tokens_in": tokens, "tokens_out": 0}))
    assert level_of(shares(lines, CostSettings(tokens_per_day=1000), {})) == level


def test_the_fullest_ceiling_counts_and_without_one_nothing_is_near() -> None:
    lines = lines_of(SPENT)
    assert shares(lines, CostSettings(), PRICES) == {}
    assert level_of({}) == 0
    used = shares(
        lines, CostSettings(money_per_day=30.1, tokens_per_day=5_000_000, characters_per_day=20_000), PRICES
    )
    assert used == pytest.approx({"money": 0.1, "tokens": 0.25, "characters": 1.0})
    assert level_of(used) == 2


def test_a_ceiling_of_nothing_is_reached_before_anything_was_spent() -> None:
    assert level_of(shares({}, CostSettings(characters_per_day=0), {})) == 2


def test_all_processes_count_together_and_the_last_word_of_each_counts() -> None:
    books = Books()
    books.take(news("commentator", {MONDAY: names_of("groq", "remark", {"tokens_in": 10})}))
    books.take(news("speaker", {MONDAY: names_of("voice", "remark", {"characters": 5})}))
    books.take(news("speaker", {MONDAY: names_of("voice", "remark", {"characters": 7})}))
    assert books.spent(MONDAY) == {
        LedgerLine("groq", "remark"): {"tokens_in": 10},
        LedgerLine("voice", "remark"): {"characters": 7},
    }
    assert books.spent(TUESDAY) == {}
    assert books.dates == [MONDAY]


def test_what_was_spent_before_an_allowance_was_renewed_is_told_and_not_held_against_it() -> None:
    spent, renewed = (names_of("groq", "remark", {"tokens_in": tokens}) for tokens in (100, 60))
    books = Books()
    books.take(Spending(process="commentator", today=MONDAY, days={MONDAY: spent}, renewed=renewed))
    assert books.spent(MONDAY) == {LedgerLine("groq", "remark"): {"tokens_in": 100}}
    assert books.used(MONDAY) == {LedgerLine("groq", "remark"): {"tokens_in": 40}}


def test_who_may_pay_is_what_a_process_has_told() -> None:
    books = Books()
    assert not books.may_pay("speaker")
    books.take(Spending(process="speaker", today=MONDAY, days={}, services=("elevenlabs",)))
    assert books.may_pay("speaker")
    assert not books.may_pay("commentator")


def test_what_a_process_has_lost_is_unknown_for_that_day_alone() -> None:
    books = Books()
    books.take(Spending(process="speaker", today=MONDAY, days={}, used_up=True))
    assert books.is_unknown(MONDAY)
    assert not books.is_unknown(TUESDAY)


def report(prices: dict[str, Prices], ceiling: CostCeiling | None = None) -> CostReport:
    books = Books()
    turns = {name_of_turn("remark"): 4.0, name_of_turn("answer"): 1.0}
    ahead = names_of("groq", "ahead", {"tokens_in": 100, "tokens_out": 100})
    books.take(news("commentator", {MONDAY: SPENT | turns | ahead, TUESDAY: ahead}))
    return CostReport(books, prices, MONDAY, ceiling)


def test_the_report_has_today_each_turn_with_what_is_paid_for_its_sake_and_the_days() -> None:
    told = report(PRICES)
    assert told.title == f"{MONDAY}: 3.0105 in money"
    assert told.of_today() == [
        ["groq", "remark", "1000000", "250000", "-", "-", "2.0000"],
        ["groq", "ahead", "100", "100", "-", "-", "0.0005"],
        ["groq", "hearing", "-", "-", "-", "100", "0.0100"],
        ["voice", "remark", "-", "-", "20000", "-", "1.0000"],
    ]
    assert told.of_turns() == [
        ["remark", "4", "250025.0", "62525.0", "5000.0", "-", "0.7501"],
        ["answer", "1", "-", "-", "-", "100.0", "0.0100"],
    ]
    assert told.of_days() == [
        [TUESDAY, "100", "100", "-", "-", "0.0005"],
        [MONDAY, "1000100", "250100", "20000", "100", "3.0105"],
    ]


def test_the_report_says_unknown_and_which_service_has_no_price() -> None:
    told = report({"groq": GROQ}, CostCeiling(level=1, shares={"tokens": 0.85}))
    assert told.title == (
        f"{MONDAY}: ≥ 2.0105 + unknown in money (no price: voice)\nOf the day's ceilings: tokens 85%"
    )
    assert told.of_today()[-1][-1] == "unknown"
    assert told.of_turns()[0][-1] == "≥ 0.5001"
    found = json.loads(json.dumps(told.as_dict()))
    assert found["today"]["money"] == pytest.approx(2.0105)
    assert found["today"]["unknown"] == ["voice"]
    assert (found["ceiling_level"], found["ceilings"]) == (1, {"tokens": 0.85})
    assert [each["kind"] for each in found["per_turn"]] == ["remark", "answer"]
    assert [each["date"] for each in found["days"]] == [TUESDAY, MONDAY]
