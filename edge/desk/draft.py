"""Where a recognised sentence goes in the text that is being written, and with what around it. Pure."""

from __future__ import annotations

from typing import NamedTuple

NO_SPACE_AFTER = frozenset("([{«„“\"'‘/-–—\u00a0")
NO_SPACE_BEFORE = frozenset(".,;:!?…)]}»”%")
TYPING_S = 0.8
"""A sentence waits while somebody types, so that no word is torn."""


class Insertion(NamedTuple):
    """What is inserted where, in characters from the text's beginning."""

    offset: int
    text: str

    @property
    def end(self) -> int:
        return self.offset + len(self.text)


def insertion(text: str, offset: int, sentence: str) -> Insertion:
    """A sentence at ``offset``, or behind the word in which that lies, with the blanks that it needs.

    Args:
        sentence: one line without blanks at its ends.
    """
    while 0 < offset < len(text) and _in_word(text[offset - 1]) and _in_word(text[offset]):
        offset += 1
    before, after = text[:offset], text[offset:]
    opens = not before or before[-1].isspace() or before[-1] in NO_SPACE_AFTER
    leading = "" if opens or sentence[:1] in NO_SPACE_BEFORE else " "
    closes = not after or after[0].isspace() or after[0] in NO_SPACE_BEFORE
    return Insertion(offset, f"{leading}{sentence}{'' if closes else ' '}")


def _in_word(char: str) -> bool:
    return char.isalnum() or char in "_'’-"


class DictationPoint:
    """The place of the next sentence: at the cursor, or behind the last one if that did not move the cursor.

    What is selected is never replaced: people select in order to copy.
    """

    def __init__(self) -> None:
        self._seen: tuple[int, int] | None = None
        self._next = 0

    def offset(self, selection: tuple[int, int]) -> int:
        """Where the next sentence goes, while this is selected (begin and end, in any order)."""
        return self._next if selection == self._seen else max(selection)

    def inserted(self, end: int, selection: tuple[int, int]) -> None:
        """The last one ends there, and this is selected now."""
        self._next, self._seen = end, selection


class WaitingSentences:
    """Sentences that came while somebody typed."""

    def __init__(self) -> None:
        self._sentences: list[str] = []
        self._typed_mono = float("-inf")

    def typed(self, now_mono: float) -> None:
        """A key was pressed."""
        self._typed_mono = now_mono

    def add(self, sentence: str) -> None:
        self._sentences.append(sentence)

    def take(self, now_mono: float) -> list[str]:
        """Sentences that may be inserted now."""
        if now_mono - self._typed_mono < TYPING_S:
            return []
        taken, self._sentences = self._sentences, []
        return taken

    def take_all(self) -> list[str]:
        """The editor is left."""
        return self.take(float("inf"))
