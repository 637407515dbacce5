"""Which triggers have come before: a message may arrive twice and shall be spoken once."""

from __future__ import annotations

from typing import NamedTuple

from edge.messages import Kind, Trigger
from edge.recent import Recent

REMEMBERED = 1024
"""Triggers of each kind."""
SENT_AGAIN_WITHIN_S = 600.0
"""A broker sends again as soon as both are there. Later than that a sender has begun to count anew."""


class TriggerKey(NamedTuple):
    """Tells a trigger from every other: an id is its sender's own, and other senders may use the same."""

    kind: Kind
    topic: str
    camera: str
    trigger_id: str
    words: str
    """The words of dispatch or the safety system: others are never held back as a repetition."""

    @classmethod
    def of(cls, trigger: Trigger) -> TriggerKey:
        camera = (trigger.sighting and trigger.sighting.camera) or ""
        words = (trigger.text or "") if trigger.kind in ("safety", "announcement") else ""
        return cls(trigger.kind, trigger.topic, camera, trigger.trigger_id, words)


class KnownTriggers:
    """Remembers the last triggers of each kind, so that no flood of one makes it forget those of another."""

    def __init__(self) -> None:
        self._keys: dict[Kind, Recent[TriggerKey, float]] = {}

    def is_new(self, trigger: Trigger) -> bool:
        """True the first time; then it is known, for as long as it may be sent again."""
        known, key = self._keys.setdefault(trigger.kind, Recent(REMEMBERED)), TriggerKey.of(trigger)
        came_mono = known.get(key, float("-inf"))
        known[key] = trigger.received_mono
        return trigger.received_mono - came_mono > SENT_AGAIN_WITHIN_S
