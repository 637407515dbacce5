"""The timeline of one turn: when it reached which stage, on the clock that all processes of a boot share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from edge.clock import monotonic
from edge.messages import Kind, Stage, StageTime


class Timeline:
    """Stages with the CLOCK_MONOTONIC seconds at which each was reached first.

    Args:
        received_mono: the turn's zero.
        on_reached: told of each new stage, with its time.
    """

    def __init__(
        self, received_mono: float, on_reached: Callable[[Stage, float], None] = lambda stage, mono: None
    ) -> None:
        self._reached: dict[Stage, float] = {"received": received_mono}
        self._on_reached = on_reached

    def mark(self, stage: Stage, mono: float | None = None) -> None:
        """Note ``stage`` as reached now (or at ``mono``); only the first time counts."""
        if stage not in self._reached:
            self._reached[stage] = monotonic() if mono is None else mono
            self._on_reached(stage, self._reached[stage])

    def has_reached(self, stage: Stage) -> bool:
        """Whether ``stage`` was noted."""
        return stage in self._reached

    def merge(self, stages: Iterable[StageTime]) -> None:
        """Take over what another process noted (and told)."""
        for stage, mono in stages:
            self._reached.setdefault(stage, mono)

    def stages(self) -> tuple[StageTime, ...]:
        """The stages in the order of time."""
        reached = (StageTime(*item) for item in self._reached.items())
        return tuple(sorted(reached, key=lambda stage: stage.mono))


def time_to_ms(stage: Stage, kind: Kind, stages: Sequence[StageTime]) -> float | None:
    """How long a turn's listener waited for ``stage``: from its receipt, or from the end of the question.

    None when one of the two was not reached.
    """
    reached = dict(reversed(stages))
    start: Stage = "speech_end" if kind == "answer" else "received"
    return round((reached[stage] - reached[start]) * 1000, 1) if {start, stage} <= reached.keys() else None
