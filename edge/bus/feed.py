"""A feed carries news: anyone may watch, nobody is waited for.

State-like news is *kept*: repeated on a heartbeat and for each new reader, so that a late or restarted
reader is never stuck in an old state. A reader has a socket for each feed, and takes from it what that feed
may carry (``topology.py``).
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import zmq
import zmq.asyncio

from edge.bus.codec import BadMessages, decode, encode
from edge.bus.paths import SocketPath
from edge.bus.topology import FEEDS, feed_path
from edge.messages import Feed, ProcessName
from edge.tasks import cancel_and_wait

HEARTBEAT_S = 1.0
MAX_BYTES = 16 << 20
"""No news is longer: some 40 000 entries of a pool. A publisher refuses to tell it, a reader leaves it."""
SUBSCRIPTION_MAX_BYTES = 256
Wanted = Mapping[ProcessName, Sequence[type[Feed]]]
"""Process → the types wanted from its feed."""


@dataclass
class _Kept:
    """A message that is repeated, encoded once."""

    frames: list[bytes]
    every_s: float
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

    def keep(self, message: Feed, *, every_s: float = HEARTBEAT_S) -> None:
        """Tell everybody now, again and again, and whoever comes later; replaces its type's last one.

        Args:
            every_s: how often it is repeated; what is large and healed in other ways may be repeated seldom.
        """
        if frames := self._frames(message):
            self._kept[type(message).__name__] = _Kept(frames, every_s, time.monotonic() + every_s)
            self._send(frames)

    def is_watched(self, kind: type[Feed]) -> bool:
        """Somebody wants this type: what is costly need only be told then. May be called in any thread."""
        return kind.__name__ in self._watched

    async def close(self) -> None:
        await cancel_and_wait(*self._tasks)
        if self._socket is not None:
            self._socket.close()
        self._path.release()

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            now = time.monotonic()
            for kept in self._kept.values():
                if kept.due_mono <= now + HEARTBEAT_S / 2:
                    kept.due_mono = now + kept.every_s
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
        """None: it is too long for any reader; counted and told."""
        kind, payload = type(message).__name__, encode(message)
        if len(payload) > MAX_BYTES:
            self.bad.refuse(f"{kind} has {len(payload)} bytes, and readers take {MAX_BYTES}")
            return None
        return [kind.encode(), payload]


class FeedSubscriber:
    """Watches feeds of several processes, present or not.

    Args:
        runtime_dir: where sockets lie.
        wanted: what is wanted from whom.
    """

    def __init__(self, runtime_dir: str | Path, wanted: Wanted) -> None:
        self._runtime_dir = runtime_dir
        self._wanted = wanted
        self.bad = {process: BadMessages(f"feed.{process}") for process in wanted}

    async def messages(self, context: zmq.asyncio.Context) -> AsyncGenerator[Feed, None]:
        """Yield what comes, for ever."""
        sockets: dict[zmq.asyncio.Socket, ProcessName] = {}
        poller = zmq.asyncio.Poller()
        try:
            for process, kinds in self._wanted.items():
                socket = context.socket(zmq.SUB)
                sockets[socket] = process
                _connect(socket, feed_path(self._runtime_dir, process), kinds)
                poller.register(socket, zmq.POLLIN)
            while True:
                for socket, _ in await poller.poll():
                    process = sockets[socket]
                    message = _decoded(await socket.recv_multipart(), process, self.bad[process])
                    if message is not None:
                        yield message
        finally:
            for socket in sockets:
                socket.close()


async def hear(runtime_dir: str | Path, wanted: Wanted) -> AsyncGenerator[Feed, None]:
    """Yield what comes on the feeds, for ever, for a command that has no sockets of its own."""
    context = zmq.asyncio.Context()
    try:
        async with contextlib.aclosing(FeedSubscriber(runtime_dir, wanted).messages(context)) as messages:
            async for message in messages:
                yield message
    finally:
        context.destroy(linger=0)


class FeedInbox:
    """Watches feeds as a ``FeedSubscriber`` does, but keeps what comes until it is asked for.

    For whoever must have read all news before the next step, and not whenever the loop comes to it.
    """

    def __init__(self, context: zmq.asyncio.Context, runtime_dir: str | Path, wanted: Wanted) -> None:
        self.bad = {process: BadMessages(f"feed.{process}") for process in wanted}
        make: Any = context.socket  # its annotations do not know sockets of another class
        self._sockets: dict[ProcessName, zmq.Socket[bytes]] = {}
        for process, kinds in wanted.items():
            self._sockets[process] = make(zmq.SUB, socket_class=zmq.Socket)
            _connect(self._sockets[process], feed_path(runtime_dir, process), kinds)

    def take(self) -> list[Feed]:
        """What has come since the last call, each feed's in its order; never waits."""
        messages: list[Feed] = []
        for process, socket in self._sockets.items():
            with contextlib.suppress(zmq.Again):
                while True:
                    message = _decoded(socket.recv_multipart(zmq.NOBLOCK), process, self.bad[process])
                    if message is not None:
                        messages.append(message)
        return messages

    def close(self) -> None:
        for socket in self._sockets.values():
            socket.close()


def _connect(socket: zmq.Socket[Any], path: Path, kinds: Sequence[type[Feed]]) -> None:
    socket.setsockopt(zmq.LINGER, 0)
    socket.setsockopt(zmq.RECONNECT_IVL, 50)
    socket.setsockopt(zmq.RECONNECT_IVL_MAX, 500)
    socket.setsockopt(zmq.MAXMSGSIZE, MAX_BYTES)
    socket.connect(f"ipc://{path}")
    for kind in kinds:
        socket.subscribe(kind.__name__)


def _decoded(frames: list[bytes], process: ProcessName, bad: BadMessages) -> Feed | None:
    """None: it was refused, and counted."""
    try:
        message = decode(frames[-1])
    except msgspec.DecodeError as error:
        bad.refuse(error)
        return None
    if refusal := FEEDS[process].refusal(message):
        bad.refuse(refusal)
        return None
    assert isinstance(message, Feed)
    return message
