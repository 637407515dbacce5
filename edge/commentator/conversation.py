"""The conversation so far. Bounded, and forgotten after a quiet time. Pure; times are monotonic seconds."""

from __future__ import annotations

from typing import NamedTuple

MAX_EXCHANGES = 6
MAX_CHARS = 2000


class Exchange(NamedTuple):
    """A question and what was heard of its answer."""

    question: str
    answer: str
    """What of it was really heard."""


class Conversation:
    """Remembers the latest exchanges with the passengers, within bounds.

    Args:
        max_exchanges: so many are remembered.
        max_chars: of questions and answers together; the oldest go first.
        forget_after_s: with nothing said for so long, other passengers are speaking about something else.
    """

    def __init__(
        self,
        forget_after_s: float,
        max_exchanges: int = MAX_EXCHANGES,
        max_chars: int = MAX_CHARS,
    ) -> None:
        self._max_exchanges = max_exchanges
        self._max_chars = max_chars
        self._forget_after_s = forget_after_s
        self._exchanges: list[Exchange] = []
        self._last_at = float("-inf")
        self._running: Exchange | None = None

    def hears(self, question: str, answer: str) -> None:
        """An answer is being spoken, and this much of it was heard; ``add`` tells its end.

        Whoever asks on meanwhile asks about that.
        """
        self._running = Exchange(question, answer) if answer.strip() else None

    def add(self, question: str, answer: str, now: float) -> None:
        """An answer was spoken, to its end or not. An empty one (nothing was heard) is not remembered."""
        self.forget_old(now)
        if self._running and self._running.question == question:
            self._running = None
        if not answer.strip():
            return
        self._exchanges.append(Exchange(question, answer))
        self._last_at = now
        while self._exchanges and self._is_too_much():
            del self._exchanges[0]

    def exchanges(self, now: float) -> tuple[Exchange, ...]:
        """What is remembered, the oldest first; the last one may be going on."""
        self.forget_old(now)
        return (*self._exchanges, self._running) if self._running else tuple(self._exchanges)

    def forget(self) -> None:
        """Everything, at once (passengers left, an operator asked)."""
        self._exchanges.clear()
        self._running = None

    def forget_old(self, now: float) -> None:
        """Everything, after a quiet time. Call it now and then, so that nothing waits to be asked for."""
        if now - self._last_at >= self._forget_after_s:
            self._exchanges.clear()

    def _is_too_much(self) -> bool:
        chars = sum(len(question) + len(answer) for question, answer in self._exchanges)
        return len(self._exchanges) > self._max_exchanges or chars > self._max_chars
