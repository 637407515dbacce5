"""RHVoice: Russian and English voices for any machine, better than espeak-ng's and nearly as quick."""

from __future__ import annotations

import contextlib
from bisect import bisect_right
from collections.abc import AsyncGenerator

import numpy as np
from numpy.typing import NDArray

from edge.config import RHVoice
from edge.ladder.rung import RungError
from edge.messages import Language
from edge.speaker.script import ScriptClause, WordBegin
from edge.speaker.voices.base import NoteCharacters, Piece, Pronounce, VoiceRequest, as_written, uncounted
from edge.speaker.voices.clausewise import has_words, pause, word_spans
from edge.speaker.voices.plain_text import plain_text
from edge.speaker.voices.rhvoice_program import RHVoiceProgram, SpokenPart
from edge.speaker.voices.wav import trimmed

SAMPLE_RATE = 24_000
STRESS = "+"
"""Before a vowel it is no sign but that vowel's stress."""


class RHVoiceVoice:
    """RHVoice, in one child for all languages (``rhvoice_child``); the sound is given out word by word."""

    name = "rhvoice"
    paid = False
    local = True

    def __init__(self, settings: RHVoice, pronounce: Pronounce = as_written, *, speed: float) -> None:
        self._pronounce = pronounce
        self._program = RHVoiceProgram(settings.voices, speed)

    async def start(self) -> None:
        self._program.start()

    async def close(self) -> None:
        await self._program.close()

    def prepare(self, language: Language) -> None:
        """Nothing to prepare: all voices are loaded."""

    async def probe(self, asked: NoteCharacters = uncounted) -> None:
        await self._program.ready()

    async def open(self, request: VoiceRequest) -> AsyncGenerator[Piece, None]:
        async for clause in request.script.clauses(request.start):
            if not has_words(clause.text):
                yield pause(SAMPLE_RATE, clause.end)
                continue
            async with contextlib.aclosing(self._speak(clause, request.language)) as pieces:
                async for piece in pieces:
                    yield piece

    async def _speak(self, clause: ScriptClause, language: Language) -> AsyncGenerator[Piece, None]:
        text = self._pronounce(plain_text(clause.text.replace(STRESS, " ")), language)
        words = _Words(text, clause)
        async with contextlib.aclosing(self._program.speak(text, language)) as parts:
            async for part in parts:
                if piece := words.take(part):
                    yield piece
        if (rest := words.rest()) is None:
            raise RungError(f"no sound came for a clause of {len(clause.text)} characters")
        yield rest


class _Words:
    """Cuts a clause's sound where its words begin.

    What is given to the voice may have other words than the clause; then there is one piece, at its end.
    """

    def __init__(self, text: str, clause: ScriptClause) -> None:
        self._begins = [len(text[:begin].encode()) for begin, _ in word_spans(text)]
        spans = word_spans(clause.text)
        self._spans = spans if len(spans) == len(self._begins) else []
        self._clause = clause
        self._word = 0
        self._sound: list[NDArray[np.int16]] = []
        self._sample_rate = 0
        self._has_spoken = False

    def take(self, part: SpokenPart) -> Piece | None:
        """The words before the one that begins with ``part``, where one does."""
        if part.word_at is None:
            self._sound.append(part.samples)
            self._sample_rate = part.sample_rate
            return None
        word = bisect_right(self._begins, part.word_at) - 1
        if word <= self._word or not self._spans or not self._sound:
            return None
        piece = self._piece(np.concatenate(self._sound), self._clause.start + self._spans[word - 1][1])
        self._word = word
        return piece

    def rest(self) -> Piece | None:
        """What is left, without the silence at its end; None: there was no sound at all."""
        sound = np.concatenate(self._sound or [np.zeros(0, np.int16)])
        if self._sample_rate:
            sound = trimmed(sound, self._sample_rate, begin=False)
        if sound.size:
            return self._piece(sound, self._clause.end)
        return pause(self._sample_rate, self._clause.end) if self._has_spoken else None

    def _piece(self, samples: NDArray[np.int16], spoken_to: int) -> Piece:
        self._sound, self._has_spoken = [], True
        words: tuple[WordBegin, ...] = ()
        if self._spans:
            start, end = (self._clause.start + at for at in self._spans[self._word])
            words = (WordBegin(0, start, end),)
        return Piece(samples, self._sample_rate, spoken_to, words)
