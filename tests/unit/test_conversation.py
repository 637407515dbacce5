"""The guide remembers what was said lately, not more, and forgets it when passengers fall silent."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edge.commentator.conversation import MAX_CHARS, MAX_EXCHANGES, Conversation, Exchange


def test_the_last_exchanges_are_remembered_in_order() -> None:
    conversation = Conversation(120.0)
    for number in range(MAX_EXCHANGES + 1):
        conversation.add(f"question {number}", f"answer {number}", float(number))
    assert conversation.exchanges(10.0) == tuple(
        Exchange(f"question {number}", f"answer {number}") for number in range(1, MAX_EXCHANGES + 1)
    )


def test_it_is_forgotten_after_a_quiet_time() -> None:
    conversation = Conversation(120.0)
    conversation.add("где пляж?", "За башней.", 100.0)
    assert conversation.exchanges(219.0)
    assert conversation.exchanges(220.0) == ()
    conversation.add("а башня?", "Слева.", 230.0)
    assert conversation.exchanges(231.0) == (Exchange("а башня?", "Слева."),)


def test_what_is_old_is_not_kept_until_somebody_asks_again() -> None:
    conversation = Conversation(120.0)
    conversation.add("где купить лекарство?", "В аптеке.", 100.0)
    conversation.forget_old(219.0)
    assert "лекарство" in repr(vars(conversation))
    conversation.forget_old(220.0)
    assert "лекарство" not in repr(vars(conversation))


def test_each_exchange_starts_the_quiet_time_anew() -> None:
    conversation = Conversation(120.0)
    conversation.add("раз", "да", 100.0)
    conversation.add("два", "да", 200.0)
    assert len(conversation.exchanges(300.0)) == 2


def test_an_answer_that_nobody_heard_was_not_given() -> None:
    conversation = Conversation(120.0)
    conversation.add("где пляж?", " ", 100.0)
    assert conversation.exchanges(100.0) == ()


def test_it_can_be_forgotten_at_once() -> None:
    conversation = Conversation(120.0)
    conversation.add("где пляж?", "За башней.", 100.0)
    conversation.forget()
    assert conversation.exchanges(100.0) == ()


@given(st.lists(st.tuples(st.text(max_size=MAX_CHARS), st.text(max_size=MAX_CHARS)), max_size=20))
def test_it_never_holds_more_than_its_bounds(said: list[tuple[str, str]]) -> None:
    conversation = Conversation(120.0)
    for question, answer in said:
        conversation.add(question, answer, 0.0)
    exchanges = conversation.exchanges(0.0)
    assert len(exchanges) <= MAX_EXCHANGES
    assert sum(len(question) + len(answer) for question, answer in exchanges) <= MAX_CHARS


def test_the_last_words_are_remembered_until_the_conversation_is_forgotten() -> None:
    conversation = Conversation(120.0)
    conversation.said("Справа две собаки.", "ru", 100.0)
    conversation.said(" ", "ru", 110.0)
    assert conversation.last_words(219.0) == ("Справа две собаки.", "ru", 100.0)
    assert conversation.last_words(220.0) is None
    conversation.said("Two dogs.", "en", 230.0)
    conversation.forget()
    assert conversation.last_words(231.0) is None


def test_a_language_that_was_asked_for_lasts_as_long_as_the_conversation() -> None:
    conversation = Conversation(120.0)
    assert conversation.language(0.0) is None
    conversation.speak("en", 100.0)
    assert conversation.language(219.0) == "en"
    conversation.add("where is the beach?", "Behind the tower.", 219.0)
    assert conversation.language(338.0) == "en"
    assert conversation.language(339.0) is None
    conversation.speak("id", 400.0)
    conversation.forget()
    assert conversation.language(401.0) is None
