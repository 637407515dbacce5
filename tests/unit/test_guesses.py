"""The commentator is told of a question that has probably been asked, and of each that was not."""

from __future__ import annotations

from typing import Any

import pytest

from edge.config import AnswerSettings
from edge.listener.guesses import Guesses
from edge.listener.judgement import Judgement
from edge.messages import MAX_TEXT_CHARS, Guess, GuessVoid, Message

QUESTION = Judgement("answer", "wake_name", "what is the temple?", "en")


class Pipe:
    """Takes what is put into it."""

    def __init__(self) -> None:
        self.put_in: list[Message] = []

    def put(self, message: Message, *, priority: int, expires_mono: float) -> None:
        del priority, expires_mono
        self.put_in.append(message)

    def kinds(self) -> list[type[Message]]:
        return [type(message) for message in self.put_in]


@pytest.fixture
def pipe() -> Pipe:
    return Pipe()


def guesses(pipe: Any, per_minute: int = 10) -> Guesses:
    return Guesses(pipe, AnswerSettings(speculations_per_minute=per_minute), longest_silence_s=1.5)


def test_a_guess_has_the_words_and_lapses_when_the_end_is_long_certain(pipe: Pipe) -> None:
    guesses(pipe).tell("a", QUESTION, 10.0)
    (guess,) = pipe.put_in
    assert isinstance(guess, Guess)
    assert (guess.turn_id, guess.text, guess.language) == ("a", "what is the temple?", "en")
    assert guess.expires_mono == pytest.approx(13.5)


def test_it_is_taken_back_once(pipe: Pipe) -> None:
    told = guesses(pipe)
    told.tell("a", QUESTION, 10.0)
    told.void("b", 10.1)
    told.void("a", 10.2)
    told.void("a", 10.3)
    assert pipe.kinds() == [Guess, GuessVoid]


def test_an_endless_question_is_told_as_far_as_it_may_be_asked(pipe: Pipe) -> None:
    guesses(pipe).tell("a", QUESTION._replace(text="why " * 500), 10.0)
    (guess,) = pipe.put_in
    assert isinstance(guess, Guess)
    assert len(guess.text) == MAX_TEXT_CHARS


def test_where_nothing_is_begun_ahead_nothing_is_told(pipe: Pipe) -> None:
    told = guesses(pipe, per_minute=0)
    told.tell("a", QUESTION, 10.0)
    told.void("a", 10.1)
    assert pipe.put_in == []
