"""What was spent on which day, and what is left of the day's limits. Pure, time passed in.

The rule, over midnight, steps of the clock and restarts:

- Each date that the clock shows has an allowance of its own, in whatever order the clock shows the dates.
  A clock that is set back and forth over midnight gets no date's allowance twice.
- A date's allowance is new once the device has run for ``RENEWED_AFTER_S`` under that date. So a board that
  begins each boot in 1970 is not left without for good; and a right clock never comes so far, since no date
  lasts so long.

Together: what is spent is at most one allowance for each date that is shown anew, and one for each
``RENEWED_AFTER_S`` of running.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import msgspec

from edge.clock import Moment

RENEWED_AFTER_S = 26 * 3600.0
"""Longer than the date on which summer time ends."""
REMEMBERED_DATES = 62
MOST_NAMES = 500
"""Names of one date."""
OTHERS = "(others)"
"""Takes what is beyond ``MOST_NAMES``: names that come from outside take no memory without end."""

LedgerAmount = Annotated[float, msgspec.Meta(ge=0)]
Amounts = dict[str, LedgerAmount]
"""Name (``ahead.characters``, ``groq.remark.tokens_in``) → how much."""


class Day(msgspec.Struct):
    """What was spent while the clock showed one date."""

    amounts: Amounts = {}
    renewed: Amounts = {}
    """What of these was spent before the allowance was last renewed."""
    ran_s: LedgerAmount = 0.0
    """How long the device has run under this date, over restarts, since the first spending or the renewal."""
    used_up: bool = False
    """Nobody knows what was spent: there is nothing left."""


class DayLedger:
    """Dates and what was spent on each; the state is what is kept on disk.

    Args:
        days: from before a restart, the one that was used last at the end.
    """

    def __init__(self, days: Mapping[str, Day] | None = None) -> None:
        self.days = dict(days or {})
        self._seen: Moment | None = None

    def look(self, now: Moment) -> None:
        """Take note of the time; what has passed since the last look counts for the date of that look."""
        seen, self._seen = self._seen, now
        if seen is None or (day := self.days.get(seen.date)) is None:
            return
        day.ran_s += max(0.0, now.mono - seen.mono)
        if day.ran_s >= RENEWED_AFTER_S:
            day.ran_s, day.renewed, day.used_up = 0.0, dict(day.amounts), False

    def spent(self, date: str) -> Amounts:
        """All that was spent on a date."""
        return self.days.get(date, Day()).amounts

    def used(self, now: Moment, name: str) -> float:
        """How much of today's allowance is used."""
        self.look(now)
        day = self.days.get(now.date, Day())
        name = _key(day, name)
        return day.amounts.get(name, 0.0) - day.renewed.get(name, 0.0)

    def left(self, now: Moment, name: str, limit: float) -> float:
        """How much may be spent today where ``limit`` may be spent in a day."""
        used = self.used(now, name)
        return 0.0 if self.days.get(now.date, Day()).used_up else max(0.0, limit - used)

    def first_beyond(
        self, now: Moment, amounts: Mapping[str, float], limits: Mapping[str, float]
    ) -> str | None:
        """The first name that has nothing left today, or whose limit these amounts would exceed."""
        for name, limit in limits.items():
            left = self.left(now, name, limit)
            if left <= 0 or amounts.get(name, 0.0) > left:
                return name
        return None

    def spend(self, now: Moment, amounts: Mapping[str, float]) -> None:
        """Count it to today."""
        self.look(now)
        self.days[now.date] = self.days.pop(now.date, Day())
        while len(self.days) > REMEMBERED_DATES:
            del self.days[next(iter(self.days))]
        self.correct(now.date, amounts)

    def correct(self, date: str, amounts: Mapping[str, float]) -> None:
        """Add to what was spent on a date, or take off it what was not used after all: negative amounts."""
        if (day := self.days.get(date)) is None:
            return
        for name, amount in amounts.items():
            name = _key(day, name)
            day.amounts[name] = max(day.renewed.get(name, 0.0), day.amounts.get(name, 0.0) + amount)

    def use_up(self, now: Moment) -> None:
        """Count today as used up: nothing is left of it."""
        self.spend(now, {})
        self.days[now.date].used_up = True


def _key(day: Day, name: str) -> str:
    return name if name in day.amounts or len(day.amounts) < MOST_NAMES else OTHERS
