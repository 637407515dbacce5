"""Where a process keeps what survives a restart."""

from __future__ import annotations

from pathlib import Path

from edge.config.tree import Settings
from edge.messages import ProcessName


def state_dir_of(settings: Settings, process: ProcessName) -> Path:
    """A process's folder, for itself and for commands that look after what it keeps.

    On a desk all processes share ``state_dir``. Under systemd each has a folder of its own below it, and the
    unit gives that as its ``state_dir``; a command that is run by hand has the one above.
    """
    shared = Path(settings.state_dir)
    own = shared / process
    return own if own.is_dir() else shared
