"""What the outside asked for, as one state; what shall survive a restart is kept on disk."""

from __future__ import annotations

import logging
from pathlib import Path

import msgspec

from edge.ingest.parsed import ControlChange
from edge.messages import Chattiness, Control
from edge.plain_file import read_plain
from edge.whole_file import make_folder, remove_half_written, write_whole

log = logging.getLogger(__name__)

FILE_NAME = "control.json"
LARGEST_BYTES = 64 * 1024


class _Kept(msgspec.Struct, frozen=True):
    """The part of ``Control`` that survives: orders, not the vehicle's momentary signals."""

    muted: bool = False
    volume: float | None = None
    chattiness: Chattiness | None = None


class ControlState:
    """Args: ``state_dir`` — the folder for the file; made when it is absent."""

    def __init__(self, state_dir: str) -> None:
        self._path = Path(state_dir) / FILE_NAME
        remove_half_written(self._path)
        kept = self._read()
        self.current = Control(muted=kept.muted, volume=kept.volume, chattiness=kept.chattiness)

    def change(self, change: ControlChange) -> Control:
        """Apply, keep, and return the new state."""
        self.current = change.apply(self.current)
        self._write(_Kept(self.current.muted, self.current.volume, self.current.chattiness))
        return self.current

    def _read(self) -> _Kept:
        try:
            return msgspec.json.decode(read_plain(self._path, LARGEST_BYTES), type=_Kept)
        except FileNotFoundError:
            return _Kept()
        except (OSError, msgspec.DecodeError) as error:
            log.error(
                "%s cannot be used (%s); starting unmuted with the configured volume", self._path, error
            )
            return _Kept()

    def _write(self, kept: _Kept) -> None:
        """Atomically: a cut of power leaves the old state or the new one."""
        try:
            if kept == self._read():
                return
            make_folder(self._path.parent)
            write_whole(self._path, msgspec.json.encode(kept))
        except OSError as error:
            log.error(
                "%s cannot be written (%s): mute and volume will not survive a restart", self._path, error
            )
