"""Somebody says "stop" over the guide's words: how often is it understood as that?"""

from __future__ import annotations

from dataclasses import dataclass

from edge.config import hearing
from edge.listener.addressee import Addressee
from tests.support.double_talk import over_its_words
from tests.support.transcribed import transcribed

TRIALS = 20
LOUDER_DB = (0, 6, 10)
"""How much louder than the echo passengers are, where there is speech."""


@dataclass
class StopsUnderstood:
    """How often "stop" was understood at one loudness."""

    above_echo_db: int
    trials: int = TRIALS
    found: int = 0
    """Heard as somebody's words."""
    stopped: int = 0


def measure() -> list[StopsUnderstood]:
    """Each trial in another room and at another place in its words."""
    addressee, results = Addressee(hearing.AddresseeSettings(), ("en",)), []
    for above_echo_db in LOUDER_DB:
        result = StopsUnderstood(above_echo_db)
        for trial in range(TRIALS):
            heard = [transcribed(segment) for segment in over_its_words("stop", above_echo_db, trial)]
            result.found += bool(heard)
            result.stopped += any(addressee.is_stop(text) for text in heard)
        results.append(result)
    return results
