"""ElevenLabs over its multi-context WebSocket: the first voice, streaming and aligned to the character."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator

from edge.config import Service
from edge.ladder.rung import RequestError, RungError
from edge.messages import Language
from edge.speaker.voices.base import (
    EndlessSoundError,
    NoteCharacters,
    Piece,
    VoiceRequest,
    one_word,
    uncounted,
)
from edge.speaker.voices.clausewise import pause
from edge.speaker.voices.elevenlabs_alignment import AlignedSound
from edge.speaker.voices.elevenlabs_context import Context
from edge.speaker.voices.elevenlabs_messages import NO_SOUND, SAMPLE_RATE, language_code
from edge.speaker.voices.elevenlabs_socket import VoiceSocket
from edge.speaker.voices.elevenlabs_times import read_alignment

END_PATIENCE_S = 0.6
"""How long a context without sound is left open after its last text: closed within a few milliseconds of it,
the service may drop the text unspoken. Closed at last even so, since only that brings a quota error out."""
QUIET_S = 0.4
"""When all words have come and the service still owes ``isFinal``, this much quiet is the end too. Where the
alignment does not tell whether they have, it is taken as their end."""
LATE_FINAL_S = 1.5
"""Where the alignment does not tell, ``isFinal`` is waited for so much longer."""


class ElevenLabsVoice:
    """One socket a language (the service fixes the language for a whole socket), one context a turn.

    Args:
        name: of the service.
        language: what ``start`` connects for; other languages connect when they are first wanted.
    """

    paid = True
    local = False

    def __init__(self, name: str, service: Service, language: Language) -> None:
        self.name = name
        self._service = service
        self._language: Language = language
        self._sockets: dict[Language | None, VoiceSocket] = {}
        self._owes_sound = True
        """Nothing has come of a text yet, or the last one was given up before anything did."""

    async def start(self) -> None:
        self._socket(self._language).start()

    async def close(self) -> None:
        await asyncio.gather(*(socket.close() for socket in self._sockets.values()))

    def prepare(self, language: Language) -> None:
        socket = self._socket(language)
        socket.start()
        socket.refill()

    async def probe(self, asked: NoteCharacters = uncounted) -> None:
        """See that the connection lives and, as long as it owes sound, that a word is spoken."""
        await self._socket(self._language).probe()
        if self._owes_sound:
            async with contextlib.aclosing(self.open(one_word(self._language, asked))) as pieces:
                async for _ in pieces:
                    break

    async def open(self, request: VoiceRequest) -> AsyncGenerator[Piece, None]:
        socket = self._socket(request.language)
        await socket.ready()
        context = socket.take()
        sound = AlignedSound(request.start, SAMPLE_RATE)
        sender = asyncio.create_task(_send_script(socket, context, sound, request))
        spoken_to = request.start
        try:
            async with contextlib.aclosing(_receive(context, sound)) as pieces:
                async for piece in pieces:
                    spoken_to = piece.spoken_to
                    yield piece
        finally:
            sender.cancel()
            self._owes_sound = context.unheard or (self._owes_sound and not sound.received)
            context.release()
        end = len(request.script.text)
        if spoken_to < end:
            yield pause(SAMPLE_RATE, end)

    def _socket(self, language: Language) -> VoiceSocket:
        code = language_code(self._service, language)
        if code not in self._sockets:
            self._sockets[code] = VoiceSocket(self._service, code)
        return self._sockets[code]


async def _send_script(
    socket: VoiceSocket, context: Context, sound: AlignedSound, request: VoiceRequest
) -> None:
    async for clause in request.script.clauses(request.start):
        sound.expect(clause)
        request.asked(context.say(clause.text, request.language))
        socket.refill()
    context.inbox.put_nowait(None)


async def _receive(context: Context, sound: AlignedSound) -> AsyncGenerator[Piece, None]:
    """Turn what the service says into pieces until everything sent has been spoken."""
    all_sent = False
    finals = 0
    while True:
        try:
            async with asyncio.timeout(_patience_s(context, sound, all_sent=all_sent, finals=finals)):
                message = await context.inbox.get()
        except TimeoutError:
            if sound.unsettled:
                if piece := sound.settle():
                    yield piece
                continue
            if context.ended:
                break
            context.end()
            continue
        if isinstance(message, RungError):
            if all_sent and sound.complete and not isinstance(message, EndlessSoundError):
                break  # nothing was owed but the service's word for it
            raise message
        if message is None:
            all_sent = True
            if not sound.has_words:
                break
        else:
            alignment = read_alignment(message.alignment) or read_alignment(message.normalized_alignment)
            if piece := sound.add(message.pcm(), alignment):
                yield piece
            if sound.silent:
                raise RequestError("ElevenLabs sent silence instead of speech")
            if message.is_final:
                # Some servers say it after each flush, the real one only after the context was closed.
                finals += 1
                if not sound.received and sound.has_words:
                    raise RungError(NO_SOUND)
                if context.ended and (sound.complete or finals >= sound.clauses):
                    break
                if not context.ended and (piece := sound.flushed(finals)):
                    yield piece
        if all_sent and sound.in_last_clause:
            context.end()
    if not sound.whole:
        raise RequestError("ElevenLabs finished before all words were spoken")
    if piece := sound.rest():
        yield piece


def _patience_s(context: Context, sound: AlignedSound, *, all_sent: bool, finals: int) -> float | None:
    """How long to wait for the next message; None: as long as the ladder lets us."""
    if sound.unsettled:
        return QUIET_S
    if not all_sent:
        return None
    if not context.ended:
        return None if sound.received else END_PATIENCE_S
    if sound.complete or finals:
        return QUIET_S
    return LATE_FINAL_S if sound.settled else None
