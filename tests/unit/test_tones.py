"""What an emulated voice says can be read back from a recording, letter by letter."""

from __future__ import annotations

import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.clouds.tones import ALPHABET, CELL_MS, decode, find_gaps, hear, letters_of, synthesize

RATES = (16000, 22050, 24000, 44100)
texts = st.text(alphabet=ALPHABET + ALPHABET.upper() + "  ,.!?—«»…-", max_size=60)
property_test = settings(max_examples=40)


@property_test
@given(text=texts, rate=st.sampled_from(RATES), speed=st.sampled_from((0.7, 1.0, 1.2)))
def test_every_letter_is_read_back(text: str, rate: int, speed: float) -> None:
    assert decode(synthesize(text, rate, speed), rate) == letters_of(text)


@property_test
@given(text=texts, rate=st.sampled_from(RATES), gain=st.sampled_from((0.05, 0.3, 1.0)))
def test_resampling_and_gain_change_nothing(text: str, rate: int, gain: float) -> None:
    resampled = soxr.resample(synthesize(text, rate), rate, 48000)
    heard = (resampled * gain).astype(np.int16)
    assert decode(heard, 48000) == letters_of(text)
    assert find_gaps(heard, 48000) == []


@property_test
@given(turns=st.lists(texts, max_size=4), silence_s=st.floats(0.1, 1.5))
def test_turns_are_read_in_order_through_the_silence_between_them(turns: list[str], silence_s: float) -> None:
    silence = np.zeros(round(silence_s * 24000), dtype=np.int16)
    recording = [silence]
    for turn in turns:
        recording += [synthesize(turn, 24000), silence]
    assert decode(np.concatenate(recording), 24000) == letters_of(" ".join(turns))


def test_a_ducked_part_is_still_heard() -> None:
    speech = synthesize("внимание остановка", 24000).astype(np.float64) / 32768
    speech[len(speech) // 2 :] *= 0.1
    assert decode(speech, 24000) == "внимание остановка"


def test_letters_know_when_they_were_said() -> None:
    letters = hear(synthesize("ab c", 24000), 24000)
    assert [letter.letter for letter in letters] == list("abc")
    assert [round(letter.start_s * 1000 / CELL_MS) for letter in letters] == [0, 1, 3]


def test_case_is_ignored_and_unknown_letters_are_said_as_their_base_or_not_at_all() -> None:
    assert letters_of("Ёлка Йога CAFÉ №7 日本 2026!") == "ёлка йога cafe n7 2026"
    text = "Ёлка Йога CAFÉ №7 日本 2026!"
    assert decode(synthesize(text, 24000), 24000) == letters_of(text)


@pytest.mark.parametrize("hole_ms", [20, 35, 100])
def test_a_hole_is_found(hole_ms: int) -> None:
    speech = synthesize("две собаки справа", 24000)
    cut_at = round(5.9 * CELL_MS / 1000 * 24000)
    hole = np.zeros(hole_ms * 24, dtype=np.int16)
    gaps = find_gaps(np.concatenate([speech[:cut_at], hole, speech[cut_at:]]), 24000)
    assert len(gaps) == 1
    assert gaps[0].excess_ms % CELL_MS == pytest.approx(hole_ms % CELL_MS, abs=3)


def test_a_lost_piece_is_found() -> None:
    speech = synthesize("две собаки справа", 24000)
    lost = np.concatenate([speech[:8000], speech[8700:]])
    assert decode(lost, 24000) != "две собаки справа"
    assert find_gaps(lost, 24000)


def test_silence_says_nothing() -> None:
    assert decode(np.zeros(48000, dtype=np.int16), 48000) == ""
    assert decode(np.zeros(0, dtype=np.int16), 48000) == ""


def test_other_sounds_are_not_taken_for_letters() -> None:
    seconds = np.arange(2400) / 24000
    noise = np.random.default_rng(1).uniform(-0.5, 0.5, 2400)
    assert decode(np.sin(2 * np.pi * 800 * seconds) * 0.5, 24000) == "?"
    assert decode(noise, 24000) == "?"
    two_voices = synthesize("ааа", 24000) // 2 + synthesize("9bc", 24000) // 2
    assert decode(two_voices, 24000) == "???"


def test_stereo_is_refused_with_a_reason() -> None:
    with pytest.raises(ValueError, match="mono"):
        decode(np.zeros((100, 2), dtype=np.int16), 24000)
