"""Where a turn's sound comes from: the pool for the clauses that it holds, the voice ladder for the rest."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.messages import Language
from edge.rung_trail import RungTrail
from edge.speaker.pool.entry import HeldSound
from edge.speaker.script import Script
from edge.speaker.voices.base import Piece, VoiceRequest
from edge.speaker.voices.ladder import VoiceLadder
from edge.speaker.voices.spoken import Spell
from edge.spending.lines import Purpose
from edge.spoken_form.spell import spoken_form

POOL = "pool"
"""Stands among the voices that spoke, for what was voiced ahead."""

TakeHeld = Callable[[str, str, Language], HeldSound | None]
"""Entry's id, text and language → its sound, or None where it is not held."""


class SourcedPiece(NamedTuple):
    """A piece, and where it came from."""

    piece: Piece
    """The piece's position counts in the whole turn's text."""
    source: str
    """A rung, or ``POOL``."""
    voice: str
    """Whose sound it is: the rung that spoke or had spoken it."""
    content: bool
    """False: it belongs to an opener."""
    whole: NDArray[np.int16] | None = None
    """With the first piece of a held clause: all its samples."""


@dataclass(frozen=True)
class _Stretch:
    """Part of the turn that comes from one source: one held clause, or clauses for the voices."""

    start: int
    """In the turn's text."""
    script: Script
    held: HeldSound | None
    content: bool


class PieceSource:
    """The text of one turn as it grows, and its sound.

    Args:
        voices: the voice ladder. Each run of clauses that the pool does not hold is one request to it.
        take: from the pool.
        spell: how a clause is said.
        purpose: what the voices are paid for.
    """

    def __init__(
        self,
        language: Language,
        voices: VoiceLadder,
        take: TakeHeld,
        spell: Spell = spoken_form,
        purpose: Purpose = "remark",
    ) -> None:
        self.text = ""
        """All clauses so far, joined by spaces."""
        self.local_only = False
        """No cloud is asked for what is not being spoken yet."""
        self.trail = RungTrail("voice")
        """What the voices did, and what they were paid."""
        self._language: Language = language
        self._voices = voices
        self._take = take
        self._spell = spell
        self._purpose: Purpose = purpose
        self._clauses: list[str] = []
        self._stretches: list[_Stretch] = []
        self._closed = False
        self._grown = asyncio.Event()

    @property
    def spoken(self) -> str:
        """The text as it is said. A clause is spelled when somebody asks: not before a held one sounds."""
        said = (self._spell(clause, self._language).text for clause in self._clauses)
        return " ".join(filter(None, said)).strip()

    def open_with(self, opener: HeldSound) -> None:
        """Put an opener (or a bridge) behind what is there."""
        self._append(opener.header.text.text.strip(), opener, content=False)

    def add(self, clause: str, entry_id: str | None = None) -> None:
        """Append a clause of the turn's own text; an empty one is ignored.

        Args:
            entry_id: the pool may hold it; where it does not, a voice speaks it.
        """
        clause = clause.strip()
        if not clause or self._closed:
            return
        held = self._take(entry_id, clause, self._language) if entry_id else None
        if held is None and self._stretches and self._stretches[-1].held is None:
            self._grow(clause)
            self._stretches[-1].script.add(clause)
        else:
            self._append(clause, held, content=True)

    def close(self) -> None:
        """No more text follows."""
        self._closed = True
        if self._stretches:
            self._stretches[-1].script.close()
        self._grown.set()

    async def pieces(self) -> AsyncGenerator[SourcedPiece, None]:
        """All its sound, to the end of the text. Raises ``LadderExhausted``."""
        index = 0
        while True:
            while index == len(self._stretches):
                if self._closed:
                    return
                self._grown.clear()
                await self._grown.wait()
            stretch = self._stretches[index]
            index += 1
            if stretch.held is not None:
                whole: NDArray[np.int16] | None = stretch.held.samples
                for piece in stretch.held.pieces():
                    yield _sourced(stretch, piece, POOL, stretch.held.header.rung)._replace(whole=whole)
                    whole = None
                continue
            request = VoiceRequest(self._language, stretch.script, purpose=self._purpose, trail=self.trail)
            async with contextlib.aclosing(self._voices.run(request, local_only=self.local_only)) as outputs:
                async for rung, piece in outputs:
                    yield _sourced(stretch, piece, rung, rung)

    def _append(self, clause: str, held: HeldSound | None, *, content: bool) -> None:
        if self._stretches:
            self._stretches[-1].script.close()
        start = len(self.text) + 1 if self.text else 0
        self._grow(clause)
        script = Script()
        script.add(clause)
        self._stretches.append(_Stretch(start, script, held, content))
        self._grown.set()

    def _grow(self, clause: str) -> None:
        self.text = f"{self.text} {clause}".strip()
        self._clauses.append(clause)


def _sourced(stretch: _Stretch, piece: Piece, source: str, voice: str) -> SourcedPiece:
    words = tuple(
        word._replace(start=stretch.start + word.start, end=stretch.start + word.end) for word in piece.words
    )
    shifted = piece._replace(spoken_to=stretch.start + piece.spoken_to, words=words)
    return SourcedPiece(shifted, source, voice, stretch.content)
