"""The other end of ``rhvoice_child``: one child is kept running and asked for one clause after the other."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import sys
import time
from asyncio.subprocess import Process
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from edge.error_lines import codes_in
from edge.ladder.rung import RungError
from edge.messages import Language
from edge.programs import kill
from edge.speaker.voices import rhvoice_child
from edge.speaker.voices.kept_program import KeptProgram, LastLines, running
from edge.speaker.voices.rhvoice_child import (
    BROKEN,
    HEAD,
    NO_LIBRARY,
    NO_VOICES,
    NUMBER,
    OF_NO_REQUEST,
    REFUSED,
)

LOAD_TIMEOUT_S = 20.0
"""From the start to its first answer; a cold disk takes seconds."""
ANSWER_TIMEOUT_S = 3.0
"""A child that is well gives 0.1 s of sound within milliseconds; one that is silent for so long hangs."""
HANGS_AFTER_S = 0.5
"""A child that has answered nothing for so long is killed when whoever waited gives up."""
LARGEST_FRAME_BYTES = 1 << 20
WARM_UP_TEXT = "1"
"""A voice is loaded when it first speaks, which takes 0.1 s: not for a passenger."""
COMMAND = (sys.executable, "-I", rhvoice_child.__file__)
INSTALL = "apt-get install librhvoice5 rhvoice-russian rhvoice-english"


class SpokenPart(NamedTuple):
    """Sound of a clause, or the beginning of a word in it (then there are no samples)."""

    samples: NDArray[np.int16]
    """Shape (n,), mono."""
    sample_rate: int
    word_at: int | None = None
    """The byte of the text, in UTF-8, at which the word that follows begins; true to 0.1 s."""


class _Child:
    """A child that has loaded its voices."""

    def __init__(self, process: Process, last_words: LastLines) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process = process
        self._last_words = last_words
        self._lines, self._frames = process.stdin, process.stdout
        self._ids = itertools.count(OF_NO_REQUEST + 1)
        self._waits_since: float | None = None
        self._head: tuple[bytes, int, int] | None = None
        """The head of a frame whose content has not come yet."""
        self.profiles: Mapping[Language, str] = {}
        """The voices that it has loaded, by language."""

    async def frame(self, request: int, timeout_s: float) -> tuple[bytes, bytes]:
        """The next frame of this request, and what it holds. Raises ``RungError``; the child is dead then."""
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    kind, of, content = await self._next()
                    if of == request:
                        return kind, content
        except TimeoutError:
            failure = RungError(f"RHVoice's program gave nothing for {timeout_s:g} s")
        except (asyncio.IncompleteReadError, ConnectionError):
            failure = RungError(await self._why_it_ended())
        except RungError as error:
            failure = error
        self.kill()
        raise failure

    async def speak(self, text: str, profile: str, rate: float) -> AsyncGenerator[SpokenPart, None]:
        """Raises ``RungError``. Where the iterator is closed, the child says no more of it."""
        request, sample_rate = next(self._ids), 0
        asked = {"id": request, "profile": profile, "text": text, "rate": rate}
        self._write(msgspec.json.encode(asked) + b"\n")
        nothing = np.zeros(0, np.int16)
        over = False
        try:
            while True:
                kind, content = await self.frame(request, ANSWER_TIMEOUT_S)
                match kind:
                    case b"e":
                        over = True
                        if content:
                            refused = content == REFUSED
                            raise RungError(f"RHVoice: {(REFUSED if refused else BROKEN).decode()}")
                        return
                    case b"r":
                        (sample_rate,) = NUMBER.unpack(content)
                    case b"w":
                        yield SpokenPart(nothing, sample_rate, *NUMBER.unpack(content))
                    case b"s":
                        yield SpokenPart(np.frombuffer(content, "<i2").astype(np.int16), sample_rate)
        finally:
            if not over:
                self._give_up()

    async def _why_it_ended(self) -> str:
        """What of its last line quotes nothing: a library may print the text that it was given."""
        said = codes_in(await self._last_words.last())
        return f"RHVoice's program has ended: {said}" if said else "RHVoice's program has ended"

    def kill(self) -> None:
        kill(self._process)

    def _give_up(self) -> None:
        waited_s = time.monotonic() - self._waits_since if self._waits_since is not None else 0.0
        if waited_s > HANGS_AFTER_S:
            self.kill()
        else:
            self._write(b"\n")

    async def _next(self) -> tuple[bytes, int, bytes]:
        """Kind, request and content of the next frame. Whoever is cancelled here loses no part of one."""
        self._waits_since = time.monotonic()
        if self._head is None:
            self._head = HEAD.unpack(await self._frames.readexactly(HEAD.size))
        kind, request, length = self._head
        if length > LARGEST_FRAME_BYTES:
            raise RungError(f"RHVoice's program gave a frame of {length} bytes")
        content = await self._frames.readexactly(length)
        self._head = self._waits_since = None
        return kind, request, content

    def _write(self, line: bytes) -> None:
        with contextlib.suppress(ConnectionError):  # its silence says more
            self._lines.write(line)


class RHVoiceProgram:
    """Speaks the profiles that it was given, in their languages.

    Args:
        profiles: language → name of a voice, as ``anna``.
        rate: how quickly they speak; 1.0 is their own.
    """

    def __init__(self, profiles: Mapping[Language, str], rate: float = 1.0) -> None:
        self._profiles = {language: name.lower() for language, name in profiles.items()}
        self._rate = rate
        self._program = KeptProgram("RHVoice's program", self._run_once)
        self._turn = asyncio.Lock()
        """One clause at a time: the child has one engine."""

    def start(self) -> None:
        """Begin to keep the child running; does nothing when it already is."""
        self._program.start()

    async def close(self) -> None:
        await self._program.close()

    async def ready(self) -> None:
        """Return when it can speak. Raises ``RungError`` when it is known that it cannot."""
        await self._program.ready()

    async def speak(self, text: str, language: Language) -> AsyncGenerator[SpokenPart, None]:
        """The sound of ``text``, as it is made. Raises ``RungError``."""
        async with self._turn:
            child = await self._program.ready()
            if language not in child.profiles:
                told = f"RHVoice has no voice for {language!r}: name one in rhvoice.voices, and {INSTALL}"
                raise RungError(told, blameless=True)
            spoken = child.speak(text, child.profiles[language], self._rate)
            async with contextlib.aclosing(spoken) as parts:
                async for part in parts:
                    yield part

    async def _run_once(self, answers: Callable[[_Child], None]) -> None:
        """Start the child, have it load its voices, and return when it has ended."""
        async with running(*COMMAND, talks=True) as (process, last_words):
            child = _Child(process, last_words)
            kind, content = await child.frame(OF_NO_REQUEST, LOAD_TIMEOUT_S)
            if kind == b"x":
                told = NO_LIBRARY if content == NO_LIBRARY else NO_VOICES
                raise RungError(f"RHVoice cannot be used, {told.decode()}: {INSTALL}", permanent=True)
            child.profiles = self._fit(msgspec.json.decode(content, type=dict[str, str]))
            for profile in child.profiles.values():
                async with contextlib.aclosing(child.speak(WARM_UP_TEXT, profile, 1.0)) as parts:
                    async for _ in parts:
                        pass
            answers(child)
            await process.wait()

    def _fit(self, there: Mapping[str, str]) -> Mapping[Language, str]:
        """The profiles that are installed, and speak their language. Raises ``RungError``: there is none."""
        fit = {language: name for language, name in self._profiles.items() if there.get(name) == language}
        if not fit:
            wanted = (
                ", ".join(f"{language} = {name!r}" for language, name in self._profiles.items()) or "none"
            )
            has = ", ".join(sorted(name for name, speaks in there.items() if speaks in self._profiles))
            told = (
                f"RHVoice has none of the voices in rhvoice.voices ({wanted}): name one of {has or 'its own'}"
            )
            raise RungError(f"{told}, or {INSTALL}", permanent=True)
        return fit
