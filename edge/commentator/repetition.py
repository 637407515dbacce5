"""A model that is asked to go on behind what was said may begin with it again; nobody shall hear it twice."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

_WORD = re.compile(r"\w+")
MIN_WORDS = 2
"""One word that comes again ("очень, очень") may be meant so."""


async def without_repetition(tokens: AsyncIterator[str], said: str) -> AsyncIterator[str]:
    """Yield the tokens without the last words of ``said`` (or all of them) that they begin with.

    A token that is held back until that is known yields an empty one in its place: the model is at work.
    """
    known = _words(said)
    held: str | None = "" if known else None
    async for token in tokens:
        if held is None:
            yield token
            continue
        held += token
        # The last word may go on with the next token.
        if _may_repeat(_words(held[: _last_word_at(held)]), known):
            yield ""
        else:
            yield _behind_repetition(held, known)
            held = None
    if held:
        yield _behind_repetition(held, known)


def _words(text: str) -> list[str]:
    return [word.replace("ё", "е") for word in _WORD.findall(text.casefold())]


def _last_word_at(text: str) -> int:
    """Where the word begins that ``text`` ends in; the text's length when it ends behind one."""
    return len(text) - len(text.rpartition(" ")[2]) if text[-1:].isalnum() else len(text)


def _may_repeat(words: list[str], known: list[str]) -> bool:
    """True while ``words`` may still become an end of ``known``."""
    return any(known[at : at + len(words)] == words for at in range(len(known) - len(words)))


def _behind_repetition(text: str, known: list[str]) -> str:
    """``text`` behind the longest end of ``known`` that it begins with."""
    begin = _words(text)
    for at in range(len(known)):
        count = len(known) - at
        if begin[:count] == known[at:] and (count >= MIN_WORDS or at == 0):
            return text[list(_WORD.finditer(text))[count - 1].end() :]
    return text
