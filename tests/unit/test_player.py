"""The player in its thread: events reach the loop; a device that is absent, lost or hangs is only a state."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import AsyncIterator, Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.messages import Language
from edge.sound.device_state import DeviceState
from edge.sound.samples import Samples
from edge.speaker import output_thread
from edge.speaker.loudness import MEMORY_S, TARGET_LUFS, KnownLevel, VoiceLevel
from edge.speaker.player import Player
from edge.speaker.track import Track, TrackEvent
from edge.speaker.voice_levels import VoiceLevels
from tests.support.fake_output import RATE, FakeOutput
from tests.support.waiting import until


class AsTheyAre(VoiceLevels):
    """Every voice is known to be as loud as it is to be."""

    def of(self, rung: str, language: Language) -> VoiceLevel:
        return VoiceLevel(KnownLevel(lufs=TARGET_LUFS, heard_s=MEMORY_S))


class World:
    """A player on a fake output."""

    def __init__(self, output: FakeOutput) -> None:
        self.output = output
        self.states: list[DeviceState] = []
        self.player = Player(
            self.output,
            RATE,
            volume=1.0,
            jitter_ms=0,
            on_state=self.states.append,
            clock=self.output.clock,
            levels=AsTheyAre(),
        )
        self.events: list[TrackEvent] = []
        self.threads: set[str] = set()

    def note(self, event: TrackEvent) -> None:
        self.events.append(event)
        self.threads.add(threading.current_thread().name)

    def kinds(self, turn_id: str) -> list[str]:
        return [event.kind for event in self.events if event.turn_id == turn_id]

    def event(self, turn_id: str, kind: str) -> TrackEvent:
        return next(event for event in self.events if (event.turn_id, event.kind) == (turn_id, kind))

    def track(self, turn_id: str, **options: object) -> Track:
        track = self.player.track(turn_id, self.note, language="ru", **options)  # type: ignore[arg-type]
        self.player.play(track)
        return track

    def say(self, turn_id: str, seconds: float, **options: object) -> Track:
        """A track with a mark each 100 ms, finished before it is played: the device may overtake the test."""
        track = self.player.track(turn_id, self.note, language="ru", **options)  # type: ignore[arg-type]
        append(track, seconds)
        track.finish()
        self.player.play(track)
        return track

    async def ended(self, turn_id: str) -> None:
        await until(lambda: {"last_sample", "cancelled"} & set(self.kinds(turn_id)) != set())

    async def absent(self) -> str:
        """Wait for the loss of the device and return its reason."""
        await until(lambda: any(state.name == "absent" for state in self.states))
        return next(state.reason for state in self.states if state.name == "absent")

    @property
    def sounding_s(self) -> float:
        return np.count_nonzero(self.output.sound) / RATE


def append(track: Track, seconds: float, sample_rate: int = RATE) -> None:
    for index in range(round(seconds * 10)):
        track.append(steady(sample_rate // 10), sample_rate, index + 1, "voice")


def steady(count: int) -> NDArray[np.int16]:
    return np.full(count, 3277, np.int16)


@contextlib.asynccontextmanager
async def world(
    prepare: Callable[[World], None] = lambda _: None, output: FakeOutput | None = None
) -> AsyncIterator[World]:
    made = World(output or FakeOutput())
    prepare(made)
    made.player.start()
    try:
        yield made
    finally:
        made.output.unblock()
        await made.player.close()


@pytest.fixture(autouse=True)
def _quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output_thread, "RETRY_MIN_S", 0.01)
    monkeypatch.setattr(output_thread, "RETRY_MAX_S", 0.02)


async def test_events_come_in_the_loop_with_the_devices_times() -> None:
    async with world() as w:
        w.say("turn", 1.0)
        await w.ended("turn")
    assert w.kinds("turn") == ["first_sample", "last_sample"]
    assert w.threads == {threading.current_thread().name}
    first, last = w.event("turn", "first_sample"), w.event("turn", "last_sample")
    assert last.mono - first.mono == pytest.approx(1.0 + FakeOutput.LATENCY_S)
    assert (first.spoken_to, last.spoken_to) == (0, 10)
    assert w.sounding_s == pytest.approx(1.0, abs=0.001)


@pytest.mark.parametrize("rates", [(24_000,), (16_000, 44_100), (22_050, RATE, 24_000)])
async def test_no_tail_is_lost_when_the_rate_changes_or_the_track_ends(rates: tuple[int, ...]) -> None:
    async with world() as w:
        track = w.track("turn")
        for rate in rates:
            append(track, 0.5, rate)
        track.finish()
        await w.ended("turn")
    assert w.sounding_s == pytest.approx(0.5 * len(rates), abs=0.002)


async def test_sound_after_the_end_is_ignored() -> None:
    async with world() as w:
        track = w.say("turn", 0.2)
        append(track, 0.5)
        track.finish()
        await w.ended("turn")
    assert w.sounding_s == pytest.approx(0.2, abs=0.001)


async def test_sound_that_comes_before_the_device_has_played_what_it_has_is_not_too_late() -> None:
    class DeepOutput(FakeOutput):
        """Has so much to play."""

        has_s = 100.0

        @property
        def latency_s(self) -> float:
            return self.has_s

    output = DeepOutput()
    async with world(output=output) as w:
        track = w.track("turn")
        append(track, 0.2)
        await until(lambda: w.sounding_s > 0.18)
        append(track, 0.2)
        await until(lambda: w.sounding_s > 0.38)
        output.has_s = FakeOutput.LATENCY_S
        track.finish()
        await w.ended("turn")
    assert w.kinds("turn") == ["first_sample", "last_sample"]
    assert w.sounding_s == pytest.approx(0.4, abs=0.001)


async def test_sound_that_comes_too_late_is_an_underrun_and_loses_nothing() -> None:
    async with world() as w:
        with w.output.held():
            track = w.track("turn")
            append(track, 0.2)
        await until(lambda: "underrun" in w.kinds("turn"))
        with w.output.held():
            append(track, 0.2)
            track.finish()
        await w.ended("turn")
    assert w.kinds("turn") == ["first_sample", "underrun", "last_sample"]
    assert w.event("turn", "last_sample").underruns == 1
    assert w.sounding_s == pytest.approx(0.4, abs=0.001)


async def test_a_cancelled_track_tells_how_far_it_came() -> None:
    async with world() as w:
        w.output.block(after_s=0.5)
        track = w.say("turn", 2)
        await until(w.output.hangs.is_set)
        w.player.cancel(track, 60)
        w.output.unblock()
        await w.ended("turn")
    cancelled = w.event("turn", "cancelled")
    assert cancelled.spoken_to == pytest.approx(w.sounding_s * 10, abs=1)
    assert cancelled.spoken_to < 20


async def test_a_track_that_was_never_played_can_be_cancelled() -> None:
    async with world() as w:
        track = w.player.track("turn", w.note, language="ru")
        w.player.prepare()
        w.player.cancel(track, 60)
        await w.ended("turn")
    assert w.event("turn", "cancelled").spoken_to == 0


async def test_volume_and_mute_act_on_what_sounds() -> None:
    async with world() as w:
        w.player.set_volume(0.25)
        w.say("quiet", 0.3)
        await w.ended("quiet")
        quiet = float(w.output.sound.max())
        w.player.set_volume(1.0)
        w.say("loud", 0.3)
        await w.ended("loud")
        assert quiet == pytest.approx(w.output.sound.max() / 4, rel=0.01)
        before = w.sounding_s
        w.player.set_volume(1.0, muted=True)
        w.say("muted", 0.3)
        await w.ended("muted")
        assert w.sounding_s == before
        w.say("safety", 0.3, ignores_mute=True)
        await w.ended("safety")
        assert w.sounding_s == pytest.approx(before + 0.3, abs=0.001)


async def test_a_device_that_is_absent_at_the_start_is_a_state_and_loses_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    async with world(lambda w: w.output.lose("no device of that name")) as w:
        w.say("turn", 0.5)
        await until(lambda: w.output.opened > 5)
        assert w.player.state == DeviceState("absent", "no device of that name")
        assert w.player.working
        w.output.lose(None)
        await w.ended("turn")
        assert w.player.state.name == "open"
    assert w.kinds("turn") == ["first_sample", "last_sample"]
    lines = [record.getMessage() for record in caplog.records if "fake" in record.getMessage()]
    assert len(lines) == 2
    assert "'fake' is absent: no device of that name; trying again" in lines[0]
    assert "is open" in lines[1]


async def test_a_lost_device_that_returns_plays_the_rest_and_then_the_queue() -> None:
    async with world() as w:
        w.output.block(after_s=0.5)
        w.say("sounding", 3.0)
        w.say("next", 0.5)
        await until(w.output.hangs.is_set)
        w.output.lose("unplugged")
        assert await w.absent() == "unplugged"
        w.output.lose(None)
        await w.ended("next")
    assert w.kinds("sounding") == ["first_sample", "last_sample"]
    assert w.kinds("next") == ["first_sample", "last_sample"]
    # What is said again goes back to the last mark, 100 ms, and over what the device had buffered.
    assert -0.001 <= w.sounding_s - 3.5 <= 0.1 + FakeOutput.LATENCY_S + 0.01
    assert [state.name for state in w.states][:3] == ["open", "absent", "open"]


async def test_a_device_that_hangs_in_write_is_given_up_and_used_again() -> None:
    async with world() as w:
        w.output.block(after_s=0.2)
        w.say("turn", 30.0)
        await until(w.output.hangs.is_set)
        w.output.skip(3.0)
        assert "taken no sound" in await w.absent()
        await w.ended("turn")
    assert w.kinds("turn") == ["first_sample", "last_sample"]
    assert w.output.opened == 2


async def test_a_device_that_hangs_for_good_keeps_nobody_waiting() -> None:
    async with world() as w:
        w.output.block(after_s=0.2, abort_works=False)
        track = w.say("turn", 30.0)
        await until(w.output.hangs.is_set)
        w.output.skip(3.0)
        await w.absent()
        assert w.player.working
        w.output.skip(60.0)
        assert not w.player.working
        w.player.cancel(track, 60)
        await w.ended("turn")
        assert w.kinds("turn") == ["first_sample", "cancelled"]
        async with asyncio.timeout(20):
            await w.player.close()


async def test_closing_fades_what_sounds_and_cancels_the_rest() -> None:
    async with world() as w:
        w.output.block(after_s=0.2)
        w.say("sounding", 2)
        w.say("next", 1.0)
        await until(w.output.hangs.is_set)
        closing = asyncio.ensure_future(w.player.close())
        await asyncio.sleep(0)
        w.output.unblock()
        await closing
        await w.ended("next")
    assert w.kinds("sounding") == ["first_sample", "cancelled"]
    assert w.kinds("next") == ["cancelled"]
    assert np.abs(np.diff(w.output.sound)).max() < 0.01
    assert w.output.closed >= 1
    assert w.player.state.name == "absent"


async def test_closing_before_the_start_or_twice_is_harmless() -> None:
    await World(FakeOutput()).player.close()
    async with world() as w:
        await w.player.close()


async def test_an_error_inside_costs_one_opening_and_no_more(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with world() as w:
        await until(lambda: w.player.state.name == "open")
        with monkeypatch.context() as patch:
            patch.setattr(FakeOutput, "write", lambda self, block, idle=False: 1 / 0)
            assert "internal error" in await w.absent()
        w.say("turn", 0.2)
        await w.ended("turn")
    assert w.kinds("turn") == ["first_sample", "last_sample"]


class RunsDry(FakeOutput):
    """Runs dry once, a while after sound began."""

    AFTER_S = 0.5

    def __init__(self) -> None:
        super().__init__()
        self.openings: list[tuple[float, float]] = []
        """(asked to hold ahead, had sounded before), each in seconds."""
        self._sounding_s = 0.0

    def open(self) -> None:
        super().open()
        self.openings.append((self.buffer_s, round(self._sounding_s, 2)))

    def write(self, block: Samples, *, idle: bool = False) -> bool:
        super().write(block, idle=idle)
        before_s = self._sounding_s
        self._sounding_s += block.any() * len(block) / RATE
        return before_s < self.AFTER_S <= self._sounding_s


async def test_a_device_that_ran_dry_is_opened_anew_with_more_when_nothing_sounds() -> None:
    output = RunsDry()
    async with world(output=output) as w:
        w.say("turn", 2.0)
        await w.ended("turn")
        assert w.player.underflows == 1
        await until(lambda: output.opened == 2)
        w.say("next", 0.5)
        await w.ended("next")
    assert output.openings == [(FakeOutput.LATENCY_S, 0.0), (pytest.approx(1.5 * FakeOutput.LATENCY_S), 2.0)]
    assert w.player.buffer_s == pytest.approx(1.5 * FakeOutput.LATENCY_S)
    assert [state.name for state in w.states if state.reason != "stopped"] == ["open"], "it was not lost"
    assert w.sounding_s == pytest.approx(2.5, abs=0.002)


async def test_who_listens_is_told_when_the_device_stood_still() -> None:
    told: list[tuple[bool, bool]] = []

    def note(block: Samples, end_mono: float, stood_still: bool) -> None:
        told.append((stood_still, bool(block.any())))

    async with world(lambda w: w.player.tell_sound(note), RunsDry()) as w:
        w.say("turn", 2.0)
        await w.ended("turn")
    assert told[0][0], "it was opened"
    assert sum(stood_still and sounding for stood_still, sounding in told[1:]) == 1, "it ran dry"


async def test_a_device_that_was_not_fed_in_time_has_stood_still_whatever_it_says() -> None:
    output = FakeOutput()
    told: list[bool] = []

    def note(block: Samples, end_mono: float, stood_still: bool) -> None:
        told.append(stood_still)
        if len(told) == 5:
            output.skip(1.0)

    async with world(lambda w: w.player.tell_sound(note), output):
        await until(lambda: len(told) > 10)
    assert [index for index, stood_still in enumerate(told) if stood_still] == [0, 5]


class StartsWhenFull(FakeOutput):
    """Plays nothing of what it was given before its buffer is full, as sound servers do after an underrun."""

    FULL_S = 0.3

    def __init__(self) -> None:
        super().__init__()
        self.waiting_s = 0.0

    @property
    def plays(self) -> bool:
        return self.waiting_s >= self.FULL_S

    def write(self, block: Samples, *, idle: bool = False) -> bool:
        self.waiting_s += len(block) / RATE
        return super().write(block, idle=idle)

    @property
    def latency_s(self) -> float:
        return super().latency_s if self.plays else self.waiting_s


async def test_a_device_that_plays_only_when_it_is_full_is_filled() -> None:
    output = StartsWhenFull()
    player = Player(output, RATE, volume=0.8, jitter_ms=0, clock=output.clock)
    player.start()
    await until(lambda: output.plays)
    await player.close()


class FullDevice(FakeOutput):
    """Has no room behind the first sound until it is drained: who asks for room waits."""

    def __init__(self) -> None:
        super().__init__()
        self.waits = threading.Event()
        self._room = threading.Event()
        self._sounded = 0

    def drain(self) -> None:
        self._room.set()

    def wait_for_room(self, count: int) -> None:
        if self._sounded > 0.1 * RATE:
            self.waits.set()
            self._room.wait()

    def write(self, block: Samples, *, idle: bool = False) -> bool:
        self._sounded += np.count_nonzero(block)
        return super().write(block, idle=idle)


async def test_a_decision_counts_from_the_very_block_that_the_device_next_has_room_for() -> None:
    output = FullDevice()
    async with world(output=output) as w:
        track = w.say("turn", 60.0)
        await until(output.waits.is_set)
        before = len(output.sound)
        w.player.cancel(track, fade_ms=5)
        output.drain()
        await w.ended("turn")
    faded_by = before + round(0.01 * RATE)
    assert not output.sound[faded_by:].any()
