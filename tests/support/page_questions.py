"""Questions about the pages of an imagined park, and how many of them the pages' own sentences answer."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

from edge.commentator.knowledge import Knowledge
from edge.messages import Language
from tests.support.measured_rows import read_rows

FOLDER = Path(__file__).parents[1] / "page_questions"
PAGES = Path(__file__).parents[1] / "data" / "knowledge"
LANGUAGES: tuple[Language, ...] = ("ru", "en", "id")
COLUMNS = ("question", "page", "must_have")
NO_PAGE = "-"

Part = Literal["seen", "held_out", "later", "last"]
"""``later``: made up behind the first rules, against them. ``last``: behind the last rules, which were not
changed for it."""
PARTS: tuple[Part, ...] = ("seen", "held_out", "later", "last")
Judged = Literal["right", "wrong", "unknown"]
Answer = Callable[[str, Language], str]
"""Question → what is said; empty: that there is no answer."""


class PageQuestion(NamedTuple):
    """A question; where it is answered, and what of several an answer must have."""

    question: str
    page: str
    must_have: tuple[str, ...]


@dataclass
class QuestionScore:
    """How many rows were judged so, and those that are not right with what was said."""

    rows: int = 0
    right: int = 0
    wrong: int = 0
    others: list[tuple[PageQuestion, Judged, str]] = field(default_factory=list)

    def add(self, row: PageQuestion, said: str) -> None:
        judged = judge(row, said)
        self.rows += 1
        self.right += judged == "right"
        self.wrong += judged == "wrong"
        if judged != "right":
            self.others.append((row, judged, said))

    def plus(self, other: QuestionScore) -> QuestionScore:
        return QuestionScore(
            self.rows + other.rows,
            self.right + other.right,
            self.wrong + other.wrong,
            [*self.others, *other.others],
        )

    def __str__(self) -> str:
        return f"{self.right / self.rows:.0%} right, {self.wrong / self.rows:.1%} wrong of {self.rows}"


def judge(row: PageQuestion, said: str) -> Judged:
    if row.page == NO_PAGE:
        return "wrong" if said else "right"
    if not said:
        return "unknown"
    return "right" if any(part in said.casefold() for part in row.must_have) else "wrong"


def rows(language: Language, part: Part) -> list[PageQuestion]:
    path = FOLDER / (f"{language}.tsv" if part == "seen" else f"{language}.{part}.tsv")
    return [
        PageQuestion(row["question"], row["page"], tuple(row["must_have"].split("|")))
        for row in read_rows(path)
    ]


def score(answer: Answer, language: Language, part: Part) -> QuestionScore:
    result = QuestionScore()
    for row in rows(language, part):
        result.add(row, answer(row.question, language))
    return result


def known_pages() -> Knowledge:
    """The park's pages, indexed in memory."""
    knowledge = Knowledge(PAGES, LANGUAGES)
    knowledge.refresh()
    return knowledge


def quoted(knowledge: Knowledge) -> Answer:
    """The pages' own sentences."""

    def answer(question: str, language: Language) -> str:
        quote = knowledge.quote(question, language)
        return quote.text if quote else ""

    return answer


def main(arguments: Sequence[str] = ()) -> None:
    knowledge = known_pages()
    for part in PARTS:
        scores = {language: score(quoted(knowledge), language, part) for language in LANGUAGES}
        for language, one in scores.items():
            print(f"{part:<9} {language}  {one}")
        print(f"{part:<9} all {scores['ru'].plus(scores['en']).plus(scores['id'])}", end="\n\n")
        for language, one in scores.items():
            for row, judged, said in one.others:
                if part in ("seen", "later") and language in (arguments or LANGUAGES):
                    print(f"{language} {judged}: {row.question} → {said or '-'} {row.must_have}")
    knowledge.close()


if __name__ == "__main__":
    main(sys.argv[1:])
