"""Medians and percentiles of a few samples. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import NamedTuple

from edge.nearest_rank import nearest_rank


class Summary(NamedTuple):
    """A summary of samples in one unit."""

    n: int
    median: float
    p95: float
    p99: float
    max: float


def summarize(samples: Sequence[float]) -> Summary | None:
    """Median and nearest-rank percentiles; with few samples the high percentiles are the maximum.

    None without samples.
    """
    if not samples:
        return None
    ranked = sorted(samples)
    return Summary(
        len(ranked), statistics.median(ranked), nearest_rank(ranked, 95), nearest_rank(ranked, 99), ranked[-1]
    )


def summary_of(samples: Sequence[float]) -> Summary:
    """The same of samples of which there is one at least."""
    summary = summarize(samples)
    assert summary is not None, "expected samples, came none"
    return summary
