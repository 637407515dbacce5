"""How long silence must last: the words say, the sound and the speaker's own pauses stretch it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.config.hearing import Endpointing
from edge.listener.completeness import Ending
from edge.listener.turn_end.waiting import SHORTEST_S, SpeakerPauses, VerdictRecord, needed_silence_s

USUAL = Endpointing()
ENDINGS: tuple[Ending, ...] = ("unfinished", "complete", "unknown")


def pauses(*lengths_s: float) -> SpeakerPauses:
    speaker = SpeakerPauses()
    for length_s in lengths_s:
        speaker.add(length_s)
    return speaker


def wait(
    words: Ending = "unknown",
    completed: float | None = None,
    speaker: SpeakerPauses | None = None,
    *,
    is_short: bool = False,
) -> float:
    return needed_silence_s(USUAL, words, completed, speaker or pauses(), is_short=is_short)


@pytest.mark.parametrize(
    ("words", "is_short", "expected_s"),
    [
        ("unknown", False, USUAL.silence_s),
        ("complete", False, USUAL.silence_complete_s),
        ("unfinished", False, USUAL.silence_unfinished_s),
        ("unfinished", True, USUAL.silence_unfinished_s),
        ("unknown", True, USUAL.silence_after_short_s),
    ],
)
def test_without_the_sound_the_words_alone_decide(words: Ending, is_short: bool, expected_s: float) -> None:
    slow = pauses(1.2, 1.2, 1.2, 1.2)
    assert wait(words, None, slow, is_short=is_short) == expected_s


@pytest.mark.parametrize("words", ENDINGS)
def test_the_surer_the_sound_is_of_the_end_the_shorter_the_wait(words: Ending) -> None:
    waits = [wait(words, completed) for completed in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)]
    assert waits == sorted(waits, reverse=True)
    assert waits[0] > waits[-1]


def test_a_question_that_sounds_finished_is_answered_much_sooner() -> None:
    assert wait("unknown", 0.97) < 0.5
    assert wait("complete", 0.97) == SHORTEST_S


def test_who_sounds_as_if_going_on_is_waited_for() -> None:
    assert wait("unknown", 0.02) > 1.2


def test_words_that_need_others_behind_them_outweigh_a_sound_of_the_end() -> None:
    assert wait("unfinished", 1.0) >= USUAL.silence_s


def test_a_word_or_two_are_never_cut_off_sooner_than_an_ordinary_utterance() -> None:
    assert wait("unknown", 1.0, is_short=True) >= USUAL.silence_s


def test_who_pauses_long_is_waited_for_longer_and_who_pauses_shortly_is_answered_sooner() -> None:
    slow, quick = pauses(0.9, 0.8, 0.9), pauses(0.3, 0.3, 0.35)
    assert wait(completed=0.6, speaker=slow) > wait(completed=0.6) > wait(completed=0.6, speaker=quick)


def test_two_pauses_tell_nothing_of_a_speaker_yet() -> None:
    assert wait(completed=0.6, speaker=pauses(1.0, 1.0)) == wait(completed=0.6)


@pytest.mark.parametrize("words", ENDINGS)
@pytest.mark.parametrize("completed", [0.0, 0.5, 1.0])
def test_a_model_that_is_not_trusted_changes_nothing(words: Ending, completed: float) -> None:
    slow = pauses(1.2, 1.2, 1.2)
    without = needed_silence_s(USUAL, words, None, slow, is_short=False)
    assert needed_silence_s(USUAL, words, completed, slow, is_short=False, trust=0.0) == without


def test_a_model_is_trusted_until_it_says_the_same_of_ends_and_of_pauses() -> None:
    record = VerdictRecord()
    assert record.trust == pytest.approx(1.0)
    for completed in (0.1, 0.9, 0.3, 0.95) * 15:
        record.ended(completed)
        record.went_on(completed)
    assert record.trust < 0.2
    for _ in range(100):
        record.ended(0.9)
        record.went_on(0.5)
    assert record.trust == 1.0


def test_a_model_that_is_right_the_wrong_way_round_is_not_followed() -> None:
    record = VerdictRecord()
    for _ in range(40):
        record.ended(0.1)
        record.went_on(0.9)
    assert record.trust == 0.0


def test_one_surprise_is_no_reason_to_distrust_it() -> None:
    record = VerdictRecord()
    record.ended(0.3)
    assert record.trust > 0.6


def test_only_the_last_pauses_count_and_none_behind_the_conversation() -> None:
    speaker = pauses(*[1.0] * 8, *[0.3] * 8)
    assert speaker.stretch < 1.0
    speaker.forget()
    assert speaker.stretch == 1.0


@given(
    st.sampled_from(ENDINGS),
    st.floats(0, 1),
    st.lists(st.floats(0.2, 5.0), max_size=10),
    st.booleans(),
)
def test_the_wait_has_bounds(words: Ending, completed: float, lengths_s: list[float], is_short: bool) -> None:
    waited_s = wait(words, completed, pauses(*lengths_s), is_short=is_short)
    assert SHORTEST_S <= waited_s <= USUAL.silence_unfinished_s
