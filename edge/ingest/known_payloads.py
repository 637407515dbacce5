"""Which messages a topic has brought already: what the broker had in store and is known is no news. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from hashlib import blake2b

from edge.mqtt import Incoming
from edge.recent import Recent

REMEMBERED = 8192
"""Payloads of each signal: two hours of a vehicle that tells its speed each second. MQTT 3.1.1 does not tell
which of them the broker has kept."""
REMEMBERED_OF_SETTINGS = 128
"""Payloads of each setting, over restarts: a slider that is drawn from one end to the other."""
TOPICS = 64
"""Topics whose kept payload is remembered: anybody who may command can make up names of commands."""

Digests = dict[str, tuple[str, ...]]
"""Topic → digests of payloads, the latest last."""


class KnownPayloads:
    """Tells news from what the broker kept.

    A message that was published later without the retain flag does not replace the kept one in the broker, so
    the kept one comes again at a reconnection, older than what is in force.

    Args:
        settings: topics whose payloads are remembered over restarts, as what they set is.
        signals: topics whose payloads are remembered as long as what they say is.
        before: those of ``settings``, from before the restart.
    """

    def __init__(
        self,
        settings: Collection[str] = (),
        signals: Collection[str] = (),
        before: Mapping[str, Collection[str]] | None = None,
    ) -> None:
        self._settings = settings
        self._kept: Recent[str, str] = Recent(TOPICS)
        self._came: dict[str, Recent[str, None]] = {topic: Recent(REMEMBERED) for topic in signals}
        for topic in settings:
            self._came[topic] = Recent(REMEMBERED_OF_SETTINGS)
            self._came[topic].update(dict.fromkeys((before or {}).get(topic, ())))

    def is_news(self, message: Incoming) -> bool:
        """Whether the message says something that was not said before; it is known from now on."""
        topic, digest = message.topic, blake2b(message.payload, digest_size=8).hexdigest()
        came, last_kept = self._came.get(topic), self._kept.get(topic)
        is_known = last_kept == digest
        # Over MQTT 5 the last one that was kept is known, and no other can be in the store.
        if came is not None and not (message.kept and last_kept):
            is_known = is_known or digest in came
        if came is not None:
            came[digest] = None
        if message.kept or message.retain:
            self._kept[topic] = digest
        return not (message.retain and is_known)

    @property
    def of_settings(self) -> Digests:
        """What is kept on disk of the topics that set something."""
        return {topic: tuple(self._came[topic]) for topic in self._settings if self._came[topic]}
