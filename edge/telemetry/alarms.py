"""What an operator must know of: raised when it has lasted, cleared when it is over. Pure; time is given."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping
from typing import NamedTuple, get_args

from edge.fleet.frame import AlarmName
from edge.messages import Control, CostCeiling, Hearing, Playback, ProcessName, ProcessState
from edge.telemetry.payloads import RUNG_PREFIXES
from edge.vitals.heat import RESTS, HeatLevel
from edge.vitals.slowdowns import ADVICE, Episodes, SlowdownCause
from edge.vitals.vitals import Vitals, slowdown_counts

DISK_LOW_MIB = 500
MANY_REFUSED = 60
REFUSED_WITHIN_S = 600.0


class Lasting(NamedTuple):
    """How long an alarm's cause must last, and be gone. Seconds."""

    raise_after_s: float
    clear_after_s: float


LASTING: dict[AlarmName, Lasting] = {
    "not_ready": Lasting(30.0, 5.0),
    "no_sound_device": Lasting(5.0, 5.0),
    "not_heard": Lasting(0.0, 0.0),
    "silent": Lasting(180.0, 0.0),
    "rung_skipped": Lasting(600.0, 30.0),
    "too_hot": Lasting(5.0, 30.0),
    "throttled": Lasting(5.0, 30.0),
    "undervoltage": Lasting(0.0, 30.0),
    "disk": Lasting(0.0, 60.0),
    "clock": Lasting(300.0, 5.0),
    "broker": Lasting(30.0, 5.0),
    "budget": Lasting(0.0, 5.0),
    "messages_refused": Lasting(0.0, 60.0),
    "microphone_off": Lasting(0.0, 0.0),
    "outbox": Lasting(0.0, 60.0),
}
Causes = Mapping[AlarmName, str]
"""What is wrong now, in words."""


class Situation(NamedTuple):
    """What telemetry knows of the guide and its machine."""

    expected: tuple[ProcessName, ...]
    alive: Mapping[ProcessName, ProcessState]
    playback: Playback | None
    control: Control | None
    ceiling: CostCeiling | None
    vitals: Vitals | None
    heat_level: HeatLevel
    broker: str
    """Why the on-device broker is not there; empty: it is."""
    hearing: Hearing | None = None
    silent: str | None = ""
    """Why nothing is heard although there is something to say (see ``UnsaidThings``); None: not known yet."""


def not_known_yet(known: Situation) -> set[AlarmName]:
    """Alarms of which nothing can be said, since nobody has told what they are made of."""
    names: set[AlarmName] = set()
    if known.playback is None:
        names.add("no_sound_device")
    if known.hearing is None or known.hearing.guide_heard is None:
        names.add("not_heard")
    if known.silent is None:
        names.add("silent")
    if known.control is None:
        names.add("microphone_off")
    if known.ceiling is None:
        names.add("budget")
    if known.vitals is None:
        names |= {"throttled", "undervoltage", "disk", "clock"}
    if any(name not in known.alive for name in known.expected):
        names.add("rung_skipped")
    return names


class AlarmCauses:
    """Finds what is wrong in what is known; remembers what only counters tell."""

    def __init__(self) -> None:
        self._episodes = Episodes()
        self._slow: dict[SlowdownCause, str] = {}
        self._refused: deque[tuple[float, int]] = deque()

    def of(self, known: Situation, now_mono: float) -> dict[AlarmName, str]:
        found: dict[AlarmName, str] = {}
        away = [name for name in known.expected if not (name in known.alive and known.alive[name].ready)]
        if away:
            found["not_ready"] = ", ".join(away)
        if known.playback and known.playback.output == "absent":
            found["no_sound_device"] = "the speaker has no audio device"
        if known.hearing and known.hearing.guide_heard is False:
            found["not_heard"] = "the microphone does not hear what the loudspeaker plays"
        if known.silent:
            found["silent"] = known.silent
        skipped = [
            f"{name}: {fact}"
            for state in known.alive.values()
            for name, fact in state.facts.items()
            if name.startswith(RUNG_PREFIXES) and fact != "ok"
        ]
        if skipped:
            found["rung_skipped"] = "; ".join(skipped)
        if known.heat_level:
            found["too_hot"] = RESTS[known.heat_level]
        if known.broker:
            found["broker"] = known.broker
        if known.ceiling and known.ceiling.level:
            found["budget"] = f"the day's ceiling is {'near' if known.ceiling.level == 1 else 'reached'}"
        if known.control and known.control.microphone_off:
            found["microphone_off"] = "nobody is listened to"
        if known.vitals:
            self._of_machine(known.vitals, now_mono, found)
        if (refused := self._newly_refused(known, now_mono)) >= MANY_REFUSED:
            found["messages_refused"] = f"{refused} messages within {REFUSED_WITHIN_S / 60:.0f} minutes"
        return found

    def _of_machine(self, vitals: Vitals, now_mono: float, found: dict[AlarmName, str]) -> None:
        for change in self._episodes.follow(slowdown_counts(vitals), vitals.throttled_by_heat, now_mono):
            if change.began:
                self._slow[change.cause] = change.detail
            else:
                self._slow.pop(change.cause, None)
        if "heat" in self._slow:
            found["throttled"] = f"{self._slow['heat']}; {ADVICE['heat']}"
        if "undervoltage" in self._slow:
            found["undervoltage"] = ADVICE["undervoltage"]
        if vitals.disk_free_mib is not None and vitals.disk_free_mib < DISK_LOW_MIB:
            found["disk"] = f"{vitals.disk_free_mib} MiB are free"
        if vitals.clock_synchronized is False:
            found["clock"] = "no time server has set the clock"

    def _newly_refused(self, known: Situation, now_mono: float) -> int:
        ingest = known.alive.get("ingest")
        if ingest is None:
            return 0
        count = sum(each for name, each in ingest.counters.items() if name.startswith("refused."))
        if self._refused and count < self._refused[-1][1]:
            self._refused.clear()  # ingest was started anew
        self._refused.append((now_mono, count))
        while self._refused[0][0] < now_mono - REFUSED_WITHIN_S:
            self._refused.popleft()
        return count - self._refused[0][1]


class Raised(NamedTuple):
    """An alarm that was told."""

    since: float
    """Unix time at which its cause was first there."""
    reason: str


class AlarmChange(NamedTuple):
    """An alarm that is to be told now."""

    name: AlarmName
    raised: bool
    since: float
    reason: str


class Alarms:
    """Says when causes become alarms, and when these are over.

    Args:
        raised: what an earlier telemetry has told.
    """

    def __init__(self, raised: Mapping[AlarmName, Raised]) -> None:
        self.raised: dict[AlarmName, Raised] = dict(raised)
        self._began: dict[AlarmName, tuple[float, float]] = {}
        """Monotonic and Unix time at which a cause was first there."""
        self._gone_mono: dict[AlarmName, float] = {}

    def follow(
        self, causes: Causes, now_mono: float, now_at: float, unknown: Collection[AlarmName] = ()
    ) -> list[AlarmChange]:
        """What is to be told with this look at the causes; what is ``unknown`` is neither there nor over."""
        changes: list[AlarmChange] = []
        for name in get_args(AlarmName):
            lasting = LASTING[name]
            told = self.raised.get(name)
            if name in causes:
                self._gone_mono.pop(name, None)
                began_mono, began_at = self._began.setdefault(name, (now_mono, now_at))
                if told is None and now_mono - began_mono >= lasting.raise_after_s:
                    self.raised[name] = Raised(began_at, causes[name])
                    changes.append(AlarmChange(name, True, began_at, causes[name]))
                continue
            if name in unknown:
                self._gone_mono.pop(name, None)
                continue
            if told is None:
                self._began.pop(name, None)
            elif now_mono - self._gone_mono.setdefault(name, now_mono) >= lasting.clear_after_s:
                del self.raised[name], self._gone_mono[name]
                self._began.pop(name, None)
                changes.append(AlarmChange(name, False, told.since, told.reason))
        return changes
