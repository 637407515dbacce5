"""What is done about an utterance: answer, fall silent, or leave it to the passengers."""

from __future__ import annotations

import numpy as np
import pytest

from edge.listener.addressee import Addressee
from edge.listener.judgement import Judge
from edge.listener.pending import Heard
from edge.listener.recognizers import Recognised, Recognition
from edge.listener.segment import Segment, Transcript
from edge.listener.self_hearing import OwnSpeech

SPOKEN = "On the left you can see the bamboo temple, which opens at eight in the morning."


def heard(text: str | None, *, at: float = 10.0) -> Heard:
    """Said from ``at`` on, for a second; None: no recognizer worked."""
    recognised = None if text is None else Recognised(Transcript(text, "en"), "test")
    segment = Segment("a", np.zeros(16_000, np.int16), at, at + 1.0)
    return Heard(segment, Recognition("a", False, recognised), at + 1.7, at + 1.8, False)


@pytest.fixture
def addressee() -> Addressee:
    return Addressee("wake", ("en",))


@pytest.fixture
def own() -> OwnSpeech:
    return OwnSpeech()


@pytest.fixture
def judge(addressee: Addressee, own: OwnSpeech) -> Judge:
    return Judge(addressee, own)


@pytest.mark.parametrize(
    ("said", "deed", "text"),
    [
        ("Guide, what is that?", "answer", "what is that?"),
        ("Guide!", "listening", ""),
        ("Stop!", "stop", ""),
        ("We should come here again.", "nothing", ""),
        ("", "nothing", ""),
    ],
)
def test_what_is_said_decides(judge: Judge, said: str, deed: str, text: str) -> None:
    judgement = judge.judge(heard(said))
    assert (judgement.deed, judgement.text) == (deed, text)


def test_its_own_words_are_nobodys_question(judge: Judge, own: OwnSpeech) -> None:
    own.sounds(SPOKEN, 9.0)
    judgement = judge.judge(heard("the left you can see the bamboo temple"))
    assert (judgement.deed, judgement.reason) == ("nothing", "own_speech")


def test_a_stop_word_is_found_in_its_own_words(judge: Judge, own: OwnSpeech) -> None:
    own.sounds(SPOKEN, 9.0)
    assert judge.judge(heard("the left you can see the bamboo temple stop")).deed == "stop"


def test_with_the_button_down_it_asks_for_what_it_did_not_understand(
    judge: Judge, addressee: Addressee
) -> None:
    addressee.button(True, 9.0)
    assert judge.judge(heard("")).occasion == "not_understood"
    assert judge.judge(heard(None)).occasion == "not_understood"


def test_after_an_answer_a_cough_is_not_asked_what_it_meant(judge: Judge, addressee: Addressee) -> None:
    addressee.answered(9.0)
    assert judge.judge(heard("")).deed == "nothing"
    assert judge.judge(heard(None)).deed == "not_understood", "it was speech, and no recognizer worked"


def test_nobody_is_asked_to_repeat_what_was_not_for_the_guide(judge: Judge) -> None:
    assert judge.judge(heard(None)).deed == "nothing"


def test_what_is_certainly_a_stop_word_need_not_wait_for_the_end(judge: Judge) -> None:
    assert judge.is_stop("guide, stop")
    assert not judge.is_stop("stop talking about that temple")
