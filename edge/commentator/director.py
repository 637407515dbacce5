"""The director: what to say next, what to drop, what to interrupt. Pure decisions; time is passed in.

Priorities: safety > announcement > answer > place > remark. All times are monotonic seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from edge.commentator.sameness import TrackedObject, kind_of, object_of, says_it, similar, together
from edge.messages import Chattiness, Control, DropReason, Merged, Priority, Sighting, Trigger
from edge.recent import Recent

MAX_PENDING = 8
"""Remarks, places and answers that wait. Beyond it the oldest of the lowest priority gives way."""
MAX_DICTATED = 8
"""Announcements that wait, and safety messages: so many of each. They take longer to say than a warning is
good for. One more is not taken in: what was accepted gives way to nothing."""
REMEMBERED_OBJECTS = 16_384
"""More than there are remarks in a day."""
REMEMBERED_KINDS = 512
MIN_LEFT_S = 1.0


class ChattinessLevel(NamedTuple):
    """What a level of chattiness means."""

    remarks: bool
    """Remarks and places are made at all."""
    quiet_s: float
    """Silence that is kept between two of them."""
    cooldown_s: float
    """Time before the same kind of thing is remarked on again."""
    coalesce: bool
    """Similar sightings that wait become one."""


CHATTINESS_LEVELS: dict[Chattiness, ChattinessLevel] = {
    "silent": ChattinessLevel(remarks=False, quiet_s=0.0, cooldown_s=0.0, coalesce=True),
    "low": ChattinessLevel(remarks=True, quiet_s=20.0, cooldown_s=120.0, coalesce=True),
    "normal": ChattinessLevel(remarks=True, quiet_s=4.0, cooldown_s=30.0, coalesce=True),
    "high": ChattinessLevel(remarks=True, quiet_s=1.5, cooldown_s=10.0, coalesce=True),
    "unlimited": ChattinessLevel(remarks=True, quiet_s=0.0, cooldown_s=0.0, coalesce=False),
}


class Drop(NamedTuple):
    """A trigger that will not be spoken, and why."""

    trigger: Trigger
    reason: DropReason


@dataclass
class _Begun:
    trigger: Trigger
    has_text: bool = False

    @property
    def priority(self) -> Priority:
        return self.trigger.priority


class Director:
    """Holds what waits and what is live; asked by the commentator after every change."""

    def __init__(self, chattiness: Chattiness) -> None:
        self._level = CHATTINESS_LEVELS[chattiness]
        self._control = Control()
        self._pending: list[Trigger] = []
        self._live: dict[str, _Begun] = {}
        self._spoken_objects: Recent[TrackedObject, float] = Recent(REMEMBERED_OBJECTS)
        """Object that was remarked on → when it was last seen."""
        self._last_of_kind: dict[str, float] = {}
        self._quiet_since = float("-inf")
        self._quiet_until = float("-inf")
        self.passengers_speak = False
        self._drops: list[Drop] = []

    # --- news from outside ---------------------------------------------------------------------

    def obey(self, control: Control, configured: Chattiness) -> None:
        """Take over mute, chattiness and the vehicle's signals."""
        if control.doors_open:
            self._quiet_until = float("-inf")
        self._control = control
        self._level = CHATTINESS_LEVELS[control.chattiness or configured]
        if control.muted:
            self._drop_pending("muted", lambda trigger: trigger.kind != "safety")

    def keep_quiet(self, until: float) -> None:
        """Passengers want no remarks until then, or until others get on."""
        self._quiet_until = max(self._quiet_until, until)

    def stop(self, below: Priority = Priority.SAFETY) -> list[str]:
        """Stop at once: the turns to cancel, of lower priority than ``below``; what waits is dropped."""
        self._drop_pending("stopped", lambda trigger: trigger.priority < below)
        return [turn_id for turn_id, turn in self._live.items() if turn.priority < below]

    def cancel(self, trigger_id: str) -> list[str]:
        """Take these words back: the turns to cancel; what waits is dropped. Safety stays."""
        self._drop_pending(
            "cancelled", lambda trigger: trigger.trigger_id == trigger_id and trigger.kind != "safety"
        )
        return [
            turn_id
            for turn_id, turn in self._live.items()
            if turn.trigger.trigger_id == trigger_id and turn.trigger.kind != "safety"
        ]

    def offer(self, trigger: Trigger, now: float, *, anew: bool = False) -> bool:
        """Take a trigger in. False: it was dropped (see ``take_drops``).

        Of sightings that become one the newest stays: a turn speaks of what was just seen.

        Args:
            anew: it was taken in before, so no crowd keeps it out.
        """
        is_known = trigger.sighting is not None and self._is_in_sight(trigger.sighting, now)
        if reason := self._objection(trigger, is_known, now) or (None if anew else self._crowd(trigger)):
            self._drops.append(Drop(trigger, reason))
            return False
        if merged := self._coalesce(trigger, now):
            self._drops.append(Drop(merged, "coalesced"))
            return merged is not trigger
        self._pending.append(trigger)
        own = [waiting for waiting in self._pending if waiting.priority < Priority.ANNOUNCEMENT]
        if len(own) > MAX_PENDING:
            victim = min(own, key=lambda waiting: waiting.priority)  # the first of equals is the oldest
            self._pending.remove(victim)
            self._drops.append(Drop(victim, "crowded"))
            return victim is not trigger
        return True

    # --- decisions -----------------------------------------------------------------------------

    def choose(self, now: float) -> Trigger | None:
        """The trigger to begin a turn with now, if any; it leaves the queue."""
        self._expire(now)
        candidates = [trigger for trigger in self._pending if self._may_begin(trigger, now)]
        if not candidates:
            return None
        chosen = max(candidates, key=lambda trigger: trigger.priority)
        self._pending.remove(chosen)
        return chosen

    def begin(self, turn_id: str, trigger: Trigger, now: float) -> None:
        """A turn was begun."""
        self._live[turn_id] = _Begun(trigger)
        if sighting := trigger.sighting:
            self._last_of_kind[kind_of(sighting)] = now
            if seen := object_of(sighting):
                self._spoken_objects[seen] = now
                # It may wait as something else as well.
                self._drop_pending(
                    "object_seen",
                    lambda waiting: waiting.sighting is not None and object_of(waiting.sighting) == seen,
                )

    @property
    def speaks(self) -> bool:
        """Something is being said, or is on its way to the loudspeaker."""
        return any(turn.has_text for turn in self._live.values())

    @property
    def wants_duck(self) -> bool:
        """What sounds now shall be lowered: something more important is getting its text."""
        making = [turn.trigger for turn in self._live.values() if not turn.has_text]
        return any(
            turn.has_text and any(_yields(turn.trigger, other) for other in making)
            for turn in self._live.values()
        )

    def first_text(self, turn_id: str) -> list[str]:
        """The turn has its first text: the turns that it replaces at this moment.

        A lower turn that has no text yet is replaced too when it is a remark (its moment passes); an
        announcement or answer in the making is said afterwards. An answer replaces the answers to what was
        asked before.
        """
        turn = self._live[turn_id]
        turn.has_text = True
        earlier = list(self._live)[: list(self._live).index(turn_id)]
        return [
            other_id
            for other_id, other in self._live.items()
            if (other.priority < turn.priority and (other.has_text or other.priority <= Priority.PLACE))
            or (other_id in earlier and other.trigger.kind == turn.trigger.kind == "answer")
        ]

    def ended(self, turn_id: str, now: float, *, heard: bool = True) -> None:
        """The turn is over. What nobody heard may be remarked on again."""
        turn = self._live.pop(turn_id, None)
        if turn is None:
            return
        if turn.priority is Priority.SAFETY:
            # What waited behind it did not grow old meanwhile.
            self._pending = [
                msgspec.structs.replace(waiting, expires_mono=max(waiting.expires_mono, now + MIN_LEFT_S))
                if waiting.kind == "safety"
                else waiting
                for waiting in self._pending
            ]
        if heard:
            self._quiet_since = now
        elif sighting := turn.trigger.sighting:
            self._last_of_kind.pop(kind_of(sighting), None)
            if seen := object_of(sighting):
                self._spoken_objects.pop(seen, None)

    def wake_at(self, now: float) -> float | None:
        """When ``choose`` may answer differently although nothing happened; None: never."""
        if not self._pending:
            return None
        moments = [max(trigger.expires_mono, now + MIN_LEFT_S) for trigger in self._pending]
        quiet_ends = self._quiet_since + self._level.quiet_s
        return min([*moments, quiet_ends] if quiet_ends > now else moments)

    def take_drops(self) -> list[Drop]:
        """What was dropped since the last call."""
        drops, self._drops = self._drops, []
        return drops

    # --- rules ---------------------------------------------------------------------------------

    def _objection(self, trigger: Trigger, is_known: bool, now: float) -> DropReason | None:
        """Why this trigger is not taken in at all."""
        if trigger.expires_mono <= now:
            return "expired"
        if self._control.muted and trigger.kind != "safety":
            return "muted"
        if trigger.priority > Priority.PLACE or trigger.sighting is None:
            return None
        if not self._level.remarks or now < self._quiet_until:
            return "silent"
        if is_known:
            return "object_seen"
        last = self._last_of_kind.get(kind_of(trigger.sighting), float("-inf"))
        if now - last < self._level.cooldown_s:
            return "cooldown"
        return None

    def _is_in_sight(self, sighting: Sighting, now: float) -> bool:
        """Whether its object was remarked on and has not been out of sight since: trackers give ids again."""
        seen = object_of(sighting)
        if seen is None or (last := self._spoken_objects.get(seen)) is None:
            return False
        if now - last > sighting.object_lasts_s:
            del self._spoken_objects[seen]
            return False
        self._spoken_objects[seen] = now
        return True

    def _crowd(self, trigger: Trigger) -> DropReason | None:
        """Why there is no room for this announcement or safety message."""
        if trigger.priority < Priority.ANNOUNCEMENT or any(says_it(each, trigger) for each in self._pending):
            return None
        waiting = sum(each.kind == trigger.kind for each in self._pending)
        if waiting < MAX_DICTATED:
            return None
        return "safety_crowded" if trigger.kind == "safety" else "announcement_crowded"

    def _may_begin(self, trigger: Trigger, now: float) -> bool:
        live = [turn.priority for turn in self._live.values()]
        if any(priority > trigger.priority for priority in live):
            return False
        if trigger.kind != "answer" and trigger.priority in live:
            return False
        if trigger.priority > Priority.PLACE:
            return True
        control = self._control
        if control.reversing or control.doors_open or control.radio_on or self.passengers_speak:
            return False
        return bool(self._live) or now - self._quiet_since >= self._level.quiet_s

    def _coalesce(self, trigger: Trigger, now: float) -> Trigger | None:
        """Merge with what waits: the same words of dispatch's, the same object, or more of the same.

        Returns the one of the two that is no trigger of its own any more.
        """
        new = trigger.sighting
        if new is None:
            return self._coalesce_words(trigger)
        if not (self._level.coalesce or new.object_id):
            return None
        for index, waiting in enumerate(self._pending):
            old = waiting.sighting
            if old is None or waiting.kind != trigger.kind or waiting.language != trigger.language:
                continue
            if object_of(new) is not None and object_of(new) == object_of(old):
                merged = new
            elif self._level.coalesce and similar(old, new):
                merged = msgspec.structs.replace(new, count=together(old, new))
            else:
                continue
            before = waiting.merged or Merged(count=1, since=waiting.received_at)
            self._pending[index] = msgspec.structs.replace(
                trigger,
                sighting=merged,
                merged=msgspec.structs.replace(before, count=before.count + 1),
                expires_mono=max(waiting.expires_mono, trigger.expires_mono),
            )
            if (seen := object_of(old)) and seen != object_of(new):
                self._spoken_objects[seen] = now  # its own id is not in the merged sighting
            return waiting
        return None

    def _coalesce_words(self, trigger: Trigger) -> Trigger | None:
        for index, waiting in enumerate(self._pending):
            if says_it(waiting, trigger):
                expires_mono = max(waiting.expires_mono, trigger.expires_mono)
                self._pending[index] = msgspec.structs.replace(waiting, expires_mono=expires_mono)
                return trigger
        return None

    def _expire(self, now: float) -> None:
        # A warning does not grow old behind another warning.
        warning = any(turn.priority is Priority.SAFETY for turn in self._live.values())
        self._drop_pending(
            "expired",
            lambda trigger: trigger.expires_mono <= now and not (warning and trigger.kind == "safety"),
        )
        if len(self._last_of_kind) > REMEMBERED_KINDS:
            self._last_of_kind = {
                kind: last for kind, last in self._last_of_kind.items() if now - last < self._level.cooldown_s
            }

    def _drop_pending(self, reason: DropReason, condition: Callable[[Trigger], bool]) -> None:
        self._drops += [Drop(trigger, reason) for trigger in self._pending if condition(trigger)]
        self._pending = [trigger for trigger in self._pending if not condition(trigger)]


def _yields(trigger: Trigger, other: Trigger) -> bool:
    """What is said for ``trigger`` gives way when there is text for ``other``, which came later."""
    return trigger.priority < other.priority or trigger.kind == other.kind == "answer"
