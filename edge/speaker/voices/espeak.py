"""espeak-ng: plain, small, on this machine, and always there. The rung that cannot fail."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncGenerator

from edge.config import Espeak
from edge.config.child_environment import without_secrets
from edge.failure_text import phrases_in, reason_of
from edge.ladder.rung import RungError
from edge.messages import Language
from edge.speaker.voices.base import Piece, VoiceRequest
from edge.speaker.voices.clausewise import Sound, speak_clausewise
from edge.speaker.voices.wav import parse_wav, smooth

CLAUSES_AHEAD = 3
SAMPLE_RATE = 22_050
COMMAND = "espeak-ng"
MISSING = "espeak-ng is not installed: apt-get install espeak-ng"


class EspeakVoice:
    """One ``espeak-ng`` process a clause: about 10 ms to its sound, nothing to keep alive."""

    name = "espeak"
    paid = False
    local = True

    def __init__(self, settings: Espeak) -> None:
        self._settings = settings

    async def start(self) -> None:
        """Nothing to open ahead."""

    async def close(self) -> None:
        """Nothing to close: each process ends with its clause."""

    def prepare(self, turn_id: str, language: Language) -> None:
        """Nothing to prepare."""

    async def probe(self) -> None:
        if shutil.which(COMMAND) is None:
            raise RungError(MISSING, permanent=True)

    def open(self, request: VoiceRequest) -> AsyncGenerator[Piece, None]:
        async def synthesize(text: str) -> Sound:
            return await self._synthesize(text, request.language)

        return speak_clausewise(request, synthesize, ahead=CLAUSES_AHEAD, sample_rate=SAMPLE_RATE)

    async def _synthesize(self, text: str, language: Language) -> Sound:
        """Voice one clause. The text goes in by stdin, where nothing in it can be an option."""
        try:
            process = await asyncio.create_subprocess_exec(
                COMMAND,
                *("-v", language, "-b", "1", "--stdin", "--stdout"),
                *("-s", str(self._settings.words_per_minute), "-p", str(self._settings.pitch)),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=without_secrets(),
            )
        except FileNotFoundError as error:
            raise RungError(MISSING, permanent=True) from error
        except OSError as error:
            raise RungError(f"espeak-ng could not be started: {reason_of(error)}") from error
        try:
            output, complaint = await process.communicate(_plain(text).encode("utf-8", "replace"))
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode != 0:
            words = phrases_in(complaint.decode("utf-8", "replace"))
            raise RungError(f"espeak-ng ended with status {process.returncode}: {words}".rstrip(": "))
        return smooth(parse_wav(output, "espeak-ng"))


def _plain(text: str) -> str:
    """Text without what espeak-ng takes for more than text: ``[[…]]`` are phonemes, a new line a pause."""
    return " ".join(text.replace("[[", "[ [").replace("\0", " ").split())
