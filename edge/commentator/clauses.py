"""Cuts a stream of tokens into clauses that a voice can speak one by one.

A clause leaves as soon as its last punctuation mark is there; nobody waits for the end of the sentence,
nor for the token behind the mark. Each character is looked at once, however the stream is cut into tokens.
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
LONGEST_CLAUSE_CHARS = 1000
"""A clause is cut here, wherever that is. Only a word without an end gets so far, and no voice speaks it."""

_CLOSING = {closing: opening for opening, closing in OPENING.items()}
_LINK_MARKS = ("http:", "https:", "www.", "@")
_LONGEST_LINK_MARK = max(map(len, _LINK_MARKS))


class ClauseCutter:
    """Feed it pieces of text of any size; it gives back the clauses that are complete."""

    def __init__(self) -> None:
        self._begin()

    def feed(self, piece: str) -> list[str]:
        """Append ``piece``; the clauses that this completed, with punctuation, without outer space."""
        clauses = []
        for character in piece:
            self._append(character)
            if self._complete():
                clauses.append(self.rest())
        return [clause for clause in clauses if clause]

    def rest(self) -> str:
        """What is left at the end of the stream."""
        rest = "".join(self._characters).strip()
        self._begin()
        return rest

    def _begin(self) -> None:
        self._characters: list[str] = []
        self._words = 0
        self._in_word = False
        self._starred = False
        self._open = dict.fromkeys(OPENING, 0)
        """Opening bracket → how many more of them than of closing ones."""
        self._in_link = False
        """Since the last space there was what a link or an address has."""
        self._link_mark = ""
        """The last characters, small, which may be the beginning of a link."""
        self._part_from = 0
        """Behind the last space or full stop before the last character."""
        self._next_part_from = 0

    def _append(self, character: str) -> None:
        self._characters.append(character)
        self._part_from = self._next_part_from
        if character in " .":
            self._next_part_from = len(self._characters)
        if character.isspace():
            self._in_word = False
        elif not self._in_word:
            self._in_word = True
            self._words += 1
        if character == "*":
            self._starred = not self._starred
        elif character in OPENING:
            self._open[character] += 1
        elif character in _CLOSING:
            self._open[_CLOSING[character]] -= 1
        if character == " ":
            self._in_link, self._link_mark = False, ""
        elif not self._in_link:
            self._link_mark = (self._link_mark + character.casefold())[-_LONGEST_LINK_MARK:]
            self._in_link = self._link_mark.endswith(_LINK_MARKS)

    def _complete(self) -> bool:
        last = self._characters[-1]
        length = len(self._characters)
        if length >= LONGEST_CLAUSE_CHARS:
            return True
        if last == "\n":
            return self._words > 0
        # A link or an address stays whole: only so the gate knows it for one.
        if self._in_link or self._inside_brackets():
            return False
        if last in ENDS_SENTENCE:
            return last != "." or not self._is_abbreviation()
        if last in ENDS_CLAUSE:
            return self._words >= MIN_WORDS and not (length > 1 and self._characters[-2].isdigit())
        return length > MAX_CHARS and last == " "

    def _inside_brackets(self) -> bool:
        if len(self._characters) > MAX_BRACKET_CHARS:
            return False
        return self._starred or max(self._open.values()) > 0

    def _is_abbreviation(self) -> bool:
        """ "т.", "3." or a mark right after another one does not end anything that can be spoken."""
        word = "".join(self._characters[self._part_from : -1]).strip("(«\"'")
        return len(word) <= 1 or word[-1].isdigit()
