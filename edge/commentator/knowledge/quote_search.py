"""Searches the index for the sentences that answer a question."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterable

from edge.commentator.knowledge.pages import sentences
from edge.commentator.knowledge.question_kinds import asked
from edge.commentator.knowledge.quotes import Candidate, Quote, WantedWord, best_quote
from edge.commentator.knowledge.related_words import (
    SHORTEST_BEGINNING,
    are_alike,
    is_light,
    may_be_topic,
    same_terms,
)
from edge.commentator.knowledge.rows import SENTENCE_BORDER, SectionRow, pages_with, sections_with
from edge.commentator.knowledge.terms import QuestionWord
from edge.messages import Language

CANDIDATES = 60
FEW_PAGES = 20
"""Among fewer a word's rarity would say nothing; it is weighed as if there were so many."""
LIGHT_WEIGHT = 0.25
UNKNOWN_WEIGHT = 0.4
"""What a word counts that no page has and that names nothing: a verb may be said otherwise there."""
_LAST = "\U0010ffff"


def load(languages: Iterable[Language]) -> None:
    """Make now what is made of tables, so that no question waits for it."""
    for language in languages:
        asked("", language)
        is_light("", language)
        same_terms("", language)


def find_quote(
    connection: sqlite3.Connection, question: str, words: list[QuestionWord], language: Language
) -> Quote | None:
    """The sentences of a page in this language that answer the question; None: none do.

    Args:
        words: of the question, those that carry a topic.
    """
    kind, asking = asked(question, language)
    words = [word for word in words if word.word not in asking]
    if all(is_light(word.word, language) for word in words):
        return None
    (pages,) = connection.execute("SELECT count(*) FROM page WHERE language = ?", (language,)).fetchone()
    wanted = [_wanted(connection, word, language, max(pages, FEW_PAGES)) for word in words]
    rows = sections_with(connection, [word.exact | word.alike for word in wanted], CANDIDATES)
    return best_quote(wanted, kind, [_candidate(row) for row in rows if row.language == language])


def _wanted(connection: sqlite3.Connection, word: QuestionWord, language: Language, pages: int) -> WantedWord:
    alike = same_terms(word.word, language)
    for term in word.terms:
        if len(term) >= SHORTEST_BEGINNING:
            begin = term[:SHORTEST_BEGINNING]
            rows = connection.execute(
                "SELECT term FROM vocabulary WHERE term >= ? AND term < ?", (begin, begin + _LAST)
            )
            alike |= {other for (other,) in rows if are_alike(term, other)}
    having = pages_with(connection, [word.terms | alike], language)
    weight = math.log1p((pages - having + 0.5) / (having + 0.5))
    if is_light(word.word, language):
        weight *= LIGHT_WEIGHT
    elif not having and not may_be_topic(word.word, language):
        weight *= UNKNOWN_WEIGHT
    return WantedWord(word.terms, alike - word.terms, weight)


def _candidate(row: SectionRow) -> Candidate:
    return Candidate(
        row.source,
        frozenset(row.heading_terms.split()),
        sentences(row.text),
        [frozenset(part.split()) for part in row.text_terms.split(SENTENCE_BORDER)],
    )
