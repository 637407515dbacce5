"""Gains move without a click, tracks end where they should, and nothing is louder than the cap."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge.speaker.mixer import Mixer, Ramp, Strip

RATE = 48_000
BLOCK = 480


def constant(seconds: float, value: float = 1.0) -> NDArray[np.float32]:
    return np.full(round(seconds * RATE), value, np.float32)


def in_blocks(strip: Strip | Ramp, sound: NDArray[np.float32]) -> NDArray[np.float32]:
    sound = sound.copy()
    for at in range(0, len(sound), BLOCK):
        strip.apply(sound[at : at + BLOCK])
    return sound


def make_strip(*, ignores_mute: bool = False, muted: bool = False) -> Strip:
    return Strip(RATE, ignores_mute=ignores_mute, muted=muted)


def make_mixer(volume: float = 1.0, cap_dbfs: float = -1.0) -> Mixer:
    return Mixer(RATE, volume, cap_dbfs)


def test_a_fade_ends_in_silence_at_its_time_and_never_jumps() -> None:
    strip = make_strip()
    strip.fade_out(0.06)
    faded = in_blocks(strip, constant(0.1))
    assert np.all(faded[round(0.06 * RATE) :] == 0)
    assert faded[round(0.03 * RATE)] == pytest.approx(0.5, abs=0.01)
    assert np.abs(np.diff(faded)).max() < 0.001
    assert strip.faded_out


def test_ducking_is_quick_down_and_slow_up() -> None:
    strip = make_strip()
    strip.duck(True)
    down = in_blocks(strip, constant(0.04))
    assert 20 * np.log10(down[-1]) == pytest.approx(-14, abs=0.01)
    strip.duck(False)
    up = in_blocks(strip, constant(0.15))
    assert up[round(0.04 * RATE)] < 0.5
    assert up[-1] == pytest.approx(1.0)


def test_a_gain_that_is_sent_back_half_way_turns_without_a_jump() -> None:
    strip = make_strip()
    strip.duck(True)
    down = in_blocks(strip, constant(0.02))
    strip.duck(False)
    up = in_blocks(strip, constant(0.2))
    assert abs(up[0] - down[-1]) < 0.001
    assert up[-1] == 1.0


def test_asking_again_for_the_same_gain_does_not_start_over() -> None:
    asked_once, asked_often = make_strip(), make_strip()
    asked_once.mute(True)
    sound = constant(0.05)
    for at in range(0, len(sound), BLOCK):
        asked_often.mute(True)
        asked_often.apply(sound[at : at + BLOCK])
    assert np.array_equal(sound, in_blocks(asked_once, constant(0.05)))


def test_mute_silences_a_track_but_not_one_that_ignores_it() -> None:
    ordinary, safety = make_strip(), make_strip(ignores_mute=True)
    ordinary.mute(True)
    safety.mute(True)
    assert in_blocks(ordinary, constant(0.05))[-1] == 0
    assert np.array_equal(in_blocks(safety, constant(0.05)), constant(0.05))


def test_a_track_made_while_muted_is_silent_from_its_first_sample() -> None:
    assert not in_blocks(make_strip(muted=True), constant(0.01)).any()


def test_the_volume_is_a_factor_and_changes_smoothly() -> None:
    mixer = make_mixer(volume=0.8)
    block = constant(0.01, 0.5)
    mixer.finish(block)
    assert block == pytest.approx(constant(0.01, 0.4))
    mixer.volume = 0.2
    mixed = constant(0.05, 0.5)
    mixer.finish(mixed)
    assert mixed[-1] == pytest.approx(0.1)
    assert np.abs(np.diff(mixed)).max() < 0.001


def test_in_silence_a_new_volume_holds_at_once() -> None:
    mixer = make_mixer(volume=1.0)
    mixer.volume = 0.1
    mixer.rest()
    block = constant(0.01, 0.5)
    mixer.finish(block)
    assert block[0] == pytest.approx(0.05)


@settings(max_examples=50)
@given(
    seed=st.integers(0, 2**32 - 1),
    peak=st.floats(0.0, 20.0),
    cap_dbfs=st.floats(-40.0, 0.0),
    block=st.integers(1, 2000),
)
def test_no_sample_ever_exceeds_the_cap(seed: int, peak: float, cap_dbfs: float, block: int) -> None:
    mixer = make_mixer(cap_dbfs=cap_dbfs)
    sound = np.random.default_rng(seed).uniform(-peak, peak, 6000).astype(np.float32)
    for at in range(0, len(sound), block):
        mixer.finish(sound[at : at + block])
    assert np.abs(sound).max() <= np.float32(10 ** (cap_dbfs / 20))


def test_what_stays_below_the_cap_is_not_touched() -> None:
    mixer = make_mixer()
    sound = np.random.default_rng(1).uniform(-0.85, 0.85, 4800).astype(np.float32)
    mixed = sound.copy()
    mixer.finish(mixed)
    assert np.array_equal(mixed, sound)


def test_the_limiter_turns_a_loud_tone_down_instead_of_clipping_it() -> None:
    mixer = make_mixer(cap_dbfs=-6.0)
    tone = np.sin(2 * np.pi * 300 * np.arange(RATE // 2) / RATE).astype(np.float32)
    mixed = tone.copy()
    for at in range(0, len(mixed), BLOCK):
        mixer.finish(mixed[at : at + BLOCK])
    settled = mixed[RATE // 4 :]
    spectrum = np.abs(np.fft.rfft(settled * np.hanning(len(settled))))
    fundamental = spectrum[70:80].max()
    harmonics = np.delete(spectrum, slice(60, 90)).max()
    assert 20 * np.log10(harmonics / fundamental) < -30


def test_after_a_peak_the_gain_comes_back() -> None:
    mixer = make_mixer(cap_dbfs=-6.0)
    sound = constant(0.5, 0.3)
    sound[100] = 1.0
    mixer.finish(sound)
    assert sound[101] < 0.3
    assert sound[-1] == pytest.approx(0.3)
    assert np.all(np.diff(sound[101:]) >= 0)


def test_what_ignores_mute_is_not_silenced_by_the_volume_either() -> None:
    mixer = make_mixer(volume=0.0)
    mixer.rest()
    block = np.full(RATE // 5, 0.5, np.float32)
    mixer.finish(block, urgent=True)
    assert block[-1] > 0.2
    mixer.finish(block, urgent=False)
    assert block[-1] == 0.0
