"""Publications on their way: kept until the broker acknowledged them, also across connections."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple


class SessionClosedError(Exception):
    """The session was closed before the broker acknowledged the message."""


class OutgoingQueueFullError(Exception):
    """More messages wait for the broker than the session may hold."""


class PublishRefusedError(Exception):
    """The broker does not want the message (MQTT 5 says why; 3.1.1 cannot)."""


class NobodySubscribesError(PublishRefusedError):
    """The broker has dropped a message that must reach somebody: nobody, and no queue, subscribes to it."""


class Acknowledgement(NamedTuple):
    """What the broker says of a publication."""

    refusal: str | None = None
    """Why it does not want it; None: it took it."""
    unheard: bool = False
    """The broker had nobody to give it to (MQTT 5)."""


@dataclass(slots=True, eq=False)
class Publication:
    """One message to the broker."""

    topic: str
    payload: bytes
    qos: int
    retain: bool
    done: asyncio.Future[None]
    """Resolves on the broker's acknowledgement (QoS 0: when it is written)."""
    must_reach: bool = False
    """Whether it counts as a refusal that nobody subscribes to it."""
    correlation: bytes | None = None
    """Correlation data (MQTT 5)."""
    expiry_s: int | None = None
    """After so many seconds the broker need not deliver it any more (MQTT 5)."""


Send = Callable[[Publication], int]
"""Hands a publication to the connection and returns its packet identifier."""


class Outbox:
    """A bounded queue in memory; what was not acknowledged goes again, in order, over the next connection."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._waiting: dict[Publication, None] = {}
        self._by_mid: dict[int, Publication] = {}
        self._send: Send | None = None

    def add(
        self,
        topic: str,
        payload: bytes,
        *,
        qos: int,
        retain: bool,
        must_reach: bool = False,
        correlation: bytes | None = None,
        expiry_s: int | None = None,
    ) -> asyncio.Future[None]:
        """Queue a message and, when connected, send it.

        Raises:
            OutgoingQueueFullError: nothing was queued.
        """
        if len(self._waiting) >= self._limit:
            raise OutgoingQueueFullError(
                f"MQTT: {self._limit} messages already wait for the broker, {topic} is not sent"
            )
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        item = Publication(topic, payload, qos, retain, done, must_reach, correlation, expiry_s)
        self._waiting[item] = None
        item.done.add_done_callback(lambda done: self._forget(item))
        if self._send:
            self._put(item, self._send)
        return item.done

    def connected(self, send: Send) -> None:
        """Send everything that waits, oldest first."""
        self._send = send
        for item in list(self._waiting):
            self._put(item, send)

    def disconnected(self) -> None:
        """Nothing more can be acknowledged over this connection."""
        self._send = None
        self._by_mid.clear()

    def acknowledged(self, mid: int, acknowledgement: Acknowledgement) -> None:
        """The broker answered for this packet identifier of the present connection."""
        item = self._by_mid.pop(mid, None)
        if item is None or item.done.done():
            return
        if refusal := acknowledgement.refusal:
            item.done.set_exception(PublishRefusedError(f"MQTT: the broker refused {item.topic}: {refusal}"))
        elif acknowledgement.unheard and item.must_reach:
            item.done.set_exception(NobodySubscribesError(f"MQTT: nobody subscribes to {item.topic}"))
        else:
            item.done.set_result(None)

    def close(self) -> None:
        """Fail whatever still waits."""
        self.disconnected()
        for item in self._waiting:
            if not item.done.done():
                item.done.set_exception(
                    SessionClosedError(f"MQTT: closed before {item.topic} was acknowledged")
                )

    def _put(self, item: Publication, send: Send) -> None:
        if not item.done.done():
            self._by_mid[send(item)] = item

    def _forget(self, item: Publication) -> None:
        self._waiting.pop(item, None)
        if not item.done.cancelled():
            item.done.exception()  # who did not wait for it does not want a warning about it either
