"""What the doctor says of a guide that runs, of one that does not, and of one that lacks a process."""

from __future__ import annotations

import asyncio
from pathlib import Path

from edge.bus.topology import PROCESSES
from edge.config import Settings
from edge.doctor.processes import ask_processes, check_processes
from edge.messages import ProcessName, ProcessState


def state(process: ProcessName, *, ready: bool = True) -> ProcessState:
    return ProcessState(process=process, instance="i", ready=ready, status="works")


def verdicts(*running: ProcessState) -> dict[str, str]:
    return {check.name: check.verdict for check in check_processes({one.process: one for one in running})}


def test_where_no_guide_runs_nothing_is_missing() -> None:
    assert verdicts() == dict.fromkeys(PROCESSES, "absent")


def test_a_guide_that_lacks_a_process_is_not_whole() -> None:
    """A process that dies again and again tells nothing of itself."""
    others = [state(process) for process in PROCESSES if process != "speaker"]
    assert verdicts(*others) == dict.fromkeys(PROCESSES, "ok") | {"speaker": "missing"}


def test_one_that_is_not_ready_is_missed() -> None:
    assert verdicts(state("ingest", ready=False))["ingest"] == "missing"


async def test_where_no_process_tells_anything_nobody_is_waited_for(tmp_path: Path) -> None:
    async with asyncio.timeout(1.0):
        assert await ask_processes(Settings(runtime_dir=str(tmp_path))) == {}
