"""espeak-ng: plain, small, on this machine, and always there. The rung that cannot fail."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import AsyncGenerator, Callable

from edge.config import Espeak
from edge.config.child_environment import without_secrets
from edge.error_lines import phrases_in, reason_of
from edge.ladder.rung import RungError
from edge.messages import Language
from edge.programs import kill_and_wait
from edge.speaker.voices.base import NoteCharacters, Piece, Pronounce, VoiceRequest, as_written, uncounted
from edge.speaker.voices.clausewise import Sound, SoundBytes, speak_clausewise
from edge.speaker.voices.wav import parse_wav, smooth

CLAUSES_AHEAD = 3
SAMPLE_RATE = 22_050
PART_BYTES = 64 * 1024
LARGEST_COMPLAINT_BYTES = 4096
COMMAND = "espeak-ng"
MISSING = "espeak-ng is not installed: apt-get install espeak-ng"


class EspeakVoice:
    """One ``espeak-ng`` process a clause: about 10 ms to its sound, nothing to keep alive."""

    name = "espeak"
    paid = False
    local = True

    def __init__(self, settings: Espeak, pronounce: Pronounce = as_written) -> None:
        self._settings = settings
        self._pronounce = pronounce

    async def start(self) -> None:
        """Nothing to open ahead."""

    async def close(self) -> None:
        """Nothing to close: each process ends with its clause."""

    def prepare(self, language: Language) -> None:
        """Nothing to prepare."""

    async def probe(self, asked: NoteCharacters = uncounted) -> None:
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
        body = SoundBytes("espeak-ng", text, language, SAMPLE_RATE)
        complaint = bytearray()

        def complain(part: bytes) -> None:
            complaint.extend(part[: LARGEST_COMPLAINT_BYTES - len(complaint)])

        try:
            await asyncio.gather(
                _write(process, self._pronounce(text, language).encode("utf-8", "replace")),
                _read(process.stdout, body.add),
                _read(process.stderr, complain),
            )
            await process.wait()
        finally:
            if process.returncode is None:
                await kill_and_wait(process)
        if process.returncode != 0:
            words = phrases_in(complaint.decode("utf-8", "replace"))
            raise RungError(f"espeak-ng ended with status {process.returncode}: {words}".rstrip(": "))
        return smooth(parse_wav(body.whole, "espeak-ng"))


async def _write(process: asyncio.subprocess.Process, data: bytes) -> None:
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # its status and words say more
        process.stdin.write(data)
        await process.stdin.drain()
    process.stdin.close()


async def _read(stream: asyncio.StreamReader | None, take: Callable[[bytes], None]) -> None:
    assert stream is not None
    while part := await stream.read(PART_BYTES):
        take(part)
