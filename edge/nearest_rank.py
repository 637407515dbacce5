"""Percentiles that are samples."""

from __future__ import annotations

import math
from collections.abc import Sequence


def nearest_rank(ranked: Sequence[float], percent: float) -> float:
    """The smallest sample of ``ranked`` (ascending) that ``percent`` of them do not exceed."""
    return ranked[max(0, math.ceil(len(ranked) * percent / 100) - 1)]
