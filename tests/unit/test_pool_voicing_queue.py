"""Texts are voiced one by one when nobody needs the voice; what goes wrong costs no more than it must."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from edge.ahead.engine import SUSPECT_AFTER, AheadEngine
from edge.ahead.pace import Pace, Pauses
from edge.clock import Moment, monotonic
from edge.ladder.rung import RequestError, RungError
from edge.messages import PoolText
from edge.speaker.pool import voicing_queue
from edge.speaker.pool.entry import HeldSound
from edge.speaker.pool.voicing import WastedSoundError
from edge.speaker.pool.voicing_queue import ATTEMPTS, CAPACITY, CHARACTERS, VoicingQueue
from edge.spending.ledger_file import LedgerFile
from tests.support.pooled import held_sound, pool_text
from tests.support.simulated import in_simulated_time
from tests.support.waiting import until

LIMIT = 1000


class Studio:
    """A queue with its engine, a voice that does what it is told, and a shelf."""

    def __init__(
        self, folder: Path, limit: int = LIMIT, pause_s: float = 0.0, backoff_s: float = 0.01
    ) -> None:
        self.live = False
        self.voiced: list[str] = []
        self.kept: list[str] = []
        self.rests = 0
        self.counters: Counter[str] = Counter()
        self.failures: list[Exception] = []
        self.bad: dict[str, Exception] = {}
        """Text → what the voice says of it each time."""
        self.disk_failures: list[OSError] = []
        self.hold: asyncio.Event | None = None
        """While it is there, the voice waits for it in mid-sentence."""
        self.limit = limit
        self.spending = LedgerFile(folder / "spent.json")
        self.spending.open(Moment.now())
        self.queue = VoicingQueue(
            self._voice, self._keep, self.spending.ledger, limit, self.counters, lambda: None
        )
        pauses = Pauses(0.0, pause_s, backoff_s, max(0.05, backoff_s), hurry_s=900.0)
        self.engine = AheadEngine(
            self.queue.next,
            self._rest,
            Pace(pauses, lambda: 0.5, monotonic()),
            self.spending,
            lambda: self.live,
            self.counters,
        )

    def put(self, text: PoolText) -> None:
        self.queue.put(text)
        self.engine.look_again()

    def be_live(self, live: bool) -> None:
        """A turn begins or ends."""
        self.live = live
        self.engine.stand_back()

    @property
    def used(self) -> float:
        return self.spending.ledger.used(Moment.now(), CHARACTERS)

    async def _voice(self, text: PoolText) -> HeldSound:
        self.voiced.append(text.entry_id)
        if self.failures:
            raise self.failures.pop(0)
        if error := self.bad.get(text.entry_id):
            raise error
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
    running = asyncio.create_task(made.engine.run())
    try:
        yield made
        assert not running.done() or running.exception() is None
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@pytest.fixture(autouse=True)
def _retried_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(voicing_queue, "RETRY_S", 0.05)


def named(entry_id: str, text: str = "Две собаки!", **more: object) -> PoolText:
    return pool_text(text, entry_id=entry_id, **more)  # type: ignore[arg-type]


@in_simulated_time
async def test_what_is_played_again_and_again_is_voiced_first(tmp_path: Path) -> None:
    async with studio(tmp_path) as s:
        s.be_live(True)
        s.put(named("remark"))
        s.put(named("bridge", use="bridge"))
        s.put(named("opener", use="opener"))
        s.be_live(False)
        await until(lambda: len(s.kept) == 3)
    assert s.kept == ["opener", "bridge", "remark"]
    assert s.used == 3 * len("Две собаки!")


@in_simulated_time
async def test_what_is_said_counts_and_not_what_is_written(tmp_path: Path) -> None:
    async with studio(tmp_path, limit=30) as s:
        s.put(named("short", "25 собак!"))
        await until(lambda: s.kept == ["short"])
        assert s.used == len("двадцать пять собак!")
        s.put(named("long", "25.11.2026"))
        await until(lambda: s.counters["pool.too_long"] == 1)
        assert len(s.queue) == 0


@in_simulated_time
async def test_an_order_to_fill_ends_the_pause_at_once(tmp_path: Path) -> None:
    async with studio(tmp_path, pause_s=1000.0) as s:
        s.put(named("dog"))
        s.put(named("cat"))
        await asyncio.sleep(0.05)
        assert s.voiced == []
        s.engine.hurry()
        await until(lambda: s.kept == ["dog", "cat"])


@in_simulated_time
async def test_nothing_is_voiced_while_a_turn_lives(tmp_path: Path) -> None:
    async with studio(tmp_path) as s:
        s.be_live(True)
        s.put(named("dog"))
        await asyncio.sleep(0.3)
        assert s.voiced == []
        assert s.used == 0
        s.be_live(False)
        await until(lambda: s.kept == ["dog"])


@in_simulated_time
async def test_a_turn_breaks_off_what_is_being_voiced_and_it_is_voiced_anew(tmp_path: Path) -> None:
    async with studio(tmp_path) as s:
        s.hold = asyncio.Event()
        s.put(named("dog"))
        await until(lambda: s.voiced == ["dog"])
        s.engine.stand_back()
        s.hold = None
        await until(lambda: s.kept == ["dog"])
    assert s.counters == {"pool.broken_off": 1, "pool.voiced": 1}
    assert s.used == 2 * len("Две собаки!"), "what was begun was paid for"


@in_simulated_time
async def test_a_refusal_costs_nothing_and_is_tried_again_later(tmp_path: Path) -> None:
    async with studio(tmp_path) as s:
        s.failures = [RungError("429", retry_after_s=0.02)]
        s.put(named("dog"))
        await until(lambda: s.kept == ["dog"])
    assert s.used == len("Две собаки!")
    assert s.counters["pool.failed"] == 1


@in_simulated_time
async def test_sound_that_was_wasted_is_paid_for_and_a_text_is_given_up_in_the_end(tmp_path: Path) -> None:
    async with studio(tmp_path) as s:
        s.failures = [WastedSoundError("cut off")] * ATTEMPTS
        s.put(named("dog"))
        await until(lambda: s.counters["pool.given_up"] == 1)
        s.put(named("cat"))
        await until(lambda: s.kept == ["cat"])
    assert s.voiced == ["dog"] * ATTEMPTS + ["cat"]
    assert s.used == (ATTEMPTS + 1) * len("Две собаки!")


@in_simulated_time
async def test_an_unexpected_error_of_a_voice_is_a_failure_like_others(tmp_path: Path) -> None:
    async with studio(tmp_path) as s:
        s.failures = [ZeroDivisionError("oops")]
        s.put(named("dog"))
        await until(lambda: s.kept == ["dog"])


@in_simulated_time
async def test_a_full_disk_is_a_pause(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with studio(tmp_path) as s:
        s.disk_failures = [OSError(28, "No space left on device")]
        s.put(named("dog"))
        await until(lambda: s.kept == ["dog"])
    assert "No space left" in caplog.text


@in_simulated_time
async def test_what_does_not_fit_into_today_waits_and_shorter_texts_go_on(tmp_path: Path) -> None:
    async with studio(tmp_path) as s:
        s.be_live(True)
        s.put(named("most", "а" * 400, use="opener"))
        s.put(named("more", "а" * 450, use="opener"))
        s.put(named("too much", "а" * 200, use="opener"))
        s.put(named("short", "а" * 100))
        s.be_live(False)
        await until(lambda: s.kept == ["most", "more", "short"])
        s.put(named("shorter", "а" * 50))
        await until(lambda: s.kept[3:] == ["shorter"])
        assert (len(s.queue), s.limit - s.used) == (1, 0)


@in_simulated_time
async def test_a_text_longer_than_any_day_is_dropped(tmp_path: Path) -> None:
    async with studio(tmp_path, limit=50) as s:
        s.put(named("long", "а" * 60))
        await until(lambda: s.counters["pool.too_long"] == 1)
        assert len(s.queue) == 0


@in_simulated_time
async def test_the_queue_is_bounded_and_keeps_what_is_urgent(tmp_path: Path) -> None:
    s = Studio(tmp_path)
    for number in range(CAPACITY):
        s.put(named(f"remark {number}"))
    s.put(named("opener", use="opener"))
    assert (len(s.queue), s.counters["pool.crowded"]) == (CAPACITY, 1)


@in_simulated_time
async def test_what_is_not_wanted_any_more_is_not_kept(tmp_path: Path) -> None:
    async with studio(tmp_path) as s:
        s.hold = asyncio.Event()
        s.put(named("dog"))
        await until(lambda: s.voiced == ["dog"])
        s.queue.forget("dog")
        s.hold.set()
        s.put(named("cat"))
        await until(lambda: s.kept == ["cat"])


@in_simulated_time
async def test_the_connection_is_given_up_when_there_is_nothing_to_voice(tmp_path: Path) -> None:
    async with studio(tmp_path) as s:
        await until(lambda: s.rests == 1)
        s.put(named("dog"))
        await until(lambda: s.rests == 2)


# --- a text's trouble and the service's ---


@in_simulated_time
async def test_a_text_whose_sound_is_refused_goes_behind_the_others_and_holds_none_of_them_up(
    tmp_path: Path,
) -> None:
    async with studio(tmp_path, backoff_s=1000.0) as s:
        s.bad["opener"] = WastedSoundError("silence")
        s.be_live(True)
        s.put(named("opener", use="opener"))
        for number in range(5):
            s.put(named(f"remark {number}"))
        s.be_live(False)
        await until(lambda: len(s.kept) == 5)
        await until(lambda: s.counters["pool.given_up"] == 1)
    assert s.voiced[0] == "opener", "it is urgent"
    assert s.voiced[1:6] == s.kept, "the others went on at once"
    assert s.voiced.count("opener") == ATTEMPTS


@pytest.mark.parametrize(
    "error",
    [
        RungError("429", retry_after_s=1000.0),
        RungError("401", permanent=True),
        ConnectionResetError("no network"),
    ],
)
@in_simulated_time
async def test_while_the_service_fails_everything_waits(tmp_path: Path, error: Exception) -> None:
    async with studio(tmp_path, backoff_s=1000.0) as s:
        s.failures = [error]
        s.be_live(True)
        s.put(named("opener", use="opener"))
        s.put(named("remark"))
        s.be_live(False)
        await until(lambda: s.counters["pool.failed"] == 1)
        await asyncio.sleep(0.2)
        assert (s.voiced, s.kept) == (["opener"], [])
        s.engine.hurry()
        await until(lambda: s.kept == ["opener", "remark"])
    assert s.used == 2 * len("Две собаки!"), "a failure of the service costs nothing"


@in_simulated_time
async def test_a_text_with_which_the_service_always_fails_lets_others_pass(tmp_path: Path) -> None:
    async with studio(tmp_path) as s:
        s.bad["opener"] = RungError("it hangs")
        s.be_live(True)
        s.put(named("opener", use="opener"))
        s.put(named("remark"))
        s.be_live(False)
        await until(lambda: s.kept == ["remark"])
        assert s.voiced[: ATTEMPTS + 1] == ["opener"] * ATTEMPTS + ["remark"]


@in_simulated_time
async def test_a_service_that_refuses_one_text_after_the_other_is_itself_in_trouble(tmp_path: Path) -> None:
    async with studio(tmp_path, backoff_s=1000.0) as s:
        s.failures = [RequestError("silence")] * 20
        s.be_live(True)
        for number in range(10):
            s.put(named(f"remark {number}"))
        s.be_live(False)
        await until(lambda: s.counters["pool.failed"] == SUSPECT_AFTER)
        await asyncio.sleep(0.2)
    assert len(s.voiced) == SUSPECT_AFTER, "no more money is spent on it for a while"


@in_simulated_time
async def test_what_was_given_up_is_told_and_not_taken_again_until_it_is_asked_for(
    tmp_path: Path,
) -> None:
    async with studio(tmp_path) as s:
        s.bad["dog"] = WastedSoundError("silence")
        s.put(named("dog"))
        await until(lambda: s.counters["pool.given_up"] == 1)
        assert s.queue.refused(monotonic()) == ("dog",)
        s.put(named("dog"))
        assert len(s.queue) == 0
        assert s.queue.refused(monotonic() + voicing_queue.REFUSED_FOR_S + 1) == (), "nor for ever"
        s.bad.clear()
        s.queue.retry_all()
        s.put(named("dog"))
        await until(lambda: s.kept == ["dog"])


@in_simulated_time
async def test_a_turn_that_begins_while_the_cost_is_noted_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with studio(tmp_path) as s:
        spend = s.spending.spend

        async def spending(now: Moment, amounts: Any) -> None:
            await spend(now, amounts)
            s.be_live(True)

        monkeypatch.setattr(s.spending, "spend", spending)
        s.put(named("dog"))
        await until(lambda: s.live)
        await asyncio.sleep(0.05)
        assert (s.voiced, s.used) == ([], 0)
        monkeypatch.undo()
        s.be_live(False)
        await until(lambda: s.kept == ["dog"])


@in_simulated_time
async def test_a_turn_that_begins_while_the_sound_is_stored_does_not_cost_it(tmp_path: Path) -> None:
    async with studio(tmp_path) as s:
        keep = s._keep

        async def keeping(sound: HeldSound) -> None:
            s.be_live(True)
            await asyncio.sleep(0.02)
            await keep(sound)

        s.queue._keep = keeping
        s.put(named("dog"))
        await until(lambda: s.kept == ["dog"])
    assert s.voiced == ["dog"]
