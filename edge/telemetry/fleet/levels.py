"""What waits to be told, and alarms, as levels for metrics (see ``edge.metric_levels``). Pure; no I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import get_args

from edge.fleet.frame import AlarmName
from edge.telemetry.fleet.outbox import Fill


def fleet_levels(
    fill: Fill | None, unkept: int, raised: Collection[AlarmName], *, connected: bool
) -> dict[str, float]:
    """The levels.

    Args:
        fill: of the outbox; None: nobody has looked yet, and a counter that begins anew would seem to rise.
        unkept: turns that the disk did not take and that are not counted in ``fill`` yet.
        raised: alarms.
        connected: with the fleet's broker.
    """
    levels = {"broker_connected.fleet": float(connected)}
    levels |= {f"alarm.{name}": float(name in raised) for name in get_args(AlarmName)}
    if fill is None:
        return levels
    lost = Counter({"turn": unkept, "receipt": 0, "alarm": 0})
    for kind, count in fill.lost.items():
        lost[kind.partition("/")[0]] += count
    levels |= {"outbox_messages": fill.waiting, "outbox_bytes": fill.size}
    return levels | {f"outbox_lost.{kind}": count for kind, count in lost.items()}
