"""What the broker sends again after a lost connection, while the first waits here or was answered. Pure."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b

from edge.mqtt import Incoming
from edge.recent import Recent

REMEMBERED = 4096
"""Messages that were answered: a lost connection may have taken their acknowledgements along."""
MOST_COPIES = 8
"""Connections that are lost while one message waits. What comes again after more is acknowledged at once."""


class Redelivered:
    """Knows messages by topic and payload: a copy may have another packet identifier than the first.

    Each command has an id, so one payload is one command. Ingest cannot know copies so (``_in_hand``):
    an event needs no id there, and "dog" under another packet identifier is another dog.
    """

    def __init__(self) -> None:
        self._waiting: dict[bytes, list[Callable[[], None]]] = {}
        """Message → acknowledgements of its copies."""
        self._answered: Recent[bytes, None] = Recent(REMEMBERED)

    def is_copy(self, message: Incoming) -> bool:
        """Whether there is nothing to be done for it: it is acknowledged, now or with the first."""
        if not message.dup:
            return False
        key = _key(message)
        copies = self._waiting.get(key)
        if copies is None and key not in self._answered:
            return False
        if copies is not None and len(copies) < MOST_COPIES and message.on_ack is not None:
            copies.append(message.on_ack)
        else:
            message.ack()
        return True

    def waits(self, message: Incoming) -> None:
        """Note one that waits until it is answered."""
        self._waiting.setdefault(_key(message), [])

    def answered(self, message: Incoming) -> None:
        """Acknowledge it, and its copies."""
        key = _key(message)
        self._answered[key] = None
        message.ack()
        for acknowledge in self._waiting.pop(key, ()):
            acknowledge()


def _key(message: Incoming) -> bytes:
    return blake2b(b"\0".join((message.topic.encode(), message.payload)), digest_size=16).digest()
