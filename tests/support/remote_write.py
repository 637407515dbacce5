"""One sample as Prometheus' remote write carries it: protocol buffers in a snappy block, made by hand."""

from __future__ import annotations

import struct
from collections.abc import Mapping

HEADERS = {
    "Content-Type": "application/x-protobuf",
    "Content-Encoding": "snappy",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}


def request(labels: Mapping[str, str], value: float, at: float) -> bytes:
    """The body of a request; ``at``: Unix seconds. At most 256 bytes long before it is packed."""
    named = b"".join(
        _field(1, _field(1, name.encode()) + _field(2, text.encode()))
        for name, text in sorted(labels.items())
    )
    sample = b"\x09" + struct.pack("<d", value) + b"\x10" + _varint(int(at * 1000))
    series = _field(1, named + _field(2, sample))
    assert len(series) <= 256
    return _varint(len(series)) + bytes((60 << 2, len(series) - 1)) + series  # one literal, nothing repeated


def _field(number: int, content: bytes) -> bytes:
    return bytes((number << 3 | 2,)) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    told = bytearray()
    while number > 0x7F:
        told.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*told, number))
