"""The yardstick's figures: what was measured, summarised and judged. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bench.cloud_log import CloudBill
from bench.statistics import Summary, summarize
from bench.trial import Point, SystemName, Trial
from bench.yardstick import PROTOTYPES, Measured

HELD_MEDIAN_MS, HELD_P95_MS = 15.0, 30.0
"""Sound that is there already: from the publication to its first sample."""
OVER_BOUND_MEDIAN_MS, OVER_BOUND_P95_MS = 15.0, 40.0
"""What has to be written and spoken first: over the floor."""
JOINED_WITHIN_MS = 120.0
"""Pause behind an opener."""


@dataclass(frozen=True)
class SystemFigures:
    """The figures of one system; summaries are None without a trial that counts."""

    name: SystemName
    first_sound: Summary | None
    first_content: Summary | None
    over_floor: Summary | None
    """First content over the floor of the same reply; where it has none, over the median floor of the run."""
    spent: CloudBill
    failures: tuple[str, ...]
    openers: int
    """Trials with one in front."""
    met: bool | None
    """The promise for this system; None: there is none, or not with this profile."""
    trials: tuple[Trial, ...]
    """The trials that count."""

    @property
    def points_ms(self) -> dict[Point, float]:
        """Median of each point that most trials reached."""
        names = dict.fromkeys(point for trial in self.trials for point in trial.points_ms)
        found: dict[Point, float] = {}
        for name in names:
            values = [trial.points_ms[name] for trial in self.trials if name in trial.points_ms]
            if 2 * len(values) > len(self.trials) and (summary := summarize(values)):
                found[name] = summary.median
        return found


@dataclass(frozen=True)
class Figures:
    """The figures of one run."""

    floor_nominal_ms: float | None
    """From the profile's latencies; None: nothing was asked of the clouds, or nothing came."""
    floor: Summary | None
    """As the emulators were really, which are late themselves on a busy machine."""
    systems: tuple[SystemFigures, ...]


def figures_of(measured: Measured) -> Figures:
    """Summarise; the floor is that of all replies of the run."""
    floors = [
        trial.floor
        for trials in measured.trials.values()
        for trial in trials
        if trial.floor and not trial.failure
    ]
    floor = summarize([each.observed_ms for each in floors])
    nominal = summarize([each.nominal_ms for each in floors])
    judged = measured.plan.profile == "seed"
    systems = tuple(
        _system(name, trials, floor.median if floor else None, judged=judged)
        for name, trials in measured.trials.items()
    )
    return Figures(nominal.median if nominal else None, floor, systems)


def _system(
    name: SystemName, trials: Sequence[Trial], floor_ms: float | None, *, judged: bool
) -> SystemFigures:
    counted = tuple(trial for trial in trials if not trial.failure)
    return SystemFigures(
        name,
        summarize([trial.first_sound_ms for trial in counted]),
        summarize([trial.first_content_ms for trial in counted]),
        summarize(
            [
                trial.first_content_ms - own_floor_ms
                for trial in counted
                if (own_floor_ms := trial.floor.observed_ms if trial.floor else floor_ms) is not None
            ]
        ),
        sum((trial.spent for trial in trials), CloudBill()),
        tuple(trial.failure for trial in trials if trial.failure),
        sum(trial.opener_end_ms is not None for trial in counted),
        _met(name, counted) if judged and counted else None,
        counted,
    )


def _met(name: SystemName, trials: Sequence[Trial]) -> bool | None:
    """Whether the promise of the seed profile is kept."""
    if name in PROTOTYPES:
        return None
    sound = summarize([trial.first_sound_ms for trial in trials])
    held = sound is not None and sound.median <= HELD_MEDIAN_MS and sound.p95 <= HELD_P95_MS
    if name == "pool":
        return held
    over = summarize([over_ms for trial in trials if (over_ms := _over_bound_ms(trial)) is not None])
    soon = over is not None and over.median <= OVER_BOUND_MEDIAN_MS and over.p95 <= OVER_BOUND_P95_MS
    return soon and (held or name == "stream")


def _over_bound_ms(trial: Trial) -> float | None:
    """First content over the floor, or over the pause that may be behind an opener, whichever is later."""
    if trial.floor is None:
        return None
    bound_ms = trial.floor.observed_ms
    if trial.opener_end_ms is not None:
        bound_ms = max(bound_ms, trial.opener_end_ms + JOINED_WITHIN_MS - OVER_BOUND_MEDIAN_MS)
    return trial.first_content_ms - bound_ms


def as_data(measured: Measured, figures: Figures) -> dict[str, Any]:
    """Everything as plain data, for ``--json``."""
    return {
        "profile": measured.plan.profile,
        "trials": measured.plan.trials,
        "quiet_s": measured.plan.quiet_s,
        "output": measured.plan.output,
        "floor_ms": {"nominal": figures.floor_nominal_ms, "measured": _data(figures.floor)},
        "systems": {each.name: _system_data(each) for each in figures.systems},
        "filled_ahead": {
            name: {
                "entries": filling.entries,
                "tokens": filling.spent.tokens,
                "characters": filling.spent.characters,
            }
            for name, filling in measured.filled.items()
        },
        "wake_up_late_ms": _data(summarize(measured.wake_up_late_ms)),
    }


def _system_data(found: SystemFigures) -> dict[str, Any]:
    return {
        "counted": len(found.trials),
        "failures": list(found.failures),
        "openers": found.openers,
        "first_sound_ms": _data(found.first_sound),
        "first_content_ms": _data(found.first_content),
        "over_floor_ms": _data(found.over_floor),
        "promise_kept": found.met,
        "tokens": found.spent.tokens,
        "characters": found.spent.characters,
        "points_ms": {point: round(ms, 2) for point, ms in found.points_ms.items()},
        "each_first_sound_ms": [round(trial.first_sound_ms, 2) for trial in found.trials],
        "each_first_content_ms": [round(trial.first_content_ms, 2) for trial in found.trials],
    }


def _data(summary: Summary | None) -> dict[str, float] | None:
    return None if summary is None else {k: round(v, 2) for k, v in summary._asdict().items()}
