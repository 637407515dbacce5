"""The streaming floor: what no design that waits for a model and a voice can go below. Pure.

Floor = first content token + the other tokens of the first clause + the voice's first byte.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bench.cloud_log import Given
from bench.clouds import Profile
from bench.clouds.replies import tokenize

_FIRST_CLAUSE = re.compile(r"\s*\S+?[.!?…]|\s*\S+\s.*?[.,;:!?…—]", re.DOTALL)
"""One word that is a sentence, or two words and more up to any mark: the least that a voice can be given."""


@dataclass(frozen=True)
class LatencyFloor:
    """Milliseconds from the question to the first sound that was possible."""

    nominal_ms: float
    """From the profile's latencies."""
    observed_ms: float
    """From the emulators' records of the turn, which are late themselves on a busy machine."""


def first_clause(reply: str) -> str:
    """The beginning of ``reply`` that can be spoken by itself."""
    match = _FIRST_CLAUSE.match(reply)
    return match.group() if match else reply


def clause_ms(reply: str, profile: Profile) -> float:
    """Time from the first to the last token of the first clause, at the profile's pace."""
    return _last_of_first_clause(reply) * profile.per_token_s * 1000


def clause_mono(reply: Given, profile: Profile) -> float:
    """When the first clause had left the model; of a reply that was not streamed: would have."""
    last = _last_of_first_clause(reply.text)
    if last < len(reply.tokens_mono):
        return reply.tokens_mono[last]
    return reply.first_mono + clause_ms(reply.text, profile) / 1000


def floor_of(profile: Profile, reply: Given, sound: Given) -> LatencyFloor:
    """The floor of one reply.

    Args:
        reply: what the model gave.
        sound: of its first clause.
    """
    nominal_s = profile.first_token_s + profile.voice_first_byte_s
    observed_s = clause_mono(reply, profile) - reply.requested_mono + sound.first_mono - sound.requested_mono
    return LatencyFloor(nominal_s * 1000 + clause_ms(reply.text, profile), observed_s * 1000)


def _last_of_first_clause(reply: str) -> int:
    """Index of the token that completes it."""
    length = len(first_clause(reply))
    characters = 0
    for index, token in enumerate(tokenize(reply)):
        characters += len(token)
        if characters >= length:
            return index
    return 0
