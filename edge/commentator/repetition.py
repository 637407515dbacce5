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
    held: list[str] | None = [] if known else None
    begin = _Beginning(known)
    async for token in tokens:
        if held is None:
            yield token
            continue
        held.append(token)
        if begin.may_repeat(token):
            yield ""
        else:
            yield _behind_repetition("".join(held), known)
            held = None
    if held:
        yield _behind_repetition("".join(held), known)


class _Beginning:
    """The words that a text begins with, and where in ``known`` they stand. Each is compared once."""

    def __init__(self, known: list[str]) -> None:
        self._known = known
        self._count = 0
        self._places = list(range(len(known)))
        """Where in ``known`` the words so far begin, if they go on there."""
        self._unfinished = ""

    def may_repeat(self, more: str) -> bool:
        """True while the text, with ``more`` behind it, may still become an end of ``known``."""
        # The last word may go on with the next token.
        text = self._unfinished + more
        finished = text.rfind(" ") + 1 if text[-1:].isalnum() else len(text)
        self._unfinished = text[finished:]
        for word in _words(text[:finished]):
            self._places = [at for at in self._places if self._known[at + self._count] == word]
            self._count += 1
            self._places = [at for at in self._places if at + self._count < len(self._known)]
        return bool(self._places)


def _words(text: str) -> list[str]:
    return [word.replace("ё", "е") for word in _WORD.findall(text.casefold())]


def _behind_repetition(text: str, known: list[str]) -> str:
    """``text`` behind the longest end of ``known`` that it begins with."""
    begin = _words(text)
    for at in range(len(known)):
        count = len(known) - at
        if begin[:count] == known[at:] and (count >= MIN_WORDS or at == 0):
            return text[list(_WORD.finditer(text))[count - 1].end() :]
    return text
