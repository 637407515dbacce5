"""Nothing is said twice, nor nearly so: remarks are compared by their words. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from rapidfuzz import fuzz, process

from edge.lexicon.words import words_of

SAME_FROM_PERCENT = 75.0
"""Letters in common, in this order of words or another. "Справа две собаки, решают, кто вожак" and
"Две собаки слева решают, кто вожак" have 82."""
REMEMBERED = 2000
"""What is written is compared with all of it, in quiet; what is about to be said with the last ``LATELY``."""
LATELY = 200


def normalised(text: str) -> str:
    """What is compared: the words in small letters, without punctuation, sorted."""
    return " ".join(sorted(words_of(text)))


def is_near_duplicate(text: str, others: Iterable[str]) -> bool:
    """Whether one of ``others`` (normalised) says nearly the same."""
    found = process.extractOne(normalised(text), others, scorer=fuzz.ratio, score_cutoff=SAME_FROM_PERCENT)
    return found is not None


class Spoken:
    """The remarks that were heard lately, whoever wrote them.

    Args:
        texts: from before a restart, the oldest first.
    """

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._texts: deque[str] = deque((normalised(text) for text in texts), maxlen=REMEMBERED)

    @property
    def texts(self) -> tuple[str, ...]:
        """Normalised, the oldest first."""
        return tuple(self._texts)

    def add(self, text: str) -> None:
        if text := normalised(text):
            self._texts.append(text)

    def has_heard_lately(self, text: str) -> bool:
        """Whether this text, or nearly this text, was said."""
        return is_near_duplicate(text, list(self._texts)[-LATELY:])
