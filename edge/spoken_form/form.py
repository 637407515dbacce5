"""The written and the spoken form of a text, and which part of one stands for which of the other. Pure."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

_WORD = re.compile(r"\S+")


class SpokenWord(NamedTuple):
    """One word to be said, with the marks that stand at it and without white space."""

    text: str
    start: int
    """Offset in the written text of what it stands for, which begins and ends at white space."""
    end: int
    """Words that can only be said together ("пять километров" for "5 км") share one start and one end."""


class Respelling(NamedTuple):
    """The written characters from ``start`` to ``end`` are said as ``text``."""

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class SpokenForm:
    """What a voice is given for ``written``. Both ways between the two texts are monotone."""

    written: str
    words: tuple[SpokenWord, ...]
    """In order. Where something written is not said, it belongs to the word before it."""

    @cached_property
    def text(self) -> str:
        """The spoken words with a space between each two."""
        return " ".join(word.text for word in self.words)

    def written_at(self, spoken: int) -> int:
        """How far in the written text one is when ``text[:spoken]`` has been said: always at a word's border.

        Words that share a written span count when the last of them has been said.
        """
        heard = bisect_right(self._ends, spoken)
        if heard == len(self.words):
            return len(self.written)
        while heard and self.words[heard - 1].start == self.words[heard].start:
            heard -= 1
        return self.words[heard - 1].end if heard else 0

    def spoken_at(self, written: int) -> int:
        """Where in ``text`` a voice goes on that has said ``written[:written]``: at a word's beginning.

        Inside a written span this is the beginning of what it stands for.
        """
        first = bisect_right(self.words, written, key=lambda word: word.end)
        return self._ends[first] - len(self.words[first].text) if first < len(self.words) else len(self.text)

    def spans(self) -> Iterator[tuple[tuple[int, int], int]]:
        """Each written span for which something is said, and where in ``text`` that begins."""
        before = None
        for word, end in zip(self.words, self._ends, strict=True):
            if (span := (word.start, word.end)) != before:
                yield span, end - len(word.text)
            before = span

    @cached_property
    def _ends(self) -> list[int]:
        """Offset in ``text`` behind each word."""
        return [end - 1 for end in accumulate(len(word.text) + 1 for word in self.words)]


def compose(written: str, respellings: Iterable[Respelling]) -> SpokenForm:
    """Put ``respellings`` in place of what they stand for; all else is said as it is written.

    Args:
        respellings: in order, none overlapping another. A space comes between one and a letter or digit
            beside it.
    """
    words: list[SpokenWord] = []
    for start, end, spoken in _blocks(written, respellings):
        texts = spoken.split()
        words += [SpokenWord(text, start, end) for text in texts]
        if not texts and words:
            last = words[-1].start
            for index in range(len(words) - 1, -1, -1):
                if words[index].start != last:
                    break
                words[index] = words[index]._replace(end=end)
    return SpokenForm(written, tuple(words))


def _blocks(written: str, respellings: Iterable[Respelling]) -> Iterator[tuple[int, int, str]]:
    """Smallest stretches between white space that no respelling crosses: start, end, what is said."""
    waiting = iter(respellings)
    respelling = next(waiting, None)
    begun = None
    """Where the stretch under way begins; None: at the next word."""
    said: list[str] = []
    done = 0
    """Up to where ``said`` tells what is said."""
    for match in _WORD.finditer(written):
        if begun is None:
            begun = done = match.start()
        while respelling is not None and respelling.start < match.end():
            _append(said, written[done : respelling.start])
            _append(said, respelling.text)
            done = respelling.end
            respelling = next(waiting, None)
        if done > match.end():
            continue
        _append(said, written[done : match.end()])
        yield begun, match.end(), "".join(said)
        begun, said = None, []


def _append(said: list[str], text: str) -> None:
    if not text:
        return
    if said and said[-1][-1].isalnum() and text[0].isalnum():
        said.append(" ")
    said.append(text)
