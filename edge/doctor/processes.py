"""The running processes, and what they say that they really use."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Mapping

from edge.bus import watching
from edge.bus.topology import HEARTBEAT_S, PROCESSES, feed_path
from edge.config import Settings
from edge.doctor.check import Check, CheckVerdict
from edge.messages import ProcessState
from edge.telemetry.payloads import RUNG_PREFIXES

LISTEN_S = 2.5 * HEARTBEAT_S
"""Who is silent for so long is not running."""


async def ask_processes(settings: Settings) -> dict[str, ProcessState]:
    """What the running processes say of themselves, by name."""
    states: dict[str, ProcessState] = {}
    if not _somebody_tells(settings.runtime_dir):
        return states
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LISTEN_S), watching(settings.runtime_dir, ProcessState) as news:
            async for message in news:
                states[message.process] = message
                if len(states) == len(PROCESSES):
                    break
    return states


def _somebody_tells(runtime_dir: str) -> bool:
    """Whether a process has begun to tell anything; where none has, there is nobody to wait for."""
    try:
        return any(feed_path(runtime_dir, process).exists() for process in PROCESSES)
    except OSError:  # nor may we look
        return False


def check_processes(states: Mapping[str, ProcessState]) -> Iterator[Check]:
    for process in PROCESSES:
        state = states.get(process)
        if state is None:
            # Where no guide runs that may be as it should be; one that lacks a process is not whole.
            advice = "`shuttle-guide up`, or systemctl start shuttle-guide.target"
            yield Check(process, "missing" if states else "absent", "running", "not running", advice)
            continue
        yield Check(process, "ok" if state.ready else "missing", "ready", state.status)
        for fact, value in state.facts.items():
            verdict = _verdict_of(fact, value)
            advice = "" if verdict == "ok" else "see the line; it is tried again"
            yield Check(f"  {fact}", verdict, "", value, advice)


def _verdict_of(fact: str, value: str) -> CheckVerdict:
    """How bad a fact is: without an output there is no guide; a skipped rung is only absent at present."""
    if fact == "output":
        return "ok" if value.endswith(": open") else "missing"
    is_rung = fact.startswith(RUNG_PREFIXES)
    return "absent" if is_rung and value != "ok" else "ok"
