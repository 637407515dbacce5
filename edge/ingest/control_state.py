"""What the outside asked for, as one state; what shall survive a restart is kept on disk.

The disk is flash, and slow at times: it is written beside the event loop, at most once a second, and the last
value wins. The first change after a quiet second is written at once, and if it mutes or is of the microphone
its message is acknowledged when that is done: the broker sends it again to a process that died before. While
changes follow each other faster, a process that is killed loses those of the last second; one that is told to
stop loses none.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Collection
from pathlib import Path

import msgspec

from edge.atomic_file import make_folder, remove_half_written, write_whole
from edge.ignition_note import Ignition
from edge.ingest.known_payloads import Digests, KnownPayloads
from edge.ingest.parsed import ControlChange
from edge.messages import Chattiness, Control, new_id
from edge.plain_file import read_plain_json

log = logging.getLogger(__name__)

FILE_NAME = "control.json"
WRITE_PERIOD_S = 1.0
"""The longest, too, that an acknowledgement waits for the disk: others wait behind it."""
LARGEST_BYTES = 64 * 1024


class _Kept(msgspec.Struct, frozen=True):
    """The part of ``Control`` that survives: orders, not the vehicle's momentary signals."""

    muted: bool = False
    volume: float | None = None
    """As ordered."""
    wished_volume: float | None = None
    """As passengers want it."""
    chattiness: Chattiness | None = None
    microphone_off: bool = False
    known: Digests = {}
    """What the topics of these settings have brought (see ``KnownPayloads``)."""


class ControlState:
    """Keeps what the outside asked for, partly on disk.

    Args:
        state_dir: the folder for the file; made when it is absent.
        ignition: as an earlier process of this boot knew it.
        settings: the topics that set what is kept.
        signals: the topics that set the rest of the state.
    """

    def __init__(
        self,
        state_dir: str,
        ignition: Ignition | None = None,
        settings: Collection[str] = (),
        signals: Collection[str] = (),
    ) -> None:
        self._path = Path(state_dir) / FILE_NAME
        remove_half_written(self._path)
        self._written = kept = self._read()
        self._ordered_volume = kept.volume
        self.current = Control(
            muted=kept.muted,
            volume=kept.volume if kept.wished_volume is None else kept.wished_volume,
            chattiness=kept.chattiness,
            microphone_off=kept.microphone_off,
            ignition=ignition,
        )
        self.known = KnownPayloads(settings, signals, kept.known)
        self._changed = asyncio.Event()
        self._resting = False
        """The disk was written to less than a period ago."""
        self._writing = threading.Lock()
        self._when_kept: list[Callable[[], None]] = []

    def change(self, change: ControlChange, when_kept: Callable[[], None]) -> None:
        """Apply to ``current``, and have it kept.

        Args:
            when_kept: called when it is on the disk, or at once where nobody should wait for that.
        """
        was = self.current
        now = change.apply(was)
        if change.volume is not msgspec.UNSET:
            self._ordered_volume = change.volume
        if now.doors_open and not was.doors_open:  # other passengers may come
            now = msgspec.structs.replace(now, volume=self._ordered_volume)
        self.current = now
        unchanged = (was.muted, was.microphone_off) == (now.muted, now.microphone_off)
        if unchanged or self._resting:
            when_kept()
        else:
            self._when_kept.append(when_kept)
            asyncio.get_running_loop().call_later(WRITE_PERIOD_S, when_kept)
        self._changed.set()

    def wish(self, volume: float) -> None:
        """Passengers want this volume; it holds until the doors open, or somebody orders another one."""
        self.current = msgspec.structs.replace(self.current, id=new_id(), ts=time.time(), volume=volume)
        self._changed.set()

    async def keep_for_ever(self) -> None:
        """Write what has changed."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            if self._written == self._kept():
                continue
            self._resting = True
            waiting, self._when_kept = self._when_kept, []
            await asyncio.to_thread(self._write)
            for when_kept in waiting:
                when_kept()
            await asyncio.sleep(WRITE_PERIOD_S)
            self._resting = False

    async def close(self) -> None:
        """Keep what was not written yet."""
        await asyncio.to_thread(self._write)

    def _kept(self) -> _Kept:
        now = self.current
        return _Kept(
            muted=now.muted,
            volume=self._ordered_volume,
            wished_volume=None if now.volume == self._ordered_volume else now.volume,
            chattiness=now.chattiness,
            microphone_off=now.microphone_off,
            known=self.known.of_settings,
        )

    def _read(self) -> _Kept:
        try:
            return read_plain_json(self._path, LARGEST_BYTES, _Kept)
        except FileNotFoundError:
            return _Kept()
        except (OSError, msgspec.DecodeError) as error:
            log.error(
                "%s cannot be used (%s); starting unmuted, with the configured volume, the microphone off",
                self._path,
                error,
            )
            # Whoever switched it off relies on it; whoever wants it on sees that it is not.
            return _Kept(microphone_off=True)

    def _write(self) -> None:
        """Atomically: a cut of power leaves the old state or the new one. Blocks while the disk does."""
        with self._writing:  # whoever comes last writes what is current then
            kept = self._kept()
            if kept == self._written:
                return
            try:
                make_folder(self._path.parent)
                write_whole(self._path, msgspec.json.encode(kept))
                self._written = kept
            except OSError as error:
                log.error(
                    "%s cannot be written (%s): mute and volume will not survive a restart", self._path, error
                )
