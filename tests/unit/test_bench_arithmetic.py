"""What the figures are computed from: the streaming floor and the percentiles."""

from __future__ import annotations

import pytest

from bench.cloud_log import Given
from bench.clouds import PROFILES
from bench.floor import clause_ms, first_clause, floor_of
from bench.statistics import nearest_rank, summarize


@pytest.mark.parametrize(
    ("reply", "clause"),
    [
        ("Ой, смотрите! Две собаки справа.", "Ой, смотрите!"),
        ("Гав! И ещё раз.", "Гав!"),
        ("А вот и велосипедист: обгоняет нас.", "А вот и велосипедист:"),
        ("без единого знака", "без единого знака"),
    ],
)
def test_the_first_clause_is_the_least_that_a_voice_can_be_given(reply: str, clause: str) -> None:
    assert first_clause(reply) == clause


def test_the_clause_takes_the_time_between_its_first_and_last_token() -> None:
    # "Ой", ",", " смот", "рите", "!"
    assert clause_ms("Ой, смотрите! Две собаки.", PROFILES["seed"]) == pytest.approx(4 * 4)


def test_the_floor_is_first_token_clause_and_first_byte() -> None:
    # "Ой", ",", " смот", "рите", "!": the first token was late, the last one of the clause was not.
    tokens = (10.123, 10.124, 10.128, 10.132, 10.137, 10.140)
    reply = Given("Ой, смотрите! Две.", 10.0, tokens[0], tokens)
    sound = Given("Ой, смотрите!", 10.138, 10.215)
    floor = floor_of(PROFILES["fast"], reply, sound)
    assert floor.nominal_ms == pytest.approx(120 + 16 + 75)
    assert floor.observed_ms == pytest.approx(137 + 77)


def test_the_floor_of_a_reply_that_comes_as_a_whole_has_the_profile_s_pace() -> None:
    reply, sound = Given("Ой, смотрите! Две.", 10.0, 10.121), Given("Ой, смотрите!", 10.2, 10.277)
    assert floor_of(PROFILES["fast"], reply, sound).observed_ms == pytest.approx(121 + 16 + 77)


def test_percentiles_are_samples() -> None:
    ranked = [float(value) for value in range(1, 101)]
    assert (nearest_rank(ranked, 95), nearest_rank(ranked, 99), nearest_rank([7.0], 95)) == (95.0, 99.0, 7.0)


def test_few_samples_have_their_maximum_as_high_percentile() -> None:
    summary = summarize([3.0, 1.0, 2.0])
    assert summary is not None
    assert (summary.n, summary.median, summary.p95, summary.p99, summary.max) == (3, 2.0, 3.0, 3.0, 3.0)
    assert summarize([]) is None
