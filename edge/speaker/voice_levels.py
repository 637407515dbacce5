"""How loud each voice is, learned from what it says, over restarts."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from edge.atomic_file import write_whole
from edge.error_lines import reason_of
from edge.messages import Language
from edge.plain_file import read_plain_json
from edge.speaker.loudness import KnownLevel, VoiceLevel

log = logging.getLogger(__name__)

FILE_NAME = "voice-levels.json"
LARGEST_BYTES = 64 * 1024
MOST_VOICES = 64
"""On disk; those that were heard last."""
SAVE_EVERY_S = 60.0


class VoiceLevels:
    """A level for each voice and language: one voice may be louder in one language than in another.

    Args:
        folder: where they are kept; None: nowhere.
        heard_settings: rung → what of its settings is heard: another voice of the same rung is another one.
    """

    def __init__(
        self, folder: Path | None = None, heard_settings: Callable[[str], Iterable[str]] = lambda rung: ()
    ) -> None:
        self._path = folder / FILE_NAME if folder else None
        self._heard_settings = heard_settings
        self._known: dict[str, KnownLevel] = {}
        self._levels: dict[str, VoiceLevel] = {}

    def load(self) -> None:
        """Read them after a start."""
        if self._path is None:
            return
        try:
            self._known = read_plain_json(self._path, LARGEST_BYTES, dict[str, KnownLevel])
        except FileNotFoundError:
            pass
        except (OSError, msgspec.DecodeError) as error:
            log.error("%s cannot be read (%s): voices are levelled anew", self._path, reason_of(error))

    def of(self, rung: str, language: Language) -> VoiceLevel:
        """The level of what a rung speaks in a language."""
        name = " ".join((rung, *self._heard_settings(rung), language))
        if name not in self._levels:
            self._levels[name] = VoiceLevel(self._known.get(name))
        return self._levels[name]

    async def keep(self) -> None:
        """Have the disk know them, again and again."""
        while True:
            await asyncio.sleep(SAVE_EVERY_S)
            await asyncio.to_thread(self.save)

    def save(self) -> None:
        """Have the disk know them, where anything was learned. Blocks."""
        learned = {name: known for name, level in self._levels.items() if (known := level.known)}
        if self._path is None or learned.items() <= self._known.items():
            return
        others = {name: known for name, known in self._known.items() if name not in learned}
        kept = {**others, **learned}
        self._known = dict(list(kept.items())[-MOST_VOICES:])
        try:
            write_whole(self._path, msgspec.json.encode(self._known), durable=False)
        except OSError as error:
            log.error("how loud the voices are cannot be kept (%s)", reason_of(error))
