"""Cuts a stream of tokens into clauses that a voice can speak one by one.

A clause leaves as soon as its last punctuation mark is there; nobody waits for the end of the sentence,
nor for the token behind the mark.
"""

from __future__ import annotations

ENDS_SENTENCE = ".!?…"
ENDS_CLAUSE = ENDS_SENTENCE + ",;:—"
OPENING = {"(": ")", "[": "]", "«": "»", "“": "”"}
MIN_WORDS = 2
"""A clause of one word ("Ой,") is not worth a request of its own unless its sentence ends there."""
MAX_CHARS = 90
"""Without any punctuation a clause is cut at the last space before this length."""
MAX_BRACKET_CHARS = 160
"""An opening bracket that is not closed by then is no bracket."""


class ClauseCutter:
    """Feed it pieces of text of any size; it gives back the clauses that are complete."""

    def __init__(self) -> None:
        self._buffer = ""

    def feed(self, piece: str) -> list[str]:
        """Append ``piece``; the clauses that this completed, with punctuation, without outer space."""
        clauses = []
        for character in piece:
            self._buffer += character
            if self._complete():
                clauses.append(self._buffer.strip())
                self._buffer = ""
        return [clause for clause in clauses if clause]

    def rest(self) -> str:
        """What is left at the end of the stream."""
        rest, self._buffer = self._buffer.strip(), ""
        return rest

    def _complete(self) -> bool:
        text = self._buffer
        last = text[-1]
        if last == "\n":
            return bool(text.strip())
        if self._inside_brackets() or _inside_link(text):
            return False
        if last in ENDS_SENTENCE:
            return not _is_abbreviation(text)
        if last in ENDS_CLAUSE:
            return len(text.split()) >= MIN_WORDS and not text[-2:-1].isdigit()
        return len(text) > MAX_CHARS and last == " "

    def _inside_brackets(self) -> bool:
        if len(self._buffer) > MAX_BRACKET_CHARS:
            return False
        starred = self._buffer.count("*") % 2 == 1
        return starred or any(self._buffer.count(a) > self._buffer.count(b) for a, b in OPENING.items())


def _inside_link(text: str) -> bool:
    """A link or an address stays whole: only so the gate knows it for one."""
    word = text.rpartition(" ")[2].casefold()
    return "@" in word or any(mark in word for mark in ("http:", "https:", "www."))


def _is_abbreviation(text: str) -> bool:
    """ "т.", "3." or a mark right after another one does not end anything that can be spoken."""
    if text[-1] != ".":
        return False
    word = text[:-1].split(" ")[-1].split(".")[-1].strip("(«\"'")
    return len(word) <= 1 or word[-1].isdigit()
