"""Whether a remark that a model wrote ahead may be voiced and kept, and may still be said later. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from edge.commentator.gate import Gate, Stopped
from edge.commentator.models.endings import ends_sentence
from edge.commentator.pool.claims import contradiction
from edge.commentator.pool.variety import is_near_duplicate, normalised
from edge.commentator.question_language import is_in
from edge.messages import Language, Pattern

SHORTEST_CHARS = 12
LONGEST_CHARS = 160
"""Eleven seconds of speech; in front of what is gone by then nobody wants more."""


class Vetted(NamedTuple):
    """What became of the texts of one reply."""

    good: tuple[str, ...]
    refused: Counter[str]
    """Reason → number."""


def vet(
    texts: Iterable[str], pattern: Pattern, language: Language, gate: Gate, known: Iterable[str]
) -> Vetted:
    """Judge which of the texts may be held for the pattern.

    Args:
        texts: as the model wrote them.
        gate: of the live way too.
        known: normalised texts that none may resemble: those that are held and those that were heard.
    """
    known = list(known)
    good: list[str] = []
    refused: Counter[str] = Counter()
    for text in texts:
        try:
            clean = gate.clean(text)
        except Stopped as stopped:
            refused[str(stopped)] += 1
            continue
        if reason := _objection(clean, pattern, language, known):
            refused[reason] += 1
            continue
        good.append(clean)
        known.append(normalised(clean))
    return Vetted(tuple(good), refused)


def objection_to_held(text: str, pattern: Pattern, language: Language, gate: Gate) -> str | None:
    """Why a remark that is held may not be said; None: it may.

    It must be as the gate lets it through: with anything that the gate takes out it was never written here.
    """
    try:
        clean = gate.clean(text)
    except Stopped as stopped:
        return str(stopped)
    if clean != text:
        return "it is not as the gate would let it through"
    return _objection(text, pattern, language, [])


def _objection(text: str, pattern: Pattern, language: Language, known: list[str]) -> str | None:
    if not SHORTEST_CHARS <= len(text) <= LONGEST_CHARS:
        return "its length"
    if not ends_sentence(text):
        return "it breaks off"
    if not is_in(text, language):
        return "its language"  # also since its numbers and sides could not be read
    return contradiction(text, pattern, language) or (
        "it resembles another" if is_near_duplicate(text, known) else None
    )
