"""The streaming floor: what no design that waits for a model and a voice can go below. Pure.

Floor = first content token + the other tokens of the first clause + the voice's first byte.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from edge.bench.clouds import Profile
from edge.bench.clouds.replies import tokenize

_FIRST_CLAUSE = re.compile(r"\s*\S+?[.!?…]|\s*\S+\s.*?[.,;:!?…—]", re.DOTALL)
"""One word that is a sentence, or two words and more up to any mark: the least that a voice can be given."""


@dataclass(frozen=True)
class Floor:
    """Milliseconds from the question to the first sound that was possible."""

    nominal_ms: float
    """From the profile's latencies."""
    observed_ms: float
    """From the emulators' records of the turn, which are late themselves on a busy machine. The tokens behind
    the first are counted with the profile's pace in both."""


def first_clause(reply: str) -> str:
    """The beginning of ``reply`` that can be spoken by itself."""
    match = _FIRST_CLAUSE.match(reply)
    return match.group() if match else reply


def clause_ms(reply: str, profile: Profile) -> float:
    """From the first to the last token of the first clause."""
    length = len(first_clause(reply))
    characters = 0
    for index, token in enumerate(tokenize(reply)):
        characters += len(token)
        if characters >= length:
            return index * profile.per_token_s * 1000
    return 0.0


def floor_of(profile: Profile, reply: str, first_token_s: float, voice_first_byte_s: float) -> Floor:
    """
    Args:
        reply: the whole text that the model gave.
        first_token_s: from the model's record: the request's arrival to the first token of content.
        voice_first_byte_s: from the voice's record: the text's arrival to the first sound.
    """
    tokens_ms = clause_ms(reply, profile)
    nominal_s = profile.first_token_s + profile.voice_first_byte_s
    return Floor(nominal_s * 1000 + tokens_ms, (first_token_s + voice_first_byte_s) * 1000 + tokens_ms)
