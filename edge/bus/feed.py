"""A feed carries news: anyone may watch, nobody is waited for.

State-like news is *kept*: repeated on a heartbeat and for each new reader, so that a late or restarted
reader is never stuck in an old state. A reader has a socket for each feed, and takes from it what that feed
may carry (``topology.py``).
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic

import zmq
import zmq.asyncio

from edge.bus.codec import BadMessages, decode_from, encode
from edge.bus.paths import SocketPath
from edge.bus.topology import FEEDS, HEARTBEAT_S, PROCESSES, TIMINGS, M, feed_path, feeds_with
from edge.messages import Feed, ProcessName
from edge.tasks import cancel_and_wait

MAX_BYTES = 16 << 20
"""No news is longer: some 40 000 entries of a pool. A publisher refuses to tell it, a reader leaves it."""
SUBSCRIPTION_MAX_BYTES = 256
MOST_IN_A_ROW = 16
"""Messages of one feed, before those of another and the loop's other work get their turn."""


@dataclass
class _Kept:
    """A message that is repeated, encoded once."""

    frames: list[bytes]
    period_s: float
    due_mono: float


class FeedPublisher:
    """The feed of one process; ``runtime_dir``: where sockets lie."""

    def __init__(self, runtime_dir: str | Path, process: ProcessName) -> None:
        self._path = SocketPath(feed_path(runtime_dir, process))
        self._types = {each.__name__ for each in FEEDS[process].types}
        self.bad = BadMessages(f"own_feed.{process}")
        self._kept: dict[str, _Kept] = {}
        self._watched: set[str] = set()
        self._socket: zmq.asyncio.Socket | None = None
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, context: zmq.asyncio.Context) -> None:
        """Raises PathTakenError when another process has the path."""
        self._path.acquire()
        self._socket = context.socket(zmq.XPUB)
        self._socket.setsockopt(zmq.XPUB_VERBOSE, 1)
        self._socket.setsockopt(zmq.LINGER, 200)
        self._socket.setsockopt(zmq.MAXMSGSIZE, SUBSCRIPTION_MAX_BYTES)
        self._socket.bind(self._path.endpoint)
        self._path.bound()
        self._tasks = [asyncio.create_task(self._beat()), asyncio.create_task(self._greet())]

    def check(self) -> None:
        """Raises PathTakenError when the path was stolen."""
        self._path.check()

    def publish(self, message: Feed) -> None:
        """Tell everybody who watches now."""
        if frames := self._frames(message):
            self._send(frames)

    def keep(self, message: Feed) -> None:
        """Tell everybody now, again in its type's period, and whoever comes later; replaces its last one."""
        if frames := self._frames(message):
            period_s = TIMINGS[type(message)].period_s
            self._kept[type(message).__name__] = _Kept(frames, period_s, time.monotonic() + period_s)
            self._send(frames)

    def is_watched(self, kind: type[Feed]) -> bool:
        """Whether somebody wants this type: what is costly need be told only then. For any thread."""
        return kind.__name__ in self._watched

    async def close(self) -> None:
        await cancel_and_wait(*self._tasks)
        if self._socket is not None:
            self._socket.close()
            self._socket = None  # what is told later than that nobody hears
        self._path.release()

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            now = time.monotonic()
            for kept in self._kept.values():
                if kept.due_mono <= now + HEARTBEAT_S / 2:
                    kept.due_mono = now + kept.period_s
                    self._send(kept.frames)

    async def _greet(self) -> None:
        assert self._socket is not None
        while True:
            subscription = await self._socket.recv()
            kind = subscription[1:].decode(errors="replace")
            if subscription[:1] == b"\x01":
                if kind in self._types:
                    self._watched.add(kind)
                for name, kept in self._kept.items():
                    if name.startswith(kind):
                        self._send(kept.frames)
            else:  # the last one who wanted it has gone
                self._watched.discard(kind)

    def _send(self, frames: list[bytes]) -> None:
        if self._socket is not None:
            # PUB never blocks: a reader that is too slow loses messages (and is healed by the next snapshot).
            self._socket.send_multipart(frames, zmq.NOBLOCK)

    def _frames(self, message: Feed) -> list[bytes] | None:
        """The message's frames; None: it is too long for any reader, which is counted and told."""
        kind, payload = type(message).__name__, encode(message)
        if len(payload) > MAX_BYTES:
            self.bad.refuse(f"{kind} has {len(payload)} bytes, and readers take {MAX_BYTES}")
            return None
        return [kind.encode(), payload]


class _Reader(Generic[M]):
    """Watches the feeds that carry some types of messages; the processes need not be there yet.

    Args:
        runtime_dir: where sockets lie.
        types: what is wanted.
        of: whose feeds are watched.
    """

    def __init__(
        self, runtime_dir: str | Path, *types: type[M], of: Iterable[ProcessName] = PROCESSES
    ) -> None:
        self._runtime_dir = runtime_dir
        self._wanted = feeds_with(types, of)
        self.bad = {process: BadMessages(f"feed.{process}") for process in self._wanted}

    def _open(self, context: zmq.asyncio.Context) -> dict[zmq.Socket[bytes], ProcessName]:
        """Open a socket for each feed."""
        make: Any = context.socket  # its annotations do not know sockets of another class
        sockets: dict[zmq.Socket[bytes], ProcessName] = {}
        for process, kinds in self._wanted.items():
            socket = make(zmq.SUB, socket_class=zmq.Socket)
            sockets[socket] = process
            socket.setsockopt(zmq.LINGER, 0)
            socket.setsockopt(zmq.RECONNECT_IVL, 50)
            socket.setsockopt(zmq.RECONNECT_IVL_MAX, 500)
            socket.setsockopt(zmq.MAXMSGSIZE, MAX_BYTES)
            socket.connect(f"ipc://{feed_path(self._runtime_dir, process)}")
            for kind in kinds:
                socket.subscribe(kind.__name__)
        return sockets

    def _decoded(self, process: ProcessName, frames: list[bytes]) -> M | None:
        """The message in the frames; None: it was refused, and counted."""
        message = decode_from(FEEDS[process], frames[-1], self.bad[process])
        if message is None or isinstance(message, self._wanted[process]):
            return message
        self.bad[process].refuse(f"{process} told {type(message).__name__} as if it were something else")
        return None


class FeedSubscriber(_Reader[M]):
    """Watches feeds for as long as somebody asks for the next message."""

    async def messages(self, context: zmq.asyncio.Context) -> AsyncGenerator[M, None]:
        """Yield what comes, for ever."""
        loop = asyncio.get_running_loop()
        sockets = self._open(context)
        told = asyncio.Event()
        told.set()
        waiting = dict.fromkeys(sockets)  # what came while they were opened no event tells

        def tell(socket: zmq.Socket[bytes]) -> None:
            socket.getsockopt(zmq.EVENTS)  # until somebody has asked its descriptor stays readable
            waiting[socket] = None
            told.set()

        # Watched once and for all: to poll all of them for each message is most of a resting process's work.
        descriptors = [socket.fileno() for socket in sockets]
        try:
            for socket, descriptor in zip(sockets, descriptors, strict=True):
                loop.add_reader(descriptor, tell, socket)
            while True:
                await told.wait()
                told.clear()
                while waiting:
                    for socket in list(waiting):
                        for _ in range(MOST_IN_A_ROW):
                            if (frames := _received(socket)) is None:
                                del waiting[socket]
                                break
                            if (message := self._decoded(sockets[socket], frames)) is not None:
                                yield message
                    if waiting:
                        await asyncio.sleep(0)
        finally:
            for socket, descriptor in zip(sockets, descriptors, strict=True):
                loop.remove_reader(descriptor)
                socket.close()


@contextlib.asynccontextmanager
async def watching(
    runtime_dir: str | Path, *types: type[M], of: Iterable[ProcessName] = PROCESSES
) -> AsyncIterator[AsyncGenerator[M, None]]:
    """What a ``FeedSubscriber`` yields, for who is no process of the guide; all is closed behind it."""
    context = zmq.asyncio.Context()
    messages = FeedSubscriber(runtime_dir, *types, of=of).messages(context)
    try:
        async with contextlib.aclosing(messages):
            yield messages
    finally:
        context.destroy(linger=0)


class FeedInbox(_Reader[M]):
    """Watches feeds, but keeps what comes until it is asked for.

    For whoever must have read all news before the next step, and not whenever the loop comes to it.
    """

    def __init__(self, context: zmq.asyncio.Context, runtime_dir: str | Path, *types: type[M]) -> None:
        super().__init__(runtime_dir, *types)
        self._sockets = self._open(context)

    def take(self) -> list[M]:
        """What has come since the last call, each feed's in its order; never waits."""
        messages: list[M] = []
        for socket, process in self._sockets.items():
            while (frames := _received(socket)) is not None:
                message = self._decoded(process, frames)
                if message is not None:
                    messages.append(message)
        return messages

    def close(self) -> None:
        for socket in self._sockets:
            socket.close()


def _received(socket: zmq.Socket[bytes]) -> list[bytes] | None:
    """The next message's frames; None: none is there."""
    try:
        return socket.recv_multipart(zmq.NOBLOCK)
    except zmq.Again:
        return None
