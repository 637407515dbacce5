"""A pipe carries work: the queue is at the sender, one message is in flight, the receiver acknowledges.

So a higher priority overtakes whatever still waits, a full queue loses the oldest of its lowest priority
(counted, logged), and a receiver that dies has lost nothing that it had not acknowledged: the message in
flight is sent again, under the same id, until it is acknowledged or expires.

The receiver has a socket for each sender (``topology.py``) and takes from it what that one may send.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, Generic

import zmq
import zmq.asyncio

from edge.bus.codec import BadMessages, decode_from, encode
from edge.bus.paths import SocketPath
from edge.bus.topology import M, Pipe, pipe_path
from edge.line_limit import LineLimit
from edge.messages import AnyMessage, ProcessName
from edge.recent import Recent
from edge.tasks import cancel_and_wait

log = logging.getLogger(__name__)

RESEND_S = 0.25
"""How long the sender waits for an acknowledgement; handlers only accept work, they do not do it."""
REMEMBERED_IDS = 4096
MAX_BYTES = 1 << 20
"""No message is longer, by far. Who sends a longer one all the same loses its connection."""
WAITING_MAX = 16
"""Messages that may wait at the receiver for one connection; an honest sender has one on the way."""
MAX_ID_BYTES = 128
"""Ids are remembered. Ours have a quarter of that."""

LINES_PER_MINUTE = 20
"""Lines about messages that were given up: a flood is counted, and does not fill the journal."""


class Delivery(Enum):
    """How a message's way through the pipe ended."""

    ACKNOWLEDGED = "acknowledged"
    EXPIRED = "expired"
    EVICTED = "evicted"
    TOO_LONG = "too_long"
    CLOSED = "closed"


@dataclass
class _Queued:
    message: AnyMessage
    priority: int
    expires_mono: float
    done: asyncio.Future[Delivery] = field(repr=False)


class PipeSender:
    """A pipe's sending end. ``put`` never blocks; its future tells how the message fared.

    Args:
        runtime_dir: where sockets lie. The receiver need not be there yet.
        pipe: of the topology.
        sender: who sends.
        capacity: messages that may wait.
        on_drop: told about each message that was given up, with the reason.
    """

    def __init__(
        self,
        runtime_dir: str | Path,
        pipe: Pipe[Any],
        sender: ProcessName,
        *,
        capacity: int = 64,
        on_drop: Callable[[AnyMessage, Delivery], None] | None = None,
    ) -> None:
        self._endpoint = f"ipc://{pipe_path(runtime_dir, pipe, sender)}"
        self._name = pipe.name
        self._capacity = capacity
        self._on_drop = on_drop
        self._queue: list[_Queued] = []
        self._work = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._lines = LineLimit(LINES_PER_MINUTE)

    def start(self, context: zmq.asyncio.Context) -> None:
        socket = context.socket(zmq.DEALER)
        socket.setsockopt(zmq.LINGER, 0)
        socket.setsockopt(zmq.IMMEDIATE, 1)  # queue nothing for a receiver that is not there
        socket.setsockopt(zmq.SNDHWM, 1)
        socket.setsockopt(zmq.MAXMSGSIZE, MAX_BYTES)
        socket.setsockopt(zmq.RECONNECT_IVL, 20)
        socket.setsockopt(zmq.RECONNECT_IVL_MAX, 200)
        socket.connect(self._endpoint)
        self._task = asyncio.create_task(self._run(socket), name=f"pipe sender {self._name}")

    async def close(self) -> None:
        """Stop sending; what still waits ends as CLOSED."""
        await cancel_and_wait(self._task)
        for item in self._queue:
            self._finish(item, Delivery.CLOSED)
        self._queue.clear()

    def put(self, message: AnyMessage, *, priority: int, expires_mono: float) -> asyncio.Future[Delivery]:
        """Queue a message. Of equal priority, the older goes first."""
        item = _Queued(message, priority, expires_mono, asyncio.get_running_loop().create_future())
        self._queue.append(item)
        if len(self._queue) > self._capacity:
            lowest = min(queued.priority for queued in self._queue)
            victim = next(queued for queued in self._queue if queued.priority == lowest)
            self._queue.remove(victim)
            self._finish(victim, Delivery.EVICTED)
        self._work.set()
        return item.done

    async def _run(self, socket: zmq.asyncio.Socket) -> None:
        try:
            while True:
                self._drop_expired()
                if not self._queue:
                    self._work.clear()
                    await self._work.wait()
                    continue
                # max() keeps the first of equals, which is the oldest.
                item = max(self._queue, key=lambda queued: queued.priority)
                self._queue.remove(item)
                try:
                    self._finish(item, await self._deliver(socket, item))
                except asyncio.CancelledError:
                    self._finish(item, Delivery.CLOSED)
                    raise
        finally:
            socket.close()

    async def _deliver(self, socket: zmq.asyncio.Socket, item: _Queued) -> Delivery:
        message_id = item.message.id.encode()
        frames = [message_id, encode(item.message)]
        if max(map(len, frames)) > MAX_BYTES:
            return Delivery.TOO_LONG
        while (left_s := item.expires_mono - time.monotonic()) > 0:
            try:
                await socket.send_multipart(frames, zmq.NOBLOCK)
            except zmq.Again:  # nobody there (yet)
                await _ready(socket, zmq.POLLOUT, min(left_s, RESEND_S))
                continue
            resend_mono = time.monotonic() + RESEND_S
            while (wait_s := min(resend_mono, item.expires_mono) - time.monotonic()) > 0:
                if not await _ready(socket, zmq.POLLIN, wait_s):
                    break
                try:
                    acknowledged = (await socket.recv_multipart(zmq.NOBLOCK))[-1]
                except zmq.Again:  # the receiver was killed, and ZeroMQ dropped what it had sent
                    continue
                if acknowledged == message_id:
                    return Delivery.ACKNOWLEDGED
        return Delivery.EXPIRED

    def _drop_expired(self) -> None:
        now = time.monotonic()
        for item in [queued for queued in self._queue if queued.expires_mono <= now]:
            self._queue.remove(item)
            self._finish(item, Delivery.EXPIRED)

    def _finish(self, item: _Queued, delivery: Delivery) -> None:
        if not item.done.done():
            item.done.set_result(delivery)
        if delivery not in (Delivery.ACKNOWLEDGED, Delivery.CLOSED):
            if (untold := self._lines.take(time.monotonic())) is not None:
                log.warning(
                    "%s: gave up %s %s: %s%s",
                    self._name,
                    type(item.message).__name__,
                    item.message.id,
                    delivery.value,
                    f" ({untold} others untold)" if untold else "",
                )
            if self._on_drop:
                self._on_drop(item.message, delivery)


async def _ready(socket: zmq.asyncio.Socket, direction: int, timeout_s: float) -> bool:
    """Wait until the socket can be read from or written to; False when it could not in time."""
    poll: Any = socket.poll  # its annotations are those of the synchronous socket
    return bool(await poll(int(timeout_s * 1000) + 1, direction))


Handler = Callable[[M], Awaitable[None] | None]


class PipeReceiver(Generic[M]):
    """The receiving end for one sender: hands each message to ``handler`` once, then acknowledges it.

    What this sender may not send is refused: acknowledged (or it would come again), counted and told.

    Args:
        runtime_dir: where sockets lie.
        pipe: of the topology.
        sender: from whom.
        handler: accepts the work (quickly: longer than ``RESEND_S`` only causes needless resends).
    """

    def __init__(
        self,
        runtime_dir: str | Path,
        pipe: Pipe[M],
        sender: ProcessName,
        handler: Handler[M],
    ) -> None:
        self._path = SocketPath(pipe_path(runtime_dir, pipe, sender))
        self._sends = pipe.of(sender)
        self._handler = handler
        self._seen: Recent[bytes, None] = Recent(REMEMBERED_IDS)
        self._task: asyncio.Task[None] | None = None
        self.bad = BadMessages(f"{pipe.name}.{sender}")

    def start(self, context: zmq.asyncio.Context) -> None:
        """Raises PathTakenError when another process has the path."""
        self._path.acquire()
        socket = context.socket(zmq.ROUTER)
        socket.setsockopt(zmq.LINGER, 100)  # the last acknowledgement may still leave
        socket.setsockopt(zmq.MAXMSGSIZE, MAX_BYTES)
        socket.setsockopt(zmq.RCVHWM, WAITING_MAX)
        socket.bind(self._path.endpoint)
        self._path.bound()
        self._task = asyncio.create_task(self._run(socket), name=f"pipe receiver {self.bad.where}")

    def check(self) -> None:
        """Raises PathTakenError when the path was stolen."""
        self._path.check()

    async def close(self) -> None:
        await cancel_and_wait(self._task)
        self._path.release()

    async def _run(self, socket: zmq.asyncio.Socket) -> None:
        try:
            while True:
                frames = await socket.recv_multipart()
                if len(frames) != 3:
                    self.bad.refuse(f"expected 2 frames (id, message), got {len(frames) - 1}")
                    continue
                peer, message_id, payload = frames
                if len(message_id) > MAX_ID_BYTES:
                    self.bad.refuse(f"expected an id of at most {MAX_ID_BYTES} bytes, got {len(message_id)}")
                    continue
                if message_id not in self._seen:
                    await self._accept(payload)
                    self._remember(message_id)
                await socket.send_multipart([peer, message_id])
        finally:
            socket.close()

    async def _accept(self, payload: bytes) -> None:
        message = decode_from(self._sends, payload, self.bad)
        if message is None:
            return
        try:
            result = self._handler(message)
            if inspect.isawaitable(result):
                await result
        except Exception:
            # A message that the handler cannot take must not stop the ones behind it.
            log.exception(
                "%s: %s %s could not be handled", self.bad.where, type(message).__name__, message.id
            )

    def _remember(self, message_id: bytes) -> None:
        self._seen[message_id] = None
