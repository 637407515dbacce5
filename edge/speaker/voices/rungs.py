"""The voices that the guide speaks with, opened and closed together with the ladder over them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence

from edge.config import Settings
from edge.messages import Language
from edge.speaker.speller import Speller
from edge.speaker.voices.base import Voice
from edge.speaker.voices.ladder import make_voice_ladder
from edge.speaker.voices.spoken_rung import SpokenRung
from edge.spending.lines import Note, not_counted


class VoiceRungs:
    """Voices, best first, and the ladder on which each is a rung.

    Args:
        voices: not started (see ``make_voices``).
        speller: how texts are said.
        counters: see ``SpokenRung``.
        note: told what a service was asked to speak, where it is paid for.
    """

    def __init__(
        self,
        settings: Settings,
        voices: Sequence[Voice],
        speller: Speller,
        counters: Counter[str],
        note: Note = not_counted,
    ) -> None:
        self._voices = voices
        self._speller = speller
        rungs = [SpokenRung(voice, counters, speller.form, note) for voice in voices]
        self.ladder = make_voice_ladder(settings, rungs)

    async def start(self) -> None:
        for voice in self._voices:
            await voice.start()

    async def warm_up(self) -> None:
        """Try each voice (see ``Ladder.warm_up``), and load what the speller needs."""
        await asyncio.gather(self.ladder.warm_up(), asyncio.to_thread(self._speller.warm_up))

    def prepare(self, language: Language) -> None:
        """Text will follow."""
        for voice in self._voices:
            voice.prepare(language)

    async def close(self) -> None:
        await self.ladder.close()
        await asyncio.gather(*(voice.close() for voice in self._voices))

    @property
    def best(self) -> Voice:
        """The first one, whether or not it works at present."""
        return self._voices[0]

    @property
    def states(self) -> dict[str, str]:
        """Rung → ``ok``, or why it is left out."""
        return self.ladder.states()

    @property
    def levels(self) -> dict[str, float]:
        """See ``ProcessState.levels``."""
        return {f"budget_s.voice.{name}": budget_s for name, budget_s in self.ladder.budgets_s().items()}
