"""What waits to be told as levels for metrics (see ``edge.metric_levels``). Pure; no I/O."""

from __future__ import annotations

from collections import Counter

from edge.telemetry.fleet.outbox import Fill


def fleet_levels(fill: Fill | None, unkept: int, *, connected: bool) -> dict[str, float]:
    """The levels.

    Args:
        fill: of the outbox; None: nobody has looked yet, and a counter that begins anew would seem to rise.
        unkept: turns that the disk did not take and that are not counted in ``fill`` yet.
        connected: with the fleet's broker.
    """
    levels = {"broker_connected.fleet": float(connected)}
    if fill is None:
        return levels
    lost = Counter({"turn": unkept, "receipt": 0, "alarm": 0})
    for kind, count in fill.lost.items():
        lost[kind.partition("/")[0]] += count
    levels |= {"outbox_messages": fill.waiting, "outbox_bytes": fill.size}
    return levels | {f"outbox_lost.{kind}": count for kind, count in lost.items()}
