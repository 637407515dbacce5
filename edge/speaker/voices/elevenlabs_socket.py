"""One WebSocket to ElevenLabs, held open in the background and shared by up to three contexts."""

from __future__ import annotations

import asyncio
import contextlib
import math
import random
import time
from collections.abc import Coroutine
from typing import Any

import msgspec
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from edge.backoff import Backoff
from edge.clock_set import pause_until_clock_set
from edge.clouds.websocket import connect_straight
from edge.config import Service
from edge.ladder.rung import RungError
from edge.messages import Language
from edge.speaker.voices import elevenlabs_messages as wire
from edge.speaker.voices.base import EndlessSoundError
from edge.speaker.voices.elevenlabs_context import SMALLEST_MESSAGE_BYTES, Context
from edge.speaker.voices.elevenlabs_messages import ServerMessage
from edge.tasks import cancel_and_wait

MAX_CONTEXTS = 3
MAX_CONTEXTS_OF_SERVICE = 5
"""At the sixth the service closes the socket. A closed context counts there until it has been spoken."""
CLOSING_TAKES_S = 5.0
"""After this long a closed context is believed to be gone, also when the service did not say so."""
KEEP_ALIVE_S = 30.0
CONNECT_TIMEOUT_S = 5.0
PING_EVERY_S = 20.0
PONG_WITHIN_S = 5.0
BACKOFF_FIRST_S = 0.25
BACKOFF_MAX_S = 15.0
PERMANENT_BACKOFF_S = 300.0
"""For what only a person can mend; a probe still tries at once."""
STABLE_AFTER_S = 10.0
"""A connection that lived this long, or brought sound, was a good one: its loss is no failure to connect."""
LARGEST_MESSAGE_BYTES = 4 * 1024 * 1024
"""Half a minute of sound at the highest rate: more than a clause has."""
STRAY_BYTES = 8 * 1024 * 1024
"""What may come for no open context between two turns: the rest of those that were cancelled."""


class VoiceSocket:
    """Connects, reconnects with backoff, keeps alive, and sorts what arrives into its contexts.

    Args:
        language: sent as ``language_code``, which holds for the whole socket; None sends none.
    """

    def __init__(self, service: Service, language: Language | None) -> None:
        self._service = service
        self._key = service.api_key.reveal() if service.api_key else ""
        self._url = wire.multi_stream_url(service, language)
        self._websocket: ClientConnection | None = None
        self._failure: RungError | None = None
        """Why the last attempt to connect failed; None: connected, or nothing is known."""
        self._attempt: asyncio.Future[RungError | None] | None = None
        """Result of the attempt under way, or else of the next one."""
        self._hurry = asyncio.Event()
        self._outbox: asyncio.Queue[dict[str, object]] = asyncio.Queue()
        self._contexts: dict[str, Context] = {}
        self._closing: dict[str, float] = {}
        """Contexts released before the service had finished with them → monotonic time to forget them."""
        self._spare: Context | None = None
        self._stray_bytes = 0
        self._brought_sound = False
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Begin to hold the connection open; does nothing when it already does."""
        if self._attempt is None:
            self._attempt = asyncio.get_running_loop().create_future()
            self._spawn(self._hold_open())

    async def close(self) -> None:
        await cancel_and_wait(*self._tasks)
        self._attempt = None

    async def ready(self) -> None:
        """Return when connected; raises ``RungError`` at once when it is known that that is not possible."""
        if self._websocket is None and self._failure is not None:
            raise self._failure.with_traceback(None)
        await self._connected()

    async def probe(self) -> None:
        """Connect now instead of after the backoff, and see that the other side keeps the connection."""
        if self._websocket is None:
            self._hurry.set()
            await self._connected()
        if self._websocket is not None:
            await self._check(self._websocket)

    def take(self) -> Context:
        """A context for a turn; the spare one when there is one.

        Raises:
            RungError: three turns are being spoken already, or too many cancelled ones are still ending.
        """
        context, self._spare = self._spare, None
        if context is None and not self._has_room():
            speaking, ending = len(self._contexts), len(self._closing)
            raise RungError(f"ElevenLabs: no context is free ({speaking} turns speaking, {ending} ending)")
        self._stray_bytes = 0
        return context or self._new_context()

    def refill(self) -> None:
        """Have a spare context initialised on the socket, where there is room for one."""
        if self._websocket is not None and self._spare is None and self._has_room():
            self._spare = self._new_context()

    def post(self, message: dict[str, object]) -> None:
        """Send soon, in order; what is posted while there is no connection is worthless and dropped."""
        if self._websocket is not None:
            self._outbox.put_nowait(message)

    def forget(self, context: Context) -> None:
        """Drop a context; where text was sent and nothing came, see whether the line is dead."""
        if self._contexts.pop(context.id, None) and not context.over:
            self._closing[context.id] = time.monotonic() + CLOSING_TAKES_S
        self.refill()
        if context.unheard and self._websocket is not None:
            self._spawn(self._check_quietly(self._websocket))

    async def _connected(self) -> None:
        self.start()
        while self._websocket is None and self._attempt is not None:
            if failure := await asyncio.shield(self._attempt):
                raise failure.with_traceback(None)

    def _has_room(self) -> bool:
        now = time.monotonic()
        self._closing = {context_id: until for context_id, until in self._closing.items() if until > now}
        here = len(self._contexts)
        return here < MAX_CONTEXTS and here + len(self._closing) < MAX_CONTEXTS_OF_SERVICE

    def _new_context(self) -> Context:
        context = Context(self.post, self.forget)
        self._contexts[context.id] = context
        self.post(wire.initialise(self._service, context.id))
        return context

    async def _hold_open(self) -> None:
        backoff = Backoff(BACKOFF_FIRST_S, BACKOFF_MAX_S, lambda: random.uniform(0.75, 1.25))
        while True:
            opened_mono, self._brought_sound = math.inf, False
            try:
                async with connect_straight(
                    self._url,
                    additional_headers={wire.KEY_HEADER: self._key},
                    compression=None,  # base64 sound does not shrink enough to be worth the time
                    open_timeout=CONNECT_TIMEOUT_S,
                    close_timeout=1.0,
                    ping_interval=PING_EVERY_S,
                    ping_timeout=PONG_WITHIN_S,
                    max_size=LARGEST_MESSAGE_BYTES,
                ) as websocket:
                    opened_mono = time.monotonic()
                    failure = await self._serve(websocket)
            except Exception as error:  # whatever broke this connection, the next one is opened
                failure = wire.connection_failure(error)
                self._settle(failure)
            was_good = self._brought_sound or time.monotonic() - opened_mono >= STABLE_AFTER_S
            if was_good and not isinstance(failure, EndlessSoundError):
                backoff.reset()
                continue
            self._failure = failure
            pause_s = PERMANENT_BACKOFF_S if failure.permanent else backoff.next_s()
            await pause_until_clock_set(max(pause_s, failure.retry_after_s or 0.0), self._hurry)
            self._hurry.clear()

    async def _serve(self, websocket: ClientConnection) -> RungError:
        """Work on an open connection until it ends; returns why it did."""
        self._outbox = asyncio.Queue()
        self._websocket, self._failure = websocket, None
        self._settle(None)
        self._stray_bytes = 0
        self.refill()
        writer = asyncio.create_task(self._write(websocket, self._outbox))
        failure = RungError("ElevenLabs: the voice is being closed")
        try:
            while True:
                raw = await websocket.recv()
                self._receive(wire.parse(raw), len(raw))
        except ConnectionClosed as error:
            failure = wire.connection_failure(error)
        except RungError as error:
            failure = error
            websocket.transport.abort()  # it speaks nonsense or without end: nothing more is read of it
        finally:
            writer.cancel()
            self._websocket, self._spare = None, None
            contexts, self._contexts, self._closing = self._contexts, {}, {}
            for context in contexts.values():
                context.deliver(failure)
        return failure

    async def _write(self, websocket: ClientConnection, outbox: asyncio.Queue[dict[str, object]]) -> None:
        with contextlib.suppress(ConnectionClosed):  # the reader learns of it too, and says so
            while True:
                try:
                    messages = [await asyncio.wait_for(outbox.get(), KEEP_ALIVE_S)]
                except TimeoutError:
                    self.refill()  # an idle socket without a context could not be kept alive
                    messages = [
                        # To a context that is closing it would be the first message of a new one.
                        wire.keep_alive(context.id)
                        for context in self._contexts.values()
                        if not context.ended
                    ]
                for message in messages:
                    await websocket.send(msgspec.json.encode(message).decode())

    def _receive(self, message: ServerMessage, size: int) -> None:
        """Sort a message of so many bytes. Raises ``EndlessSoundError``, which ends the connection."""
        context = self._contexts.get(message.context_id or "")
        if context is not None and context is not self._spare:
            context.admit(size)
        else:
            self._stray_bytes += max(size, SMALLEST_MESSAGE_BYTES)
            if self._stray_bytes > STRAY_BYTES:
                raise EndlessSoundError("ElevenLabs does not end: it sends what nobody has asked for")
        if message.error:
            failure = wire.message_failure(message)
            concerned = [message.context_id] if message.context_id else list(self._contexts)
            for context_id in concerned:
                self._deliver(context_id, failure)
            return
        if message.audio:
            self._brought_sound = True
        self._deliver(message.context_id or "", message)

    def _deliver(self, context_id: str, message: ServerMessage | RungError) -> None:
        context = self._contexts.get(context_id)
        if context is None:  # of a turn that was cancelled
            if isinstance(message, RungError) or message.is_final:
                self._closing.pop(context_id, None)
            return
        if context is self._spare:
            self._spare = None  # whatever came, it is no fresh context any more
            del self._contexts[context_id]
            return
        context.deliver(message)

    def _settle(self, failure: RungError | None) -> None:
        """An attempt to connect has ended; whoever waited for it learns how."""
        if self._attempt is not None and not self._attempt.done():
            self._attempt.set_result(failure)
        self._attempt = asyncio.get_running_loop().create_future()

    async def _check(self, websocket: ClientConnection) -> None:
        """See that the other side answers; drop the connection when it does not."""
        try:
            async with asyncio.timeout(PONG_WITHIN_S):
                await (await websocket.ping())
        except TimeoutError as error:
            websocket.transport.abort()
            raise RungError("ElevenLabs does not answer on an open connection") from error
        except ConnectionClosed as error:
            raise wire.connection_failure(error) from error

    async def _check_quietly(self, websocket: ClientConnection) -> None:
        with contextlib.suppress(RungError):
            await self._check(websocket)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
