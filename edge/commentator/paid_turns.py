"""How many turns may use a paid service, by where their triggers come from. Pure; time is passed in.

A camera that varies what it says gets past every cooldown, and would buy a turn every few seconds all day.
What is beyond the bounds is written by what costs nothing (the pool, a local model, the phrasebook) and
spoken locally. Announcements are never bounded, and may use a paid voice; safety is local anyway.
"""

from __future__ import annotations

import math
import sys
from typing import Literal, NamedTuple

from edge.commentator.allowance import Allowance, DailyLimits, Spent
from edge.config import CommentatorSettings
from edge.ladder.patience import RateCap
from edge.messages import Kind, Trigger

HOUR_S = 3600.0
CAMERAS_TOGETHER = 2
"""All cameras of a topic may take so many times what one of them may: the others get their turn beside one
that went wrong, and a new name buys nothing."""
MAX_CAMERAS = 32
"""Cameras of one topic, in one day; further ones are counted as one."""
FURTHER_CAMERAS = "(further cameras)"

Ledgers = dict[str, dict[str, Spent]]
"""Who → date → what was spent."""


class Refusal(NamedTuple):
    """The turn must do without a paid service."""

    who: str
    bound: Literal["hour", "day"]
    is_news: bool
    """The first today."""


class PaidTurns:
    """Counts each source's paid turns against its bounds.

    Args:
        settings: the bounds of one camera, of events that name none, or of answers.
        ledgers: from before a restart.
    """

    def __init__(self, settings: CommentatorSettings, ledgers: Ledgers) -> None:
        self._settings = settings
        self._accounts = {who: _Account(settings, who, ledger) for who, ledger in ledgers.items()}
        self._told: dict[tuple[str, str], str] = {}
        """Who and bound → the last date on which it was news."""

    @property
    def ledgers(self) -> Ledgers:
        """To be stored."""
        return {who: account.days.ledger for who, account in self._accounts.items()}

    def today(self, date: str) -> int:
        """Turns of this date that may have used a paid service."""
        whole = (account for who, account in self._accounts.items() if _is_whole(who))
        return sum(account.days.spent(date).requests for account in whole)

    def take(self, trigger: Trigger, now: float, date: str) -> Refusal | None:
        """None: the turn of this trigger may use one, and is counted.

        Args:
            now: monotonic seconds.
            date: local, like ``2026-11-20``.
        """
        camera = (trigger.sighting and trigger.sighting.camera) or ""
        return self.take_for(trigger.kind, trigger.topic, camera, now, date)

    def take_for(self, kind: Kind, topic: str, camera: str, now: float, date: str) -> Refusal | None:
        """The same, of what has no trigger yet."""
        whole = f"{kind} {topic}".strip()
        accounts = [self._account(whole), self._account(self._share_of(whole, camera, date))]
        for account in accounts:
            if bound := account.exhausted(now, date):
                told, self._told[account.who, bound] = self._told.get((account.who, bound)), date
                return Refusal(account.who, bound, is_news=told != date)
        for account in accounts:
            account.spend(now, date)
        return None

    def _share_of(self, whole: str, camera: str, date: str) -> str:
        who = f"{whole}{_CAMERA}{camera}"
        if who in self._accounts:
            return who
        others = [name for name in self._accounts if name.startswith(f"{whole}{_CAMERA}")]
        if len(others) < MAX_CAMERAS:
            return who
        for name in others:
            if not self._accounts[name].days.spent(date).requests:
                del self._accounts[name]
                return who
        return f"{whole}{_CAMERA}{FURTHER_CAMERAS}"

    def _account(self, who: str) -> _Account:
        if who not in self._accounts:
            self._accounts[who] = _Account(self._settings, who, {})
        return self._accounts[who]


_CAMERA = ", camera "


def _is_whole(who: str) -> bool:
    return _CAMERA not in who


class _Account:
    """One camera's, or a whole topic's."""

    def __init__(self, settings: CommentatorSettings, who: str, ledger: dict[str, Spent]) -> None:
        times = CAMERAS_TOGETHER if _is_whole(who) else 1
        self.who = who
        self._hour = RateCap(settings.paid_turns_per_hour * times, HOUR_S)
        turns_per_day = settings.paid_turns_per_day * times
        self.days = Allowance(DailyLimits(turns_per_day, sys.maxsize, math.inf, 0.0, 0.0), ledger)

    def exhausted(self, now: float, date: str) -> Literal["hour", "day"] | None:
        if self.days.exhausted(date):
            return "day"
        return None if self._hour.has_room(now) else "hour"

    def spend(self, now: float, date: str) -> None:
        self._hour.take(now)
        self.days.spend(date, 0, 0)
