"""Making a voice speak a script in a test, and keeping what it gave out."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bench.clouds.tones import decode, letters_of
from edge.ladder.rung import RungError
from edge.messages import Language
from edge.site.lexicon_file import LexiconFile
from edge.speaker.script import Script
from edge.speaker.speller import Speller
from edge.speaker.voices.base import Piece, Voice, VoiceRequest
from tests.support.waiting import until


def speller_without_names() -> Speller:
    """How texts are said where a site has no lexicon."""
    return Speller(LexiconFile(None))


def script_of(clauses: Sequence[str], *, closed: bool = True) -> Script:
    script = Script()
    for clause in clauses:
        script.add(clause)
    if closed:
        script.close()
    return script


@dataclass
class Spoken:
    """The pieces of one request, and the error that ended it, if one did."""

    pieces: list[Piece] = field(default_factory=list)
    error: RungError | None = None

    @property
    def samples(self) -> NDArray[np.int16]:
        return np.concatenate([piece.samples for piece in self.pieces] or [np.zeros(0, dtype=np.int16)])

    def samples_until(self, position: int) -> NDArray[np.int16]:
        """What had sounded when every character before ``position`` had."""
        heard = [piece.samples for piece in self.pieces if piece.spoken_to <= position]
        return np.concatenate(heard or [np.zeros(0, dtype=np.int16)])

    @property
    def sample_rate(self) -> int:
        return self.pieces[0].sample_rate

    @property
    def spoken_to(self) -> int:
        return self.pieces[-1].spoken_to if self.pieces else 0

    @property
    def heard(self) -> str:
        """What an emulated voice's tones spell."""
        return decode(self.samples, self.sample_rate) if self.pieces else ""

    def ms(self) -> float:
        return len(self.samples) / self.sample_rate * 1000


async def speak(voice: Voice, script: Script, *, start: int = 0, language: Language = "ru") -> Spoken:
    """Let ``voice`` speak to the script's end or to its own failure."""
    spoken = Spoken()
    try:
        async with opened(voice, script, start=start, language=language) as pieces:
            async for piece in pieces:
                spoken.pieces.append(piece)
    except RungError as error:
        spoken.error = error
    return spoken


async def speak_in_the_end(voice: Voice, text: str, *, within_s: float = 60.0) -> Spoken:
    """Let ``voice`` try until it succeeds; raises TimeoutError when it never does."""
    async with asyncio.timeout(within_s):
        while (spoken := await speak(voice, script_of([text]))).error:
            await asyncio.sleep(0.05)
    return spoken


def opened(
    voice: Voice, script: Script, *, start: int = 0, language: Language = "ru"
) -> contextlib.aclosing[AsyncGenerator[Piece, None]]:
    """The voice's own iterator, closed at the end of an ``async with``."""
    return contextlib.aclosing(voice.open(VoiceRequest(language, script, start)))


async def given_up_once(work: Awaitable[object], so_far: Callable[[], bool]) -> None:
    """Let this go on until it has come so far, and give it up: it must not have ended by then."""
    task = asyncio.ensure_future(work)
    await until(so_far)
    assert not task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def read_until(pieces: AsyncGenerator[Piece, None], position: int) -> None:
    """Take pieces until every character before ``position`` has been spoken."""
    while (await anext(pieces)).spoken_to < position:
        pass


def spelled(text: str) -> str:
    """What ``Spoken.heard`` is when ``text`` was spoken whole."""
    return letters_of(text)
