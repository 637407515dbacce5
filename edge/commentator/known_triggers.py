"""Which triggers have come before: a message may arrive twice and shall be spoken once."""

from __future__ import annotations

from collections import OrderedDict

REMEMBERED = 1024


class KnownTriggers:
    """Remembers the last ids."""

    def __init__(self) -> None:
        self._ids: OrderedDict[str, None] = OrderedDict()

    def is_new(self, trigger_id: str) -> bool:
        """True the first time; then it is known."""
        if trigger_id in self._ids:
            return False
        self._ids[trigger_id] = None
        if len(self._ids) > REMEMBERED:
            self._ids.popitem(last=False)
        return True
