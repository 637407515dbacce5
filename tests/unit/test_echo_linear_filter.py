"""The echo goes, all of the passenger stays."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.listener.echo.canceller import BLOCK_SAMPLES
from edge.listener.echo.linear_filter import LinearFilter
from edge.listener.segment import SAMPLE_RATE

DELAY = 1600
Sound = NDArray[np.int16]


def noise(seconds: float, seed: int, peak: int = 8000) -> Sound:
    return np.random.default_rng(seed).integers(-peak, peak, round(seconds * SAMPLE_RATE)).astype(np.int16)


def echo_of(played: Sound, delay: int = DELAY) -> Sound:
    """Comes ``delay`` samples later, with reflections for 60 ms."""
    random = np.random.default_rng(3)
    response = np.zeros(delay + 960)
    response[delay] = 0.5
    response[delay:] += 0.05 * random.standard_normal(960) * np.exp(-np.arange(960) / 300)
    return np.rint(np.convolve(played, response)[: len(played)]).astype(np.int16)


def left_by(model: LinearFilter, captured: Sound, played: Sound, delay: int | None = DELAY) -> Sound:
    blocks = range(0, len(played), BLOCK_SAMPLES)
    return np.concatenate(
        [model.cancel(captured[a : a + BLOCK_SAMPLES], played[a : a + BLOCK_SAMPLES], delay) for a in blocks]
    )


def level_db(sound: Sound) -> float:
    return 10 * float(np.log10(np.mean(np.square(sound.astype(np.float64))) + 1e-9))


def test_the_echo_goes_down_by_20_db_within_two_seconds() -> None:
    played = noise(3.0, 1)
    echo = echo_of(played)
    left = left_by(LinearFilter(), echo, played)
    assert level_db(left[-SAMPLE_RATE:]) < level_db(echo[-SAMPLE_RATE:]) - 20


@pytest.mark.parametrize("gain", [0.5, 1.0, 2.0])
def test_all_of_a_passenger_who_speaks_over_it_is_left(gain: float) -> None:
    played = noise(4.0, 1)
    said = np.zeros_like(played)
    said[-SAMPLE_RATE:] = noise(1.0, 2, round(4000 * gain))
    left = left_by(LinearFilter(), echo_of(played) + said, played)
    wrong = (left.astype(np.int32) - said)[-SAMPLE_RATE:]
    assert level_db(wrong) < level_db(said[-SAMPLE_RATE:]) - 10


def test_as_long_as_the_delay_is_unknown_all_is_left() -> None:
    played = noise(0.5, 1)
    assert np.array_equal(left_by(LinearFilter(), echo_of(played), played, None), echo_of(played))


def test_an_echo_at_another_place_is_learned_anew() -> None:
    model, played = LinearFilter(), noise(3.0, 1)
    left_by(model, echo_of(played), played)
    later = echo_of(played, 3 * DELAY)
    left = left_by(model, later, played, 3 * DELAY)
    assert level_db(left[-SAMPLE_RATE:]) < level_db(later[-SAMPLE_RATE:]) - 20


def test_silence_is_left_as_it_is() -> None:
    played, said = np.zeros(SAMPLE_RATE, np.int16), noise(1.0, 2)
    assert np.array_equal(left_by(LinearFilter(), said, played), said)
