"""Texts are voiced one by one when nobody needs the voice; what goes wrong costs no more than it must."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from edge.ladder.rung import RungError
from edge.messages import PoolText
from edge.speaker.pool import pace as pace_module
from edge.speaker.pool.entry import HeldSound
from edge.speaker.pool.ledger import CharacterLedger
from edge.speaker.pool.pace import VoicingPace
from edge.speaker.pool.voicing import WastedSoundError
from edge.speaker.pool.voicing_queue import ATTEMPTS, CAPACITY, VoicingQueue
from tests.support.pooled import held_sound, pool_text
from tests.support.waiting import until

LIMIT = 1000


class Studio:
    """A queue, a voice that does what it is told, and a shelf."""

    def __init__(self, folder: Path, limit: int = LIMIT, pause_s: float = 0.0) -> None:
        self.live = False
        self.voiced: list[str] = []
        self.kept: list[str] = []
        self.rests = 0
        self.counters: Counter[str] = Counter()
        self.failures: list[Exception] = []
        self.disk_failures: list[OSError] = []
        self.hold: asyncio.Event | None = None
        """While it is there, the voice waits for it in mid-sentence."""
        self.ledger = CharacterLedger(folder, limit)
        self.ledger.open(date.today(), 0.0)
        self.queue = VoicingQueue(
            self._voice,
            self._rest,
            self._keep,
            VoicingPace(0.0, pause_s, lambda: 0.5, time.monotonic()),
            self.ledger,
            lambda: self.live,
            self.counters,
            lambda: None,
        )

    async def _voice(self, text: PoolText) -> HeldSound:
        self.voiced.append(text.entry_id)
        if self.failures:
            raise self.failures.pop(0)
        if self.hold is not None:
            await self.hold.wait()
        return held_sound(text)

    async def _rest(self) -> None:
        self.rests += 1

    async def _keep(self, sound: HeldSound) -> None:
        if self.disk_failures:
            raise self.disk_failures.pop(0)
        self.kept.append(sound.header.text.entry_id)


@contextlib.asynccontextmanager
async def studio(folder: Path, **options: Any) -> AsyncIterator[Studio]:
    made = Studio(folder, **options)
    running = asyncio.create_task(made.queue.run())
    try:
        yield made
        assert not running.done() or running.exception() is None
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@pytest.fixture(autouse=True)
def _short_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace_module, "BACKOFF_FIRST_S", 0.01)
    monkeypatch.setattr(pace_module, "BACKOFF_MAX_S", 0.05)


def named(entry_id: str, text: str = "Две собаки!", **more: object) -> PoolText:
    return pool_text(text, entry_id=entry_id, **more)  # type: ignore[arg-type]


async def test_what_is_played_again_and_again_is_voiced_first(tmp_path: Path) -> None:
    async with studio(tmp_path) as s:
        s.live = True
        s.queue.put(named("remark"))
        s.queue.put(named("bridge", use="bridge"))
        s.queue.put(named("opener", use="opener"))
        s.live = False
        await until(lambda: len(s.kept) == 3)
    assert s.kept == ["opener", "bridge", "remark"]
    assert s.ledger.budget.used == 3 * len("Две собаки!")


async def test_an_order_to_fill_ends_the_pause_at_once(tmp_path: Path) -> None:
    async with studio(tmp_path, pause_s=1000.0) as s:
        s.queue.put(named("dog"))
        s.queue.put(named("cat"))
        await asyncio.sleep(0.05)
        assert s.voiced == []
        s.queue.hurry()
        await until(lambda: s.kept == ["dog", "cat"])


async def test_nothing_is_voiced_while_a_turn_lives(tmp_path: Path) -> None:
    async with studio(tmp_path) as s:
        s.live = True
        s.queue.put(named("dog"))
        await asyncio.sleep(0.3)
        assert s.voiced == []
        assert s.ledger.budget.used == 0
        s.live = False
        await until(lambda: s.kept == ["dog"])


async def test_a_turn_breaks_off_what_is_being_voiced_and_it_is_voiced_anew(tmp_path: Path) -> None:
    async with studio(tmp_path) as s:
        s.hold = asyncio.Event()
        s.queue.put(named("dog"))
        await until(lambda: s.voiced == ["dog"])
        s.queue.live()
        s.hold = None
        await until(lambda: s.kept == ["dog"])
    assert s.counters == {"pool.broken_off": 1, "pool.voiced": 1}
    assert s.ledger.budget.used == 2 * len("Две собаки!"), "what was begun was paid for"


async def test_a_refusal_costs_nothing_and_is_tried_again_later(tmp_path: Path) -> None:
    async with studio(tmp_path) as s:
        s.failures = [RungError("429", retry_after_s=0.02)]
        s.queue.put(named("dog"))
        await until(lambda: s.kept == ["dog"])
    assert s.ledger.budget.used == len("Две собаки!")
    assert s.counters["pool.failed"] == 1


async def test_sound_that_was_wasted_is_paid_for_and_a_text_is_given_up_in_the_end(tmp_path: Path) -> None:
    async with studio(tmp_path) as s:
        s.failures = [WastedSoundError("cut off")] * ATTEMPTS
        s.queue.put(named("dog"))
        await until(lambda: s.counters["pool.given_up"] == 1)
        s.queue.put(named("cat"))
        await until(lambda: s.kept == ["cat"])
    assert s.voiced == ["dog"] * ATTEMPTS + ["cat"]
    assert s.ledger.budget.used == (ATTEMPTS + 1) * len("Две собаки!")


async def test_an_unexpected_error_of_a_voice_is_a_failure_like_others(tmp_path: Path) -> None:
    async with studio(tmp_path) as s:
        s.failures = [ZeroDivisionError("oops")]
        s.queue.put(named("dog"))
        await until(lambda: s.kept == ["dog"])


async def test_a_full_disk_is_a_pause(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with studio(tmp_path) as s:
        s.disk_failures = [OSError(28, "No space left on device")]
        s.queue.put(named("dog"))
        await until(lambda: s.kept == ["dog"])
    assert "No space left" in caplog.text


async def test_what_does_not_fit_into_today_waits_and_shorter_texts_go_on(tmp_path: Path) -> None:
    async with studio(tmp_path) as s:
        s.live = True
        s.queue.put(named("most", "а" * 400, use="opener"))
        s.queue.put(named("more", "а" * 450, use="opener"))
        s.queue.put(named("too much", "а" * 200, use="opener"))
        s.queue.put(named("short", "а" * 100))
        s.live = False
        await until(lambda: s.kept == ["most", "more", "short"])
        s.queue.put(named("shorter", "а" * 50))
        await until(lambda: s.kept[3:] == ["shorter"])
        assert (s.queue.waiting, s.ledger.budget.left) == (1, 0)


async def test_a_text_longer_than_any_day_is_dropped(tmp_path: Path) -> None:
    async with studio(tmp_path, limit=50) as s:
        s.queue.put(named("long", "а" * 60))
        await until(lambda: s.counters["pool.too_long"] == 1)
        assert s.queue.waiting == 0


async def test_the_queue_is_bounded_and_keeps_what_is_urgent(tmp_path: Path) -> None:
    s = Studio(tmp_path)
    for number in range(CAPACITY):
        s.queue.put(named(f"remark {number}"))
    s.queue.put(named("opener", use="opener"))
    assert (s.queue.waiting, s.counters["pool.crowded"]) == (CAPACITY, 1)


async def test_what_is_not_wanted_any_more_is_not_kept(tmp_path: Path) -> None:
    async with studio(tmp_path) as s:
        s.hold = asyncio.Event()
        s.queue.put(named("dog"))
        await until(lambda: s.voiced == ["dog"])
        s.queue.forget("dog")
        s.hold.set()
        s.queue.put(named("cat"))
        await until(lambda: s.kept == ["cat"])


async def test_the_connection_is_given_up_when_there_is_nothing_to_voice(tmp_path: Path) -> None:
    async with studio(tmp_path) as s:
        await until(lambda: s.rests == 1)
        s.queue.put(named("dog"))
        await until(lambda: s.rests == 2)
