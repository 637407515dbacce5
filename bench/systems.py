"""What the yardstick measures: the guide in three ways, and the two prototypes. Each answers one sighting."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Protocol, get_args

from bench.cloud_log import MODELS, VOICES, CloudLog
from bench.cloud_process import CloudProcess
from bench.clouds import Profile
from bench.floor import LatencyFloor, floor_of
from bench.measured_guide import AskedTurn, MeasuredGuide
from bench.prototypes import Prototype
from bench.trial import NotedPoint, Point, SystemName, Trial
from edge.commentator.wording import POOL

SEEN = "собака"
LONGEST_S = 10.0
"""A prototype that has given no sound by then gives none: nobody in the shuttle would still wait for it."""
STAGES: tuple[NotedPoint, ...] = get_args(NotedPoint)


class System(Protocol):
    """One way to say something about a sighting."""

    name: SystemName

    async def trial(self) -> Trial:
        """Have it say something. What it cannot do is a trial with a ``failure``."""
        ...


class GuideSystem:
    """A running guide, over MQTT.

    Args:
        accept: says why a turn is not the one that this system stands for; None: it is.
        seen: what is published.
    """

    def __init__(
        self,
        name: SystemName,
        guide: MeasuredGuide,
        clouds: CloudProcess,
        accept: Callable[[AskedTurn], str | None] = lambda asked: None,
        seen: str = SEEN,
    ) -> None:
        self.name: SystemName = name
        self._guide = guide
        self._clouds = clouds
        self._accept = accept
        self._seen = seen

    async def trial(self) -> Trial:
        started_mono = time.monotonic()
        try:
            asked = await self._guide.ask({"text": self._seen})
        except TimeoutError:
            return Trial(failure="no turn came of it")
        log = await self._clouds.log()
        spent = log.spent(started_mono, time.monotonic())
        if asked.turn.outcome != "spoken":
            return Trial(spent=spent, failure=asked.turn.reason or asked.turn.outcome)
        if failure := self._accept(asked):
            return Trial(spent=spent, failure=failure)
        points: dict[Point, float] = {
            stage: asked.until_ms(stage) for stage in STAGES if asked.reached(stage)
        }
        return Trial(
            {**points, **_asked_ms(log, asked.published_mono, asked.at("first_content"))},
            floor_between(log, self._clouds.profile, asked.published_mono, asked.at("first_content")),
            spent,
            _opener_end_ms(self._guide, asked, points["first_sample"]),
        )


class PrototypeSystem:
    """A design of the prototypes, in this process.

    Args:
        streams: what it asks for comes piece by piece, so that the clouds' records hold a floor.
    """

    def __init__(
        self, name: SystemName, prototype: Prototype, clouds: CloudProcess, *, streams: bool = True
    ) -> None:
        self.name: SystemName = name
        self._prototype = prototype
        self._clouds = clouds
        self._streams = streams

    async def trial(self) -> Trial:
        started_mono = time.monotonic()
        try:
            async with asyncio.timeout(LONGEST_S):
                heard_mono = await self._prototype.speak(SEEN)
        except Exception as error:  # it knows no other service, and has no words of its own
            return Trial(failure=f"it fell silent ({type(error).__name__})")
        log = await self._clouds.log()
        heard_ms = (heard_mono - started_mono) * 1000
        points = _asked_ms(log, started_mono, heard_mono)
        points |= {"first_sample": heard_ms, "first_content": heard_ms}
        if replies := log.given(MODELS, started_mono, heard_mono):
            points["first_token"] = (replies[0].first_mono - started_mono) * 1000
        floor = floor_between(log, self._clouds.profile, started_mono, heard_mono) if self._streams else None
        return Trial(points, floor, log.spent(started_mono, time.monotonic()))


def floor_between(
    log: CloudLog, profile: Profile, since_mono: float, until_mono: float
) -> LatencyFloor | None:
    """The floor of the one turn between these moments; None where no model or no voice was asked."""
    replies, sounds = (log.given(services, since_mono, until_mono) for services in (MODELS, VOICES))
    if not replies or not sounds:
        return None
    return floor_of(profile, replies[0], sounds[0])


def from_the_pool(asked: AskedTurn) -> str | None:
    """The remark was there."""
    return None if asked.turn.models == (POOL,) else "the pool had no remark"


def _asked_ms(log: CloudLog, since_mono: float, until_mono: float) -> dict[Point, float]:
    """When the services had what they were asked first."""
    asked: dict[Point, float] = {}
    if replies := log.given(MODELS, since_mono, until_mono):
        asked["model_asked"] = (replies[0].requested_mono - since_mono) * 1000
    if sounds := log.given(VOICES, since_mono, until_mono):
        asked["voice_asked"] = (sounds[0].requested_mono - since_mono) * 1000
    return asked


def _opener_end_ms(guide: MeasuredGuide, asked: AskedTurn, first_sample_ms: float) -> float | None:
    """The sound of the opener that the turn's text begins with is as long as the pool tells."""
    if guide.holdings is None or asked.at("first_sample") == asked.at("first_content"):
        return None
    durations_ms = [
        entry.duration_ms
        for entry in guide.holdings.entries
        if entry.text.use == "opener" and asked.turn.text.startswith(entry.text.text)
    ]
    return first_sample_ms + max(durations_ms) if durations_ms else None
