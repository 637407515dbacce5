"""A Markdown page, cut into sections by its headings. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from edge.commentator.clauses import ENDS_SENTENCE, ClauseCutter
from edge.commentator.knowledge.files import UnusablePage

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock
    from markdown_it.token import Token

MAX_SECTION_CHARS = 800
"""A longer section is cut between paragraphs (or sentences), so that a passage fits into a prompt."""
MAX_PARTS = 100_000
"""Parts that the parser makes of a page, some 300 bytes each. The largest page has a tenth of it, the longest
list of short items two thirds."""
MAX_TITLE_CHARS = 200
"""Each section below a heading has it."""

_FRONT_MATTER_LINE = re.compile(r"^---[^\S\n]*+$", re.MULTILINE)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
SENTENCE_ENDS = tuple(ENDS_SENTENCE)
_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+")


class PageSection(NamedTuple):
    """A heading and what stands under it, as plain text."""

    heading: str
    """With those above it, ``"Café Lotus › Opening hours"``; empty before the first heading."""
    text: str
    """A paragraph, an item of a list or a row of a table is a line."""


def sections(markdown: str) -> list[PageSection]:
    """The sections of a page, in order, without those that have no text.

    Links keep their words, a table gives a line a row; front matter, comments, tags, pictures are left out.

    Raises:
        UnusablePage: it grows beyond ``MAX_PARTS``.
    """
    source = _COMMENT.sub("", _without_front_matter(markdown.replace("\r\n", "\n")))
    found: list[PageSection] = []
    path: list[tuple[int, str]] = []
    lines: list[str] = []

    def close() -> None:
        heading = " › ".join(title for _, title in path if title)
        found.extend(PageSection(heading, piece) for piece in _pieces(lines))
        lines.clear()

    for level, text in _blocks(_parser().parse(source)):
        if level:
            close()
            path[:] = [(above, title) for above, title in path if above < level]
            path.append((level, text[:MAX_TITLE_CHARS]))
        elif text:
            lines.append(text)
    close()
    return found


def _without_front_matter(markdown: str) -> str:
    """The page behind a first line ``---`` and the next such line, where there are both."""
    begin = _FRONT_MATTER_LINE.match(markdown)
    end = _FRONT_MATTER_LINE.search(markdown, begin.end() + 2) if begin else None
    return markdown[end.end() + 1 :] if end else markdown


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt  # where no page is new none is parsed

    parser = MarkdownIt("commonmark").enable("table")
    parser.block.ruler.before("table", "bound", _bound)
    return parser


def _bound(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    """A rule that matches nothing: it ends the parsing of a page that grows in it.

    Of each row of a table that has too few cells the parser makes as many as the first row has.
    """
    if len(state.tokens) > MAX_PARTS:
        raise UnusablePage(
            f"expected at most {MAX_PARTS} parts (paragraphs, items, cells), came more; split it"
        )
    return False


def _blocks(tokens: list[Token]) -> Iterator[tuple[int, str]]:
    """(heading level, its text) and (0, text of any other block)."""
    row: list[str] | None = None
    for before, token in zip([None, *tokens], tokens, strict=False):
        if token.type == "tr_open":
            row = []
        elif token.type == "tr_close" and row is not None:
            yield 0, " — ".join(cell for cell in row if cell)
            row = None
        elif token.type == "inline":
            text = _plain(token)
            if row is not None:
                row.append(text)
            elif before is not None and before.type == "heading_open":
                yield int(before.tag[1:]), text
            else:
                yield 0, text
        elif token.type in ("fence", "code_block"):
            yield 0, _one_line(token.content)


def _plain(token: Token) -> str:
    parts = []
    for child in token.children or ():
        if child.type in ("text", "code_inline"):
            parts.append(child.content)
        elif child.type in ("softbreak", "hardbreak"):
            parts.append(" ")
    return _one_line("".join(parts))


def _one_line(text: str) -> str:
    return " ".join(_TAG.sub(" ", text).split())


def _pieces(paragraphs: list[str]) -> Iterator[str]:
    """The paragraphs, a line each, joined into texts of at most MAX_SECTION_CHARS."""
    piece = ""
    for paragraph in paragraphs:
        for at, part in enumerate(_cut(paragraph)):
            if piece and len(piece) + 1 + len(part) > MAX_SECTION_CHARS:
                yield piece
                piece = ""
            piece = f"{piece} {part}" if at and piece else f"{piece}\n{part}".strip()
    if piece:
        yield piece


@lru_cache(maxsize=512)
def sentences(text: str) -> tuple[str, ...]:
    """The sentences of a section's text, in order; a line ends one, too."""
    found: list[str] = []
    for line in text.split("\n"):
        cutter = ClauseCutter()
        sentence = ""
        for clause in [*cutter.feed(line), cutter.rest()]:
            sentence = f"{sentence} {clause}".strip()
            if sentence.endswith(SENTENCE_ENDS):
                found.append(sentence)
                sentence = ""
        if sentence:
            found.append(sentence)
    return tuple(found)


def _cut(paragraph: str) -> Iterator[str]:
    if len(paragraph) <= MAX_SECTION_CHARS:
        yield paragraph
        return
    for sentence in _SENTENCE_END.split(paragraph):
        for start in range(0, len(sentence), MAX_SECTION_CHARS):
            yield sentence[start : start + MAX_SECTION_CHARS]
