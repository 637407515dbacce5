"""A passenger speaks while the guide answers: scenes with a clock of their own, from the words to the memory.

What is heard is judged by the listener's policies, what is said decided by the director; nothing here runs.
"""

from __future__ import annotations

import numpy as np
import pytest

from edge.commentator.conversation import Conversation, Exchange
from edge.commentator.director import Director
from edge.commentator.passenger_speech import PassengerSpeech
from edge.commentator.speculation import Speculation
from edge.config import hearing
from edge.listener.addressee import Addressee
from edge.listener.judgement import Judge, Judgement
from edge.listener.pending import HeardUtterance
from edge.listener.recognizers import Recognition
from edge.listener.segment import Segment, Transcript
from edge.listener.self_hearing import OwnSpeech
from edge.messages import Guess, Hearing, Priority, Trigger

TEMPLE, PRICE = "what is that temple?", "what does it cost?"
ANSWER = "It is the temple of the moon. It was built of bamboo."
SECONDS_TO_SAY_IT = 1.0


class Scene:
    """Full duplex. Times are seconds of the scene."""

    def __init__(self) -> None:
        self.director = Director("unlimited")
        self.conversation = Conversation(120.0)
        self.speculation = Speculation(per_minute=12)
        self.own = OwnSpeech(tail_s=0.5)
        addressee = Addressee(hearing.AddresseeSettings(names={"en": ("captain",)}), ["en"])
        self.judge = Judge(addressee, self.own, "by_name")
        self.questions: dict[str, str] = {}
        self._passengers = PassengerSpeech()

    def is_ducked(self, now: float) -> bool:
        yields = self.director.speaks and self._passengers.wants_duck(now)
        return self.director.wants_duck or yields

    def speaks(self, now: float, *, on: bool = True) -> None:
        """Somebody speaks, or has been understood."""
        self._passengers.heard(Hearing(level_dbfs=-30.0, speaking=on, barge_in=True, wants_floor=on), now)

    def says(self, words: str, ended: float) -> Judgement:
        """An utterance is understood."""
        recognition = Recognition("u", False, Transcript(words, "en", recognizer="test") if words else None)
        segment = Segment("u", np.zeros(9, np.int16), ended - SECONDS_TO_SAY_IT, ended)
        self.speaks(ended, on=False)
        return self.judge.judge(HeardUtterance(segment, recognition, ended, ended, False))

    def asks(self, name: str, question: str, now: float) -> None:
        """A question that was meant for the guide: its turn begins, and has no text yet."""
        judgement = self.says(f"captain, {question}", now)
        assert (judgement.deed, judgement.text) == ("answer", question)
        asked = Trigger(
            kind="answer",
            turn_id=name,
            text=question,
            received_mono=now,
            received_at=0.0,
            expires_mono=now + 15.0,
        )
        self.questions[name] = question
        assert self.director.offer(asked, now)
        chosen = self.director.choose(now)
        assert chosen == asked
        self.director.begin(name, asked, now)

    def sounds(self, name: str, heard: str, now: float) -> None:
        """So much of an answer has left the loudspeaker."""
        self.own.sounds(ANSWER, now)
        self.conversation.hears(self.questions[name], heard)

    def ends(self, name: str, heard: str, now: float) -> None:
        """The speaker has reported."""
        self.own.sounds(None, now)
        self.director.ended(name, now, heard=bool(heard))
        self.conversation.add(self.questions[name], heard, now)


@pytest.fixture
def scene() -> Scene:
    """The answer to the first question is being spoken."""
    scene = Scene()
    scene.asks("first", TEMPLE, 1.0)
    assert scene.director.first_text("first") == []
    scene.sounds("first", "It is the temple", 2.5)
    return scene


def test_speech_lowers_the_answer_at_once_and_does_not_end_it(scene: Scene) -> None:
    assert not scene.is_ducked(2.5)
    scene.speaks(2.6)
    assert scene.is_ducked(2.6)
    assert scene.director.speaks


@pytest.mark.parametrize(
    "sound", ["", "uh-huh", "I like this place very much", "it is the temple of the moon"]
)
def test_after_a_cough_a_murmur_somebody_elses_words_or_its_own_it_goes_on_in_full(
    scene: Scene, sound: str
) -> None:
    scene.speaks(2.6)
    assert scene.says(sound, 3.6).deed == "nothing"
    assert not scene.is_ducked(3.6)
    assert scene.director.speaks


def test_the_second_answer_replaces_the_first_when_its_text_is_there_and_until_then_the_first_is_lowered(
    scene: Scene,
) -> None:
    scene.asks("second", PRICE, 4.0)
    assert scene.is_ducked(4.1)
    assert scene.is_ducked(5.9), "however long the model takes"
    assert scene.director.speaks, "the first goes on"
    assert scene.director.first_text("second") == ["first"]
    assert not scene.is_ducked(6.0), "the second sounds in full"


def test_a_second_answer_that_never_gets_text_leaves_the_first_one_alone(scene: Scene) -> None:
    scene.asks("second", PRICE, 4.0)
    scene.ends("second", "", 6.0)
    assert not scene.is_ducked(6.0)
    assert scene.director.speaks


def test_of_three_questions_only_the_last_is_answered(scene: Scene) -> None:
    scene.asks("second", PRICE, 4.0)
    scene.asks("third", "who built it?", 5.0)
    assert scene.director.first_text("third") == ["first", "second"]


def test_an_answer_that_comes_late_does_not_replace_the_one_to_a_newer_question(scene: Scene) -> None:
    scene.asks("second", PRICE, 4.0)
    scene.asks("third", "who built it?", 5.0)
    assert scene.director.first_text("second") == ["first"], "the third has no text yet"
    assert scene.is_ducked(6.0), "and is waited for"
    assert scene.director.first_text("third") == ["first", "second"]


def test_what_was_really_heard_of_the_first_goes_with_the_second_question_and_is_remembered(
    scene: Scene,
) -> None:
    assert scene.conversation.exchanges(3.0) == (Exchange(TEMPLE, "It is the temple"),)
    scene.sounds("first", "It is the temple of the moon.", 4.0)
    scene.asks("second", PRICE, 4.0)
    assert scene.conversation.exchanges(4.0) == (Exchange(TEMPLE, "It is the temple of the moon."),)
    scene.director.first_text("second")
    scene.ends("first", "It is the temple of the moon. It was", 4.6)
    heard = Exchange(TEMPLE, "It is the temple of the moon. It was")
    assert scene.conversation.exchanges(5.0) == (heard,)
    scene.sounds("second", "Nothing", 5.0)
    scene.ends("second", "Nothing at all.", 6.0)
    assert scene.conversation.exchanges(6.0) == (heard, Exchange(PRICE, "Nothing at all."))


def test_an_answer_of_which_nothing_was_heard_is_not_remembered(scene: Scene) -> None:
    scene.ends("first", "It is", 3.0)
    scene.asks("second", PRICE, 4.0)
    scene.asks("third", "who built it?", 4.5)
    scene.ends("second", "", 5.0)
    assert [exchange.question for exchange in scene.conversation.exchanges(5.0)] == [TEMPLE]


def test_new_passengers_hear_nothing_of_an_answer_that_was_being_spoken(scene: Scene) -> None:
    scene.conversation.forget()
    assert scene.conversation.exchanges(3.0) == ()


def test_a_stop_word_ends_the_first_and_the_second_in_the_making(scene: Scene) -> None:
    scene.asks("second", PRICE, 4.0)
    assert scene.says("stop", 5.0).deed == "stop"
    assert scene.director.stop(below=Priority.ANNOUNCEMENT) == ["first", "second"]


def test_a_guess_replaces_and_lowers_nothing_before_its_question_is_certain(scene: Scene) -> None:
    guess = Guess(turn_id="second", text=PRICE, language=None, expires_mono=9.0)
    assert scene.speculation.begins(guess, 4.0)
    assert not scene.director.wants_duck
    scene.asks("second", PRICE, 4.5)
    assert scene.director.wants_duck
