"""Takes a numbered list's marks out of a text: "1." and "2." in sequence, each where a line begins. Pure.

Any other number that a line begins with is said: "2019. Тогда башню и открыли." In a stream a "1." counts
before it is known whether a "2." comes.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

_MARK = re.compile(r"[^\S\n]{0,4}(\d{1,2})[.)][^\S\n]\Z")
_MAY_BE_ONE = re.compile(r"[^\S\n]{0,4}(?:\d{1,2}(?:[.)]\s?)?)?\Z")


class ListMarks:
    """Feed it pieces of a text of any size; it gives the text back without the marks."""

    def __init__(self) -> None:
        self._line = ""
        """What of a line's beginning is held back, since it may be a mark."""
        self._at_line_start = True
        self._next = 1

    def feed(self, piece: str) -> str:
        """What of the text can be passed on. Nothing is held but what a number begins."""
        passed: list[str] = []
        for character in piece:
            if not self._at_line_start:
                self._at_line_start = character == "\n"
                passed.append(character)
                continue
            self._line += character
            if (mark := _MARK.match(self._line)) and int(mark[1]) == self._next:
                self._line, self._next, self._at_line_start = "", self._next + 1, False
            elif character == "\n" or not _MAY_BE_ONE.match(self._line):
                self._at_line_start = character == "\n"
                passed.append(self.rest())
        return "".join(passed)

    @property
    def found(self) -> int:
        """Marks so far."""
        return self._next - 1

    def rest(self) -> str:
        """What is held back, at the end of the text."""
        line, self._line = self._line, ""
        return line


def without_whole_lists_marks(text: str) -> str:
    """A whole text without the marks of its lists. A single "1." is none: "1. Maret libur"."""
    marks = ListMarks()
    plain = marks.feed(text) + marks.rest()
    return plain if marks.found > 1 else text


async def without_list_marks(tokens: AsyncIterator[str]) -> AsyncIterator[str]:
    """The tokens without the marks of lists."""
    marks = ListMarks()
    async for token in tokens:
        if passed := marks.feed(token):
            yield passed
    if rest := marks.rest():
        yield rest
