"""Which sightings are likely: the configured labels, what this shuttle has met, and the hour. Pure.

What was met fades while the guide runs, by monotonic seconds: a clock that is set back or forth, as on a
board that begins each boot in 1970, makes it forget nothing.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from edge.commentator.pool.patterns import exact_pattern, wider_patterns
from edge.messages import Pattern, Sighting

HALF_LIFE_S = 70 * 3600.0
"""Running time: a week with ten hours a day."""
FADE_EVERY_S = 600.0
CONFIGURED_WORTH = 2.0
"""A configured label counts as having been met so often."""
CONFIGURED_PLURAL_WORTH = 0.7
SPECIFIC_WORTH = 1.3
"""A remark that tells more than another is worth so much more where both fit."""
STEADY_SIGHTINGS = 12.0
"""Sightings of a label until its hours count as much as its number."""
MAX_PATTERNS = 400

_PER_HOUR = 24


class Met(msgspec.Struct):
    """What was met, as it is kept on disk. Weights are counts that fade."""

    patterns: list[tuple[Pattern, float]] = []
    hours: dict[str, list[float]] = {}
    """Label → its weight in each hour of the day."""


class Likely:
    """Weighs which patterns of sightings are likely to be met next.

    Args:
        labels: that are worth a remark before anything was met.
        met: from before a restart.
    """

    def __init__(self, labels: Sequence[str], met: Met | None = None) -> None:
        kept = met or Met()
        self._configured = tuple(labels)
        self._faded_mono: float | None = None
        self._weights: defaultdict[Pattern, float] = defaultdict(float)
        for pattern, weight in kept.patterns:
            self._weights[pattern] = _sane(weight)
        self._hours = {
            label: [_sane(weight) for weight in hours]
            for label, hours in kept.hours.items()
            if len(hours) == _PER_HOUR
        }

    def kept(self) -> Met:
        """The weights and hours, to be stored."""
        return Met(patterns=list(self._weights.items()), hours=self._hours)

    def met(self, sighting: Sighting, now_mono: float, hour: int) -> None:
        """Count a sighting that was worth a remark, in this local hour of the day."""
        pattern = exact_pattern(sighting)
        if pattern is None:
            return
        self._fade(now_mono)
        self._weights[pattern] += 1.0
        self._hours.setdefault(pattern.label, [0.0] * _PER_HOUR)[hour % _PER_HOUR] += 1.0
        if len(self._weights) > MAX_PATTERNS:
            rarest = min(self._weights, key=lambda met: self._weights[met])
            del self._weights[rarest]
            if not any(met.label == rarest.label for met in self._weights):
                self._hours.pop(rarest.label, None)

    def wanted(self, held: Mapping[Pattern, int], now_mono: float, hour: int) -> list[Pattern]:
        """The patterns that may be met, the one first whose next remark is worth most.

        A remark is worth the sightings that it fits, shared among the remarks that fit them already.

        Args:
            held: how many remarks there are of each pattern.
        """
        self._fade(now_mono)
        worth = self._worth(hour)
        served: Counter[Pattern] = Counter()
        for other, number in held.items():
            for fitting in (other, *wider_patterns(other)):
                served[fitting] += number
        scores: dict[Pattern, float] = {}
        for pattern, its_worth in worth.items():
            general = [wider for wider in wider_patterns(pattern) if wider in worth]
            shared = sum(held.get(wider, 0) * its_worth / worth[wider] for wider in general if worth[wider])
            factor = SPECIFIC_WORTH if general else 1.0
            scores[pattern] = factor * its_worth / (1 + served[pattern] + shared)
        return sorted(scores, key=lambda pattern: scores[pattern], reverse=True)

    def _worth(self, hour: int) -> Mapping[Pattern, float]:
        """Pattern → the weight of all sightings that it fits, at this hour."""
        worth: defaultdict[Pattern, float] = defaultdict(float)
        for label in self._configured:
            worth[Pattern(label=label)] += CONFIGURED_WORTH
            worth[Pattern(label=label, count="several")] += CONFIGURED_PLURAL_WORTH
        for pattern, weight in self._weights.items():
            now_worth = weight * self._hour_factor(pattern.label, hour)
            for fitting in (pattern, *wider_patterns(pattern)):
                worth[fitting] += now_worth
        return worth

    def _hour_factor(self, label: str, hour: int) -> float:
        """How much more (or less) it is met around this hour than in others; 1 while little is known."""
        hours = self._hours.get(label)
        if not hours or not (total := sum(hours)):
            return 1.0
        near = (hours[(hour - 1) % 24] + 2 * hours[hour % 24] + hours[(hour + 1) % 24]) / 4
        return (near * _PER_HOUR + STEADY_SIGHTINGS) / (total + STEADY_SIGHTINGS)

    def _fade(self, now_mono: float) -> None:
        if self._faded_mono is None:
            self._faded_mono = now_mono
        if (gap_s := now_mono - self._faded_mono) < FADE_EVERY_S:
            return
        self._faded_mono = now_mono
        factor = 0.5 ** (gap_s / HALF_LIFE_S)
        for pattern in self._weights:
            self._weights[pattern] *= factor
        self._hours = {label: [weight * factor for weight in hours] for label, hours in self._hours.items()}


def count_held(patterns: Iterable[Pattern | None]) -> Counter[Pattern]:
    """Pattern → how many of them."""
    return Counter(pattern for pattern in patterns if pattern is not None)


def _sane(weight: float) -> float:
    return weight if math.isfinite(weight) and weight > 0 else 0.0
