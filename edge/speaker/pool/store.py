"""What the pool holds: the folder on disk, and what is known of it without reading it again."""

from __future__ import annotations

import contextlib
import logging
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from edge.atomic_file import make_folder, write_whole
from edge.messages import Language
from edge.speaker.pool import files
from edge.speaker.pool.ages import Ages
from edge.speaker.pool.entry import EntryError, EntryHeader, HeldSound, encode
from edge.speaker.pool.gone import GoneIds
from edge.speaker.pool.worth import Stored, StoreLimits, to_remove

log = logging.getLogger(__name__)


class Scan(NamedTuple):
    """What was found in the folder."""

    present: frozenset[str]
    fresh: dict[str, Stored]
    """What was not known before."""
    damaged: dict[str, str]
    """Entry id → what is wrong with it."""


class EntryStore:
    """The entries in the pool's folder.

    Methods belong to one thread, but for ``scan`` and ``write``, which may take long and run in others.

    Args:
        folder: made where it is missing.
        voice: fingerprint that entries must have.
        limits: what the pool may be.
        counters: ``pool.corrupt``, ``pool.void``, … are counted here.
    """

    def __init__(self, folder: Path, voice: str, limits: StoreLimits, counters: Counter[str]) -> None:
        self.folder = folder
        self.entries: dict[str, Stored] = {}
        self._voice = voice
        self._limits = limits
        self._counters = counters
        self._gone = GoneIds(folder)
        self._ages = Ages(folder)

    @property
    def bytes(self) -> int:
        return sum(stored.size_bytes for stored in self.entries.values())

    def open(self, now_mono: float) -> None:
        """Read the folder after a start. Raises ``OSError`` where it cannot be used."""
        make_folder(self.folder)
        if left := files.remove_half_written(self.folder):
            log.info("pool: %d entries had been left half written", left)
        self._gone.load()
        self._ages.load()
        self.apply(self.scan())
        self.tidy(now_mono)

    def close(self) -> None:
        self._gone.close()

    def knows(self, entry_id: str) -> bool:
        """Whether it is held, or was and is used up."""
        return entry_id in self.entries or entry_id in self._gone

    def scan(self) -> Scan:
        """Look for what others brought or took away. Changes nothing."""
        known = set(self.entries)
        present = frozenset(files.entry_ids(self.folder))
        fresh: dict[str, Stored] = {}
        damaged: dict[str, str] = {}
        for entry_id in present - known:
            try:
                header, size = files.header_of(self.folder, entry_id)
                if header.text.entry_id != entry_id:
                    raise EntryError(f"it holds {header.text.entry_id!r}")
                fresh[entry_id] = Stored(header, size)
            except FileNotFoundError:
                continue
            except (EntryError, OSError) as error:
                damaged[entry_id] = str(error)
        return Scan(present, fresh, damaged)

    def apply(self, scan: Scan) -> bool:
        """Take note of what a scan found; returns whether anything changed."""
        changed = False
        for entry_id, reason in scan.damaged.items():
            self._throw_away(entry_id, reason)
        for entry_id in set(self.entries) - scan.present:
            # It may have been added after the scan.
            if not files.path_of(self.folder, entry_id).exists():
                del self.entries[entry_id]
                changed = True
        void = 0
        for entry_id, stored in scan.fresh.items():
            if entry_id in self._gone or stored.header.voice != self._voice:
                void += entry_id not in self._gone
                self._remove(entry_id)
            elif files.path_of(self.folder, entry_id).exists():  # it may have been played after the scan
                self.entries[entry_id] = stored
                changed = True
        if void:
            self._counters["pool.void"] += void
            log.warning("pool: %d entries removed that another voice or voice setting spoke", void)
        return changed

    def write(self, sound: HeldSound) -> Stored:
        """Have it on the disk; it is held after ``add``. Raises ``OSError``."""
        content = encode(sound.header, sound.samples)
        write_whole(files.path_of(self.folder, sound.header.text.entry_id), content)
        return Stored(sound.header, len(content))

    def add(self, stored: Stored) -> None:
        """Hold what was written."""
        entry_id = stored.header.text.entry_id
        if entry_id in self._gone or stored.header.voice != self._voice:  # meanwhile
            self._remove(entry_id)
        else:
            self.entries[entry_id] = stored

    def speak_as(self, voice: str) -> None:
        """Entries must have this fingerprint from now on; others are removed."""
        self._voice = voice
        void = [entry_id for entry_id, stored in self.entries.items() if stored.header.voice != voice]
        for entry_id in void:
            self._remove(entry_id)
        self._counters["pool.void"] += len(void)
        log.info("pool: %d entries removed, because texts are said otherwise now", len(void))

    def take(self, entry_id: str, text: str, language: Language) -> HeldSound | None:
        """The sound of an entry, if it is held and says ``text``. A remark is used up by this, for good.

        What was used up is noted before the sound is given away, so that no crash lets it be heard again.
        """
        stored = self.entries.get(entry_id)
        if stored is None:
            return None
        if not _says(stored.header, text, language):
            log.error("pool: entry %s says something else than was asked for", entry_id)
            return None
        try:
            sound = files.sound_of(self.folder, entry_id)
            if stored.header.text.use == "remark":
                self._use_up(entry_id)
        except (EntryError, OSError) as error:
            self._throw_away(entry_id, str(error))
            return None
        return sound

    def examples(self, count: int) -> list[HeldSound]:
        """Held sounds, ``count`` at most, none of which is used up. Damage shows when one is taken."""
        found = []
        for entry_id in list(self.entries)[:count]:
            with contextlib.suppress(EntryError, OSError):
                found.append(files.sound_of(self.folder, entry_id))
        return found

    def discard(self, entry_ids: Iterable[str]) -> int:
        """Have these never again; returns how many were held."""
        held = 0
        for entry_id in entry_ids:
            if not files.is_safe_id(entry_id):
                continue
            held += entry_id in self.entries
            try:
                self._use_up(entry_id)
            except OSError as error:
                log.error("pool: entry %s cannot be discarded: %s", entry_id, error)
        return held

    def tidy(self, now_mono: float) -> int:
        """Keep within the limits; returns how many entries went."""
        removed = to_remove(self.entries, self._limits, self._ages.look(now_mono, self.entries))
        for entry_id, reason in removed.items():
            self._remove(entry_id)
            self._counters[f"pool.{reason}"] += 1
        if removed:
            log.info("pool: %d entries removed (too old, or no room)", len(removed))
        return len(removed)

    async def save_ages(self, now_mono: float) -> None:
        """Have the disk know how old what is held is. Raises ``OSError``."""
        self._ages.look(now_mono, self.entries)
        await self._ages.save()

    def flush(self) -> None:
        """Wait until the disk knows what was used up. Raises ``OSError``."""
        self._gone.flush()

    def _use_up(self, entry_id: str) -> None:
        if entry_id not in self._gone:
            self._gone.add(entry_id)
        self._remove(entry_id)

    def _remove(self, entry_id: str) -> None:
        self.entries.pop(entry_id, None)
        try:
            files.path_of(self.folder, entry_id).unlink(missing_ok=True)
        except OSError as error:
            log.error("pool: entry %s cannot be removed: %s", entry_id, error)

    def _throw_away(self, entry_id: str, reason: str) -> None:
        self._counters["pool.corrupt"] += 1
        log.error("pool: entry %s removed: %s", entry_id, reason)
        self._remove(entry_id)


def _says(header: EntryHeader, text: str, language: Language) -> bool:
    return header.text.text.strip() == text.strip() and header.text.language == language
