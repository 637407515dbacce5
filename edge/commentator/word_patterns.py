"""Phrases that are looked for in the words of a text, however they are disguised. Pure, linear.

A phrase is a line of words. ``word`` is that word, ``stem*`` one that begins so, ``*part*`` one that has it
inside; ``a|b*`` is either; ``%stem*`` begins so behind any of a language's prefixes or none. ``~`` stands for
up to three words, ``^`` and ``$`` for the beginning and the end of a clause, ``<number>`` for a number, and
``<digits>`` for a long one. ``{group}`` is any word of that group in the table's ``words``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from edge.commentator.disguises import ReadWord, plain_letters

GAP, START, END = -1, -2, -3
WIDEST_GAP = 3
NUMBER, DIGITS = "<number>", "<digits>"
FEWEST_DIGITS = 3
MOST_REMEMBERED = 4096
LONGEST_REMEMBERED = 40


class FoundPhrase(NamedTuple):
    """A phrase that was found."""

    name: str
    """The phrase's own, as it was given."""
    start: int
    end: int
    """The first of its words, and the one behind its last."""


class WordPatterns:
    """Looks for all phrases at once."""

    def __init__(self) -> None:
        self._tokens: dict[str, int] = {}
        self._exact: dict[str, set[int]] = {}
        self._prefixes: dict[str, set[int]] = {}
        self._parts: list[tuple[str, int]] = []
        self._numbers: set[int] = set()
        self._long_numbers: set[int] = set()
        self._seen: dict[str, frozenset[int]] = {}
        """Word → the tokens that it is one of, for the words of late."""
        self._longest_prefix = 0
        self._phrases: dict[int, list[tuple[str, tuple[int, ...]]]] = {}
        """First token → the phrases that begin with it, as token, ``GAP``, ``START`` and ``END``."""

    def add(self, name: str, line: str, prefixes: Iterable[str] = ()) -> None:
        """Add a phrase."""
        steps = [
            {"~": GAP, "^": START, "$": END}.get(word) or self._token(word, prefixes) for word in line.split()
        ]
        first = next(step for step in steps if step >= 0)
        self._phrases.setdefault(first, []).append((name, tuple(steps)))

    def find(self, words: list[ReadWord], clause_from: int = 0) -> Iterator[FoundPhrase]:
        """All phrases in these words.

        Args:
            clause_from: the first word of the last clause; ``^`` is there, ``$`` behind the last word.
        """
        marks = [self._known_marks(word) for word in words]
        for at, found in enumerate(marks):
            for token in found:
                for name, steps in self._phrases.get(token, ()):
                    if steps[0] == START and at != clause_from:
                        continue
                    if (end := self._match(steps, 1 if steps[0] == START else 0, marks, at)) is not None:
                        yield FoundPhrase(name, at, end)

    def _match(self, steps: tuple[int, ...], step: int, marks: list[frozenset[int]], at: int) -> int | None:
        """Where the phrase ends that goes on with this step at this word; None: it does not."""
        while step < len(steps):
            wanted = steps[step]
            if wanted == END:
                return at if at == len(marks) else None
            if wanted == GAP:
                ends = (self._match(steps, step + 1, marks, at + gap) for gap in range(WIDEST_GAP + 1))
                return next((end for end in ends if end is not None), None)
            if at >= len(marks) or wanted not in marks[at]:
                return None
            step, at = step + 1, at + 1
        return at

    def _known_marks(self, word: ReadWord) -> frozenset[int]:
        if len(word.written) > LONGEST_REMEMBERED:
            return self._marks(word)
        if word.written not in self._seen:
            if len(self._seen) >= MOST_REMEMBERED:
                self._seen.clear()
            self._seen[word.written] = self._marks(word)
        return self._seen[word.written]

    def _marks(self, word: ReadWord) -> frozenset[int]:
        """The tokens that the word is one of."""
        found: set[int] = set()
        for form in word.forms:
            found |= self._exact.get(form, _NOTHING)
            for length in range(2, min(len(form), self._longest_prefix) + 1):
                found |= self._prefixes.get(form[:length], _NOTHING)
            found |= {token for part, token in self._parts if part in form}
        for masked in word.masked:
            if masked.count("*") <= 2 <= len(masked.replace("*", "")):
                found |= self._hidden(masked)
        if digits := sum(c.isdecimal() for c in word.written):
            found |= self._numbers | (self._long_numbers if digits >= FEWEST_DIGITS else set())
        return frozenset(found)

    def _hidden(self, masked: str) -> set[int]:
        """The tokens that a word with hidden letters may be one of."""
        exact = (tokens for word, tokens in self._exact.items() if _fits(masked, word, whole=True))
        stems = (tokens for stem, tokens in self._prefixes.items() if _fits(masked, stem, whole=False))
        return set().union(*exact, *stems)

    def _token(self, word: str, prefixes: Iterable[str]) -> int:
        if word in self._tokens:
            return self._tokens[word]
        token = self._tokens[word] = len(self._tokens)
        for choice in word.split("|"):
            if choice in (NUMBER, DIGITS):
                (self._numbers if choice == NUMBER else self._long_numbers).add(token)
                continue
            plain = plain_letters(choice.strip("*%"))
            if choice.startswith("*"):
                self._parts.append((plain, token))
            elif choice.startswith("%"):
                for prefix in ("", *prefixes):
                    self._add_stem(plain_letters(prefix) + plain, token)
            elif choice.endswith("*"):
                self._add_stem(plain, token)
            else:
                self._exact.setdefault(plain, set()).add(token)
        return token

    def _add_stem(self, stem: str, token: int) -> None:
        self._prefixes.setdefault(stem, set()).add(token)
        self._longest_prefix = max(self._longest_prefix, len(stem))


_NOTHING: frozenset[int] = frozenset()


def _fits(masked: str, plain: str, *, whole: bool) -> bool:
    """Whether the letters that can be seen are those of ``plain``. Of a stem all must be there."""
    if len(masked) < len(plain) or (whole and len(masked) != len(plain)):
        return False
    return len(plain) > 2 and all(seen in ("*", letter) for seen, letter in zip(masked, plain, strict=False))
