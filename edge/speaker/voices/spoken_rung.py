"""A voice as the ladder uses it."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import AsyncGenerator
from dataclasses import replace

from edge.speaker.voices.base import (
    EndlessSoundError,
    Piece,
    Voice,
    VoiceRequest,
    noted_characters,
    uncounted,
)
from edge.speaker.voices.spoken import Spell, spoken_sound
from edge.spending.lines import Note, not_counted
from edge.spoken_form.spell import spoken_form


class SpokenRung:
    """Gives its voice what is said for the text, and takes no more sound than that can need.

    Args:
        counters: ``voice.endless.RUNG`` is counted here.
        spell: how the text is said; where none is given, with no site's names.
        note: told what a service was asked to speak, where it is paid for.
    """

    def __init__(
        self,
        voice: Voice,
        counters: Counter[str],
        spell: Spell = spoken_form,
        note: Note = not_counted,
    ) -> None:
        self.name = voice.name
        self.paid = voice.paid
        self.local = voice.local
        self._voice = voice
        self._counters = counters
        self._spell = spell
        self._note = note

    async def open(self, request: VoiceRequest) -> AsyncGenerator[Piece, None]:
        if self.paid:
            note = request.trail.beside(self._note)
            request = replace(request, asked=noted_characters(note, self.name, request.purpose))
        try:
            async with contextlib.aclosing(spoken_sound(self._voice, request, self._spell)) as pieces:
                async for piece in pieces:
                    yield piece
        except EndlessSoundError:
            self._counters[f"voice.endless.{self.name}"] += 1
            raise

    async def probe(self) -> None:
        asked = noted_characters(self._note, self.name, "probe") if self.paid else uncounted
        await self._voice.probe(asked)
