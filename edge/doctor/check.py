"""One finding of the doctor."""

from __future__ import annotations

from typing import Literal, NamedTuple

Verdict = Literal["ok", "absent", "missing"]
"""``absent``: the guide does without. ``missing``: it does not; the doctor's exit code is 1."""


class Check(NamedTuple):
    """One line of the report: what was asked for, what is really so, and what to do about it."""

    name: str
    verdict: Verdict
    requested: str
    actual: str
    advice: str = ""


def optional(name: str, requested: str, actual: str, advice: str = "") -> Check:
    """Something that the guide can do without: absent when there is something to do about it."""
    return Check(name, "absent" if advice else "ok", requested, actual, advice)
