"""Ladders in which nobody is asked beside a rung that is late, whatever else the machine does."""

from __future__ import annotations

from typing import TypeVar

from bench.own_limits import program_with
from tests.support.process_alone import ProcessAlone

PATIENT_MS = 20_000
LIMITS = dict.fromkeys(("initial_ms", "min_ms", "max_ms", "stall_ms"), PATIENT_MS)
PATIENT = program_with(**LIMITS)
"""The interpreter's arguments for a guide of which a test says who writes or speaks."""

P = TypeVar("P", bound=ProcessAlone)


def patient(process: P) -> P:
    """The same for one process, before it starts."""
    process.program = PATIENT
    return process
