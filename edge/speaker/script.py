"""The text of one turn as it grows, clause by clause, readable by several voices at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import NamedTuple

from edge.clock import monotonic


class ScriptClause(NamedTuple):
    """A piece of the script that can be voiced by itself."""

    start: int
    """Offset of its first character in ``Script.text``."""
    text: str

    @property
    def end(self) -> int:
        return self.start + len(self.text)


class Mark(NamedTuple):
    """A place in the sound: at ``position`` (in samples) every character before ``spoken_to`` is spoken."""

    position: int
    spoken_to: int


class WordBegin(NamedTuple):
    """Where in some sound a word begins to be heard."""

    position: int
    """In samples."""
    start: int
    """Offsets of the word in the text: of its first character, and behind its last."""
    end: int
    estimated: bool = False
    """The voice does not tell; it follows from how long the words around it are."""


class Script:
    """A turn's text, which only grows. Positions are offsets into ``text``; a space joins the clauses."""

    def __init__(self) -> None:
        self.text = ""
        self.closed = False
        self.grown_mono = 0.0
        """Monotonic time at which the last clause was added, or the end told."""
        self._clauses: list[ScriptClause] = []
        self._added_mono: list[float] = []
        self._grown = asyncio.Event()

    def add(self, clause: str) -> None:
        """Append a clause; surrounding white space is dropped, an empty clause is ignored."""
        clause = clause.strip()
        if self.closed or not clause:
            return
        if self.text:
            self.text += " "
        self._clauses.append(ScriptClause(len(self.text), clause))
        self.text += clause
        self._wake()
        self._added_mono.append(self.grown_mono)

    def close(self) -> None:
        """No more clauses follow."""
        if not self.closed:
            self.closed = True
            self._wake()

    def finished_at(self, position: int) -> bool:
        """True when nothing is left to say behind ``position`` and nothing can follow."""
        return self.closed and not self.text[position:].strip()

    def owed_since(self, position: int) -> float | None:
        """Monotonic time since which there is unspoken text behind ``position``; None: there is none.

        When all is spoken and nothing can follow, the end is owed.
        """
        for clause, added in zip(self._clauses, self._added_mono, strict=True):
            if clause.end > position:
                return added
        return self.grown_mono if self.closed else None

    async def clauses(self, start: int = 0) -> AsyncIterator[ScriptClause]:
        """Yield what there is to say from ``start`` on, waiting for more until the script is closed.

        A ``start`` inside a clause yields the rest of that clause first.
        """
        async for clause in self.whole_clauses(start):
            rest = clause.text[max(0, start - clause.start) :]
            yield ScriptClause(clause.end - len(rest.lstrip()), rest.strip())

    async def whole_clauses(self, start: int = 0) -> AsyncIterator[ScriptClause]:
        """Yield as ``clauses`` does, but a clause with ``start`` inside it whole.

        What is said of its rest may depend on what stands before.
        """
        index = 0
        while True:
            while index < len(self._clauses):
                clause = self._clauses[index]
                index += 1
                if clause.text[max(0, start - clause.start) :].strip():
                    yield clause
            if self.closed:
                return
            await self._grown.wait()

    def _wake(self) -> None:
        self.grown_mono = monotonic()
        # Waiters of the old event go on; later ones wait for the next growth.
        self._grown.set()
        self._grown = asyncio.Event()
