"""A scripted MQTT peer on loopback: answers CONNECT and SUBSCRIBE as a test tells it to."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping

CONNECT, PUBLISH, SUBSCRIBE = 1, 3, 8
LEVEL_311, LEVEL_5 = 4, 5

ACCEPT_311 = bytes.fromhex("20020000")
ACCEPT_5 = bytes.fromhex("2003000000")
REFUSE_VERSION_311 = bytes.fromhex("20020001")
"""What a broker that has never heard of MQTT 5 says: return code 1 of 3.1.1."""
REFUSE_VERSION_5 = bytes.fromhex("2003008400")
HANG_UP = b""


class ScriptedPeer:
    """Answers each CONNECT by its protocol level, and each SUBSCRIBE with one code for every topic.

    Args:
        acknowledges: messages with QoS 1.
    """

    def __init__(
        self,
        connack: Mapping[int, bytes],
        suback_code: Callable[[str], int] = lambda topic: 1,
        *,
        acknowledges: bool = True,
    ) -> None:
        self._connack = connack
        self._suback_code = suback_code
        self._writers: set[asyncio.StreamWriter] = set()
        self.levels: list[int] = []
        """Protocol level of every CONNECT, in order."""
        self._acknowledges = acknowledges
        self.published: list[bytes] = []
        """Packet identifiers of what came with QoS 1."""
        self.port = 0

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[ScriptedPeer]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            self.drop_all()
            await server.wait_closed()

    @property
    def connected(self) -> int:
        """How many are there."""
        return len(self._writers)

    def drop_all(self) -> None:
        """Cut every connection."""
        for writer in self._writers:
            writer.close()

    def tell_all(self, packet: bytes) -> None:
        """Send a packet to everybody who is connected."""
        for writer in self._writers:
            writer.write(packet)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        level = 0
        try:
            while True:
                kind, body = await read_packet(reader)
                if kind == CONNECT:
                    level = body[6]
                    self.levels.append(level)
                    answer = self._connack[level]
                    if answer == HANG_UP:
                        return
                    writer.write(answer)
                elif kind == SUBSCRIBE:
                    writer.write(suback(body, level, self._suback_code))
                elif kind == PUBLISH:
                    topic_length = int.from_bytes(body[:2], "big")
                    self.published.append(body[2 + topic_length : 4 + topic_length])
                    if self._acknowledges:
                        writer.write(b"\x40\x02" + self.published[-1])
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            self._writers.discard(writer)
            writer.close()


def suback(body: bytes, level: int, code_of: Callable[[str], int] = lambda topic: 1) -> bytes:
    """The answer to a SUBSCRIBE, with a code for each of its topics."""
    at = 3 + body[2] if level == LEVEL_5 else 2  # properties shorter than 128 bytes
    codes = bytearray()
    while at < len(body):
        end = at + 2 + int.from_bytes(body[at : at + 2], "big")
        codes.append(code_of(body[at + 2 : end].decode()))
        at = end + 1
    rest = body[:2] + (b"\0" if level == LEVEL_5 else b"") + bytes(codes)
    return bytes([0x90, len(rest)]) + rest


async def read_packet(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Type and body of the next packet."""
    kind = (await reader.readexactly(1))[0] >> 4
    length, shift = 0, 0
    while True:
        byte = (await reader.readexactly(1))[0]
        length |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return kind, await reader.readexactly(length)
