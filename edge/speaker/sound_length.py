"""How long the sound of a text can be: one bound for the pool and for live speech, for every voice. Pure.

The figures are those of espeak-ng at its slowest (80 words a minute), which is slower than any voice that
the guide can be given, and a third more. It spells what it does not know ("семёрка" for a 7, the name of a
letter that its language has not).
"""

from __future__ import annotations

from edge.messages import Language

SHORTEST_LETTER_MS = 15
"""Faster than anybody speaks: with less sound for each letter something was cut off."""
LONGEST_LETTER_MS = 400
"""The longest sound of a letter of the language, or of a mark that is heard as a pause."""
LONGEST_SIGN_MS = 2000
"""The longest sound of anything else: a digit ("семьсот тысяч"), a sign, a letter of another script."""
PAUSES_MS = 3000
"""What all pauses together may add, the silence before the first word among them."""
PAUSE_MARKS = frozenset(".,!?…;:-–—«»„“”\"'()")


def letters_of(text: str) -> int:
    """How many letters and digits there are."""
    return sum(char.isalnum() for char in text)


def shortest_s(text: str) -> float:
    """The least sound, in seconds, with which nothing of ``text`` was left out."""
    return letters_of(text) * SHORTEST_LETTER_MS / 1000


def longest_s(text: str, language: Language) -> float:
    """The most sound, in seconds, that can be the sound of ``text``."""
    return (PAUSES_MS + sum(_longest_ms(char, language) for char in text)) / 1000


def objection_to_length(text: str, language: Language, length_s: float) -> str | None:
    """Why so long a sound cannot be the whole of ``text`` and no more; None: it can."""
    if shortest_s(text) <= length_s <= longest_s(text, language):
        return None
    return f"{length_s * 1000:.0f} ms of sound for {letters_of(text)} letters"


def _longest_ms(char: str, language: Language) -> int:
    if char.isspace():
        return 0
    if char in PAUSE_MARKS or (char.isalpha() and _is_of(language, char)):
        return LONGEST_LETTER_MS
    return LONGEST_SIGN_MS


def _is_of(language: Language, letter: str) -> bool:
    """Whether the language's own script has the letter."""
    return "\u0400" <= letter <= "\u04ff" if language == "ru" else letter < "\u0250"
