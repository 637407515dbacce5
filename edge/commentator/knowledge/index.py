"""The full-text index of the sections (SQLite FTS5), and how well a section fits a question."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from edge.commentator.knowledge.files import Page, Stamp
from edge.commentator.knowledge.pages import PageSection, sections, sentences
from edge.commentator.knowledge.quote_search import find_quote
from edge.commentator.knowledge.quotes import Quote
from edge.commentator.knowledge.rows import SENTENCE_BORDER, sections_with
from edge.commentator.knowledge.terms import question_words, scheme, terms
from edge.messages import Language

CANDIDATES = 20
MAX_QUESTION_TERMS = 24
HEADING_WEIGHT = 2.0
"""A word of the heading tells what the whole section is about."""
FEW_SECTIONS = 20
"""In a smaller index a word's rarity would say nothing; it is weighed as if there were so many."""
OTHER_LANGUAGE_WEIGHT = 0.8
"""A page in another language than the question's must fit so much better to be preferred."""

# The text of a section is kept as written; `words` holds the terms made of its heading and text.
# `remove_diacritics 0`: terms are normalised already, and "й" is not "и".
_SCHEMA = """
CREATE TABLE made (scheme TEXT);
CREATE TABLE page (source TEXT PRIMARY KEY, mtime_ns INTEGER, size INTEGER, sha256 TEXT, language TEXT);
CREATE TABLE section (id INTEGER PRIMARY KEY, source TEXT, heading TEXT, text TEXT);
CREATE INDEX section_source ON section (source);
CREATE VIRTUAL TABLE words USING fts5(heading, text, tokenize = "unicode61 remove_diacritics 0");
CREATE VIRTUAL TABLE vocabulary USING fts5vocab(words, row);
"""


class Passage(NamedTuple):
    """A section that fits a question."""

    source: str
    """The file, as a path inside the knowledge folder."""
    heading: str
    text: str
    score: float
    """0 … 1: the share of the question's topic that the section has, rare words counting more."""


class Known(NamedTuple):
    """What the index holds of a file."""

    stamp: Stamp
    sha256: str


class Entry(NamedTuple):
    """A section, and the terms by which it is found."""

    section: PageSection
    heading_terms: str
    text_terms: str
    """With ``SENTENCE_BORDER`` between those of two sentences."""


def entries_of(page: Page, language: Language) -> list[Entry]:
    """What a page gives to index. Takes seconds for a large page, and no index."""
    return [
        Entry(
            section,
            " ".join(terms(section.heading, language)),
            f" {SENTENCE_BORDER} ".join(" ".join(terms(each, language)) for each in sentences(section.text)),
        )
        for section in sections(page.text)
    ]


class Index:
    """An SQLite index of the pages' sections. Not for several threads at once.

    Args:
        path: of the database, made anew when it is of no use; None: in memory.

    Raises:
        sqlite3.Error, OSError: no database can be made there.
    """

    def __init__(self, path: Path | None) -> None:
        self._connection = _open(path)

    def close(self) -> None:
        self._connection.close()

    def known(self) -> dict[str, Known]:
        """What is indexed, by source."""
        rows = self._connection.execute("SELECT source, mtime_ns, size, sha256 FROM page")
        return {source: Known(Stamp(mtime_ns, size), sha256) for source, mtime_ns, size, sha256 in rows}

    def put(self, page: Page, language: Language, entries: Iterable[Entry]) -> None:
        """Index a page, in place of what was known of its source.

        Args:
            entries: of the page, from ``entries_of``.
        """
        with self._connection as database:
            self._delete(page.source)
            row = (page.source, *page.stamp, page.sha256, language)
            database.execute("INSERT INTO page VALUES (?, ?, ?, ?, ?)", row)
            for section, heading, text in entries:
                row_id = database.execute(
                    "INSERT INTO section (source, heading, text) VALUES (?, ?, ?)", (page.source, *section)
                ).lastrowid
                database.execute(
                    "INSERT INTO words (rowid, heading, text) VALUES (?, ?, ?)", (row_id, heading, text)
                )

    def touch(self, source: str, stamp: Stamp) -> None:
        """The file has a new stamp and the same content."""
        with self._connection as database:
            database.execute("UPDATE page SET mtime_ns = ?, size = ? WHERE source = ?", (*stamp, source))

    def remove(self, sources: Iterable[str]) -> None:
        with self._connection:
            for source in sources:
                self._delete(source)

    def search(self, question: str, language: Language, limit: int, min_score: float) -> list[Passage]:
        """The sections that fit best, the best first. Never raises for any question."""
        wanted = [word.terms for word in question_words(question, MAX_QUESTION_TERMS)]
        if not wanted:
            return []
        weights = self._weights(wanted)
        ranked: list[tuple[float, Passage]] = []
        for source, heading, text, page_language, *words in sections_with(
            self._connection, wanted, CANDIDATES
        ):
            score = _covered(wanted, weights, *(frozenset(part.split()) for part in words))
            if score >= min_score:
                preference = 1.0 if page_language == language else OTHER_LANGUAGE_WEIGHT
                ranked.append((score * preference, Passage(source, heading, text, round(score, 3))))
        ranked.sort(key=lambda entry: -entry[0])  # stable: equal ones stay in the order of bm25
        return [passage for _, passage in ranked[:limit]]

    def quote(self, question: str, language: Language) -> Quote | None:
        """See ``find_quote``. Never raises for any question."""
        words = question_words(question, MAX_QUESTION_TERMS)
        return find_quote(self._connection, question, words, language)

    def _weights(self, wanted: Sequence[frozenset[str]]) -> list[float]:
        """How much each word tells: its inverse document frequency, as in BM25."""
        (total,) = self._connection.execute("SELECT count(*) FROM section").fetchone()
        weights = []
        for alternatives in wanted:
            marks = ", ".join("?" * len(alternatives))
            (having,) = self._connection.execute(
                f"SELECT coalesce(max(doc), 0) FROM vocabulary WHERE term IN ({marks})", tuple(alternatives)
            ).fetchone()
            weights.append(math.log1p((max(total, FEW_SECTIONS) - having + 0.5) / (having + 0.5)))
        return weights

    def _delete(self, source: str) -> None:
        database = self._connection
        database.execute(
            "DELETE FROM words WHERE rowid IN (SELECT id FROM section WHERE source = ?)", (source,)
        )
        database.execute("DELETE FROM section WHERE source = ?", (source,))
        database.execute("DELETE FROM page WHERE source = ?", (source,))


def _covered(
    wanted: Sequence[frozenset[str]], weights: Sequence[float], heading: frozenset[str], text: frozenset[str]
) -> float:
    found = 0.0
    for alternatives, weight in zip(wanted, weights, strict=True):
        if alternatives & heading:
            found += weight * HEADING_WEIGHT
        elif alternatives & text:
            found += weight
    return min(1.0, found / sum(weights))


def _open(path: Path | None) -> sqlite3.Connection:
    if path is None:
        return _create(sqlite3.connect(":memory:", check_same_thread=False))
    connection = sqlite3.connect(path, check_same_thread=False)
    try:
        if connection.execute("SELECT scheme FROM made").fetchone() == (scheme(),):
            connection.execute("PRAGMA quick_check").fetchone()
            return connection
    except sqlite3.DatabaseError:
        pass  # empty, damaged, or another program's: an index costs nothing to make anew
    connection.close()
    path.unlink()
    return _create(sqlite3.connect(path, check_same_thread=False))


def _create(connection: sqlite3.Connection) -> sqlite3.Connection:
    connection.executescript(_SCHEMA)
    with connection:
        connection.execute("INSERT INTO made VALUES (?)", (scheme(),))
    return connection
