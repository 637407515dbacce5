"""From the publication of an event to the first sample, over the streaming floor of the same turn."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from bench.cloud_log import MODELS, VOICES
from bench.cloud_process import CloudProcess, running_clouds
from bench.floor import LatencyFloor, clause_mono, floor_of
from bench.measured_guide import SIGHTING, MeasuredGuide, environment_of, running_guide
from bench.prototypes import Prototype, Sequential, Streaming

GUIDES = 4
"""Each gives one very first turn; all but the first then rest and give one turn after the quiet."""
BACK_TO_BACK = 8
PROTOTYPE_ROUNDS = 5
QUIET_S = 30.0
LONG_QUIET_S = 200.0
OURS = "guide"


@dataclass(frozen=True)
class LatencySample:
    """One turn of one design."""

    total_ms: float
    floor: LatencyFloor
    parts_ms: Mapping[str, float]
    """Where the time over the floor went; empty for the prototypes."""

    @property
    def over_ms(self) -> float:
        """How much later than the floor that the emulators recorded."""
        return self.total_ms - self.floor.observed_ms

    @property
    def over_nominal_ms(self) -> float:
        return self.total_ms - self.floor.nominal_ms


@dataclass
class Latencies:
    """Situation → design → samples, of one profile."""

    profile: str
    samples: dict[str, dict[str, list[LatencySample]]] = field(default_factory=dict)

    def add(self, situation: str, design: str, sample: LatencySample) -> None:
        self.samples.setdefault(situation, {}).setdefault(design, []).append(sample)


async def measure(
    profile: str, folder: Path, broker_port: int, *, long: bool, tell: Callable[[str], None]
) -> Latencies:
    """Run all situations against clouds of one profile.

    Args:
        folder: for the guides' sockets.
        long: also after ``LONG_QUIET_S``.
        tell: gets a line for whoever waits.
    """
    result = Latencies(profile)
    async with AsyncExitStack() as stack:
        clouds = await stack.enter_async_context(running_clouds(profile))
        guides: list[MeasuredGuide] = []
        designs: list[list[Prototype]] = []
        for number in range(GUIDES):
            tell(f"{profile}: the very first turn, {number + 1} of {GUIDES}")
            environment = environment_of(folder, broker_port, f"{profile}{number}", clouds.environment)
            guides.append(await stack.enter_async_context(running_guide(environment)))
            designs.append([Sequential(environment), Streaming(environment)])
            for design in designs[-1]:
                stack.push_async_callback(design.close)
            await _ask_all("very first turn", clouds, guides[-1], designs[-1], result)
        rested_mono = time.monotonic()
        tell(f"{profile}: back to back")
        await _ask_back_to_back(clouds, guides[0], designs[0], result)
        for quiet_s in (QUIET_S, LONG_QUIET_S) if long else (QUIET_S,):
            tell(f"{profile}: after {quiet_s:.0f} s of quiet")
            await asyncio.sleep(max(0.0, rested_mono + quiet_s - time.monotonic()))
            for guide, prototypes in zip(guides[1:], designs[1:], strict=True):
                await _ask_all(f"after {quiet_s:.0f} s", clouds, guide, prototypes, result)
            rested_mono = time.monotonic()
    return result


async def _ask_back_to_back(
    clouds: CloudProcess, guide: MeasuredGuide, prototypes: list[Prototype], result: Latencies
) -> None:
    """One design after the other: each has to be asked again before its connections have become idle."""
    situation = "back to back"
    await guide.ask()
    for _ in range(BACK_TO_BACK):
        result.add(situation, OURS, await _ask_guide(clouds, guide))
    for prototype in prototypes:
        await prototype.speak(SIGHTING["text"])
        for _ in range(PROTOTYPE_ROUNDS):
            result.add(situation, prototype.name, await _ask_prototype(clouds, prototype))


async def _ask_all(
    situation: str, clouds: CloudProcess, guide: MeasuredGuide, prototypes: list[Prototype], result: Latencies
) -> None:
    result.add(situation, OURS, await _ask_guide(clouds, guide))
    for prototype in prototypes:
        result.add(situation, prototype.name, await _ask_prototype(clouds, prototype))


async def _ask_prototype(clouds: CloudProcess, prototype: Prototype) -> LatencySample:
    asked_mono = time.monotonic()
    heard_mono = await prototype.speak(SIGHTING["text"])
    return await _sample(clouds, asked_mono, heard_mono)


async def _sample(clouds: CloudProcess, asked_mono: float, heard_mono: float) -> LatencySample:
    log = await clouds.log()
    reply, *_ = log.given(MODELS, asked_mono, heard_mono)
    sound, *_ = log.given(VOICES, asked_mono, heard_mono)
    return LatencySample((heard_mono - asked_mono) * 1000, floor_of(clouds.profile, reply, sound), {})


async def _ask_guide(clouds: CloudProcess, guide: MeasuredGuide) -> LatencySample:
    asked = await guide.ask()
    if (
        asked.turn.outcome != "spoken"
        or asked.turn.models != ("groq",)
        or asked.turn.voices != ("elevenlabs",)
    ):
        raise RuntimeError(f"expected a remark by groq and elevenlabs, came {asked.turn}")
    published, heard = asked.published_mono, asked.at("first_sample")
    sample = await _sample(clouds, published, heard)
    log = await clouds.log()
    reply, *_ = log.given(MODELS, published, heard)
    sound, *_ = log.given(VOICES, published, heard)
    clause = clause_mono(reply, clouds.profile)
    points = [
        ("published → received (broker, MQTT client)", published, asked.at("received")),
        ("received → accepted (pipe, director)", asked.at("received"), asked.at("accepted")),
        ("accepted → the model's service is asked", asked.at("accepted"), reply.requested_mono),
        ("the first clause's last token → first_text", clause, asked.at("first_text")),
        ("first_text → the voice's service has it", asked.at("first_text"), sound.requested_mono),
        ("the service's first sound → first_audio", sound.first_mono, asked.at("first_audio")),
        ("first_audio → first_sample", asked.at("first_audio"), asked.at("first_sample")),
    ]
    parts = {name: (end - start) * 1000 for name, start, end in points}
    return LatencySample(sample.total_ms, sample.floor, parts)
