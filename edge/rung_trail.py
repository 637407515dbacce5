"""What the rungs of one stage did for one turn, and what they were paid for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from edge.clock import monotonic
from edge.masking import masked
from edge.messages import RungFate, RungStage, RungTry
from edge.spending.lines import Note, Purpose, Unit, names_of_request

MOST_TRIES = 32
"""One stage of a turn has no more; each clause that the pool interrupts begins the ladder anew."""
LONGEST_REASON = 200


@dataclass
class OneTry:
    """A rung at work. Until something else is known it was dropped: its turn was over before."""

    rung: str
    begun_mono: float | None
    fate: RungFate = "dropped"
    reason: str | None = None
    until_mono: float | None = None

    def ended(self, fate: RungFate, reason: str | None = None) -> None:
        """How it went; the first output's time stays."""
        self.fate, self.reason = fate, reason
        if self.until_mono is None:
            self.until_mono = monotonic()


class RungTrail:
    """Kept by a request to a ladder: its rungs write down here what they did, and what was asked of services.

    What is told of it may be asked for at any time; who still works then is told as far as it has come.
    """

    def __init__(self, stage: RungStage = "model") -> None:
        self._stage: RungStage = stage
        self._tries: list[OneTry] = []
        self._spent: Counter[str] = Counter()

    def begun(self, rung: str) -> OneTry:
        """A rung was started."""
        return self._noted(OneTry(rung, monotonic()))

    def skipped(self, rung: str, reason: str) -> None:
        """A rung was passed over. Told once, and only where it did nothing else."""
        if all(each.rung != rung for each in self._tries):
            self._noted(OneTry(rung, None, "skipped", reason))

    def beside(self, note: Note) -> Note:
        """A note that does what this one does, and notes it here as well."""

        def both(service: str, purpose: Purpose, amounts: Mapping[Unit, float]) -> None:
            note(service, purpose, amounts)
            self._spent.update(names_of_request(service, purpose, amounts))

        return both

    @property
    def tries(self) -> tuple[RungTry, ...]:
        """The tries in the order in which they were begun, or passed over."""
        return tuple(
            RungTry(
                stage=self._stage,
                rung=each.rung,
                fate=each.fate,
                reason=masked(each.reason)[:LONGEST_REASON] if each.reason else None,
                begun_mono=each.begun_mono,
                until_mono=each.until_mono,
            )
            for each in self._tries
        )

    @property
    def spent(self) -> dict[str, float]:
        """Entries as the ledger got them: ``SERVICE.PURPOSE.UNIT`` → amount."""
        return dict(self._spent)

    def _noted(self, one: OneTry) -> OneTry:
        if len(self._tries) < MOST_TRIES:
            self._tries.append(one)
        return one
