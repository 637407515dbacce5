"""The conversation so far. Bounded, and forgotten after a quiet time. Pure; times are monotonic seconds."""

from __future__ import annotations

from typing import NamedTuple

from edge.messages import Language

MAX_EXCHANGES = 6
MAX_CHARS = 2000
"""In questions and answers together; the oldest go first."""


class Exchange(NamedTuple):
    """A question and what was heard of its answer."""

    question: str
    answer: str
    """What of it was really heard."""


class LastWords(NamedTuple):
    """What the guide said last."""

    text: str
    language: Language
    said_mono: float


class Conversation:
    """Remembers the latest exchanges with the passengers, within bounds.

    Args:
        forget_after_s: with nothing said for so long, other passengers are speaking about something else.
    """

    def __init__(self, forget_after_s: float) -> None:
        self._forget_after_s = forget_after_s
        self._exchanges: list[Exchange] = []
        self._last_at = float("-inf")
        self._running: Exchange | None = None
        self._last_words: LastWords | None = None
        self._language: Language | None = None

    def said(self, text: str, language: Language, now: float) -> None:
        """The guide has said this, asked or not; whoever did not hear it may ask for it again."""
        if text.strip():
            self._last_words = LastWords(text, language, now)

    def last_words(self, now: float) -> LastWords | None:
        """What was said last, if that is not long ago."""
        self.forget_old(now)
        return self._last_words

    def speak(self, language: Language, now: float) -> None:
        """A passenger wants it in this language."""
        self._language, self._last_at = language, now

    def language(self, now: float) -> Language | None:
        """The language that a passenger wants; None: nobody has said."""
        self.forget_old(now)
        return self._language

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
        self._running = self._last_words = self._language = None

    def forget_old(self, now: float) -> None:
        """Everything, after a quiet time. Call it now and then, so that nothing waits to be asked for."""
        if now - self._last_at >= self._forget_after_s:
            self._exchanges.clear()
            self._language = None
        if self._last_words and now - self._last_words.said_mono >= self._forget_after_s:
            self._last_words = None

    def _is_too_much(self) -> bool:
        chars = sum(len(question) + len(answer) for question, answer in self._exchanges)
        return len(self._exchanges) > MAX_EXCHANGES or chars > MAX_CHARS
