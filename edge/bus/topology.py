"""Who talks to whom: the one place where sockets have names."""

from __future__ import annotations

from pathlib import Path

from edge.messages import ProcessName

PIPE_RECEIVERS: dict[str, ProcessName] = {
    "triggers": "commentator",
    "speech": "speaker",
}
"""Pipe → the process that binds it and works it off. Anyone may connect and send."""

PROCESSES: tuple[ProcessName, ...] = ("ingest", "listener", "commentator", "speaker", "telemetry")
"""The processes of a running guide, in the order in which they are started. Each one binds a feed."""


def pipe_path(runtime_dir: str, pipe: str) -> Path:
    """Socket file of a pipe; the name must be in the table."""
    return Path(runtime_dir) / f"{PIPE_RECEIVERS[pipe]}.{pipe}.pipe"


def feed_path(runtime_dir: str, process: ProcessName) -> Path:
    """Socket file of the feed that ``process`` publishes."""
    return Path(runtime_dir) / f"{process}.feed"
