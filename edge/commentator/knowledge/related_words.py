"""Which words may stand for one another between a question and a page. Pure."""

from __future__ import annotations

from functools import cache

from edge.commentator.knowledge.question_kinds import light_words, same_words
from edge.commentator.knowledge.terms import alternatives, is_name_of_a_thing
from edge.messages import Language

SHORTEST_BEGINNING = 4
"""Letters that two terms have in common at least, if they are made from one word."""
OF_THE_LONGER, OF_THE_SHORTER = 0.6, 0.8
"""The part of each that the common beginning is."""
_SWALLOWED = "ptks"
"""Letters that Indonesian "me-" and "pe-" take from the beginning of a root."""


def are_alike(term: str, other: str) -> bool:
    """Whether two terms are probably made from one word, as "обменя" and "обменник"."""
    shorter, longer = sorted((len(term), len(other)))
    common = next(
        (at for at, (a, b) in enumerate(zip(term, other, strict=False)) if a != b),
        shorter,
    )
    least = max(SHORTEST_BEGINNING, OF_THE_LONGER * longer, OF_THE_SHORTER * shorter)
    return common >= least


def same_terms(word: str, language: Language) -> frozenset[str]:
    """Terms of words that mean much the same, and of its Indonesian root."""
    groups = _same_terms(language)
    found = set[str]()
    for term in alternatives(word):
        found |= groups.get(term, frozenset())
        if language == "id" and len(term) >= SHORTEST_BEGINNING:
            found |= {first + term for first in _SWALLOWED} if term[0] in "aeiou" else set()
            found |= {term[1:]} if term[0] in _SWALLOWED else set()
    return frozenset(found)


def is_light(word: str, language: Language) -> bool:
    """Whether it tells little of what is asked about ("take", "find", "here")."""
    return bool(alternatives(word) & _light_terms(language))


def may_be_topic(word: str, language: Language) -> bool:
    """Whether a word that no page has may be what is asked about; only of Russian ones it is known."""
    return language != "ru" or is_name_of_a_thing(word)


@cache
def _light_terms(language: Language) -> frozenset[str]:
    return frozenset[str]().union(*map(alternatives, light_words(language)))


@cache
def _same_terms(language: Language) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for group in same_words(language):
        group_terms = frozenset(term for word in group for term in alternatives(word))
        for term in group_terms:
            found[term] = found.get(term, frozenset()) | group_terms
    return found
