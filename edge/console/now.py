"""What the feeds have told, as the pages and the API need it. Pure; the time is passed in."""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from collections.abc import Mapping
from typing import Literal, NamedTuple

from edge.bus.topology import GUIDING, TIMINGS
from edge.config import Settings
from edge.fleet.frame import AlarmName
from edge.messages import (
    Caption,
    Control,
    CostCeiling,
    Dropped,
    Feed,
    Hearing,
    Heat,
    Playback,
    PoolHoldings,
    ProcessName,
    ProcessState,
    Progress,
    Spending,
    Stage,
    Turn,
)
from edge.spending.books import Books
from edge.spending.price import prices_of
from edge.telemetry.costs import CostToday, cost_today
from edge.telemetry.payloads import (
    AlarmPayload,
    StatePayload,
    TurnPayload,
    state_payload,
    turn_payload,
)
from edge.vitals.heat import HeatLevel
from edge.vitals.vitals import Vitals

MOST_TURNS = 200
MOST_DROPS = 50
MOST_LIVE = 16
MOST_POINTS = 2000
"""Turns whose first sound is drawn over the day: more than a shuttle speaks in one."""

Subject = Literal[
    "processes",
    "playback",
    "control",
    "hearing",
    "caption",
    "turns",
    "live",
    "drops",
    "cost",
    "pool",
    "alarms",
]
"""What a part of a page is made of: a change of it has that part made anew."""


class TurnInMaking(NamedTuple):
    """A turn that has not ended."""

    turn_id: str
    trigger_id: str | None
    stages_ms: dict[Stage, float]


class FirstSound(NamedTuple):
    """How long the listener of one turn waited."""

    received_at: float
    ttfa_ms: float
    kind: str


class GuideNow:
    """What is known of the guide; ``take`` says what a message has changed."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._prices = prices_of(settings)
        self._states: dict[ProcessName, tuple[float, ProcessState]] = {}
        self._last_ids: dict[str, str] = {}
        self.playback: Playback | None = None
        self._playback_mono = float("-inf")
        self.control: Control | None = None
        self.speaking = False
        """Passengers speak."""
        self.caption: Caption | None = None
        self.turns: deque[TurnPayload] = deque(maxlen=MOST_TURNS)
        """The newest last."""
        self.live: OrderedDict[str, TurnInMaking] = OrderedDict()
        self.drops: deque[Dropped] = deque(maxlen=MOST_DROPS)
        self.points: deque[FirstSound] = deque(maxlen=MOST_POINTS)
        self.holdings: PoolHoldings | None = None
        self.heat_level: HeatLevel = 0
        self.books = Books()
        self.ceiling: CostCeiling | None = None
        self.alarms: dict[AlarmName, AlarmPayload] = {}
        self.vitals: Vitals | None = None
        self.versions: Counter[Subject] = Counter()

    def take(self, message: Feed, now_mono: float) -> bool:
        """Note it; False: it repeats what was known."""
        subject = self._take(message, now_mono)
        if subject is not None:
            self.versions[subject] += 1
        return subject is not None

    def take_alarm(self, alarm: AlarmPayload) -> None:
        """Note an alarm that telemetry has told over MQTT."""
        if self.alarms.get(alarm.name) != alarm:
            self.alarms[alarm.name] = alarm
            self.versions["alarms"] += 1

    def take_vitals(self, vitals: Vitals | None) -> None:
        """The machine, as telemetry has read it."""
        if vitals != self.vitals:
            self.vitals = vitals
            self.versions["alarms"] += 1

    def forget_silent(self, now_mono: float) -> bool:
        """Leave out who has not been heard of lately; True: somebody."""
        silent = [
            name
            for name, (heard_mono, _) in self._states.items()
            if now_mono - heard_mono > TIMINGS[ProcessState].fresh_s
        ]
        for name in silent:
            del self._states[name]
        if silent:
            self.versions["processes"] += 1
        gone = self.playback is not None and now_mono - self._playback_mono > TIMINGS[Playback].fresh_s
        if gone:
            self.playback = None
            self.versions["playback"] += 1
        return bool(silent) or gone

    @property
    def states(self) -> Mapping[ProcessName, ProcessState]:
        """What each process that is alive has said last."""
        return {name: state for name, (_, state) in self._states.items()}

    @property
    def missing(self) -> list[ProcessName]:
        """Processes that the guide needs and that are not ready."""
        return [name for name in GUIDING if name not in self._states or not self._states[name][1].ready]

    def cost(self, date: str) -> CostToday | None:
        """What was spent on this date; None: not heard yet."""
        return cost_today(self.books, date, self._prices, self.ceiling) if self.books.tellers else None

    def state(self, date: str) -> StatePayload:
        """What telemetry tells on ``state``."""
        return state_payload(
            self.states,
            self.playback,
            self.control,
            self.settings,
            self.vitals,
            heat_level=self.heat_level,
            cost=self.cost(date),
        )

    def _take(self, message: Feed, now_mono: float) -> Subject | None:
        match message:
            case ProcessState(process=process):
                known = self._states.get(process)
                self._states[process] = (now_mono, message)
                return None if known and known[1].id == message.id else "processes"
            case Playback():
                self._playback_mono = now_mono
                is_new = not _says_the_same(self.playback, message)
                self.playback = message
                return "playback" if is_new else None
            case Hearing():
                is_new, self.speaking = self.speaking != message.speaking, message.speaking
                return "hearing" if is_new else None
            case Progress():
                return self._progress(message)
            case Turn():
                self._ended(message)
                return "turns"
            case Dropped():
                self.drops.append(message)
                return "drops"
            case Caption():
                self.caption = message
                return "caption"
            case Heat():
                is_new, self.heat_level = self.heat_level != message.level, message.level
                return "alarms" if is_new else None
            case Spending():
                self.books.take(message)
                return self._if_new(message, message.process, "cost")
            case CostCeiling():
                self.ceiling = message
                return self._if_new(message, "", "cost")
            case Control():
                self.control = message
                return self._if_new(message, "", "control")
            case PoolHoldings():
                self.holdings = message
                return self._if_new(message, "", "pool")
            case _:
                return None

    def _if_new(self, message: Feed, of: str, subject: Subject) -> Subject | None:
        """Heartbeats repeat a message under its id."""
        key = f"{type(message).__name__} {of}"
        is_new = self._last_ids.get(key) != message.id
        self._last_ids[key] = message.id
        return subject if is_new else None

    def _progress(self, message: Progress) -> Subject | None:
        live = self.live.get(message.turn_id)
        if live is None:
            if any(turn.turn_id == message.turn_id for turn in self.turns):
                return None  # the other process tells of it a little later
            live = TurnInMaking(message.turn_id, message.trigger_id, {})
        live.stages_ms[message.stage] = round(message.since_received_ms, 1)
        self.live[message.turn_id] = live._replace(trigger_id=live.trigger_id or message.trigger_id)
        while len(self.live) > MOST_LIVE:
            self.live.popitem(last=False)
        return "live"

    def _ended(self, message: Turn) -> None:
        told = turn_payload(message, self.settings.telemetry, self._prices)
        self.turns.append(told)
        if told.ttfa_ms is not None:
            self.points.append(FirstSound(told.received_at, told.ttfa_ms, told.kind))
        if self.live.pop(message.turn_id, None):
            self.versions["live"] += 1


def _says_the_same(before: Playback | None, now: Playback) -> bool:
    """Whether the two look the same to whoever sees them."""
    return before is not None and (before.id == now.id or _shown(before) == _shown(now))


def _shown(playback: Playback) -> tuple[object, ...]:
    return (
        *(
            playback.instance,
            playback.turn_id,
            playback.text,
            playback.heard,
            playback.output,
            playback.voice,
        ),
        *(playback.muted, playback.volume),
    )
