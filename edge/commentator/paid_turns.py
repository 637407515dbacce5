"""How many turns may use a paid service, by where their triggers come from. Time is passed in.

A camera that varies what it says gets past every cooldown, and would buy a turn every few seconds all day.
What is beyond the bounds is written by what costs nothing (the pool, a local model, the phrasebook) and
spoken locally. Announcements are never bounded, and may use a paid voice; safety is local anyway.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from edge.clock import HOUR_S, Moment
from edge.config import CommentatorSettings
from edge.ladder.patience import RateCap
from edge.messages import Kind, Trigger
from edge.recent import Recent
from edge.spending.ledger_file import LedgerFile

CAMERAS_TOGETHER = 2
"""All cameras of a topic may take so many times what one of them may: the others get their turn beside one
that went wrong, and a new name buys nothing."""
MAX_CAMERAS = 32
"""Cameras of one topic, in one day; further ones are counted as one."""
FURTHER_CAMERAS = "(further cameras)"

MOST_SOURCES = 8 * MAX_CAMERAS
"""Whose last hour is remembered: those of several topics, and of several dates."""
_NAME = "paid_turns "
"""What the ledger's names begin with."""
_CAMERA = ", camera "


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
        spending: counts them by day.
    """

    def __init__(self, settings: CommentatorSettings, spending: LedgerFile) -> None:
        self._settings = settings
        self._spending = spending
        self._hours = Recent[str, RateCap](MOST_SOURCES)
        self._told: dict[tuple[str, str], str] = {}
        """Who and bound → the last date on which it was news."""

    def today(self, date: str) -> int:
        """Turns of this date that may have used a paid service."""
        return int(sum(turns for who, turns in self._of(date).items() if _CAMERA not in who))

    def take(self, trigger: Trigger, now: Moment) -> Refusal | None:
        """Count the turn of this trigger as a paid one; or say why it may not be."""
        camera = (trigger.sighting and trigger.sighting.camera) or ""
        return self.take_for(trigger.kind, trigger.topic, camera, now)

    def take_for(self, kind: Kind, topic: str, camera: str, now: Moment) -> Refusal | None:
        """Count a turn that has no trigger yet; or say why it may not be paid."""
        whole = f"{kind} {topic}".strip()
        sources = {whole: CAMERAS_TOGETHER, self._share_of(whole, camera, now.date): 1}
        for who, times in sources.items():
            if bound := self._exhausted(who, times, now):
                told, self._told[who, bound] = self._told.get((who, bound)), now.date
                return Refusal(who, bound, is_news=told != now.date)
        for who in sources:
            self._hours[who].take(now.mono)
        self._spending.note(now, {f"{_NAME}{who}": 1 for who in sources})
        return None

    def _share_of(self, whole: str, camera: str, date: str) -> str:
        others = [who for who in self._of(date) if who.startswith(f"{whole}{_CAMERA}")]
        who = f"{whole}{_CAMERA}{camera}"
        return who if who in others or len(others) < MAX_CAMERAS else f"{whole}{_CAMERA}{FURTHER_CAMERAS}"

    def _exhausted(self, who: str, times: int, now: Moment) -> Literal["hour", "day"] | None:
        if self._spending.ledger.used(now, f"{_NAME}{who}") >= self._settings.paid_turns_per_day * times:
            return "day"
        if who not in self._hours:
            self._hours[who] = RateCap(self._settings.paid_turns_per_hour * times, HOUR_S)
        return None if self._hours[who].has_room(now.mono) else "hour"

    def _of(self, date: str) -> dict[str, float]:
        """Source → its turns of this date."""
        spent = self._spending.ledger.spent(date)
        return {name.removeprefix(_NAME): turns for name, turns in spent.items() if name.startswith(_NAME)}
