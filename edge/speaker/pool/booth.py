"""The pool's own voice: a connection apart from live speech, open while there is something to voice."""

from __future__ import annotations

from edge.config import Settings
from edge.ladder.rung import RungError
from edge.messages import PoolText
from edge.speaker.pool.entry import HeldSound
from edge.speaker.pool.fingerprint import PoolVoiceName
from edge.speaker.pool.voicing import voice_ahead
from edge.speaker.speller import Speller
from edge.speaker.voices import make_voice
from edge.speaker.voices.base import Voice
from edge.spending.lines import Note, not_counted


class Booth:
    """Voices texts of the pool on a connection of its own.

    Args:
        live: the voice of live speech. A local one is shared: it has no connection, and may fill the memory.
        name: of the voice; it changes when texts are said otherwise.
        note: told what a service was asked to speak, where it is paid for.
    """

    def __init__(
        self, settings: Settings, live: Voice, name: PoolVoiceName, speller: Speller, note: Note = not_counted
    ) -> None:
        self._settings = settings
        self._live = live
        self.name = name
        self._speller = speller
        self._note = note
        self._own: Voice | None = None

    async def voice_ahead(self, text: PoolText) -> HeldSound:
        """See ``voicing.voice_ahead``."""
        sample_rate = self._settings.speaker.sample_rate
        spell = self._speller.form
        return await voice_ahead(self._voice(), self.name, text, sample_rate, spell=spell, note=self._note)

    async def rest(self) -> None:
        """Close the connection; the next text opens another."""
        own, self._own = self._own, None
        if own is not None:
            await own.close()

    def _voice(self) -> Voice:
        if self._live.local:
            return self._live
        if self._own is None:
            self._own = make_voice(self.name.rung, self._settings, self._speller)
        if self._own is None:
            raise RungError(f"no voice {self.name.rung!r} is configured", permanent=True)
        return self._own
