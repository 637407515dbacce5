"""The cloud dead in every way: a whole remark is heard each time, and how soon it begins."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from bench.cloud_process import CloudProcess, running_clouds
from bench.clouds import FaultKind
from bench.clouds.faults import CloudName
from bench.measured_guide import AskedTurn, environment_of, running_guide
from bench.own_limits import program_with
from edge.cli.comparison import LAST_RUNGS
from edge.messages import ProcessName

SERVICES: dict[ProcessName, tuple[CloudName, ...]] = {
    "commentator": ("groq", "openai"),
    "speaker": ("elevenlabs", "speech"),
}
"""Whose clouds they are."""
BREAKER_OPEN_TURNS = 6
QUICK_BREAKER = program_with(breaker_open_s=0.5, breaker_open_max_s=1.0)
"""A breaker that soon uses a healed service again: the run is short, and the times are the same."""

MODEL_FAULTS = (
    FaultKind.REFUSE,
    FaultKind.HANG_BEFORE_HEADERS,
    FaultKind.HANG_BEFORE_FIRST_TOKEN,
    FaultKind.HANG_MID_STREAM,
    FaultKind.CUT_MID_STREAM,
    FaultKind.ERROR_MID_STREAM,
    FaultKind.ERROR_429,
    FaultKind.ERROR_503,
    FaultKind.ERROR_404,
    FaultKind.ONLY_REASONING,
    FaultKind.GARBAGE,
)
VOICE_FAULTS = (
    FaultKind.REFUSE,
    FaultKind.HANG_BEFORE_FIRST_AUDIO,
    FaultKind.HANG_MID_STREAM,
    FaultKind.CUT_MID_STREAM,
    FaultKind.ERROR_429,
    FaultKind.ERROR_503,
    FaultKind.ERROR_404,
    FaultKind.ZERO_AUDIO,
    FaultKind.GARBAGE,
)


@dataclass(frozen=True)
class Survival:
    """What became of one remark while all services of a stage failed in one way."""

    services: str
    fault: str
    first_sound_ms: float | None
    """From the publication; None: nothing was heard."""
    rungs: str
    defect: str
    """What is wrong with the remark that was heard; empty: nothing."""


HUNG: tuple[tuple[tuple[CloudName, ...], FaultKind], ...] = (
    (("groq",), FaultKind.HANG_BEFORE_FIRST_TOKEN),
    (("groq", "openai"), FaultKind.HANG_BEFORE_FIRST_TOKEN),
    (("elevenlabs",), FaultKind.HANG_BEFORE_FIRST_AUDIO),
    (("elevenlabs", "speech"), FaultKind.HANG_BEFORE_FIRST_AUDIO),
)


class Hung(NamedTuple):
    """Two turns in a row while services of a stage hang."""

    profile: str
    services: str
    first: AskedTurn
    second: AskedTurn


async def measure_faults(folder: Path, broker_port: int, tell: Callable[[str], None]) -> list[Survival]:
    """One remark for each fault of all models, and for each of all voices, by guides that have just started.

    Three guides side by side, each with clouds of its own, since only seconds matter here.
    """
    half = len(MODEL_FAULTS) // 2
    parts: list[tuple[ProcessName, Sequence[FaultKind]]] = [
        ("commentator", MODEL_FAULTS[:half]),
        ("commentator", MODEL_FAULTS[half:]),
        ("speaker", VOICE_FAULTS),
    ]
    found = await asyncio.gather(
        *(
            _survive(stage, faults, folder, broker_port, f"dead{number}", tell)
            for number, (stage, faults) in enumerate(parts)
        )
    )
    return [survival for part in found for survival in part]


async def measure_breaker_open(
    folder: Path, broker_port: int, tell: Callable[[str], None]
) -> tuple[list[float], list[Survival]]:
    """Milliseconds from publication to first sound while all clouds refuse and everybody knows it."""
    tell("no cloud at all")
    async with running_clouds("dead") as clouds:
        environment = environment_of(folder, broker_port, "dead", clouds.environment)
        async with running_guide(environment, quiet=True, program=QUICK_BREAKER) as guide:
            everything = [service for services in SERVICES.values() for service in services]
            survivals = [await _survival(everything, FaultKind.REFUSE, await guide.ask(), clouds)]
            await guide.ask()  # now each has failed as often as it takes to be left alone
            for stage in SERVICES:
                await guide.until_rungs(stage, working=False, last=LAST_RUNGS)
            asked = [await guide.ask() for _ in range(BREAKER_OPEN_TURNS)]
    return [turn.until_ms("first_sample") for turn in asked], survivals


async def measure_hung(folder: Path, broker_port: int, tell: Callable[[str], None]) -> list[Hung]:
    """Services that hang from a guide's first turn on, and the turn after that; a guide for each case."""
    found = []
    for profile in ("seed", "fast"):
        for number, (services, fault) in enumerate(HUNG):
            tell(f"{profile}: {' and '.join(services)} from the start: {fault}")
            async with running_clouds(profile) as clouds:
                environment = environment_of(
                    folder, broker_port, f"hung-{profile}{number}", clouds.environment
                )
                async with running_guide(environment, quiet=True) as guide:
                    await clouds.fail(services, fault)
                    found.append(Hung(profile, " and ".join(services), await guide.ask(), await guide.ask()))
    return found


async def _survive(
    stage: ProcessName,
    faults: Sequence[FaultKind],
    folder: Path,
    broker_port: int,
    shuttle_id: str,
    tell: Callable[[str], None],
) -> list[Survival]:
    services = SERVICES[stage]
    survivals = []
    async with (
        running_clouds("seed") as clouds,
        running_guide(
            environment_of(folder, broker_port, shuttle_id, clouds.environment),
            quiet=True,
            program=QUICK_BREAKER,
        ) as guide,
    ):
        for fault in faults:
            tell(f"{' and '.join(services)}: {fault}")
            await guide.until_rungs(stage, working=True, last=LAST_RUNGS)
            await clouds.fail(services, fault)
            asked = await guide.ask()
            await clouds.heal(services)
            survivals.append(await _survival(services, fault, asked, clouds))
    return survivals


async def _survival(
    services: Sequence[CloudName], fault: FaultKind, asked: AskedTurn, clouds: CloudProcess
) -> Survival:
    turn = asked.turn
    written = [] if "groq" in services else await clouds.given("groq", asked.published_mono, time.monotonic())
    return Survival(
        " and ".join(services),
        fault.value,
        asked.until_ms("first_sample") if asked.reached("first_sample") else None,
        "+".join(turn.models) + " → " + "+".join(turn.voices),
        _defect(asked, [reply.text for reply in written]),
    )


def _defect(asked: AskedTurn, replies: Sequence[str]) -> str:
    """What is missing of the remark; ``replies`` are the model's words, which must all have been heard."""
    turn = asked.turn
    if turn.outcome != "spoken":
        return f"{turn.outcome}: {turn.reason}"
    if turn.text[-1:] not in (*".!?…",) or len(turn.text.split()) < 2:
        return f"it is no whole sentence: {turn.text!r}"
    if replies and " ".join(turn.text.split()) != " ".join(replies[0].split()):
        return f"heard {turn.text!r} of {replies[0]!r}"
    return ""
