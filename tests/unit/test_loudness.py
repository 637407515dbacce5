"""Every voice is brought to one level, without a jump and without pumping."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.speaker.loudness import MAX_GAIN_DB, SLEW_DB_PER_S, TARGET_DBFS, VoiceLevel

RATE = 24_000


def speech(seconds: float, level_dbfs: float, seed: int = 1) -> NDArray[np.float32]:
    """Noise in syllables of 200 ms with pauses of 100 ms; ``level_dbfs`` is that of the syllables."""
    wave = np.random.default_rng(seed).standard_normal(round(seconds * RATE)) * 10 ** (level_dbfs / 20)
    wave[np.arange(len(wave)) % (RATE * 3 // 10) >= RATE // 5] *= 0.001
    return wave.astype(np.float32)


def level_dbfs(sound: NDArray[np.float32]) -> float:
    frames = np.square(sound[: len(sound) // 240 * 240].reshape(-1, 240)).mean(axis=1)
    return float(10 * np.log10(frames[frames > frames.max() / 30].mean()))


def gains_db(sound: NDArray[np.float32], levelled: NDArray[np.float32]) -> NDArray[np.float64]:
    loud = np.abs(sound) > 1e-4
    gains: NDArray[np.float64] = 20 * np.log10(np.abs(levelled[loud].astype(float) / sound[loud]))
    return gains


@pytest.mark.parametrize("level", [-30.0, -26.0, -20.0, -12.0])
def test_voices_of_different_level_end_up_alike(level: float) -> None:
    voice = VoiceLevel()
    for index in range(6):
        levelled = voice.apply(speech(1.5, level, seed=index), RATE, opening=index == 0)
    assert level_dbfs(levelled) == pytest.approx(TARGET_DBFS, abs=1.0)


def test_the_gain_is_bounded() -> None:
    voice = VoiceLevel()
    for index in range(8):
        sound = speech(1.5, -45.0, seed=index)
        levelled = voice.apply(sound, RATE, opening=index == 0)
    assert gains_db(sound, levelled).max() <= MAX_GAIN_DB + 0.01


def test_within_speech_the_gain_never_moves_faster_than_it_may() -> None:
    voice = VoiceLevel()
    before = None
    for index, level in enumerate((-20.0, -32.0, -10.0, -25.0)):
        sound = speech(0.5, level, seed=index)
        gains = gains_db(sound, voice.apply(sound, RATE, opening=index == 0))
        if before is not None:
            assert abs(gains[0] - before) < 0.1
        assert abs(gains[-1] - gains[0]) <= SLEW_DB_PER_S * 0.5 + 0.1
        before = gains[-1]


def test_a_first_short_piece_of_an_unknown_voice_is_hardly_changed() -> None:
    sound = speech(0.05, -32.0)
    assert gains_db(sound, VoiceLevel().apply(sound, RATE, opening=True)).max() < 2.0


def test_a_voice_that_is_known_starts_its_next_turn_at_its_gain() -> None:
    voice = VoiceLevel()
    for index in range(6):
        voice.apply(speech(1.5, -28.0, seed=index), RATE, opening=index == 0)
    sound = speech(0.05, -28.0)
    assert gains_db(sound, voice.apply(sound, RATE, opening=True)).mean() == pytest.approx(8.0, abs=1.0)


def test_pauses_do_not_count() -> None:
    voice = VoiceLevel()
    for index in range(4):
        voice.apply(speech(1.5, -20.0, seed=index), RATE, opening=index == 0)
    sound = speech(0.5, -20.0)
    known = gains_db(sound, voice.apply(sound, RATE, opening=False)).mean()
    voice.apply(np.zeros(RATE * 5, np.float32), RATE, opening=False)
    after = gains_db(sound, voice.apply(sound, RATE, opening=False)).mean()
    assert after == pytest.approx(known, abs=0.2)


def test_nothing_in_is_nothing_out() -> None:
    assert VoiceLevel().apply(np.zeros(0, np.float32), RATE, opening=True).shape == (0,)
