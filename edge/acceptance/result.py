"""What a part of the acceptance has found."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from edge.doctor.check import Check

ResultWord = Literal["passed", "failed", "not there"]
WORDS: dict[str, ResultWord] = {"ok": "passed", "missing": "failed", "absent": "not there"}
"""The doctor's verdicts, as a report of acceptance calls them."""


class Result(NamedTuple):
    """The lines of one part."""

    checks: list[Check]
    figures: dict[str, Any]
    """For machines: numbers with their units in the names."""


def passed_if(good: bool, name: str, requested: str, actual: str, advice: str) -> Check:
    """Failed with the advice where it is not good."""
    return Check(name, "ok" if good else "missing", requested, actual, "" if good else advice)


def failed(name: str, requested: str, actual: str, advice: str) -> Result:
    """A part that could not be measured."""
    return Result([Check(name, "missing", requested, actual, advice)], {})


def not_there(name: str, actual: str) -> Result:
    """A part that nobody has asked for."""
    return Result([Check(name, "absent", "", actual)], {})
