"""An answer that is begun on a guess belongs to the very question that was asked, or to none."""

from __future__ import annotations

import pytest

from edge.commentator.speculation import Speculation
from edge.messages import Guess, Language, Trigger


def guess(text: str = "Что это за храм?", *, turn_id: str = "a", expires_mono: float = 13.0) -> Guess:
    return Guess(turn_id=turn_id, text=text, language="ru", expires_mono=expires_mono)


def question(
    text: str | None = "Что это за храм?", *, turn_id: str = "a", language: Language | None = "ru"
) -> Trigger:
    return Trigger(
        kind="answer",
        turn_id=turn_id,
        text=text,
        language=language,
        received_mono=10.5,
        received_at=0.0,
        expires_mono=25.0,
    )


@pytest.fixture
def speculation() -> Speculation:
    return Speculation(per_minute=2)


def test_a_right_guess_is_used_once(speculation: Speculation) -> None:
    assert speculation.begins(guess(), 10.0)
    assert speculation.is_right(question(), 10.5)
    assert not speculation.is_right(question(), 10.6)


@pytest.mark.parametrize("text", ["что это за храм", "Что это за храм…", "ЧТО ЭТО ЗА ХРАМ!"])
def test_marks_and_capitals_do_not_make_another_question(speculation: Speculation, text: str) -> None:
    speculation.begins(guess(), 10.0)
    assert speculation.is_right(question(text), 10.5)


@pytest.mark.parametrize(
    "asked",
    [
        question("Что это за храм слева?"),
        question("Что это за хлам?"),
        question(None),
        question(language="en"),
    ],
)
def test_another_question_of_the_same_turn_is_answered_anew(speculation: Speculation, asked: Trigger) -> None:
    speculation.begins(guess(), 10.0)
    assert not speculation.is_right(asked, 10.5)
    assert speculation.current is None


def test_what_others_ask_neither_uses_the_guess_nor_ends_it(speculation: Speculation) -> None:
    speculation.begins(guess(), 10.0)
    assert not speculation.is_right(question(turn_id="b"), 10.5)
    assert speculation.is_right(question(), 10.6)


def test_a_guess_that_was_taken_back_is_not_right_any_more(speculation: Speculation) -> None:
    speculation.begins(guess(), 10.0)
    speculation.void("another")
    assert speculation.current
    speculation.void("a")
    assert not speculation.is_right(question(), 10.5)


def test_a_guess_lapses(speculation: Speculation) -> None:
    assert not speculation.begins(guess(expires_mono=9.0), 10.0), "it was too late already"
    speculation.begins(guess(), 10.0)
    speculation.expire(12.9)
    assert speculation.current
    assert not speculation.is_right(question(), 13.0)


def test_the_same_guess_again_goes_on_with_what_was_begun(speculation: Speculation) -> None:
    assert speculation.begins(guess(), 10.0)
    assert not speculation.begins(guess("что это за храм"), 10.4)
    assert speculation.is_right(question(), 10.5)


def test_a_newer_guess_takes_the_place_of_the_older_one(speculation: Speculation) -> None:
    speculation.begins(guess("Что это?"), 10.0)
    assert speculation.begins(guess(), 11.0)
    assert speculation.is_right(question(), 11.5)


def test_only_so_many_a_minute(speculation: Speculation) -> None:
    asked = [speculation.begins(guess(str(n), expires_mono=99.0), 10.0 + n) for n in range(3)]
    assert asked == [True, True, False]
    assert speculation.current is None, "what the last one replaces is worthless all the same"
    assert speculation.begins(guess("later", expires_mono=99.0), 70.1)


def test_none_at_all() -> None:
    assert not Speculation(per_minute=0).begins(guess(), 10.0)
