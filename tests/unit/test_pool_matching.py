"""No remark says a wrong number or side; nothing is said twice."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.commentator.phrasebook import load_remarks
from edge.commentator.pool.claims import contradiction
from edge.commentator.pool.matching import Hit, Miss, match
from edge.commentator.pool.patterns import NUMBER_OF_CLASS, count_class, fitting_patterns
from edge.commentator.pool.variety import Spoken, is_near_duplicate, normalised
from edge.commentator.template import Thing, said_words
from edge.lexicon.labels import known_labels
from edge.lexicon.noun_phrase import noun_phrase
from edge.messages import Count, CountClass, Language, Pattern, PoolEntry, PoolText, Side, Sighting

LABELS = st.sampled_from(known_labels())
LANGUAGES = st.sampled_from(get_args(Language))
SIDES = st.sampled_from((None, *get_args(Side)))
COUNTS: st.SearchStrategy[Count] = st.one_of(st.integers(1, 12), st.just("several"))
CLASSES = st.sampled_from(get_args(CountClass))
PATTERNS = st.builds(
    lambda label, count, side: Pattern(label=label, count=count, side=side), LABELS, CLASSES, SIDES
)
TEXTS = {
    (language, label): remarks
    for language in get_args(Language)
    for label, remarks in load_remarks(language).items()
}


def entry(text: str, pattern: Pattern, written_at: float = 0.0) -> PoolEntry:
    made = PoolText(use="remark", language="ru", text=text, pattern=pattern, written_at=written_at)
    return PoolEntry(text=made, duration_ms=1000, voice="v")


def pattern(count: CountClass = "one", side: Side | None = None, label: str = "dog") -> Pattern:
    return Pattern(label=label, count=count, side=side)


def said_of(language: Language, label: str, count: Count, side: Side | None) -> str:
    """A plain sentence that tells label, number and side."""
    words = noun_phrase(language, label, count)
    return f"{words} {said_words(language)[side]}." if side else f"{words}."


# --- what a text says ---


NAMES_NO_NUMBER = {
    ("ru", "skis"), ("ru", "scissors"), ("ru", "clock"), ("ru", "broccoli"), ("id", "sunset"),
}  # fmt: skip
"""Of one of these the language says the bare word, which may be many as well."""


@settings(max_examples=600)
@given(LANGUAGES, COUNTS, SIDES, PATTERNS)
def test_a_text_that_names_a_wrong_number_or_side_is_never_taken(
    language: Language, count: Count, side: Side | None, held: Pattern
) -> None:
    text = said_of(language, held.label, count, side)
    if contradiction(text, held, language) is None:
        assert side in (None, held.side)
        names_no_number = count == 1 and (language, held.label) in NAMES_NO_NUMBER
        assert count == NUMBER_OF_CLASS.get(held.count) or names_no_number


@settings(max_examples=300)
@given(LANGUAGES, LABELS, st.sampled_from((1, 2, 3)), SIDES)
def test_a_plain_text_about_its_own_pattern_is_taken(
    language: Language, label: str, count: int, side: Side | None
) -> None:
    own = pattern(count_class(count), side, label)
    assert contradiction(said_of(language, label, count, side), own, language) is None


@settings(max_examples=400)
@given(st.sampled_from(sorted(TEXTS)), st.data())
def test_real_remarks_are_refused_wherever_their_number_or_side_is_another(
    key: tuple[Language, str], data: st.DataObject
) -> None:
    language, label = key
    if label.startswith("_"):
        return
    template = data.draw(st.sampled_from(TEXTS[key]))
    count, side = data.draw(st.sampled_from((1, 2, 3, 5))), data.draw(st.sampled_from(get_args(Side)))
    text = template.render(Thing(label=label, count=count, side=side))
    other = pattern(data.draw(CLASSES), data.draw(SIDES), label)
    if contradiction(text, other, language) is None:
        assert other.side == side or said_words(language)[side] not in text.lower()
        names_no_number = count == 1 and (language, label) in NAMES_NO_NUMBER
        assert other.count == count_class(count) or names_no_number
        assert count != 5


@pytest.mark.parametrize(
    ("language", "text", "held"),
    [
        ("ru", "По правому борту хвост и характер.", pattern("one")),
        ("ru", "Прямо по курсу хвост.", pattern("one", "left")),
        ("ru", "Собака, дай пройти!", pattern("several")),
        ("ru", "Дуэт хвостов.", pattern("several")),
        ("ru", "Стая в сборе!", pattern("two")),
        ("ru", "Через две минуты собака станет гидом.", pattern("two")),
        ("ru", "Собаки выбирают вожака.", pattern("one")),
        ("ru", "Они обсуждают наш маршрут.", pattern("one")),
        ("ru", "Обоим псам скучно.", pattern("several")),
        ("ru", "Нас догоняют собаки.", pattern("several")),
        ("ru", "Гляньте вправо: хвост.", pattern("one", "left")),
        ("ru", "Cлевa хвост и характер.", pattern("one")),
        ("en", "Both of them want your seat.", pattern("three")),
        ("en", "A dog with a plan.", pattern("two")),
        ("en", "On your left, a tail.", pattern("one")),
        ("en", "A trio of tails.", pattern("two")),
        ("en", "5 tails.", pattern("several")),
        ("en", "They want your seat.", pattern("one")),
        ("en", "She wants your seat.", pattern("several")),
        ("en", "Twice the tails, twice the fun.", pattern("several")),
        ("en", "Dogs up front!", pattern("several")),
        ("en", "Dogs on the driver's side.", pattern("several", "left")),
        ("id", "Seekor anjing sedang rapat.", pattern("several")),
        ("id", "Lihat ke kiri!", pattern("one")),
        ("id", "Mereka sedang rapat.", pattern("one")),
        ("id", "Keduanya sedang rapat.", pattern("several")),
    ],
)
def test_words_that_claim_what_the_pattern_has_not(language: Language, text: str, held: Pattern) -> None:
    assert contradiction(text, held, language)


@pytest.mark.parametrize(
    ("language", "text", "held"),
    [
        ("ru", "Собаки явно обсуждают наш маршрут.", pattern("several")),
        ("ru", "Хвост — это антенна, ловит хорошее настроение.", pattern("one")),
        ("ru", "Справа две собаки: совещание в разгаре.", pattern("two", "right")),
        ("en", "The dogs have a plan and a snack.", pattern("three")),
        ("en", "A dog on the left is late for work.", pattern("one", "left")),
        ("id", "Anjing itu tahu jalan pintas.", pattern("several")),
    ],
)
def test_texts_that_say_no_more_than_their_pattern(language: Language, text: str, held: Pattern) -> None:
    assert contradiction(text, held, language) is None


# --- which entry fits ---


@settings(max_examples=300)
@given(LABELS, COUNTS, SIDES, st.lists(st.tuples(CLASSES, SIDES), max_size=8))
def test_what_is_chosen_never_has_another_number_or_side(
    label: str, count: Count, side: Side | None, held: list[tuple[CountClass, Side | None]]
) -> None:
    entries = [
        entry(f"{'абвгдежз'[i] * 5} {i}", pattern(its_count, its_side, label), float(i))
        for i, (its_count, its_side) in enumerate(held)
    ]
    found = match(Sighting(label=label, count=count, side=side), entries, Spoken())
    fits = [
        (its_count, its_side)
        for its_count, its_side in held
        if its_side in (None, side)
        and its_count in {count_class(count), *(("several",) if count != 1 else ())}
    ]
    assert isinstance(found, Hit) == bool(fits)
    if isinstance(found, Hit):
        chosen = found.entry.text.pattern
        assert chosen is not None
        assert (chosen.count, chosen.side) in fits
        ranks = fitting_patterns(Sighting(label=label, count=count, side=side))
        assert ranks.index(chosen) == min(
            ranks.index(pattern(its_count, its_side, label)) for its_count, its_side in fits
        )


def test_two_dogs_may_use_what_was_written_for_dogs() -> None:
    held = [entry("Собаки совещаются.", pattern("several"))]
    found = match(Sighting(label="dog", count=2, side="right"), held, Spoken())
    assert isinstance(found, Hit)
    assert found.near


def test_of_equally_fitting_ones_the_newest_is_taken() -> None:
    held = [entry("Хвост трубой.", pattern(), 1.0), entry("Нюхает ветер перемен.", pattern(), 2.0)]
    found = match(Sighting(label="dog"), held, Spoken())
    assert isinstance(found, Hit)
    assert found.entry.text.text == "Нюхает ветер перемен."


def test_nothing_like_what_was_just_heard() -> None:
    spoken = Spoken(["Справа собака, решает, кто тут вожак."])
    held = [entry("Собака слева решает, кто вожак тут.", pattern())]
    assert match(Sighting(label="dog"), held, spoken) == Miss("repeated")


@pytest.mark.parametrize(
    ("seen", "reason"),
    [
        (Sighting(label="dog", text="собака в шляпе"), "free_text"),
        (Sighting(text="закат"), "free_text"),
        (Sighting(label="dog", text="две собаки справа"), "free_text"),
        (Sighting(label="dog", distance_m=120), "far"),
        (Sighting(label="dog", confidence=0.3), "unsure"),
        (Sighting(label="cat"), "nothing_held"),
        (Sighting(label="dog", count=2), "other_number_or_side"),
    ],
)
def test_misses_say_why(seen: Sighting, reason: str) -> None:
    assert match(seen, [entry("Хвост трубой.", pattern())], Spoken()) == Miss(reason)  # type: ignore[arg-type]


def test_words_that_say_what_the_fields_say_are_no_obstacle() -> None:
    seen = Sighting(label="dog", count=2, side="right", text="две собаки справа", distance_m=6.5)
    assert isinstance(match(seen, [entry("Собаки совещаются.", pattern("several"))], Spoken()), Hit)


# --- variety ---


def test_the_same_joke_about_another_side_is_a_near_duplicate() -> None:
    said = [normalised("Справа две собаки решают, кто вожак.")]
    assert is_near_duplicate("Две собаки слева решают, кто вожак!", said)
    assert not is_near_duplicate("Хвосты работают как дворники: туда-сюда.", said)
