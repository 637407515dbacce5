"""A feed carries news: anyone may watch, nobody is waited for.

State-like news is *kept*: repeated on a heartbeat and for each new reader, so that a late or restarted
reader is never stuck in an old state.
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
from edge.messages import Feed

HEARTBEAT_S = 1.0


@dataclass
class _Kept:
    """A message that is repeated, encoded once."""

    frames: list[bytes]
    every_s: float
    due_mono: float


class FeedPublisher:
    """The feed of one process."""

    def __init__(self, path: Path) -> None:
        self._path = SocketPath(path)
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
        self._socket.bind(self._path.endpoint)
        self._path.bound()
        self._tasks = [asyncio.create_task(self._beat()), asyncio.create_task(self._greet())]

    def check(self) -> None:
        """Raises PathTakenError when the path was stolen."""
        self._path.check()

    def publish(self, message: Feed) -> None:
        """Tell everybody who watches now."""
        self._send(_frames(message))

    def keep(self, message: Feed, *, every_s: float = HEARTBEAT_S) -> None:
        """Tell everybody now, again and again, and whoever comes later; replaces its type's last one.

        Args:
            every_s: how often it is repeated; what is large and healed in other ways may be repeated seldom.
        """
        kept = _Kept(_frames(message), every_s, time.monotonic() + every_s)
        self._kept[type(message).__name__] = kept
        self._send(kept.frames)

    def is_watched(self, kind: type[Feed]) -> bool:
        """Somebody wants this type: what is costly need only be told then. May be called in any thread."""
        return kind.__name__ in self._watched

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
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


def _frames(message: Feed) -> list[bytes]:
    return [type(message).__name__.encode(), encode(message)]


class FeedSubscriber:
    """Watches feeds of several processes, present or not.

    Args:
        wanted: socket file of a feed → the message types wanted from it. One socket listens to them all, so a
            type wanted from one feed comes from every other feed that carries it, too.
    """

    def __init__(self, wanted: Mapping[Path, Sequence[type[Feed]]]) -> None:
        self._wanted = wanted
        self.bad = BadMessages("feeds of " + ", ".join(path.stem for path in wanted))

    async def messages(self, context: zmq.asyncio.Context) -> AsyncGenerator[Feed, None]:
        """Yield what comes, for ever."""
        socket = context.socket(zmq.SUB)
        try:
            _connect(socket, self._wanted)
            while True:
                message = _decoded(await socket.recv_multipart(), self.bad)
                if message is not None:
                    yield message
        finally:
            socket.close()


class FeedInbox:
    """Watches feeds as a ``FeedSubscriber`` does, but keeps what comes until it is asked for.

    For whoever must have read all news before the next step, and not whenever the loop comes to it.
    """

    def __init__(self, context: zmq.asyncio.Context, wanted: Mapping[Path, Sequence[type[Feed]]]) -> None:
        self.bad = BadMessages("feeds of " + ", ".join(path.stem for path in wanted))
        make: Any = context.socket  # its annotations do not know sockets of another class
        self._socket: zmq.Socket[bytes] = make(zmq.SUB, socket_class=zmq.Socket)
        _connect(self._socket, wanted)

    def take(self) -> list[Feed]:
        """What has come since the last call, in its order; never waits."""
        messages: list[Feed] = []
        with contextlib.suppress(zmq.Again):
            while True:
                message = _decoded(self._socket.recv_multipart(zmq.NOBLOCK), self.bad)
                if message is not None:
                    messages.append(message)
        return messages

    def close(self) -> None:
        self._socket.close()


def _connect(socket: zmq.Socket[Any], wanted: Mapping[Path, Sequence[type[Feed]]]) -> None:
    socket.setsockopt(zmq.LINGER, 0)
    socket.setsockopt(zmq.RECONNECT_IVL, 50)
    socket.setsockopt(zmq.RECONNECT_IVL_MAX, 500)
    for path, kinds in wanted.items():
        socket.connect(f"ipc://{path}")
        for kind in kinds:
            socket.subscribe(kind.__name__)


def _decoded(frames: list[bytes], bad: BadMessages) -> Feed | None:
    """None: it was refused, and counted."""
    try:
        message = decode(frames[-1])
    except msgspec.DecodeError as error:
        bad.refuse(error)
        return None
    return message if isinstance(message, Feed) else None
