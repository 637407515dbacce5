"""Which triggers have come before: a message may arrive twice and shall be spoken once."""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple

from edge.messages import Kind, Trigger

REMEMBERED = 1024
"""Of each kind."""


class TriggerKey(NamedTuple):
    """Tells a trigger from every other: an id is its sender's own, and other senders may use the same."""

    kind: Kind
    topic: str
    camera: str
    trigger_id: str

    @classmethod
    def of(cls, trigger: Trigger) -> TriggerKey:
        camera = (trigger.sighting and trigger.sighting.camera) or ""
        return cls(trigger.kind, trigger.topic, camera, trigger.trigger_id)


class KnownTriggers:
    """Remembers the last triggers of each kind, so that no flood of one makes it forget those of another."""

    def __init__(self) -> None:
        self._keys: dict[Kind, OrderedDict[TriggerKey, None]] = {}

    def is_new(self, trigger: Trigger) -> bool:
        """True the first time; then it is known."""
        known, key = self._keys.setdefault(trigger.kind, OrderedDict()), TriggerKey.of(trigger)
        if key in known:
            return False
        known[key] = None
        if len(known) > REMEMBERED:
            known.popitem(last=False)
        return True
