"""A fleet's broker that means harm, behind a good certificate."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import random
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path

from tests.support.mqtt_peer import ACCEPT_5, read_packet

CONNECT, PUBLISH, SUBSCRIBE = 1, 3, 8
TOPIC = b"guide/v1/test/cmd/report"
HUGE_BYTES = 200 << 20
ZEROS = bytes(65_536)
Harm = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
# Another one on each connection.
_MALFORMED = itertools.cycle(
    (
        b"\x32\x05\xff\xffab\0",  # a topic longer than its packet
        b"\x32\x08\0\x02\xff\xfe\0\x01\0x",  # a topic that is no UTF-8
        b"\x32\x07\0\x01a\0\x01\x09\x26",  # properties longer than their packet
        b"\x30\xff\xff\xff\xff\x7f",  # a length of five bytes
        b"\x00\x00",
    )
)
_MALFORMED_ANSWERS = itertools.cycle(
    (
        b"\x40\x01\0",  # half a packet identifier
        b"\x40\x04\0\x01\x10\x7f",  # properties that are not there
        b"\x90\x03\0\x07\0",  # an acknowledgement without a code
        b"\xf0\x00",  # AUTH
        b"\xe0\x01",  # DISCONNECT, cut off
    )
)

_UNASKED = itertools.cycle(("message", "ping", "release"))


class HostileBroker:
    """Does the same harm on each connection.

    Args:
        certificate: its own, with its key; None: it speaks no TLS.
    """

    def __init__(self, port: int, harm: Harm, certificate: tuple[Path, Path] | None) -> None:
        self._port = port
        self._harm = harm
        self._tls: ssl.SSLContext | None = None
        if certificate:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(*certificate)
        self._tasks: set[asyncio.Task[None]] = set()
        self.connections = 0

    @contextlib.asynccontextmanager
    async def there(self) -> AsyncIterator[HostileBroker]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", self._port, ssl=self._tls)
        try:
            yield self
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        with contextlib.suppress(OSError, EOFError, asyncio.CancelledError):
            await self._harm(reader, writer)
        self._tasks.discard(task)
        writer.transport.abort()


async def stalls_in_the_handshake(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def closes_at_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    return


async def refuses_for_ever(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_packet(reader)
    writer.write(bytes.fromhex("2003008700"))  # not authorized
    await writer.drain()


async def never_answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while await reader.read(4096):
        pass


async def never_acknowledges(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await _let_in(reader, writer)
    await never_answers(reader, writer)


async def acknowledges_what_was_not_sent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """First what is sent later, then what never is."""
    for mid in range(1, 1000):
        writer.write(b"\x40\x02" + mid.to_bytes(2, "big"))
    await _let_in(reader, writer)
    for mid in itertools.cycle(range(40_000, 65_536)):
        writer.write(b"\x40\x02" + mid.to_bytes(2, "big"))
        if mid % 100 == 0:
            await writer.drain()
            await asyncio.sleep(0.01)


async def talks_rubbish(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    rng = random.Random(writer.get_extra_info("peername")[1])
    writer.write(rng.randbytes(2000))
    await writer.drain()
    await never_answers(reader, writer)


async def sends_malformed_packets(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await _send(next(_MALFORMED), reader, writer)


async def acknowledges_malformed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await _send(next(_MALFORMED_ANSWERS), reader, writer)


async def sends_a_huge_packet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await _let_in(reader, writer)
    writer.write(b"\x32" + _length(HUGE_BYTES) + len(TOPIC).to_bytes(2, "big") + TOPIC + b"\0\x01\0")
    for _ in range(HUGE_BYTES // len(ZEROS)):
        writer.write(ZEROS)
        await writer.drain()


async def floods(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """More than 1,000 commands a second, whatever the receive maximum is."""
    await _let_in(reader, writer)
    for number in itertools.count(1):
        command = {"id": f"flood-{number}", "ts": time.time()} | (
            {"filler": "x" * 6000} if number % 2 else {}
        )
        writer.write(_publish(json.dumps(command).encode(), number % 65_535 + 1))
        if number % 50 == 0:
            await writer.drain()
            await asyncio.sleep(0.02)


async def floods_with_long_ones(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """As fast as they can be read."""
    await _let_in(reader, writer)
    for number in itertools.count(1):
        writer.write(_publish(ZEROS, number % 65_535 + 1))
        await writer.drain()
        await asyncio.sleep(0)


async def sends_what_nobody_asked_for(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Messages with QoS 2, which would all be kept, or packets to be answered by who is not read."""
    await _let_in(reader, writer)
    kind = next(_UNASKED)
    for number in itertools.count():
        mid = (number % 65_535 + 1).to_bytes(2, "big")
        match kind:
            case "message":
                writer.write(b"\x34" + _publish(bytes(60_000), number % 65_535 + 1)[1:])
            case "ping":
                writer.write(b"\xc0\0" * 2000)
            case "release":
                writer.write((b"\x62\x02" + mid) * 2000)
        await writer.drain()
        await asyncio.sleep(0)  # draining may let nobody else have a turn


HARMS: Mapping[str, Harm] = {
    harm.__name__: harm
    for harm in (
        stalls_in_the_handshake,
        closes_at_once,
        refuses_for_ever,
        never_answers,
        never_acknowledges,
        acknowledges_what_was_not_sent,
        talks_rubbish,
        sends_malformed_packets,
        acknowledges_malformed,
        sends_a_huge_packet,
        floods,
        floods_with_long_ones,
        sends_what_nobody_asked_for,
    )
}


async def _send(packet: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await _let_in(reader, writer)
    writer.write(packet)
    await writer.drain()
    await asyncio.sleep(0.1)


async def _let_in(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Accept whoever connects, and whatever it subscribes to."""
    await read_packet(reader)
    writer.write(ACCEPT_5)
    while True:
        kind, body = await read_packet(reader)
        if kind == SUBSCRIBE:
            writer.write(b"\x90\x04" + body[:2] + b"\0\x01")
            await writer.drain()
            return


def _publish(payload: bytes, mid: int) -> bytes:
    rest = len(TOPIC).to_bytes(2, "big") + TOPIC + mid.to_bytes(2, "big") + b"\0" + payload
    return b"\x32" + _length(len(rest)) + rest


def _length(number: int) -> bytes:
    encoded = bytearray()
    while True:
        number, digit = divmod(number, 128)
        encoded.append(digit | (0x80 if number else 0))
        if not number:
            return bytes(encoded)
