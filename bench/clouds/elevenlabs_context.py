"""One context of an ElevenLabs WebSocket: text goes in, speech comes out in order, faults strike."""

from __future__ import annotations

import asyncio
import time
from math import inf
from typing import Any, Protocol

import numpy as np

from bench.clouds.elevenlabs_wire import (
    AudioPiece,
    SocketJson,
    audio_message,
    error_message,
    final_message,
    speak,
)
from bench.clouds.faults import KINDS_OF_SERVICE, Fault, FaultKind, FaultSwitch
from bench.clouds.pacing import Pacer, Weather, hang
from bench.clouds.record import RequestRecord, ServiceOutput
from bench.clouds.text_buffer import DEFAULT_SCHEDULE, TextBuffer

QUOTA_ANSWER_S = 0.04
"""How soon a server without credits says that it is done, having said nothing (measured by users)."""

ERRORS = {
    FaultKind.ERROR_401: error_message("Invalid API key", "invalid_api_key"),
    FaultKind.ERROR_404: error_message(
        "A voice with this voice_id does not exist.", "voice_id_does_not_exist"
    ),
    FaultKind.ERROR_429: error_message("Too many concurrent requests.", "too_many_concurrent_requests"),
    FaultKind.ERROR_500: error_message("We are sorry, something went wrong.", "internal_error"),
    FaultKind.ERROR_503: error_message("The system is busy, please try again later.", "system_busy"),
}
_CONTEXT_KINDS = KINDS_OF_SERVICE["elevenlabs"] - {FaultKind.WRONG_CONTENT_TYPE}
_STREAM_KINDS = {
    FaultKind.HANG_MID_STREAM,
    FaultKind.CUT_MID_STREAM,
    FaultKind.GARBAGE,
    FaultKind.CLOSE_1008,
    FaultKind.CLOSE_1011,
}


class Link(Protocol):
    """What a context needs from its socket."""

    rate: int
    sync_alignment: bool
    auto_mode: bool
    weather: Weather
    faults: FaultSwitch
    record: RequestRecord

    async def send(self, message: SocketJson) -> None: ...
    async def send_text(self, text: str) -> None: ...
    async def fail(self, error: SocketJson, context_id: str | None = None) -> None: ...
    async def close(self, code: int, reason: str) -> None: ...
    async def cut(self) -> None: ...
    async def context_ended(self, context: EmulatedContext) -> None: ...


class EmulatedContext:
    """Created by the first message that names it; ``task`` speaks until the context is closed."""

    def __init__(self, context_id: str | None, first: SocketJson, link: Link) -> None:
        """Raises ValueError when the first message's generation_config is out of range."""
        self.id = context_id
        self.voice_settings = first.get("voice_settings")
        self.last_input_mono = time.monotonic()
        self._link = link
        config = first.get("generation_config") or {}
        schedule = config.get("chunk_length_schedule") or DEFAULT_SCHEDULE
        self._buffer = TextBuffer(schedule, auto_mode=link.auto_mode)
        self._generations: asyncio.Queue[ServiceOutput | None] = asyncio.Queue()
        self._fault: Fault | None = None
        self.task = asyncio.create_task(self._run())

    def accept(self, message: SocketJson) -> None:
        """Take a message with text, a flush or (empty) a sign of life."""
        self.last_input_mono = time.monotonic()
        text = message.get("text") or ""
        self._generate(self._buffer.add(text, eager=bool(message.get("try_trigger_generation"))))
        if message.get("flush"):
            self._generate(self._buffer.flush())

    def finish(self) -> None:
        """Speak what is left, then end with ``isFinal``."""
        self._generate(self._buffer.flush())
        self._generations.put_nowait(None)

    def _generate(self, text: str | None) -> None:
        if text is not None:
            self._generations.put_nowait(self._link.record.begin_output(text, self.id))

    async def _run(self) -> None:
        free_at_mono = 0.0
        struck = False
        while (output := await self._generations.get()) is not None:
            if not struck:
                self._fault = self._link.faults.take(_CONTEXT_KINDS)
                if self._fault is not None:
                    self._link.record.fault = self._fault.kind
            if await self._fails_before_audio():
                return
            free_at_mono = await self._speak(output, free_at_mono, strikes=not struck)
            if self._has(FaultKind.NEVER_ENDS):
                await self._never_end()
            struck = True
        if not self._has(FaultKind.NEVER_IS_FINAL):
            await self._send(final_message())
            await self._link.context_ended(self)

    async def _fails_before_audio(self) -> bool:
        """Do what a fault does before the first audio; true when the context is over with it."""
        if self._fault is None:
            return False
        if self._fault.kind in (FaultKind.HANG_BEFORE_FIRST_AUDIO, FaultKind.HANG_BEFORE_HEADERS):
            await hang()
        if self._fault.kind in ERRORS:
            await self._link.fail(ERRORS[self._fault.kind], self.id)
            return True
        if self._fault.kind == FaultKind.ZERO_AUDIO:
            await asyncio.sleep(QUOTA_ANSWER_S)
            await self._send(final_message())
            await self._link.context_ended(self)
            return True
        return False

    async def _speak(self, output: ServiceOutput, free_at_mono: float, *, strikes: bool) -> float:
        """Send one generation and return when the next may follow; ``strikes`` lets a fault strike in it."""
        link = self._link
        latency_s = link.weather.latency_s(link.weather.profile.voice_first_byte_s)
        pacer = Pacer(max(output.requested_mono + latency_s, free_at_mono), link.weather)
        speedup = link.weather.profile.audio_speedup
        if self._fault and self._fault.kind == FaultKind.SLOW:
            speedup = self._fault.audio_speedup
        pieces = speak(output.text, link.rate, self._speed(), sync_alignment=link.sync_alignment)
        length_ms = sum(len(piece.samples) for piece in pieces) / link.rate * 1000
        strike_ms = inf
        if strikes and self._fault and self._fault.kind in _STREAM_KINDS:
            strike_ms = min(self._fault.after_audio_ms, length_ms / 2)
        for piece in pieces:
            samples = piece.samples
            is_hit = strike_ms < piece.start_ms + len(samples) / link.rate * 1000
            if is_hit:
                samples = samples[: round((strike_ms - piece.start_ms) / 1000 * link.rate)]
                strike_ms = inf
            await pacer.release(len(samples) / link.rate / speedup)
            output.first_mono = output.first_mono or time.monotonic()
            await self._send(audio_message(piece, samples))
            if is_hit:
                await self._strike(piece)
        return pacer.due_mono

    async def _never_end(self) -> None:
        silence = AudioPiece(0.0, np.zeros(self._link.rate // 4, np.int16), None, None)
        while True:
            await self._send(audio_message(silence, silence.samples))
            await asyncio.sleep(0)

    async def _strike(self, piece: AudioPiece) -> None:
        link = self._link
        if self._has(FaultKind.HANG_MID_STREAM):
            await hang()
        if self._has(FaultKind.CUT_MID_STREAM):
            await link.cut()
        if self._has(FaultKind.CLOSE_1008):
            await link.close(1008, "We are sorry, something went wrong.")
        if self._has(FaultKind.CLOSE_1011):
            await link.close(1011, "Internal error")
        if self._has(FaultKind.GARBAGE):
            await link.send_text('{"audio": "AAA')
            await self._send(audio_message(piece, piece.samples) | {"audio": "%%% not base64 %%%"})

    def _has(self, kind: FaultKind) -> bool:
        return self._fault is not None and self._fault.kind == kind

    def _speed(self) -> float:
        settings: dict[str, Any] = self.voice_settings or {}
        return float(settings.get("speed") or 1.0)

    async def _send(self, message: SocketJson) -> None:
        # The multi-context socket names the context of each message; the single one has nothing to name.
        await self._link.send(message if self.id is None else message | {"contextId": self.id})
