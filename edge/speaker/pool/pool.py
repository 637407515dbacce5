"""The pool as the speaker sees it: sounds to play, texts to voice ahead, news of what is held."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable
from pathlib import Path

from edge.ahead.engine import LONGEST_NAP_S, AheadEngine, AheadJob
from edge.ahead.pace import Pace, Pauses
from edge.atomic_file import make_folder
from edge.ceiling_news import CeilingNews
from edge.clock import Moment, monotonic
from edge.config import Settings, state_dir_of
from edge.messages import Language, PoolDiscard, PoolHoldings, PoolVoice
from edge.meter import Meter
from edge.process import Life
from edge.speaker.pool.booth import Booth
from edge.speaker.pool.entry import HeldSound
from edge.speaker.pool.files import is_safe_id
from edge.speaker.pool.fingerprint import PoolVoiceName, pool_voice
from edge.speaker.pool.store import EntryStore
from edge.speaker.pool.voicing_queue import CHARACTERS, VoicingQueue
from edge.speaker.pool.worth import StoreLimits
from edge.speaker.speller import Speller
from edge.speaker.voices.base import Voice
from edge.spending.ceiling import NEAR_CEILING
from edge.tasks import cancel_and_wait

log = logging.getLogger(__name__)

LOOK_EVERY_S = 2.0
"""At the folder, for what ``shuttle-guide pool`` brought or took away."""
MAX_AGE_S = 30 * 86_400.0
"""Running time after which remarks are thrown away: passengers who come each day shall not know them all."""
TIDY_EVERY_S = 600.0
COALESCED_S = 0.2
"""News of several changes within this time are one."""
BACKOFF_S = 30.0
BACKOFF_MAX_S = 3600.0
HURRY_S = 900.0
"""Filling an empty pool in one go takes about as long."""
EXAMPLES = 4
"""Held sounds that are together about as long as the level of a voice is remembered."""


def folder_of(settings: Settings) -> Path:
    """Where the pool is kept."""
    return state_dir_of(settings, "speaker") / "pool"


class SoundPool:
    """The pool in the speaker: plays held sounds, and has new ones voiced while the day's ceiling is far.

    Args:
        life: of the speaker.
        best: the first voice of its ladder.
        speller: how texts are said.
        meter: told what a service was asked to speak, where it is paid for.
        is_live: whether a turn is being spoken now.
    """

    def __init__(
        self,
        life: Life,
        best: Voice,
        speller: Speller,
        meter: Meter,
        is_live: Callable[[], bool],
    ) -> None:
        settings = life.settings
        self._life = life
        self._best = best
        self._speller = speller
        self._voice = self._name_voice()
        self._filling: asyncio.Task[None] | None = None
        self._counters = life.counters
        self._told: asyncio.TimerHandle | None = None
        self._looked_at_ns = 0
        name = self._voice or PoolVoiceName(best.name, "")
        limits = StoreLimits(settings.pool.max_mb * 1_000_000, MAX_AGE_S)
        folder = folder_of(settings)
        self._store = EntryStore(folder, name.fingerprint, limits, life.counters)
        self._ledger = meter.ledger.ledger
        self._limit = settings.pool.characters_per_day
        self._ceiling = CeilingNews(life)
        self._booth = Booth(settings, best, name, speller, meter.note)
        self._queue = VoicingQueue(
            self._booth.voice_ahead,
            self._keep,
            self._ledger,
            self._limit,
            life.counters,
            self._changed,
            speller.form,
        )
        pauses = Pauses(settings.pool.quiet_s, settings.pool.pause_s, BACKOFF_S, BACKOFF_MAX_S, HURRY_S)
        pace = Pace(pauses, random.random, monotonic())
        self._engine = AheadEngine(self._next, self._booth.rest, pace, meter.ledger, is_live, life.counters)

    @property
    def is_on(self) -> bool:
        """There is a voice worth pooling, and a folder that can be used."""
        return self._voice is not None

    @property
    def size(self) -> int:
        """Entries held."""
        return len(self._store.entries)

    @property
    def fact(self) -> str:
        """What there is, for people."""
        if not self.is_on:
            return "off"
        used = self._ledger.used(Moment.now(), CHARACTERS)
        rests = f", {NEAR_CEILING}" if self._ceiling.level else ""
        today = f"{used:.0f} of {self._limit} characters today"
        return f"{self.size} held, {len(self._queue)} waiting, {today}{rests}"

    def _next(self, now: Moment) -> AheadJob[HeldSound] | float:
        return LONGEST_NAP_S if self._ceiling.level else self._queue.next(now)

    async def start(self) -> None:
        """Read the folder and begin to fill; a folder that cannot be used turns the pool off."""
        if self._voice is not None:
            try:
                await asyncio.to_thread(self._store.open, monotonic())
                self._looked_at_ns = self._store.folder.stat().st_mtime_ns
            except OSError as error:
                log.error("the pool is off: %s; see that the guide may write there, and restart it", error)
                self._voice = None
            else:
                self._ceiling.start()
                self._filling = self._life.spawn(self._engine.run(), "filling the pool")
                self._life.spawn(self._keep_house(), "looking after the pool")
        self._tell()

    async def close(self) -> None:
        await cancel_and_wait(self._filling)
        await self._booth.rest()
        if self._voice is not None:
            with contextlib.suppress(OSError):
                await self._store.save_ages(monotonic())
        self._store.close()

    def live(self) -> None:
        """A turn needs the voice now, or will soon."""
        self._engine.stand_back()

    def hurry(self) -> None:
        """Voice what waits without the usual pauses."""
        self._queue.retry_all()
        self._engine.hurry()
        self._changed()

    def take(self, entry_id: str, text: str, language: Language) -> HeldSound | None:
        """The sound of this entry, if it is held and says this; a remark is used up by it."""
        sound = self._store.take(entry_id, text, language)
        self._counters["pool.played" if sound else "pool.missed"] += 1
        if sound is not None and sound.header.text.use == "remark":
            asyncio.get_running_loop().run_in_executor(None, self._flush)
            self._changed()
        return sound

    async def examples(self) -> list[HeldSound]:
        """Some of what is held, to know the voice by."""
        return await asyncio.to_thread(self._store.examples, EXAMPLES)

    def voice(self, request: PoolVoice) -> None:
        """Voice a text when there is time; one that is known or has no place is left out."""
        text = request.text
        if self._voice is None:
            self._counters["pool.refused"] += 1
        elif not is_safe_id(text.entry_id) or not any(char.isalnum() for char in text.text):
            self._counters["pool.refused"] += 1
            log.error(
                "pool: expected a text with words and an id of letters, digits and -_., got the id %r",
                text.entry_id,
            )
        elif not self._store.knows(text.entry_id):
            self._queue.put(text)
            self._engine.look_again()
            self._changed()

    def discard(self, request: PoolDiscard) -> None:
        """Throw entries away, those that wait as well."""
        if self._voice is None:
            return
        for entry_id in request.entry_ids:
            self._queue.forget(entry_id)
        held = self._store.discard(request.entry_ids)
        self._counters["pool.discarded"] += held
        log.info("pool: %d of %d entries discarded: %s", held, len(request.entry_ids), request.reason)
        self._changed()

    def respell(self) -> None:
        """Texts are said otherwise from now on: what was voiced before is thrown away."""
        if self._voice is not None and (name := self._name_voice()):
            self._voice = self._booth.name = name
            self._store.speak_as(name.fingerprint)
            self._changed()

    @property
    def _left(self) -> int:
        """Characters that are left of today's."""
        return int(self._ledger.left(Moment.now(), CHARACTERS, self._limit))

    def _name_voice(self) -> PoolVoiceName | None:
        best = self._best
        return pool_voice(self._life.settings, best.name, self._speller.fingerprint, local=best.local)

    async def _keep(self, sound: HeldSound) -> None:
        self._store.add(await asyncio.to_thread(self._store.write, sound))
        self._store.tidy(monotonic())

    async def _keep_house(self) -> None:
        tidied_mono = monotonic()
        trouble, left = "", self._left
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            now = monotonic()
            left, known_left = self._left, left
            changed = left != known_left  # a new day: whoever writes texts may go on
            try:
                changed |= await self._look()
                if now - tidied_mono > TIDY_EVERY_S:
                    tidied_mono = now
                    changed |= self._store.tidy(monotonic()) > 0
                    await self._store.save_ages(now)
                trouble = ""
            except OSError as error:
                if str(error) != trouble:
                    log.error("pool: its folder cannot be used: %s", error)
                trouble = str(error)
            if changed:
                self._changed()

    async def _look(self) -> bool:
        """See what others did in the folder; returns whether they did anything."""
        make_folder(self._store.folder)  # it may have been removed whole
        modified_ns = self._store.folder.stat().st_mtime_ns
        if modified_ns == self._looked_at_ns:
            return False
        self._looked_at_ns = modified_ns
        changed = self._store.apply(await asyncio.to_thread(self._store.scan))
        return self._store.tidy(monotonic()) > 0 or changed

    def _flush(self) -> None:
        try:
            self._store.flush()
        except OSError as error:
            log.error("pool: a loss of power now could repeat a remark: %s", error)

    def _changed(self) -> None:
        if self._told is None:
            self._told = asyncio.get_running_loop().call_later(COALESCED_S, self._tell)

    def _tell(self) -> None:
        self._told = None
        news = PoolHoldings(instance=self._life.instance, voice="")
        if self._voice is not None:
            news = PoolHoldings(
                instance=self._life.instance,
                voice=self._voice.fingerprint,
                entries=tuple(stored.header.news for stored in self._store.entries.values()),
                waiting=len(self._queue),
                stored_bytes=self._store.bytes,
                characters_today=int(self._ledger.used(Moment.now(), CHARACTERS)),
                characters_left=self._left,
                refused=self._queue.refused(monotonic()),
            )
        self._life.feed.keep(news)
