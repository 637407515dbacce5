"""Why a Jetson slows itself down: too little voltage, too much current, heat. When each begins and ends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from edge.vitals.tree import Tree

OVER_CURRENT_MONITOR = "soctherm_oc"
"""The hwmon device of NVIDIA's driver ``tegra234-oc-event``."""
HEAT_ALERT = "-throttle-alert"
"""How the cooling devices end that tell of a throttled zone. ``hot-surface-alert`` slows nothing down."""
QUIET_S = 60.0
"""An episode has ended when nothing was seen of it for so long: events come in bursts."""

SlowdownCause = Literal["undervoltage", "overcurrent", "current_peaks", "heat"]
ADVICE: dict[SlowdownCause, str] = {
    "undervoltage": "the supply's voltage falls: shorter or thicker cables, a supply that can give more",
    "overcurrent": "the module takes more than it may: a lower power mode",
    "current_peaks": "short peaks under load, ordinary in the highest power mode; a lower one avoids them",
    "heat": "it gets too hot: fan, air, a lower power mode",
}
"""What to do, and for the journal what it means."""


class SlowdownCounts(NamedTuple):
    """How often the hardware has slowed the module down since the board started; None: it does not tell."""

    undervoltage: int | None
    """OC1: the input fell below what the module needs."""
    overcurrent: int | None
    """OC2: the average current was above the power mode's limit."""
    current_peaks: int | None
    """OC3: the current was above the limit for a moment; thousands are ordinary under load."""


def read_slowdown_counts(tree: Tree) -> SlowdownCounts:
    """Read the three counters of the over-current monitor.

    The alarms of the INA3221 are left alone: to read its flags clears them for whoever else waits for them.
    """
    for folder in tree.folders("/sys/class/hwmon/hwmon*"):
        if tree.text(f"{folder}/name") == OVER_CURRENT_MONITOR:
            return SlowdownCounts(*(tree.number(f"{folder}/oc{number}_event_cnt") for number in (1, 2, 3)))
    return SlowdownCounts(None, None, None)


def read_throttled_by_heat(tree: Tree) -> tuple[str, ...]:
    """The zones that are throttled now, like ``cpu``, in the order of their names."""
    throttled = set()
    for folder in tree.folders("/sys/class/thermal/cooling_device*"):
        kind = tree.text(f"{folder}/type") or ""
        if kind.endswith(HEAT_ALERT) and (tree.number(f"{folder}/cur_state") or 0) > 0:
            throttled.add(kind.removesuffix(HEAT_ALERT))
    return tuple(sorted(throttled))


class Change(NamedTuple):
    """An episode that has begun or ended."""

    cause: SlowdownCause
    began: bool
    detail: str
    """Which zones, or how many events: the new ones at its begin, all of the episode at its end."""


class Episodes:
    """Makes episodes of what is read now and then. Pure: the time is passed in.

    What the counters say at first is where counting begins: nobody knows when that was.
    """

    def __init__(self) -> None:
        self._last: dict[SlowdownCause, int] = {}
        self._running: dict[SlowdownCause, tuple[float, int]] = {}
        """When something was seen last, and how much so far."""
        self._zones: set[str] = set()

    def follow(self, counts: SlowdownCounts, throttled: tuple[str, ...], now_mono: float) -> Iterator[Change]:
        """What has begun or ended with this reading."""
        causes: tuple[SlowdownCause, ...] = ("undervoltage", "overcurrent", "current_peaks")
        for cause, count in zip(causes, counts, strict=True):
            new = 0 if count is None else max(0, count - self._last.get(cause, count))
            if count is not None:
                self._last[cause] = count
            yield from self._seen(cause, new, now_mono)
        self._zones.update(throttled)
        yield from self._seen("heat", len(throttled), now_mono)

    def _seen(self, cause: SlowdownCause, new: int, now_mono: float) -> Iterator[Change]:
        running = self._running.get(cause)
        if new:
            self._running[cause] = (now_mono, new + (running[1] if running else 0))
            if running is None:
                yield Change(cause, True, self._detail(cause, new))
        elif running and now_mono - running[0] >= QUIET_S:
            del self._running[cause]
            yield Change(cause, False, self._detail(cause, running[1]))
            if cause == "heat":
                self._zones.clear()

    def _detail(self, cause: SlowdownCause, events: int) -> str:
        return ", ".join(sorted(self._zones)) if cause == "heat" else f"{events} event{'s' * (events != 1)}"
