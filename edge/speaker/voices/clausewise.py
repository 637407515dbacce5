"""Speaking clause by clause, for voices that can only give the sound of a whole clause."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.ladder.rung import RungError
from edge.messages import Language
from edge.speaker.script import ScriptClause
from edge.speaker.sound_length import longest_s
from edge.speaker.voices.base import EndlessSoundError, Piece, VoiceRequest
from edge.speaker.voices.plain_text import plain_text
from edge.speaker.word_begins import Span, word_ends
from edge.tasks import cancel_and_wait

LARGEST_HEADER_BYTES = 1024
"""What a WAV file has beside its samples."""
WORDLESS_PAUSE_MS = 40
"""What is heard of a clause without letters or digits ("…"), which voices either refuse or stay silent on."""


class Sound(NamedTuple):
    """A whole clause: int16 mono samples of shape (n,), and how many of them make a second."""

    samples: NDArray[np.int16]
    sample_rate: int


class SoundBytes:
    """A clause's 16-bit mono sound as it comes in, no more of it than the clause can need.

    Args:
        source: who gives it, for the error.
        sample_rate: in Hz; the highest where it is not known before.
    """

    def __init__(self, source: str, text: str, language: Language, sample_rate: int) -> None:
        self._source = source
        self._text = text
        self._longest_s = longest_s(text, language)
        self._largest = round(self._longest_s * sample_rate * 2) + LARGEST_HEADER_BYTES
        self._bytes = bytearray()

    def add(self, part: bytes) -> None:
        """Raises ``EndlessSoundError``."""
        self._bytes += part
        if len(self._bytes) > self._largest:
            raise EndlessSoundError(
                f"{self._source} does not end: more than {self._longest_s:.1f} s of sound for a clause of "
                f"{len(self._text)} characters"
            )

    @property
    def whole(self) -> bytes:
        return bytes(self._bytes)


def has_words(text: str) -> bool:
    """True when there is something in ``text`` to say."""
    return any(char.isalnum() for char in text)


def pause(sample_rate: int, spoken_to: int) -> Piece:
    """A moment of silence that stands for text without words."""
    silence = np.zeros(sample_rate * WORDLESS_PAUSE_MS // 1000, dtype=np.int16)
    return Piece(silence, sample_rate, spoken_to)


def word_spans(text: str) -> list[tuple[int, int]]:
    """Where each word begins and ends, with the marks that stand at it."""
    return [match.span() for match in re.finditer(r"\S+", text)]


def word_pieces(sound: Sound, clause: ScriptClause) -> Iterator[Piece]:
    """A whole clause's sound, cut where its words may end, by their share of its characters.

    Only an estimate, good enough to say how much of an interrupted clause was heard. Nothing is cut between
    one voice and the next by it: whoever yields these has the whole clause already.
    """
    spans = [Span(*span) for span in word_spans(clause.text)]
    begun = 0
    for span, until in zip(
        spans, word_ends(sound.samples, sound.sample_rate, clause.text, spans), strict=True
    ):
        if until > begun:
            yield Piece(sound.samples[begun:until], sound.sample_rate, clause.start + span.end)
            begun = until


async def speak_clausewise(
    request: VoiceRequest, synthesize: Callable[[str], Awaitable[Sound]], *, ahead: int, sample_rate: int
) -> AsyncGenerator[Piece, None]:
    """Synthesise up to ``ahead`` clauses at once and yield each whole, in the order of the script.

    A clause that fails raises only when its turn comes, so what lies before it is still spoken; ``spoken_to``
    is then the end of the clause before. Closing the iterator cancels everything under way.

    Args:
        synthesize: gives one clause's sound, or raises ``RungError``. Its text is plain.
        ahead: clauses under way or waiting to be taken, together.
        sample_rate: of pauses, as long as no clause has given its own.
    """
    room = asyncio.Semaphore(ahead)
    queue: asyncio.Queue[tuple[ScriptClause, asyncio.Task[Sound]] | None] = asyncio.Queue()
    tasks: set[asyncio.Task[Sound]] = set()

    async def one(text: str) -> Sound:
        if not has_words(text):
            return Sound(np.zeros(0, dtype=np.int16), 0)
        return await synthesize(plain_text(text))

    async def feed() -> None:
        async for clause in request.script.clauses(request.start):
            await room.acquire()
            task = asyncio.create_task(one(clause.text))
            tasks.add(task)
            queue.put_nowait((clause, task))
        queue.put_nowait(None)

    feeder = asyncio.create_task(feed())
    try:
        while (item := await queue.get()) is not None:
            clause, task = item
            sound = await task
            tasks.discard(task)
            if sound.samples.size:
                sample_rate = sound.sample_rate
                for piece in word_pieces(sound, clause):
                    yield piece
            elif has_words(clause.text):
                raise RungError(f"no sound came for a clause of {len(clause.text)} characters")
            else:
                yield pause(sample_rate, clause.end)
            room.release()
    finally:
        await cancel_and_wait(feeder, *tasks)
