"""Where words begin in a stretch of sound: as told, else by their share of it."""

from __future__ import annotations

import numpy as np

from edge.speaker.script import WordBegin
from edge.speaker.word_begins import Span, audible_span, longest_pauses, word_begins, word_ends

TEXT = "раз два три"
WORDS = [Span(0, 3), Span(4, 7), Span(8, 11)]


def sound(*, silent: int = 0, loud: int = 1100) -> np.ndarray:
    return np.concatenate([np.zeros(silent, np.int16), np.full(loud, 9000, np.int16)])


def test_a_voice_that_tells_all_is_believed() -> None:
    told = {0: 7, 4: 500, 8: 900}
    found = word_begins(sound(), Span(0, 11), WORDS, told)
    assert found == [WordBegin(7, 0, 3), WordBegin(500, 4, 7), WordBegin(900, 8, 11)]


def test_a_voice_that_tells_nothing_is_estimated_by_characters_from_its_first_sound_on() -> None:
    found = word_begins(sound(silent=300), Span(0, 11), WORDS, {})
    assert [word.position for word in found] == [300, 700, 1100]
    assert all(word.estimated for word in found)


def test_what_is_told_of_some_words_bounds_the_others() -> None:
    found = word_begins(sound(), Span(0, 11), WORDS, {8: 1000})
    assert [(word.position, word.estimated) for word in found] == [(0, True), (500, True), (1000, False)]


def test_words_that_begin_before_their_text_is_known_to_be_spoken_lie_in_the_sound() -> None:
    for length in (0, 1, 5):
        found = word_begins(sound(loud=length), Span(4, 4), [Span(4, 7)], {})
        assert 0 <= found[0].position <= max(0, length - 1)


def test_silence_has_no_audible_span() -> None:
    assert audible_span(np.zeros(100, np.int16)) == (0, 0)
    assert audible_span(np.full(3, -32768, np.int16)) == (0, 3)


def test_behind_a_comma_the_next_word_begins_when_the_voice_has_paused() -> None:
    text = "раз, два три."
    words = [Span(0, 4), Span(5, 8), Span(9, 13)]
    spoken = np.concatenate(
        [sound(silent=80, loud=300), sound(silent=300, loud=600), sound(silent=80, loud=0)]
    )
    assert word_ends(spoken, 1000, text, words) == [380, 937, 1360]
    assert longest_pauses(spoken, 1000, 1) == [(380, 680)]


def test_a_comma_without_a_pause_is_nothing_to_hold_on_to() -> None:
    words = [Span(0, 4), Span(5, 8), Span(9, 13)]
    assert longest_pauses(sound(), 1000, 1) == []
    assert word_ends(sound(loud=1200), 1000, "раз, два три.", words) == [400, 800, 1200]


def test_a_clause_of_silence_is_cut_without_trouble() -> None:
    assert word_ends(np.zeros(50, np.int16), 1000, "раз, два", [Span(0, 4), Span(5, 8)])[-1] == 50
