"""What the cameras saw lately, for questions like "what was that dog?". Pure; times are monotonic seconds."""

from __future__ import annotations

from typing import NamedTuple

from edge.commentator.prompts import describe
from edge.messages import Language, Sighting

MAX_SIGHTINGS = 12
FORGET_AFTER_S = 300.0
SAME_WITHIN_S = 5.0
"""The same words again within this time are the same thing, still in view."""

_AGO: dict[Language, tuple[str, str]] = {
    "ru": ("{} с назад", "{} мин назад"),
    "en": ("{} s ago", "{} min ago"),
    "id": ("{} detik lalu", "{} menit lalu"),
}


class _Seen(NamedTuple):
    sighting: Sighting
    at: float


class SeenLately:
    """Takes every sighting, also those that are not remarked on."""

    def __init__(self) -> None:
        self._seen: list[_Seen] = []

    def add(self, sighting: Sighting, now: float) -> None:
        """A newer sighting of the same thing takes the place of the older one."""
        self._seen = [seen for seen in self._seen if not _is_same(seen, sighting, now)]
        self._seen.append(_Seen(sighting, now))
        del self._seen[:-MAX_SIGHTINGS]

    def lines(self, language: Language, now: float) -> tuple[str, ...]:
        """What was seen and how long ago, the latest first: "two dogs on the left, 40 s ago"."""
        self.forget_old(now)
        return tuple(
            f"{describe(sighting, language)}, {_ago(now - at, language)}"
            for sighting, at in reversed(self._seen)
        )

    def forget_old(self, now: float) -> None:
        """Call it now and then, so that nothing waits to be asked for."""
        self._seen = [seen for seen in self._seen if now - seen.at < FORGET_AFTER_S]


def _is_same(seen: _Seen, new: Sighting, now: float) -> bool:
    old = seen.sighting
    if old.object_id is not None or new.object_id is not None:
        return (old.camera, old.object_id) == (new.camera, new.object_id)
    same_words = (old.label, old.text, old.side, old.count) == (new.label, new.text, new.side, new.count)
    return same_words and now - seen.at < SAME_WITHIN_S


def _ago(age_s: float, language: Language) -> str:
    seconds, minutes = _AGO[language]
    return seconds.format(round(age_s)) if age_s < 90 else minutes.format(round(age_s / 60))
