"""What a dashboard is made of: rows of panels, each with its queries."""

from __future__ import annotations

from typing import NamedTuple


class Query(NamedTuple):
    """One query of a panel."""

    expr: str
    legend: str
    """With labels as ``{{shuttle}}``; of a table: the column."""


class Panel(NamedTuple):
    """One panel."""

    kind: str
    """``stat``, ``lines``, ``states`` or ``table``."""
    title: str
    description: str
    queries: tuple[Query, ...]
    unit: str = "short"
    width: int = 8
    """Columns that it takes of the 24."""
    bad_from: float | None = None
    """From here on it is shown in red."""
    good_from: float | None = None
    """Below it it is shown in red."""


Rows = dict[str, tuple[Panel, ...]]
"""Title → panels, from left to right."""
