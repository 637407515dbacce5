"""How many questions the pages' own sentences answer, and how many of those answers are wrong."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from edge.commentator.knowledge import Knowledge
from edge.messages import Language
from tests.support.measured_rows import is_held_out
from tests.support.page_questions import (
    LANGUAGES,
    NO_PAGE,
    PAGES,
    PARTS,
    Part,
    QuestionScore,
    known_pages,
    quoted,
    rows,
    score,
)

LEAST_RIGHT = 0.75
MOST_WRONG = 0.05


@pytest.fixture(scope="module")
def knowledge() -> Iterator[Knowledge]:
    pages = known_pages()
    yield pages
    pages.close()


@pytest.mark.parametrize("part", PARTS)
def test_most_questions_are_answered_rightly_and_hardly_any_wrongly(knowledge: Knowledge, part: Part) -> None:
    whole = QuestionScore()
    for language in LANGUAGES:
        whole = whole.plus(score(quoted(knowledge), language, part))
    assert whole.right / whole.rows >= LEAST_RIGHT, str(whole)
    assert whole.wrong / whole.rows <= MOST_WRONG, str(whole)


def test_an_answer_is_short_and_stands_so_on_its_page(knowledge: Knowledge) -> None:
    for language in LANGUAGES:
        for row in rows(language, "seen"):
            if quote := knowledge.quote(row.question, language):
                assert quote.source.startswith(f"{language}/")
                page = " ".join((PAGES / quote.source).read_text("utf-8").split())
                assert len(quote.text) <= 200
                assert all(sentence.strip() in page for sentence in quote.text.split(". "))


@pytest.mark.parametrize("language", LANGUAGES)
def test_there_are_enough_pages_and_questions_and_some_have_no_answer(language: Language) -> None:
    assert len([*(PAGES / language).glob("*.md")]) >= 10
    seen, held_out = rows(language, "seen"), rows(language, "held_out")
    assert len(seen) + len(held_out) >= 75
    assert len(held_out) >= 20
    assert sum(row.page == NO_PAGE for row in [*seen, *held_out]) >= 12
    assert all(not is_held_out(row.question) for row in seen)
    assert all(is_held_out(row.question) for row in held_out)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_an_answer_must_have_stands_on_the_page_that_answers(language: Language) -> None:
    for part in PARTS:
        for row in rows(language, part):
            if row.page != NO_PAGE:
                page = (PAGES / language / f"{row.page}.md").read_text("utf-8")
                assert all(must in " ".join(page.casefold().split()) for must in row.must_have), row
