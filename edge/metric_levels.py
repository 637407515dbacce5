"""The levels that processes tell for metrics, and which metric each one becomes.

A level is ``NAME`` or ``NAME.LABEL…`` → a number, in ``ProcessState.levels``.
"""

from __future__ import annotations

from typing import NamedTuple


class LevelMetric(NamedTuple):
    """A metric that is made of levels."""

    metric: str
    """Without the prefix of all; of what only rises without ``_total``."""
    labels: tuple[str, ...]
    meaning: str
    only_rises: bool = False


LEVELS: dict[str, LevelMetric] = {
    "budget_s": LevelMetric(
        "rung_budget_seconds",
        ("stage", "rung"),
        "So long the rung's first output is waited for at present, before the next one starts beside it",
    ),
    "ahead_left": LevelMetric("ahead_left", ("of",), "Of today's budget for writing ahead: requests, tokens"),
    "money_today": LevelMetric(
        "money_today", ("service",), "What all processes have spent today, of services with prices"
    ),
    "ceiling_used": LevelMetric(
        "ceiling_used_ratio", ("of",), "The part of a ceiling of the day that is used up"
    ),
    "temperature_c": LevelMetric("temperature_celsius", ("zone",), "Temperature of a zone of the board"),
    "power_w": LevelMetric("power_watts", ("rail",), "Power of a rail; VDD_IN is the whole module"),
    "slowdowns": LevelMetric(
        "slowdowns",
        ("cause",),
        "How often the hardware has slowed the module down since the board started",
        only_rises=True,
    ),
    "throttled_zones": LevelMetric("throttled_zones", (), "Zones that run slower now because they are hot"),
    "heat_level": LevelMetric("heat_level", (), "0: nothing rests because of heat"),
    "gpu_load": LevelMetric("gpu_load_ratio", (), "How busy the GPU is"),
    "load_1m": LevelMetric("load1", (), "Processes that ran or waited, on average over a minute"),
    "memory_total": LevelMetric("memory_total_bytes", (), "The machine's memory"),
    "memory_available": LevelMetric("memory_available_bytes", (), "What is left of it"),
    "disk_free": LevelMetric("disk_free_bytes", (), "What is left where the guide keeps its state"),
    "clock_synchronized": LevelMetric("clock_synchronized", (), "1: a time server has set the clock"),
    "broker_connected": LevelMetric(
        "broker_connected", ("broker",), "1: telemetry is connected to the broker"
    ),
    "microphone_off": LevelMetric("microphone_off", (), "1: the microphone is switched off"),
    "muted": LevelMetric("muted", (), "1: the guide is muted"),
    "ceiling_level": LevelMetric("ceiling_level", (), "1: the day's ceiling of cost is near, 2: reached"),
    "outbox_messages": LevelMetric("outbox_messages", (), "Messages that wait for the fleet's broker"),
    "outbox_bytes": LevelMetric("outbox_bytes", (), "What they take on the disk"),
    "outbox_lost": LevelMetric(
        "outbox_lost", ("kind",), "Messages that had to go untold, ever", only_rises=True
    ),
    "alarm": LevelMetric("alarm_raised", ("alarm",), "1: the alarm is raised"),
}
