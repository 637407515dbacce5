"""One ElevenLabs text-to-speech WebSocket, ``stream-input`` or ``multi-stream-input``.

What the vendor's reference leaves open follows what users measured on the real server: the handshake succeeds
even with a bad key, which is then refused by an error message and close code 1008; any message that names an
unknown context opens it; a closed context keeps its place among the five until it has been spoken; and
``close_socket`` waits for as long as a context is open.
"""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from bench.clouds.elevenlabs_context import EmulatedContext
from bench.clouds.elevenlabs_wire import SocketJson, error_message
from bench.clouds.faults import FaultKind, FaultSwitch
from bench.clouds.listener import cut
from bench.clouds.pacing import Weather
from bench.clouds.record import ReceivedMessage, RequestRecord

MAX_CONTEXTS = 5
MAX_INACTIVITY_S = 180.0
_CHECK_S = 0.2
_MAX_REASON_BYTES = 123

TOO_MANY_CONTEXTS = error_message(
    f"Maximum simultaneous contexts per WebSocket connection exceeded ({MAX_CONTEXTS}). "
    "Please close an existing context before opening a new one.",
    "max_active_conversations",
)
SETTINGS_CHANGED = error_message(
    "voice_settings field must be provided in the first message and then either be not provided or not "
    "change.",
    "invalid_voice_settings",
)
MALFORMED = error_message("Invalid message received.", "invalid_message")


@dataclass(frozen=True, kw_only=True)
class SocketOptions:
    """The query of the WebSocket's address."""

    multi: bool
    rate: int
    """Hz, from ``output_format``."""
    auto_mode: bool
    sync_alignment: bool
    inactivity_s: float


class ElevenLabsSocket:
    """Serves one open WebSocket until either side closes it."""

    def __init__(
        self,
        request: web.Request,
        socket: web.WebSocketResponse,
        options: SocketOptions,
        weather: Weather,
        faults: FaultSwitch,
        record: RequestRecord,
    ) -> None:
        self.rate = options.rate
        self.sync_alignment = options.sync_alignment
        self.auto_mode = options.auto_mode
        self.weather = weather
        self.faults = faults
        self.record = record
        self._request = request
        self._socket = socket
        self._options = options
        self._contexts: dict[str | None, EmulatedContext] = {}
        self._ending: set[EmulatedContext] = set()
        self._last_input_mono = time.monotonic()
        self._closes_when_empty = False

    async def run(self) -> None:
        idle_watch = asyncio.create_task(self._watch_idleness())
        try:
            async for received in self._socket:
                message = _parse(received.data) if received.type == WSMsgType.TEXT else None
                self.record.messages.append(ReceivedMessage(time.monotonic(), message or received.data))
                self._last_input_mono = time.monotonic()
                if message is None:
                    await self.fail(MALFORMED)
                else:
                    await self._handle(message)
        finally:
            idle_watch.cancel()
            for context in {*self._contexts.values(), *self._ending}:
                context.task.cancel()
            self.record.close_code = self._socket.close_code

    async def send(self, message: SocketJson) -> None:
        await self.send_text(json.dumps(message, ensure_ascii=False))

    async def send_text(self, text: str) -> None:
        if not self._socket.closed:
            try:
                await self._socket.send_str(text)
            except ConnectionResetError:
                self.record.client_left = True

    async def fail(self, error: SocketJson, context_id: str | None = None) -> None:
        """Say what is wrong, then close with 1008."""
        await self.send(error if context_id is None else error | {"contextId": context_id})
        await self.close(WSCloseCode.POLICY_VIOLATION, error["message"])

    async def close(self, code: int, reason: str = "") -> None:
        await self._socket.close(code=code, message=reason.encode()[:_MAX_REASON_BYTES])

    async def cut(self) -> None:
        await cut(self._request)

    async def context_ended(self, context: EmulatedContext) -> None:
        self._ending.discard(context)
        if self._contexts.get(context.id) is context:
            del self._contexts[context.id]
        await self._close_when_empty()

    async def _handle(self, message: SocketJson) -> None:
        if message.get("close_socket"):
            self._closes_when_empty = True
            await self._close_when_empty()
            return
        context_id = message.get("context_id", message.get("contextId")) if self._options.multi else None
        is_end = message.get("close_context") if self._options.multi else _ends_stream(message)
        context = self._contexts.get(context_id)
        if is_end:
            # A single-context socket ends with its text; the multi-context one stays open.
            self._closes_when_empty = self._closes_when_empty or not self._options.multi
            if context is not None:
                self._ending.add(self._contexts.pop(context_id))
                context.finish()
            await self._close_when_empty()
            return
        if context is None:
            context = await self._open(context_id, message)
        elif message.get("voice_settings") not in (None, context.voice_settings):
            await self.fail(SETTINGS_CHANGED, context_id)
            return
        if context is not None:
            context.accept(message)

    async def _open(self, context_id: str | None, first: SocketJson) -> EmulatedContext | None:
        if len(self._contexts) + len(self._ending) >= MAX_CONTEXTS:
            await self.fail(TOO_MANY_CONTEXTS)
            return None
        try:
            context = EmulatedContext(context_id, first, self)
        except ValueError as error:
            await self.fail(error_message(str(error), "invalid_generation_config"), context_id)
            return None
        self._contexts[context_id] = context
        return context

    async def _close_when_empty(self) -> None:
        if self._closes_when_empty and not self._contexts and not self._ending:
            await self.close(WSCloseCode.OK)

    async def _watch_idleness(self) -> None:
        """End contexts, and the socket itself, that have had no text for too long."""
        limit_s = self._options.inactivity_s
        while not self._socket.closed:
            await asyncio.sleep(min(_CHECK_S, limit_s / 10))
            now = time.monotonic()
            fault = self.faults.fault
            if (
                fault is not None
                and fault.kind == FaultKind.CLOSES_AFTER_IDLE
                and now - self._last_input_mono > fault.idle_s
            ):
                await self.close(WSCloseCode.GOING_AWAY, "idle")
            elif now - self._last_input_mono > limit_s:
                await self.fail(_timed_out(limit_s))
            else:
                for context in [*self._contexts.values()]:
                    if now - context.last_input_mono > limit_s:
                        del self._contexts[context.id]
                        context.task.cancel()
                        await self.send(_timed_out(limit_s) | {"contextId": context.id})


def _timed_out(limit_s: float) -> SocketJson:
    return error_message(
        f"Have not received a new text input within the timeout of {limit_s} seconds. "
        "Streaming input terminated. Please make sure to either feed the input in the timely manner, or to "
        'send the end of input text (empty string "") when done.',
        "input_timeout_exceeded",
    )


def _ends_stream(message: SocketJson) -> bool:
    return message.get("text") == "" and not message.get("flush")


def _parse(text: str) -> SocketJson | None:
    """The message, or None when it is no JSON object or its fields are of the wrong types."""
    try:
        message: Any = json.loads(text)
    except ValueError:
        return None
    if not isinstance(message, dict) or not isinstance(message.get("text"), str | None):
        return None
    settings = (message.get("voice_settings"), message.get("generation_config"))
    return message if all(isinstance(fields, dict | None) for fields in settings) else None
