"""What is worth writing ahead, what it may cost, when it may be done, and what of it is taken."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.clock import Moment
from edge.commentator.gate import Gate
from edge.commentator.pool.cost import WritingCost
from edge.commentator.pool.likely import HALF_LIFE_S, MAX_PATTERNS, Likely, Met, count_held
from edge.commentator.pool.memory import FILE_NAME, PoolMemory, read_memory, write_memory
from edge.commentator.pool.reply import remarks_of
from edge.commentator.pool.variety import normalised
from edge.commentator.pool.vetting import LONGEST_CHARS, vet
from edge.config import Ahead
from edge.messages import CountClass, Language, Pattern, Side, Sighting
from edge.spending.ledger import DayLedger

NOON, NOW = 12, 1_795_000_000.0
DAY_S = 86_400.0
TODAY = Moment(0.0, NOW, "2026-11-20", NOON)


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


def test_no_restart_and_no_clock_makes_it_forget() -> None:
    likely = Likely([])
    met(likely, "dog", 50)
    for boot in range(100):  # each begins its monotonic clock anew
        likely = Likely([], msgspec.json.decode(msgspec.json.encode(likely.kept()), type=Met))
        likely.wanted({}, 7.0 * boot, NOON)
        likely.wanted({}, 7.0 * boot + 300.0, NOON)
    assert likely.kept().patterns == [(pattern("dog"), 50.0)]


def test_what_an_older_release_had_met_is_known() -> None:
    old = b'{"at": 1795000000.0, "patterns": [[{"label": "dog", "count": "one"}, 5.0]], "hours": {}}'
    assert Likely([], msgspec.json.decode(old, type=Met)).wanted({}, 0.0, NOON)[0] == pattern("dog")


def test_what_was_met_survives_a_restart_and_is_bounded() -> None:
    likely = Likely([])
    for number in range(MAX_PATTERNS + 50):
        met(likely, f"thing {number}")
    met(likely, "dog", 5)
    kept = msgspec.json.decode(msgspec.json.encode(likely.kept()), type=Met)
    assert len(kept.patterns) == MAX_PATTERNS
    assert len(kept.hours) <= MAX_PATTERNS
    assert Likely([], kept).wanted({}, NOW, NOON)[0] == pattern("dog")


# --- what it may cost ---


def costing() -> tuple[WritingCost, DayLedger]:
    ledger = DayLedger()
    return WritingCost(Ahead(requests_per_day=3, tokens_per_day=2000), ledger), ledger


@pytest.mark.parametrize(
    ("requests", "tokens", "what"),
    [(3, 2, "3 requests"), (1, 1100, None), (1, 1101, "2000 tokens")],
)
def test_a_day_has_its_limits_and_what_the_next_request_will_need_counts_already(
    requests: int, tokens: int, what: str | None
) -> None:
    cost, ledger = costing()
    for _ in range(requests):
        assert cost.used_up(TODAY) is None
        ledger.spend(TODAY, cost.of(tokens))
    assert cost.used_up(TODAY) == what
    assert cost.used_up(TODAY._replace(date="2026-11-21")) is None


def test_what_was_spent_is_told_to_people() -> None:
    cost, ledger = costing()
    for tokens in (1550, 1):
        ledger.spend(TODAY, cost.of(tokens))
    assert cost.fact(TODAY) == "2 requests, 1551 tokens"


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
    gate = Gate(frozenset({"слово"}))
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
    vetted = vet([text], pattern("dog", "several"), language, Gate(frozenset()), [])
    assert (vetted.good, list(vetted.refused)) == ((), ["its language"])


def test_what_was_heard_is_not_written_again() -> None:
    heard = [normalised("Собаки знают, где раздают тут завтраки!")]
    again = ["Собаки знают, где тут раздают завтраки."]
    assert vet(again, pattern("dog", "several"), "ru", Gate(frozenset()), heard).good == ()


# --- what is kept ---


def test_the_memory_survives_and_a_damaged_one_is_begun_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = str(tmp_path / "state")
    assert read_memory(folder) == PoolMemory()
    kept = PoolMemory(heard=["хвост трубой"])
    write_memory(folder, msgspec.json.encode(kept))
    assert read_memory(folder) == kept
    (tmp_path / "state" / FILE_NAME).write_text("{")
    assert read_memory(folder) == PoolMemory()
    assert "what was met and heard is forgotten" in caplog.text


def test_what_an_older_release_kept_is_read(tmp_path: Path) -> None:
    old = b'{"heard": ["a"], "spent": {"2026-11-20": {"requests": 2}}, "paid_turns": {"answer": {}}}'
    write_memory(str(tmp_path), old)
    assert read_memory(str(tmp_path)) == PoolMemory(heard=["a"])
