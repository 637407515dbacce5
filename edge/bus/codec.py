"""Messages to bytes and back; what does not decode is counted and told, and harms nothing."""

from __future__ import annotations

import logging
import time
from typing import cast

import msgspec

from edge.bus.topology import M, Sends
from edge.messages import AnyMessage

log = logging.getLogger(__name__)

_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[AnyMessage] = msgspec.msgpack.Decoder(AnyMessage)


def encode(message: AnyMessage) -> bytes:
    return _encoder.encode(message)


def decode(payload: bytes) -> AnyMessage:
    """Raises ``msgspec.DecodeError`` when it is not one of our messages, or has a wrong field."""
    try:
        return _decoder.decode(payload)
    except (UnicodeDecodeError, RecursionError) as error:  # the one would quote it
        raise msgspec.DecodeError("no UTF-8, or too deep") from error


class BadMessages:
    """Counts what was refused on one socket and says so at most once a minute."""

    period_s = 60.0

    def __init__(self, where: str) -> None:
        self.where = where
        self.count = 0
        self._told_count = 0
        self._told_mono = float("-inf")

    def refuse(self, reason: object) -> None:
        self.count += 1
        now = time.monotonic()
        if now - self._told_mono < self.period_s:
            return
        log.error(
            "%s: refused %d message(s), the last because: %s",
            self.where,
            self.count - self._told_count,
            reason,
        )
        self._told_count, self._told_mono = self.count, now


def decode_from(sends: Sends[M], payload: bytes, bad: BadMessages) -> M | None:
    """What this sender sent; None: it is no message, or none that it may send, and was refused."""
    try:
        message = decode(payload)
    except msgspec.DecodeError as error:
        bad.refuse(error)
        return None
    if refusal := sends.refusal(message):
        bad.refuse(refusal)
        return None
    return cast(M, message)
