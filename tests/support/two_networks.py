"""Two mobile networks between a shuttle and its fleet's broker: they cut, stall, and take turns."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator

EXCERPT = 16_384


class _Connection:
    """One connection through a network; ``flows`` is set while the network carries its bytes."""

    def __init__(self, network: int) -> None:
        self.network = network
        self.flows = asyncio.Event()
        self.flows.set()
        self.writers: list[asyncio.StreamWriter] = []

    def abort(self) -> None:
        for writer in self.writers:
            writer.transport.abort()


class TwoNetworks:
    """A TCP proxy in front of a broker. The broker sees an address of its own for each network.

    Args:
        broker_port: on loopback.
    """

    def __init__(self, broker_port: int) -> None:
        self._broker_port = broker_port
        self._connections: set[_Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._network = 0
        self._reachable = True
        self.swallows_answers = False
        """What the broker says is lost on its way."""
        self.told_bytes = 0
        self.answered_bytes = 0
        """What the broker has said."""
        self.port = 0

    @contextlib.asynccontextmanager
    async def there(self) -> AsyncIterator[TwoNetworks]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            self.cut()
            await asyncio.gather(*self._tasks)

    def cut(self) -> None:
        """Every connection ends, as the network's gateway would have it (RST)."""
        for connection in self._connections:
            connection.abort()

    def stall(self) -> None:
        """Nothing moves any more, and nobody is told; new connections are accepted and get no answer."""
        self._reachable = False
        for connection in self._connections:
            connection.flows.clear()

    def swap(self) -> None:
        """The other network takes over: what went over the first one hangs for ever."""
        self.stall()
        self._network = 1 - self._network
        self._reachable = True

    def heal(self) -> None:
        """The present network works; what it held up goes on."""
        self._reachable, self.swallows_answers = True, False
        for connection in self._connections:
            if connection.network == self._network:
                connection.flows.set()

    async def flap(self, rng: random.Random, times: int, longest_s: float) -> None:
        """Be a bad network so many times, for up to ``longest_s`` each, and in the end a good one."""
        for _ in range(times):
            trouble = rng.choice((self.cut, self.stall, self.swap))
            print(f"  {trouble.__name__}", end="")
            trouble()
            await asyncio.sleep(rng.uniform(0, longest_s))
            if trouble == self.stall and rng.random() < 0.5:
                self.cut()
            self.heal()
            await asyncio.sleep(rng.uniform(0, longest_s))
        print()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = _Connection(self._network)
        if not self._reachable:
            connection.flows.clear()
        connection.writers.append(writer)
        self._connections.add(connection)
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        try:
            source = (f"127.0.0.{2 + connection.network}", 0)
            far_reader, far_writer = await asyncio.open_connection(
                "127.0.0.1", self._broker_port, local_addr=source
            )
            connection.writers.append(far_writer)
            await asyncio.gather(
                self._carry(connection, reader, far_writer, answers=False),
                self._carry(connection, far_reader, writer, answers=True),
            )
        except OSError:
            pass
        finally:
            connection.abort()
            self._connections.discard(connection)
            self._tasks.discard(task)

    async def _carry(
        self,
        connection: _Connection,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        answers: bool,
    ) -> None:
        try:
            while data := await reader.read(EXCERPT):
                while not connection.flows.is_set():
                    if writer.transport.is_closing():
                        return
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(connection.flows.wait(), 0.1)
                self.told_bytes += 0 if answers else len(data)
                self.answered_bytes += len(data) if answers else 0
                if answers and self.swallows_answers:
                    continue
                writer.write(data)
                await writer.drain()
        finally:
            connection.abort()
