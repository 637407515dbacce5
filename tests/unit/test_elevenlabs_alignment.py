"""The alignment decides what has been spoken: whole words only, whatever form it comes in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.clouds.elevenlabs_wire import speak
from bench.clouds.tones import decode, letters_of
from edge.speaker.script import ScriptClause
from edge.speaker.voices.base import Piece
from edge.speaker.voices.elevenlabs_alignment import AlignedSound, CharacterTimes, read_alignment

RATE = 1000
"""One sample a millisecond."""


def sound_of(*clauses: str, start: int = 0) -> AlignedSound:
    sound = AlignedSound(start, RATE)
    for clause in clauses:
        sound.expect(ScriptClause(start, clause))
        start += len(clause) + 1
    return sound


def voiced(ms: int) -> bytes:
    return b"\0\x10" * ms


def silence(ms: int) -> bytes:
    return bytes(2 * ms)


def aligned(chars: str, *, at_ms: int = 0, each_ms: int = 100) -> CharacterTimes:
    times = [(at_ms + each_ms * index, at_ms + each_ms * (index + 1)) for index in range(len(chars))]
    return CharacterTimes(list(chars), [(float(start), float(end)) for start, end in times])


def given_out(piece: Piece | None) -> tuple[int, int] | None:
    return None if piece is None else (len(piece.samples), piece.spoken_to)


def test_the_first_word_is_begun_early_the_others_only_when_they_are_whole() -> None:
    sound = sound_of("две собаки")
    assert given_out(sound.add(voiced(200), aligned("дв"))) == (200, 0)
    assert given_out(sound.add(voiced(400), aligned("е со"))) == (200, 3)
    assert given_out(sound.add(voiced(200), aligned("ба"))) is None
    assert not sound.complete
    assert given_out(sound.add(voiced(200), aligned("ки"))) == (600, 10)
    assert sound.complete


def test_a_word_is_not_whole_before_the_end_of_its_last_letter() -> None:
    sound = sound_of("да нет")
    assert given_out(sound.add(voiced(550), aligned("да нет"))) == (300, 2)
    assert not sound.complete
    assert given_out(sound.add(voiced(50), None)) == (300, 6)
    assert sound.complete


def test_what_follows_the_last_word_is_its_tail() -> None:
    sound = sound_of("да")
    sound.add(voiced(200), aligned("да"))
    assert given_out(sound.add(voiced(150), None)) == (150, 2)


def test_times_of_a_whole_generation_may_come_with_its_first_message() -> None:
    sound = sound_of("да нет")
    assert given_out(sound.add(voiced(150), aligned("да нет "))) == (150, 0)
    assert given_out(sound.add(voiced(200), None)) == (150, 2)
    assert given_out(sound.add(voiced(350), None)) == (400, 6)


@pytest.mark.parametrize(
    "chars", [" две  собаки", "Две собаки.", "«две» — собаки", "две\nсобаки", "двесобаки"]
)
def test_spaces_marks_and_case_do_not_matter(chars: str) -> None:
    sound = sound_of("две собаки")
    sound.add(voiced(100 * len(chars)), aligned(chars))
    assert sound.complete


def test_what_does_not_fit_the_text_is_held_until_the_service_has_finished() -> None:
    sound = sound_of("2 собаки справа")
    assert given_out(sound.add(voiced(900), aligned("два собак"))) is None
    assert sound.unaligned
    assert given_out(sound.add(voiced(900), aligned("и справа"))) is None
    assert sound.whole
    assert given_out(sound.rest()) == (1800, 15)


def test_without_alignment_a_flushed_clause_is_the_unit() -> None:
    sound = sound_of("две собаки", "и кошка")
    assert sound.add(voiced(500), None) is None
    assert given_out(sound.flushed(1)) == (500, 10)
    assert sound.add(voiced(300), None) is None
    assert given_out(sound.flushed(2)) == (300, 18)
    assert sound.complete


def test_a_lost_alignment_is_found_again_behind_a_flushed_clause() -> None:
    sound = sound_of("2 собаки", "и кошка")
    sound.add(voiced(500), aligned("двe"))
    sound.flushed(1)
    assert given_out(sound.add(voiced(700), aligned("и кошка"))) == (700, 16)


def test_a_finished_context_that_left_words_out_is_not_whole() -> None:
    sound = sound_of("две собаки")
    sound.add(voiced(400), aligned("две "))
    assert not sound.whole


def test_a_breath_behind_half_of_a_clause_is_not_its_other_half() -> None:
    sound = sound_of("две собаки", "и кошка")
    sound.add(voiced(460), aligned("две "))
    assert sound.flushed(1) is None
    assert not sound.whole


def test_a_word_that_nobody_could_hear_was_not_spoken() -> None:
    sound = sound_of("две собаки")
    assert given_out(sound.add(silence(500), aligned("две с"))) == (400, 0)
    assert not sound.silent
    sound.add(silence(500), aligned("обаки"))
    assert sound.silent


def test_a_voice_may_begin_with_a_silence() -> None:
    sound = sound_of("две собаки")
    sound.add(silence(300), None)
    assert given_out(sound.add(voiced(700), aligned("две собаки", at_ms=0, each_ms=70))) == (1000, 10)
    assert not sound.silent


def test_bytes_of_half_a_sample_wait_for_the_other_half() -> None:
    sound = sound_of("да")
    first = sound.add(b"\x01\x02\x03", aligned("д"))
    second = sound.add(b"\x04\x05\x06", aligned("а"))
    assert first is not None
    assert second is not None
    assert np.concatenate((first.samples, second.samples)).tobytes() == b"\x01\x02\x03\x04\x05\x06"


@pytest.mark.parametrize(
    "value",
    [None, [], "chars", {}, {"chars": None}, {"chars": []}, {"chars": [1, 2]}, {"charStartTimesMs": [0]}],
)
def test_an_unusable_alignment_is_none(value: Any) -> None:
    assert read_alignment(value) is None


@pytest.mark.parametrize("times", [None, [], [0], ["0", "1"], [0, float("nan")], {}])
def test_an_alignment_without_usable_times_still_tells_the_characters(times: Any) -> None:
    read = read_alignment({"chars": ["д", "а"], "charStartTimesMs": times, "charDurationsMs": [1, 1]})
    assert read == CharacterTimes(["д", "а"], None)
    sound = sound_of("да нет")
    assert given_out(sound.add(voiced(100), read)) == (100, 2)


WORDS = st.lists(st.text(alphabet="абвгдежзик", min_size=1, max_size=9), min_size=1, max_size=6)


@given(clauses=st.lists(WORDS, min_size=1, max_size=4), sync=st.booleans(), cut=st.integers(0, 60))
def test_wherever_the_sound_breaks_off_exactly_the_spoken_words_were_given_out(
    clauses: Sequence[Sequence[str]], sync: bool, cut: int
) -> None:
    rate = 8000
    sound = AlignedSound(0, rate)
    texts = [" ".join(words) + "," for words in clauses]
    script = " ".join(texts)
    messages = []
    position = 0
    for text in texts:
        sound.expect(ScriptClause(position, text))
        position += len(text) + 1
        messages += speak(text + " ", rate, 1.0, sync_alignment=sync)
    pieces = [
        piece
        for message in messages[:cut]
        if (piece := sound.add(message.samples.tobytes(), read_alignment(message.alignment)))
    ]
    spoken_to = pieces[-1].spoken_to if pieces else 0
    assert spoken_to == 0 or spoken_to == len(script) or script[spoken_to] == " "
    # What is left of a complete sound may be the pause behind the last letter.
    assert sound.complete or cut < len(messages)
    assert spoken_to == len(script) or not sound.complete
    if spoken_to:
        heard = decode(np.concatenate([piece.samples for piece in pieces]), rate)
        assert heard == letters_of(script[:spoken_to])
