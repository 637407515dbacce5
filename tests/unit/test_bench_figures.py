"""What the yardstick makes of its trials: floor, clocks, promises, and what was spent."""

from __future__ import annotations

import json

import pytest

from bench.figures import SystemFigures, as_data, figures_of
from bench.trial import Trial
from tests.support.measured import FLOOR_MS, measured, pool_trial, prototype_trial, stream_trial


def only(*trials: Trial, system: str = "stream", profile: str = "seed") -> SystemFigures:
    (found,) = figures_of(measured(profile, **{system: list(trials)})).systems
    return found


def test_a_live_turn_is_held_against_the_floor_of_its_own_reply() -> None:
    found = only(stream_trial(8.0), stream_trial(9.0), stream_trial(20.0))
    assert found.over_floor is not None
    assert (found.over_floor.median, found.over_floor.max) == (9.0, 20.0)


def test_a_hit_is_held_against_the_floor_of_the_run() -> None:
    pool = figures_of(measured()).systems[0]
    assert pool.over_floor is not None
    assert pool.over_floor.median == pytest.approx(9.5 - FLOOR_MS)


def test_the_floor_is_printed_as_it_was_and_as_the_profile_has_it() -> None:
    figures = figures_of(measured())
    assert figures.floor is not None
    assert (figures.floor.median, figures.floor_nominal_ms) == (FLOOR_MS, FLOOR_MS - 2.0)


def test_without_clouds_there_is_no_floor() -> None:
    figures = figures_of(measured("dead", pool=[pool_trial()]))
    assert (figures.floor, figures.floor_nominal_ms) == (None, None)
    assert figures.systems[0].over_floor is None


def test_what_failed_is_counted_told_and_paid_but_not_timed() -> None:
    found = only(stream_trial(9.0), Trial(failure="no turn came of it", spent=stream_trial().spent))
    assert found.first_sound is not None
    assert (found.first_sound.n, found.failures) == (1, ("no turn came of it",))
    assert found.spent.tokens == 200


@pytest.mark.parametrize(
    ("trials", "kept"),
    [
        ([stream_trial(15.0)] * 19 + [stream_trial(40.0)], True),
        ([stream_trial(16.0)] * 20, False),
        ([stream_trial(10.0)] * 18 + [stream_trial(41.0)] * 2, False),
    ],
)
def test_the_stream_promises_15_and_40_ms_over_the_floor(trials: list[Trial], kept: bool) -> None:
    assert only(*trials).met is kept


@pytest.mark.parametrize(("first_sound_ms", "kept"), [(15.0, True), (15.5, False)])
def test_a_hit_promises_15_ms(first_sound_ms: float, kept: bool) -> None:
    assert only(pool_trial(first_sound_ms), system="pool").met is kept


@pytest.mark.parametrize(
    ("over_ms", "opener_end_ms", "kept"),
    [
        (15.0, 300.0, True),  # the opener was over long before: the floor counts
        (30.0, 300.0, False),
        (120.0, FLOOR_MS, True),  # right behind it: the pause counts
        (140.0, FLOOR_MS, False),
    ],
)
def test_content_behind_an_opener_may_wait_for_its_end(
    over_ms: float, opener_end_ms: float, kept: bool
) -> None:
    assert only(stream_trial(over_ms, opener_end_ms=opener_end_ms), system="opener").met is kept


def test_an_opener_that_was_not_played_misses_the_first_sound() -> None:
    assert only(stream_trial(5.0), system="opener").met is False


def test_nothing_is_promised_for_prototypes_or_other_weather() -> None:
    assert only(prototype_trial(), system="seed_v1").met is None
    assert only(stream_trial(5.0), profile="lossy").met is None


def test_the_data_is_json_with_both_clocks_of_each_trial() -> None:
    run = measured()
    data = json.loads(json.dumps(as_data(run, figures_of(run))))
    opener = data["systems"]["opener"]
    assert opener["each_first_sound_ms"] == [9.0] * 3
    assert opener["each_first_content_ms"] == [FLOOR_MS + 40.0] * 3
    assert (opener["openers"], opener["characters"]) == (3, 180)
    assert data["filled_ahead"]["pool"] == {"entries": 12, "tokens": 900, "characters": 400}
