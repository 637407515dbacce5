"""How long a turn will wait for its first own sound, learned from the turns before it. Pure; monotonic s."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from edge.messages import Kind, Turn

LEARN_FROM = 20
TRUST_AFTER = 3
FORGET_AFTER_S = 900.0
SHORT = 0.25
"""An opener must be over when the words are there, so the wait is expected to be one of the shorter ones."""
LONG = 0.75
"""Words that need longer than most are late."""


class _Wait(NamedTuple):
    wait_ms: float
    at: float


class Waits:
    """The latest waits for words, by kind of turn."""

    def __init__(self) -> None:
        self._waits: dict[Kind, deque[_Wait]] = {}

    def observe(self, turn: Turn, now: float) -> None:
        """A turn whose words were written for it has ended."""
        if (wait_ms := wait_of(turn)) is not None:
            self._waits.setdefault(turn.kind, deque(maxlen=LEARN_FROM)).append(_Wait(wait_ms, now))

    def expected_ms(self, kind: Kind, now: float, quantile: float = SHORT) -> float | None:
        """Time from the acceptance of such a turn to its first own sound; None: too little is known."""
        recent = sorted(wait.wait_ms for wait in self._waits.get(kind, ()) if now - wait.at < FORGET_AFTER_S)
        if len(recent) < TRUST_AFTER:
            return None
        return recent[int(len(recent) * quantile)]


def wait_of(turn: Turn) -> float | None:
    """How long the turn's own sound took, in ms; None where it does not tell (no sound, ready words).

    Where an opener sounded in front, the words may have been ready before it was over: what counts is when
    the voice had their sound, which is when it can no more have been the opener's.
    """
    reached = dict(turn.stages)
    if "first_token" not in reached or "accepted" not in reached or "first_text" not in reached:
        return None
    ready = reached.get("first_audio")
    if ready is None or ready < reached["first_text"]:
        ready = reached.get("first_content")
    return None if ready is None else (ready - reached["accepted"]) * 1000
