"""The written and the spoken form of one text: each position of one stands for one of the other."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.spoken_form.form import Respelling, SpokenForm, compose

WRITTEN = "В 5 км, 2 остановки — (50 000) x2 конец."


def example() -> SpokenForm:
    respellings = [
        ("5 км", "пять километров"),
        ("2", "две"),
        ("—", ""),
        ("50 000", "пятьдесят тысяч"),
        ("2", "два"),
    ]
    placed: list[Respelling] = []
    for written, spoken in respellings:
        start = WRITTEN.index(written, placed[-1].end if placed else 0)
        placed.append(Respelling(start, start + len(written), spoken))
    return compose(WRITTEN, placed)


def test_marks_stay_at_their_words_and_a_number_gets_a_space_of_its_own() -> None:
    assert example().text == "В пять километров, две остановки (пятьдесят тысяч) x два конец."


@pytest.mark.parametrize(
    ("heard", "written"),
    [
        ("", ""),
        ("В", "В"),
        ("В пять", "В"),
        ("В пять километров", "В"),
        ("В пять километров,", "В 5 км,"),
        ("В пять километров, две", "В 5 км, 2"),
        ("В пять километров, две остановки", "В 5 км, 2 остановки —"),
        ("В пять километров, две остановки (пятьдесят", "В 5 км, 2 остановки —"),
        ("В пять километров, две остановки (пятьдесят тысяч) x два конец.", WRITTEN),
    ],
)
def test_what_was_heard_tells_how_far_the_written_text_was_said(heard: str, written: str) -> None:
    assert example().written_at(len(heard)) == len(written)


@pytest.mark.parametrize(
    ("said", "rest"),
    [
        ("", "В пять километров, две остановки (пятьдесят тысяч) x два конец."),
        ("В", "пять километров, две остановки (пятьдесят тысяч) x два конец."),
        ("В 5", "пять километров, две остановки (пятьдесят тысяч) x два конец."),
        ("В 5 км,", "две остановки (пятьдесят тысяч) x два конец."),
        ("В 5 км, 2 остановки —", "(пятьдесят тысяч) x два конец."),
        (WRITTEN, ""),
    ],
)
def test_a_voice_goes_on_at_the_first_word_that_was_not_said_whole(said: str, rest: str) -> None:
    assert example().text[example().spoken_at(len(said)) :] == rest


@st.composite
def forms(draw: st.DrawFn) -> SpokenForm:
    written = draw(st.text(alphabet="ab1 .\n", max_size=40))
    cuts = sorted(draw(st.sets(st.integers(0, len(written)), max_size=10)))
    respellings = [
        Respelling(start, end, draw(st.sampled_from(("", "x", "y z", ",", "x."))))
        for start, end in itertools.pairwise(cuts)
        if draw(st.booleans())
    ]
    return compose(written, respellings)


@given(forms())
def test_positions_stay_in_order_and_within_bounds(form: SpokenForm) -> None:
    written = [form.written_at(position) for position in range(len(form.text) + 1)]
    spoken = [form.spoken_at(position) for position in range(len(form.written) + 1)]
    assert written == sorted(written)
    assert spoken == sorted(spoken)
    assert written[-1] == len(form.written)
    assert spoken[-1] == len(form.text)
    assert all(0 <= position <= len(form.written) for position in written)
    for position, said in enumerate(written):
        assert form.spoken_at(said) <= position + 1, "nothing is left out (one space is)"
    assert " ".join(word.text for word in form.words) == form.text
    for position in written:
        assert position in (0, len(form.written)) or form.written[position].isspace()


@given(st.lists(st.text(alphabet="abя,.!—", min_size=1), min_size=1))
def test_without_readings_a_text_is_said_as_it_is_written(words: list[str]) -> None:
    text = " ".join(words)
    form = compose(text, ())
    assert form.text == text
    assert [(word.start, word.end) for word in form.words] == [
        (len(" ".join(words[:index])) + bool(index), len(" ".join(words[: index + 1])))
        for index in range(len(words))
    ]
