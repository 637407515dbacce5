"""Notices that the fleet desires other settings than a process runs with."""

from __future__ import annotations

import logging
from collections.abc import Callable

from edge.config.convert import ConfigError
from edge.config.desired import DESIRABLE, desired_path, value_of
from edge.config.load import LoadedSettings, environment, loaded
from edge.config.tree import Settings
from edge.messages import ProcessName

log = logging.getLogger(__name__)

LOOK_S = 0.5
LEAVING_LOOK_S = 0.1
LEAVE_WITHIN_S = 30.0
"""Who finds no moment between turns by then leaves all the same, with its last sentence faded."""


class DesiredFollower:
    """Compares what a process was started with and what it would be started with now.

    Args:
        settings: those that the process runs with.
        read: all sources as they are now.
    """

    def __init__(
        self, process: ProcessName, settings: Settings, read: Callable[[], LoadedSettings] | None = None
    ) -> None:
        self._process = process
        self._settings = settings
        self._read = read or (lambda: loaded(environment()))
        self._path = desired_path(settings.state_dir)
        self._seen: tuple[int, ...] | None = None
        self._outdated = False
        self.version: str | None = None
        """The version of what the fleet desires, where the process runs with it."""

    def look(self) -> bool:
        """Whether the process is to be started anew. Blocks while the disk does."""
        if (seen := self._state_of_file()) == self._seen:
            return self._outdated
        try:
            now = self._read()
        except ConfigError as error:  # a new process would not even start
            log.error("the settings cannot be read anew: %s", error)
        else:
            for note in now.notes if now.desired is None else ():
                log.warning("%s", note)
            self._outdated = any(
                value_of(now.settings, path) != value_of(self._settings, path)
                for path, how in DESIRABLE.items()
                if self._process in how.processes
            )
            self.version = now.desired.version if now.desired and not self._outdated else None
        self._seen = seen
        return self._outdated

    def _state_of_file(self) -> tuple[int, ...]:
        try:
            state = self._path.stat()
        except OSError:
            return ()
        return state.st_ino, state.st_mtime_ns, state.st_size
