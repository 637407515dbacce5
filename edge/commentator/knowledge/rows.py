"""Sections of the index that share a word with a question."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import NamedTuple

from edge.messages import Language

SENTENCE_BORDER = "."
"""Stands between the terms of two sentences; the tokenizer passes over it."""


class SectionRow(NamedTuple):
    """A section as the index has it."""

    source: str
    heading: str
    text: str
    language: Language
    """The language of its page."""
    heading_terms: str
    text_terms: str


def sections_with(
    connection: sqlite3.Connection, wanted: Iterable[frozenset[str]], limit: int
) -> list[SectionRow]:
    """The sections that have any of these terms, those that fit best first."""
    rows = connection.execute(
        "SELECT section.source, section.heading, section.text, page.language, words.heading, words.text"
        " FROM words JOIN section ON section.id = words.rowid"
        " JOIN page ON page.source = section.source"
        " WHERE words MATCH ? ORDER BY bm25(words, 2.0, 1.0), section.id LIMIT ?",
        (_any_of(wanted), limit),
    )
    return [SectionRow(*row) for row in rows]


def pages_with(connection: sqlite3.Connection, wanted: Iterable[frozenset[str]], language: Language) -> int:
    """How many pages in this language have any of these terms."""
    (count,) = connection.execute(
        "SELECT count(DISTINCT page.source) FROM words JOIN section ON section.id = words.rowid"
        " JOIN page ON page.source = section.source WHERE words MATCH ? AND page.language = ?",
        (_any_of(wanted), language),
    ).fetchone()
    return int(count)


def _any_of(wanted: Iterable[frozenset[str]]) -> str:
    """Terms are letters and digits alone, and quoted besides: nothing in them is query syntax."""
    return " OR ".join(f'"{term}"' for alternatives in wanted for term in sorted(alternatives))
