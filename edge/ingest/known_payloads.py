"""Which messages a topic has brought already: what the broker had in store and is known is no news. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from hashlib import blake2b

from edge.mqtt import Incoming
from edge.recent import Recent

REMEMBERED = 512
"""Payloads of each topic: minutes of a vehicle that tells its speed each second."""
REMEMBERED_OF_SETTINGS = 16
"""Payloads of each topic of a setting, over restarts; few people turn it more often than that."""

TOPICS = 64
"""Remembered topics: anybody who may command can make up names of commands."""

Digests = dict[str, tuple[str, ...]]
"""Topic → digests of payloads, the latest last."""


class KnownPayloads:
    """Tells news from what the broker kept.

    A message that was published later without the retain flag does not replace the kept one in the broker, so
    the kept one comes again at a reconnection, older than what is in force.

    Args:
        settings: topics whose payloads are remembered over restarts, as what they set is.
        before: those payloads, from before the restart.
    """

    def __init__(
        self, settings: Collection[str] = (), before: Mapping[str, Collection[str]] | None = None
    ) -> None:
        self._settings = settings
        self._kept: Recent[str, str] = Recent(TOPICS)
        self._came: Recent[str, Recent[str, None]] = Recent(TOPICS)
        for topic in set(before or {}) & set(settings):
            came = self._came.setdefault(topic, Recent(REMEMBERED_OF_SETTINGS))
            came.update(dict.fromkeys((before or {})[topic]))

    def is_news(self, message: Incoming) -> bool:
        """Whether the message says something that was not said before; it is known from now on."""
        topic, digest = message.topic, blake2b(message.payload, digest_size=8).hexdigest()
        most = REMEMBERED_OF_SETTINGS if topic in self._settings else REMEMBERED
        came = self._came.setdefault(topic, Recent(most))
        is_known = digest in came or self._kept.get(topic) == digest
        came[digest] = None
        if message.kept or message.retain:
            self._kept[topic] = digest
        return not (message.retain and is_known)

    @property
    def of_settings(self) -> Digests:
        """To be kept on disk."""
        return {topic: tuple(came) for topic, came in self._came.items() if topic in self._settings}
