"""When words are told to begin: steady while nothing really moves, and corrected where it does."""

from __future__ import annotations

from edge.messages import TimedWord
from edge.speaker.word_times import WordTimes


def word(start: int, begins_mono: float | None, *, estimated: bool = False) -> TimedWord:
    return TimedWord(start, start + 3, begins_mono, estimated)


def begins(words: tuple[TimedWord, ...]) -> list[float | None]:
    return [each.begins_mono for each in words]


def test_what_a_device_wavers_by_is_not_told_again() -> None:
    times = WordTimes()
    first = times.words([word(0, 10.0), word(4, 10.5)], 9.9)
    assert times.words([word(0, 10.02), word(4, 10.48)], 9.95) == first
    assert times.ends_mono(11.0) == times.ends_mono(11.02) == 11.0


def test_words_ahead_move_with_a_gap_and_those_behind_stand() -> None:
    times = WordTimes()
    times.words([word(0, 10.0), word(4, 10.5)], 9.9)
    assert begins(times.words([word(0, 10.2), word(4, 10.7)], 10.1)) == [10.0, 10.7]


def test_a_word_before_which_the_sound_stands_still_has_no_time_until_it_goes_on() -> None:
    times = WordTimes()
    times.words([word(0, 10.0), word(4, 10.5)], 9.9)
    assert begins(times.words([word(0, 10.0), word(4, None)], 10.6)) == [10.0, None]
    assert begins(times.words([word(0, 10.0), word(4, 12.0)], 11.9)) == [10.0, 12.0]
    assert begins(times.heard(12.1)) == [10.0, 12.0]


def test_a_word_that_another_voice_says_again_is_told_anew() -> None:
    times = WordTimes()
    times.words([word(0, 10.0)], 9.9)
    assert begins(times.words([word(0, 11.4, estimated=True)], 10.3)) == [11.4]


def test_what_was_heard_at_a_cut_leaves_out_the_rest() -> None:
    times = WordTimes()
    times.words([word(0, 10.0), word(4, 10.5), word(8, 11.0)], 9.9)
    assert [each.start for each in times.heard(10.6)] == [0, 4]
    assert times.ends_mono(None) is None


def test_a_word_whose_end_became_known_later_is_told_whole() -> None:
    times = WordTimes()
    times.words([TimedWord(0, 1, 10.0)], 9.9)
    assert times.words([TimedWord(0, 4, 10.0)], 9.9)[0].end == 4
