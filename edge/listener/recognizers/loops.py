"""Loops of a recognizer: one word or phrase over and over again, beside what was said or instead. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from edge.lexicon.words import composed, placed_words, words_of

LONGEST_UNIT = 12
"""Words of what is repeated."""
ENOUGH = {1: 5, 2: 4, 3: 4}
"""Words of the unit → how often in a row it makes a loop; three times for longer ones."""
NOBODY_SAYS = 7
"""How often in a row no person says it. Fewer may be somebody who calls "стоп"."""


def without_loops(text: str) -> str:
    """``text`` with each loop cut: what stands before and behind it stays.

    A text that is nothing but a short loop is its unit once.
    """
    text = composed(text)
    words = placed_words(text)
    spoken = [word.text for word in words]
    at, kept_from, parts = 0, 0, []
    while at < len(words):
        length, times = _loop(spoken, at)
        if not length:
            at += 1
            continue
        end = _end(spoken, at, length, length * times)
        keeps_unit = at == 0 and end == len(words) and times < NOBODY_SAYS
        begins = words[at + length].start if keeps_unit else words[at].start
        parts.append(text[kept_from:begins].strip(" ,;:—–-"))
        kept_from = words[end].start if end < len(words) else len(text)
        at = end
    return " ".join(filter(None, (*parts, text[kept_from:].strip()))) if parts else text


def says_twice(text: str) -> bool:
    """Whether two words or more come twice in a row, as people seldom and recognizers often write."""
    words = words_of(text)
    return any(
        words[at : at + length] == words[at + length : at + 2 * length]
        for length in range(2, len(words) // 2 + 1)
        for at in range(len(words) - 2 * length + 1)
    )


def _loop(words: Sequence[str], at: int) -> tuple[int, int]:
    """The loop that begins at a word: words of its unit (0: there is none), and how often it comes."""
    for length in range(1, min(LONGEST_UNIT, (len(words) - at) // 2) + 1):
        unit, times = words[at : at + length], 1
        while words[at + times * length : at + (times + 1) * length] == unit:
            times += 1
        if times >= ENOUGH.get(length, 3):
            return length, times
    return 0, 0


def _end(words: Sequence[str], at: int, length: int, looped: int) -> int:
    """Where the loop, and the beginning of one more unit, is over."""
    end = at + looped
    while end < len(words) and end - at - looped < length and words[end] == words[end - length]:
        end += 1
    return end
