"""Ladders in which nobody is asked beside a rung that is late, whatever else the machine does."""

from __future__ import annotations

from typing import TypeVar

from bench.own_limits import program_with
from tests.support.process_alone import ProcessAlone

PATIENT_MS = 20_000
PATIENT = program_with(initial_ms=PATIENT_MS, min_ms=PATIENT_MS, max_ms=PATIENT_MS, stall_ms=PATIENT_MS)
"""The interpreter's arguments for a guide of which a test says who writes or speaks."""

P = TypeVar("P", bound=ProcessAlone)


def patient(process: P) -> P:
    """The same for one process, before it starts."""
    process.program = PATIENT
    return process
