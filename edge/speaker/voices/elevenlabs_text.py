"""The letters of the text that was sent, and where in it one is by the letters that an alignment tells. Pure.

Letters and digits alone are compared: services drop and add marks and spaces, and write letters in other
forms of Unicode. Where they do not fit (a word said twice, a letter left out, a number written out), the
place is lost until a later word of the text fits.
"""

from __future__ import annotations

import unicodedata
from collections import deque
from typing import NamedTuple

from edge.speaker.script import ScriptClause

LONGEST_RUN = 64
"""Letters that are remembered to find the place again."""
WORDS_AHEAD = 12
"""A word that is further off is another one that only sounds the same."""
FEWEST_LETTERS = 3
"""A shorter word fits anywhere; it counts with the one before it."""


class SentWord(NamedTuple):
    """One word of the script (what stands between blanks)."""

    letters: str
    """As they are compared."""
    first: int
    """Letters before it."""
    start: int
    end: int
    """Where it begins and ends in the script."""

    @property
    def behind(self) -> int:
        """Letters up to its end."""
        return self.first + len(self.letters)


class ToldLetter(NamedTuple):
    """A letter that an alignment tells."""

    char: str
    begins: bool
    """A mark or a blank came before it."""
    start: int
    end: int
    """Samples of the context."""


class SentText:
    """All clauses that were sent, as words."""

    def __init__(self) -> None:
        self.words: list[SentWord] = []
        self.letters = 0
        self.aligned = 0
        """Letters that have been told, those that were skipped among them."""
        self.lost = False
        self._run: deque[ToldLetter] = deque(maxlen=LONGEST_RUN)
        self._at_border = True
        self._at = 0
        """The word that the next letter belongs to."""

    def add(self, clause: ScriptClause) -> None:
        letters, start = "", clause.start
        for offset, char in enumerate(f"{clause.text} ", clause.start):
            if char.isspace():
                if letters:
                    self.words.append(SentWord(letters, self.letters, start, min(offset, clause.end)))
                    self.letters += len(letters)
                    letters = ""
                start = offset + 1
            letters += folded(char)
        if self.words:  # marks behind the last word belong to it
            self.words[-1] = self.words[-1]._replace(end=clause.end)

    @property
    def all_aligned(self) -> bool:
        return not self.lost and self.aligned == self.letters

    def jump(self, letters: int) -> None:
        """Somebody else knows that so many letters, up to a word's end, have been spoken."""
        self.aligned, self.lost = letters, False
        while self._at < len(self.words) and self.words[self._at].behind <= letters:
            self._at += 1
        self.gap(at_border=True)

    def gap(self, *, at_border: bool = False) -> None:
        """Sound came of which nothing tells what it speaks."""
        self._run.clear()
        self._at_border = at_border

    def hear(self, char: str, start: int, end: int) -> list[tuple[int, ToldLetter]]:
        """A character was told; gives the letters that fit, each with the index of its word.

        Where the place was lost and is found again, those are all letters of the word that fits.
        """
        fitting: list[tuple[int, ToldLetter]] = []
        letters = folded(char)
        if not letters and not all(map(unicodedata.combining, char)):
            self._at_border = True
        for letter in letters:
            heard = ToldLetter(letter, self._at_border, start, end)
            self._at_border = False
            self._run.append(heard)
            if not self.lost and self.aligned == self.letters:
                continue  # more than was sent
            if not self.lost and self._expected() == letter:
                fitting.append((self._at, heard))
                self._go_on()
            else:
                self.lost = True
                fitting += self._found_again()
        return fitting

    def _expected(self) -> str:
        word = self.words[self._at]
        return word.letters[self.aligned - word.first]

    def _go_on(self) -> None:
        self.aligned += 1
        if self.aligned == self.words[self._at].behind:
            self._at += 1

    def _found_again(self) -> list[tuple[int, ToldLetter]]:
        run = "".join(heard.char for heard in self._run)
        for index in range(self._at, min(self._at + WORDS_AHEAD, len(self.words))):
            word = self.words[index]
            wanted = word.letters
            if len(wanted) < FEWEST_LETTERS and index:
                wanted = self.words[index - 1].letters + wanted
            if len(wanted) < FEWEST_LETTERS or not run.endswith(wanted):
                continue
            if not self._run[-len(wanted)].begins and any(heard.begins for heard in self._run):
                continue  # the end of another word
            self.lost, self.aligned, self._at = False, word.behind, index + 1
            return [(index, heard) for heard in list(self._run)[-len(word.letters) :]]
        return []


def folded(char: str) -> str:
    """The letters and digits in a character, whatever their case and form."""
    parts = unicodedata.normalize("NFKD", char).casefold()
    return "".join(part for part in parts if part.isalnum())
