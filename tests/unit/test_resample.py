"""Rate conversion loses nothing, starts promptly and does not care how the sound is cut into pieces."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.sound.resample import Resampler

RATES = [8_000, 16_000, 22_050, 24_000, 44_100, 96_000]


@pytest.mark.parametrize("rate", RATES)
def test_everything_comes_out_after_the_flush(rate: int) -> None:
    resampler = Resampler(rate, 48_000)
    given_ = [resampler.push(np.ones(rate // 50, np.float32)) for _ in range(25)]
    given_.append(resampler.flush())
    total = sum(len(part) for part in given_)
    assert abs(total - 24_000) <= 2
    assert resampler.position == pytest.approx(24_000, abs=2)
    assert resampler.pending <= 2


@pytest.mark.parametrize("rate", RATES[1:])
def test_the_first_samples_come_out_of_the_first_20_ms(rate: int) -> None:
    resampler = Resampler(rate, 48_000)
    assert len(resampler.push(np.ones(rate // 50, np.float32)))
    for _ in range(20):
        resampler.push(np.ones(rate // 100, np.float32))
        assert resampler.pending <= 0.031 * 48_000


def test_equal_rates_pass_through_at_once() -> None:
    resampler = Resampler(48_000, 48_000)
    sound = np.arange(10, dtype=np.float32)
    assert np.array_equal(resampler.push(sound), sound)
    assert len(resampler.flush()) == 0


@settings(max_examples=25)
@given(rate=st.sampled_from(RATES), cuts=st.lists(st.integers(1, 3000), min_size=1, max_size=20))
def test_the_pieces_do_not_matter(rate: int, cuts: list[int]) -> None:
    sound = np.random.default_rng(0).standard_normal(sum(cuts)).astype(np.float32)
    whole, cut = Resampler(rate, 48_000), Resampler(rate, 48_000)
    expected = np.concatenate([whole.push(sound), whole.flush()])
    parts = [cut.push(part) for part in np.split(sound, np.cumsum(cuts)[:-1])]
    actual = np.concatenate([*parts, cut.flush()])
    common = min(len(expected), len(actual))
    assert abs(len(expected) - len(actual)) <= 1
    assert np.allclose(expected[:common], actual[:common], atol=1e-3)
