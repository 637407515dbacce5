"""Text that follows what was said already shall not say it again. Pure."""

from __future__ import annotations

from edge.lexicon.words import composed, placed_words, words_of


class OpenerOverlap:
    """Takes the words of an opener off the beginning of the text that follows it.

    Args:
        opener: what was said; empty: nothing was.
    """

    def __init__(self, opener: str) -> None:
        self._left = words_of(opener)

    def behind(self, clause: str) -> str:
        """The clause as it goes on; empty where it only repeats. Call it with each clause, in order."""
        if not self._left:
            return clause
        text = composed(clause)
        words = placed_words(text)
        left, self._left = self._left, []
        said = [word.text for word in words]
        if said[: len(left)] == left:
            return text[words[len(left) - 1].end :].lstrip(" ,.;:!?…—–-")
        if said and said == left[: len(said)]:
            self._left = left[len(said) :]
            return ""
        return clause
