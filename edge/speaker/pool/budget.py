"""How many characters may be voiced ahead today. Pure, time passed in; the state is what is kept on disk."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import msgspec

DAY_S = 86_400.0

Amount = Annotated[float, msgspec.Meta(ge=0)]


class BudgetState(msgspec.Struct, frozen=True, kw_only=True):
    """What was used, and when that began to count."""

    day: date
    """The latest day that was seen on the calendar."""
    characters: Annotated[int, msgspec.Meta(ge=0)] = 0
    ran_s: Amount = 0.0
    """How long the speaker has run since that day began to count, over all restarts."""


class DailyBudget:
    """Counts up to ``limit`` characters a day.

    A new day begins when the calendar goes on. A calendar that goes back (a device that wakes up in 1970, a
    clock that is set right) begins none, so that no step of the clock gives a budget twice; only after a
    whole day of running under such a calendar is the budget new.
    """

    def __init__(self, limit: int, state: BudgetState, now_mono: float) -> None:
        self.limit = limit
        self.state = state
        self._counted_mono = now_mono

    def turn(self, today: date, now_mono: float) -> None:
        """Take note of the time.

        Args:
            today: by the calendar.
            now_mono: monotonic seconds.
        """
        ran_s = self.state.ran_s + max(0.0, now_mono - self._counted_mono)
        self._counted_mono = now_mono
        if today > self.state.day or (today < self.state.day and ran_s >= DAY_S):
            self.state = BudgetState(day=today)
        else:
            self.state = msgspec.structs.replace(self.state, ran_s=ran_s)

    @property
    def used(self) -> int:
        return self.state.characters

    @property
    def left(self) -> int:
        return max(0, self.limit - self.used)

    def take(self, characters: int) -> bool:
        """Use so many; False when that is more than there is, and then none are used."""
        if characters > self.left:
            return False
        self.state = msgspec.structs.replace(self.state, characters=self.state.characters + characters)
        return True

    def give_back(self, characters: int) -> None:
        """Give characters back that were not voiced after all."""
        kept = max(0, self.state.characters - characters)
        self.state = msgspec.structs.replace(self.state, characters=kept)
