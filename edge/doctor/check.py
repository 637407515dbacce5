"""One finding of the doctor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

CheckVerdict = Literal["ok", "absent", "missing"]
"""``absent``: the guide does without. ``missing``: it does not; the doctor's exit code is 1."""


class Check(NamedTuple):
    """One line of the report: what was asked for, what is really so, and what to do about it."""

    name: str
    verdict: CheckVerdict
    requested: str
    actual: str
    advice: str = ""

    def told(self) -> str:
        """One line for people, and where there is something to do about it a second one."""
        asked = f" (asked for: {self.requested})" if self.requested else ""
        advice = f"\n→ {self.advice}" if self.advice else ""
        return f"{self.name}: {self.actual}{asked}{advice}"

    def cleaned(self, clean: Callable[[str], str]) -> Check:
        """The same finding with ``clean`` applied to what may come from elsewhere."""
        return Check(self.name, self.verdict, *map(clean, (self.requested, self.actual, self.advice)))


def optional(name: str, requested: str, actual: str, advice: str = "", *, unless: object = False) -> Check:
    """Something that the guide can do without: absent when there is something to do about it.

    Args:
        unless: all is well, and the advice is not given.
    """
    advice = "" if unless else advice
    return Check(name, "absent" if advice else "ok", requested, actual, advice)
