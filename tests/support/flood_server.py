"""A cloud gone mad, in a process of its own: what it sends has no end and comes as fast as loopback takes it.

``python -m tests.support.flood_server`` prints its port and serves until it is killed: ElevenLabs' WebSocket
and OpenAI's speech on one port. The path before ``/v1`` says what comes behind the first words: ``sound``,
``marks``, ``tiny``; ``strays`` come before them.
"""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import struct
import sys
import threading
from typing import BinaryIO

BLOCK_BYTES = 1 << 20
PIECE_BYTES = 12_000
"""A quarter of a second at 24 kHz."""
MARKS = 50_000
_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def main() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        sys.stdout.write(f"{listening.getsockname()[1]}\n")
        sys.stdout.flush()
        while True:
            connection, _ = listening.accept()
            threading.Thread(target=_serve, args=(connection,), daemon=True).start()


def _serve(connection: socket.socket) -> None:
    with connection:
        try:
            reader = connection.makefile("rb")
            path = reader.readline().split()[1].decode()
            headers = {}
            while line := reader.readline().strip():
                name, _, value = line.partition(b":")
                headers[name.strip().lower()] = value.strip()
            kind = path.split("/")[1]
            if key := headers.get(b"sec-websocket-key"):
                accept = base64.b64encode(hashlib.sha1(key + _MAGIC).digest())
                connection.sendall(
                    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
                )
                context_id = "nobody" if kind == "strays" else _context_of_first_text(reader)
                connection.sendall(_words(context_id))
                _flood(connection, _block(kind, context_id))
            elif path.endswith("/audio/speech"):
                reader.read(int(headers[b"content-length"]))
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: audio/pcm\r\n\r\n")
                _flood(connection, struct.pack("<h", 5000) * (BLOCK_BYTES // 2))
            else:
                connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{"data":[]}')
        except (OSError, IndexError):
            return


def _flood(connection: socket.socket, block: bytes) -> None:
    while True:
        connection.sendall(block)


def _words(context_id: str) -> bytes:
    """All that was to be said ("Да."), told as it ought to be."""
    alignment = {"chars": list("Да."), "charStartTimesMs": [0, 80, 160], "charDurationsMs": [80, 80, 80]}
    message = {"contextId": context_id, "audio": _sound(), "alignment": alignment}
    return _frame(json.dumps(message).encode())


def _sound() -> str:
    return base64.b64encode(struct.pack("<h", 5000) * (PIECE_BYTES // 2)).decode()


def _block(kind: str, context_id: str) -> bytes:
    message: dict[str, object] = {"contextId": context_id}
    if kind in ("sound", "strays"):
        message["audio"] = _sound()
    elif kind == "marks":
        message |= {"audio": "AAAA", "alignment": {"chars": ["а"] * MARKS, "charStartTimesMs": [0] * MARKS}}
    frame = _frame(json.dumps(message).encode())
    return frame * max(1, BLOCK_BYTES // len(frame))


def _frame(payload: bytes) -> bytes:
    """A text message as a server sends it: whole and not masked."""
    if len(payload) < 126:
        head = struct.pack("!BB", 0x81, len(payload))
    elif len(payload) < 1 << 16:
        head = struct.pack("!BBH", 0x81, 126, len(payload))
    else:
        head = struct.pack("!BBQ", 0x81, 127, len(payload))
    return head + payload


def _context_of_first_text(reader: BinaryIO) -> str:
    """Read the client's frames until one has words in it."""
    while True:
        head = reader.read(2)
        length = head[1] & 0x7F
        if length == 126:
            length = struct.unpack("!H", reader.read(2))[0]
        elif length == 127:
            length = struct.unpack("!Q", reader.read(8))[0]
        mask = reader.read(4)
        masked = reader.read(length)
        if head[0] & 0x0F != 1:
            continue
        message = json.loads(bytes(byte ^ mask[index % 4] for index, byte in enumerate(masked)))
        if message.get("flush"):
            return str(message["context_id"])


if __name__ == "__main__":
    main()
