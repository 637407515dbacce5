"""Every voice is brought to one level, without a jump and without pumping."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.cli.guide_voices import SENTENCES
from edge.config import Espeak
from edge.messages import Language
from edge.sound.samples import from_int16
from edge.speaker.k_weighting import frame_energies, lufs
from edge.speaker.loudness import MAX_GAIN_DB, SLEW_DB_PER_S, TARGET_LUFS, KnownLevel, VoiceLevel
from edge.speaker.voices.espeak import EspeakVoice
from tests.support.speaking import script_of, speak

needs_espeak = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")

RATE = 24_000


def speech(seconds: float, level_dbfs: float, seed: int = 1) -> NDArray[np.float32]:
    """Noise in syllables of 200 ms with pauses of 100 ms; ``level_dbfs`` is that of the syllables."""
    wave = np.random.default_rng(seed).standard_normal(round(seconds * RATE)) * 10 ** (level_dbfs / 20)
    wave[np.arange(len(wave)) % (RATE * 3 // 10) >= RATE // 5] *= 0.001
    return wave.astype(np.float32)


def loudness(*sounds: NDArray[np.float32], rate: int = RATE) -> float:
    """Integrated, in LUFS, as another program measures it."""
    import pyloudnorm  # brings scipy, which each worker would load to collect this file

    return float(pyloudnorm.Meter(rate).integrated_loudness(np.concatenate(sounds).astype(np.float64)))


def gains_db(sound: NDArray[np.float32], levelled: NDArray[np.float32]) -> NDArray[np.float64]:
    loud = np.abs(sound) > 1e-4
    gains: NDArray[np.float64] = 20 * np.log10(np.abs(levelled[loud].astype(float) / sound[loud]))
    return gains


@pytest.mark.parametrize("rate", [16_000, 22_050, 24_000, 48_000])
@pytest.mark.parametrize("frequency", [60, 200, 997, 3000, 7000])
def test_the_weighting_is_that_of_the_standard(frequency: int, rate: int) -> None:
    tone = (0.1 * np.sin(2 * np.pi * frequency * np.arange(5 * rate) / rate)).astype(np.float32)
    assert lufs(frame_energies(tone, rate).mean()) == pytest.approx(loudness(tone, rate=rate), abs=0.2)


@pytest.mark.parametrize("level", [-32.0, -26.0, -20.0, -12.0])
def test_voices_of_different_level_end_up_alike(level: float) -> None:
    voice = VoiceLevel()
    said = [voice.apply(speech(1.5, level, seed=at), RATE, opening=at in (0, 4)) for at in range(8)]
    assert loudness(*said[4:]) == pytest.approx(TARGET_LUFS, abs=1.0)


@needs_espeak
@pytest.mark.parametrize("amplitude", [30, 100, 180])
@pytest.mark.parametrize("language", ["ru", "en", "id"])
async def test_a_real_voice_is_as_loud_as_any_other(language: Language, amplitude: int) -> None:
    spoken = await speak(EspeakVoice(Espeak()), script_of(SENTENCES[language]), language=language)
    pieces = [from_int16(piece.samples) * np.float32(amplitude / 100) for piece in spoken.pieces]
    voice = VoiceLevel()
    for turn in range(2):  # as it is known from before
        said = [voice.apply(piece, spoken.sample_rate, opening=not at) for at, piece in enumerate(pieces)]
        if turn == 0:
            # Within its first sentences already, apart from its first words.
            assert loudness(*said[len(said) // 3 :], rate=spoken.sample_rate) == pytest.approx(
                TARGET_LUFS, abs=2.0
            )
    assert loudness(*said, rate=spoken.sample_rate) == pytest.approx(TARGET_LUFS, abs=1.0)


def test_the_gain_of_a_known_voice_stands_still_within_its_speech() -> None:
    voice = VoiceLevel()
    for index in range(8):
        voice.apply(speech(1.5, -28.0, seed=index), RATE, opening=index == 0)
    said = [speech(0.3, level, seed=20 + at) for at, level in enumerate((-28.0, -22.0, -34.0, -28.0))]
    gains = [gains_db(each, voice.apply(each, RATE, opening=not at)) for at, each in enumerate(said)]
    assert np.ptp(np.concatenate(gains)) < 0.01


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
    said = [speech(1.5, -28.0, seed=index) for index in range(6)]
    for index, each in enumerate(said):
        voice.apply(each, RATE, opening=index == 0)
    sound = speech(0.05, -28.0)
    gain_db = gains_db(sound, voice.apply(sound, RATE, opening=True)).mean()
    assert gain_db == pytest.approx(TARGET_LUFS - loudness(*said), abs=0.5)


def test_a_voice_that_was_known_as_far_louder_is_learned_anew() -> None:
    voice = VoiceLevel(KnownLevel(lufs=-3.0, heard_s=5.0))
    said = [voice.apply(speech(1.5, -26.0, seed=at), RATE, opening=at == 16) for at in range(20)]
    assert loudness(*said[16:]) == pytest.approx(TARGET_LUFS, abs=1.0)


def test_a_voice_exchanged_for_a_far_quieter_one_under_its_name_is_learned_within_seconds() -> None:
    voice = VoiceLevel(KnownLevel(lufs=-15.0, heard_s=30.0))
    said = [voice.apply(speech(1.5, -32.0, seed=at), RATE, opening=at == 8) for at in range(12)]
    assert loudness(*said[8:]) == pytest.approx(TARGET_LUFS, abs=1.0)


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
