"""Which answer is begun on a guess, and whether it is the one that was asked for. Pure; monotonic seconds.

While the listener still waits for the end of an utterance, its words are mostly known. One answer at a time
may be begun on them. It belongs to the trigger of the same turn with the same words; anything else makes it
worthless.
"""

from __future__ import annotations

from edge.ladder.patience import RateCap
from edge.lexicon.words import words_of
from edge.messages import Guess, Trigger


class Speculation:
    """Keeps the one guess whose answer is being made ahead.

    Args:
        per_minute: so many answers may be begun; what a wrong one cost is lost. 0: none.
    """

    def __init__(self, per_minute: int) -> None:
        self._cap = RateCap(per_minute)
        self._current: Guess | None = None

    def begins(self, guess: Guess, now: float) -> bool:
        """An answer shall be begun on this guess. False: it goes on with the one there is, or with none."""
        if self._current and _is_same(self._current, guess):
            return False
        self._current = None
        if guess.expires_mono <= now or not self._cap.take(now):
            return False
        self._current = guess
        return True

    @property
    def current(self) -> Guess | None:
        """What the answer that was begun is for; None: there is none."""
        return self._current

    def void(self, turn_id: str) -> None:
        """The guess was wrong."""
        if self._current and self._current.turn_id == turn_id:
            self._current = None

    def expire(self, now: float) -> None:
        """Nobody waits for a trigger any longer than the guess says."""
        if self._current and self._current.expires_mono <= now:
            self._current = None

    def is_right(self, trigger: Trigger, now: float) -> bool:
        """What was begun is the answer to this trigger. Its own trigger uses a guess up, right or not."""
        self.expire(now)
        guess = self._current
        if guess is None or guess.turn_id != trigger.turn_id:
            return False
        self._current = None
        return _is_asked_as(guess, trigger) and words_of(guess.text) == words_of(trigger.text or "")


def _is_asked_as(guess: Guess, other: Guess | Trigger) -> bool:
    return guess.language == other.language and guess.may_be_aside == other.may_be_aside


def _is_same(one: Guess, other: Guess) -> bool:
    same_turn = one.turn_id == other.turn_id and _is_asked_as(one, other)
    return same_turn and words_of(one.text) == words_of(other.text)
