"""Piper: a natural local voice, run as a server of its own (see ``piper_server``)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

from edge.config import Piper
from edge.ladder.rung import RungError
from edge.messages import Language
from edge.speaker.voices.base import NoteCharacters, Piece, Pronounce, VoiceRequest, as_written, uncounted
from edge.speaker.voices.clausewise import Sound, speak_clausewise
from edge.speaker.voices.piper_server import PiperServer
from edge.speaker.voices.wav import parse_wav, smooth

CLAUSES_AHEAD = 2
"""One sounds while the next is made."""
SAMPLE_RATE = 22_050
"""The rate of most Piper voices; what really counts is the rate in the WAV that comes."""


class PiperVoice:
    """One server a configured language, started when the language is first wanted.

    Args:
        language: what ``start`` starts a server for.
        speed: of all voices; 1.0 leaves each its own.
    """

    name = "piper"
    paid = False
    local = True

    def __init__(
        self,
        settings: Piper,
        language: Language,
        pronounce: Pronounce = as_written,
        *,
        speed: float,
    ) -> None:
        self._language: Language = language
        self._pronounce = pronounce
        self._servers = {
            spoken: PiperServer(Path(model).expanduser(), speed=speed)
            for spoken, model in settings.voices.items()
        }

    async def start(self) -> None:
        if self._language in self._servers:
            self._servers[self._language].start()

    async def close(self) -> None:
        await asyncio.gather(*(server.close() for server in self._servers.values()))

    def prepare(self, language: Language) -> None:
        if language in self._servers:
            self._servers[language].start()

    async def probe(self, asked: NoteCharacters = uncounted) -> None:
        await self._server(self._language).ready()

    def open(self, request: VoiceRequest) -> AsyncGenerator[Piece, None]:
        async def synthesize(text: str) -> Sound:
            given = self._pronounce(text, request.language)
            wav = await self._server(request.language).synthesize(given, request.language)
            return smooth(parse_wav(wav, "Piper"))

        return speak_clausewise(request, synthesize, ahead=CLAUSES_AHEAD, sample_rate=SAMPLE_RATE)

    def _server(self, language: Language) -> PiperServer:
        if language not in self._servers:
            raise RungError(f"Piper has no voice for {language!r}: name one in piper.voices", blameless=True)
        return self._servers[language]
