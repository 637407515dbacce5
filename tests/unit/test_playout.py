"""What sounds when: order, edges, marks, cancelling, gaps, and going back after a loss. Time is given."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.speaker.mixer import Mixer
from edge.speaker.playout import Playout
from edge.speaker.sample_queue import SampleQueue
from edge.speaker.track import Track, TrackEventKind

RATE = 48_000
BLOCK = 480
LATENCY_S = 0.06
LEVEL = 0.1


class Stage:
    """A playout, its device and its clock: one step plays one block of 10 ms."""

    def __init__(self) -> None:
        self.mixer = Mixer(RATE, 1.0, 0.0)
        self.playout = Playout(self.mixer, self._note, BLOCK)
        self.now = 1000.0
        self.events: list[tuple[str, TrackEventKind, int]] = []
        self.times: dict[tuple[str, TrackEventKind], float] = {}
        self.sound = np.zeros(0, np.float32)

    def track(self, name: str, *, jitter_s: float = 0.0, ignores_mute: bool = False) -> Track:
        queue = SampleQueue(RATE, jitter_s)
        strip = self.mixer.strip(ignores_mute=ignores_mute)
        return Track(name, lambda _: None, queue, strip, {}, RATE, threading.Condition())

    def play(self, name: str, seconds: float, level: float = LEVEL, *, finish: bool = True) -> Track:
        """A finished track of constant sound, already put, with a mark each 100 ms."""
        track = self.track(name)
        fill(track, seconds, level)
        if finish:
            track.queue.finish()
        self.playout.put(track)
        return track

    def step(self, blocks: int = 1) -> None:
        for _ in range(blocks):
            block = np.full(BLOCK, np.nan, np.float32)
            if not self.playout.render(block, self.now):
                block[:] = 0
                self.playout.rest(BLOCK)
            self.sound = np.concatenate([self.sound, block])
            self.now += BLOCK / RATE
            self.playout.settle(self.now, LATENCY_S)

    def kinds(self, name: str) -> list[TrackEventKind]:
        return [kind for track, kind, _ in self.events if track == name]

    def _note(self, track: Track, kind: TrackEventKind, mono: float) -> None:
        self.events.append((track.turn_id, kind, track.queue.spoken_to(track.heard)))
        self.times[track.turn_id, kind] = mono


def fill(track: Track, seconds: float, level: float = LEVEL) -> None:
    for _ in range(round(seconds * 10)):
        track.queue.append(np.full(RATE // 10, level, np.float32))
        track.queue.mark(track.queue.total, track.queue.total * 10 // RATE)


def longest_hole(sound: NDArray[np.float32]) -> int:
    """Samples of silence in a row between the first and the last sound."""
    loud = np.flatnonzero(np.abs(sound) > LEVEL / 2)
    return int(np.diff(loud).max())


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_a_track_is_played_from_its_first_sample_to_its_last(stage: Stage) -> None:
    stage.play("a", 1.0)
    stage.step(120)
    assert np.count_nonzero(stage.sound) == RATE
    assert stage.sound[RATE // 2] == np.float32(LEVEL)
    assert stage.kinds("a") == ["first_sample", "last_sample"]


def test_the_last_sample_is_told_when_the_device_has_played_it(stage: Stage) -> None:
    stage.play("a", 1.0)
    stage.step(120)
    assert stage.times["a", "first_sample"] == pytest.approx(1000.0)
    # The first block is with the device when it has been written, 10 ms later.
    assert stage.times["a", "last_sample"] == pytest.approx(1000.0 + 1.0 + LATENCY_S)
    assert stage.playout.idle


def test_edges_are_soft(stage: Stage) -> None:
    stage.play("a", 0.2)
    stage.step(30)
    assert np.abs(np.diff(stage.sound)).max() < LEVEL / 50


def test_tracks_sound_in_their_order_and_without_a_gap(stage: Stage) -> None:
    stage.play("a", 0.3)
    stage.play("b", 0.3, level=-LEVEL)
    stage.step(70)
    assert longest_hole(stage.sound) < 0.005 * RATE
    assert stage.sound[RATE // 10] > 0 > stage.sound[RATE * 4 // 10]
    assert [event[:2] for event in stage.events] == [
        ("a", "first_sample"),
        ("b", "first_sample"),
        ("a", "last_sample"),
        ("b", "last_sample"),
    ]


def test_a_track_without_sound_holds_its_place(stage: Stage) -> None:
    first = stage.track("first")
    stage.playout.put(first)
    stage.play("second", 0.2)
    stage.step(10)
    assert not stage.sound.any()
    fill(first, 0.1)
    first.queue.finish()
    stage.step(50)
    assert [event[0] for event in stage.events if event[1] == "first_sample"] == ["first", "second"]


def test_a_track_that_ends_without_any_sound_does_not_stop_the_next(stage: Stage) -> None:
    stage.play("empty", 0)
    stage.play("b", 0.1)
    stage.step(30)
    assert stage.kinds("empty") == ["last_sample"]
    assert stage.kinds("b") == ["first_sample", "last_sample"]


def test_spoken_to_follows_what_has_been_heard_not_what_was_written(stage: Stage) -> None:
    track = stage.play("a", 2.0)
    stage.step(50)  # 0.5 s written, 0.44 s heard
    stage.playout.cancel(track, 0.02, stage.now)
    stage.step(20)
    assert stage.events[-1] == ("a", "cancelled", 5)


def test_what_never_sounded_is_spoken_to_its_beginning(stage: Stage) -> None:
    track = stage.track("a")
    stage.playout.put(track)
    stage.playout.cancel(track, 0.06, stage.now)
    assert stage.events == [("a", "cancelled", 0)]


def test_cancelling_fades_and_ends_the_track(stage: Stage) -> None:
    track = stage.play("a", 2.0)
    stage.step(20)
    stage.playout.cancel(track, 0.06, stage.now)
    stage.step(30)
    assert np.abs(np.diff(stage.sound)).max() < LEVEL / 50
    assert np.flatnonzero(stage.sound)[-1] == pytest.approx(0.26 * RATE, abs=2)
    assert stage.kinds("a") == ["first_sample", "cancelled"]
    assert stage.playout.idle


def test_a_replacement_begins_while_the_old_track_fades(stage: Stage) -> None:
    old = stage.play("old", 2.0)
    stage.step(20)
    stage.playout.cancel(old, 0.06, stage.now)
    stage.play("new", 0.5)
    stage.step(70)
    assert longest_hole(stage.sound) < 0.003 * RATE
    assert stage.times["new", "first_sample"] == pytest.approx(1000.2)
    assert stage.kinds("old") == ["first_sample", "cancelled"]


def test_what_was_not_yet_played_is_cancelled_at_once_and_the_rest_moves_up(stage: Stage) -> None:
    stage.play("a", 0.2)
    waiting = stage.play("b", 0.2)
    stage.play("c", 0.2, level=-LEVEL)
    stage.playout.cancel(waiting, 0.06, stage.now)
    stage.step(60)
    assert stage.kinds("b") == ["cancelled"]
    assert np.count_nonzero(stage.sound) == pytest.approx(0.4 * RATE, abs=2)


def test_cancelling_a_tail_or_an_ended_track_changes_nothing(stage: Stage) -> None:
    track = stage.play("a", 0.1)
    stage.step(11)
    stage.playout.cancel(track, 0.06, stage.now)
    stage.step(20)
    stage.playout.cancel(track, 0.06, stage.now)
    assert stage.kinds("a") == ["first_sample", "last_sample"]


def test_a_gap_is_told_and_has_soft_edges(stage: Stage) -> None:
    track = stage.play("a", 0.2, finish=False)
    stage.step(40)
    assert stage.kinds("a") == ["first_sample", "underrun"]
    fill(track, 0.2)
    track.queue.finish()
    stage.step(40)
    assert stage.kinds("a") == ["first_sample", "underrun", "last_sample"]
    assert track.underruns == 1
    assert np.abs(np.diff(stage.sound)).max() < LEVEL / 50
    assert np.count_nonzero(stage.sound) == pytest.approx(0.4 * RATE, abs=2)


def test_a_late_piece_makes_no_gap_while_the_device_has_enough_to_play(stage: Stage) -> None:
    track = stage.play("a", 0.2, finish=False)
    block = np.zeros(BLOCK, np.float32)
    rendered = []
    while stage.playout.render(block, stage.now, can_wait=True):
        rendered.append(block.copy())
    assert len(rendered) == 19, "the last one could not be finished"
    fill(track, 0.2)
    track.queue.finish()
    while stage.playout.render(block, stage.now, can_wait=True):
        rendered.append(block.copy())
    assert track.underruns == 0
    assert longest_hole(np.concatenate(rendered)) == 1
    assert np.count_nonzero(rendered) == pytest.approx(0.4 * RATE, abs=2)


def test_jitter_is_collected_before_the_first_sample_and_after_a_gap(stage: Stage) -> None:
    track = stage.track("a", jitter_s=0.15)
    stage.playout.put(track)
    for sounds in (0.2, 0.4):
        fill(track, 0.1)
        stage.step(20)
        assert np.count_nonzero(stage.sound) == pytest.approx((sounds - 0.2) * RATE, abs=BLOCK)
        fill(track, 0.1)
        stage.step(30)
        assert np.count_nonzero(stage.sound) == pytest.approx(sounds * RATE, abs=BLOCK)


def test_jitter_does_not_hold_back_a_track_that_is_finished(stage: Stage) -> None:
    track = stage.track("a", jitter_s=0.5)
    fill(track, 0.1)
    track.queue.finish()
    stage.playout.put(track)
    stage.step(20)
    assert stage.kinds("a") == ["first_sample", "last_sample"]


def test_ducking_lowers_what_was_put_before_but_not_what_comes_after(stage: Stage) -> None:
    old = stage.play("old", 1.0)
    stage.step(10)
    stage.playout.duck(True)
    stage.step(10)
    assert stage.sound[-1] == pytest.approx(LEVEL * 10 ** (-14 / 20), rel=0.01)
    stage.playout.cancel(old, 0.01, stage.now)
    stage.play("new", 0.5)
    stage.step(10)
    assert stage.sound[-1] == np.float32(LEVEL)


def test_a_muted_track_passes_unheard_and_safety_is_heard(stage: Stage) -> None:
    stage.mixer.muted = True
    stage.play("a", 0.2)
    safety = stage.track("safety", ignores_mute=True)
    fill(safety, 0.2)
    safety.queue.finish()
    stage.playout.put(safety)
    stage.step(60)
    assert np.flatnonzero(stage.sound)[0] == pytest.approx(0.2 * RATE, abs=2)
    assert stage.kinds("a") == ["first_sample", "last_sample"]


def test_after_a_loss_the_track_goes_on_at_the_word_that_was_not_heard(stage: Stage) -> None:
    track = stage.track("a")
    for word in range(1, 11):
        track.queue.append(np.full(RATE // 10, word / 20, np.float32))
        track.queue.mark(word * RATE // 10, word)
    track.queue.finish()
    stage.playout.put(track)
    stage.step(51)  # 0.51 s written, 0.45 s heard: in the fifth word
    stage.playout.lost(stage.now)
    stage.sound = np.zeros(0, np.float32)
    stage.step(70)
    # From the beginning of the fifth word, softly; then every word once.
    assert stage.sound[: RATE // 10].max() == pytest.approx(5 / 20)
    assert np.count_nonzero(stage.sound) == 0.6 * RATE
    assert stage.kinds("a") == ["first_sample", "last_sample"]


def test_where_no_mark_is_near_it_goes_on_from_what_was_heard(stage: Stage) -> None:
    track = stage.track("a")
    track.queue.append(np.full(3 * RATE, LEVEL, np.float32))
    track.queue.mark(3 * RATE, 1)
    track.queue.finish()
    stage.playout.put(track)
    stage.step(200)
    stage.playout.lost(stage.now)
    stage.sound = np.zeros(0, np.float32)
    stage.step(120)
    assert np.count_nonzero(stage.sound) == pytest.approx((1.0 + LATENCY_S) * RATE, abs=2)


def test_a_tail_that_the_lost_device_had_buffered_is_played_again_before_the_next_track(stage: Stage) -> None:
    stage.play("a", 0.5)
    stage.play("b", 0.5, level=-LEVEL)
    stage.step(52)  # the last 40 ms of a and all of b so far are still with the device
    stage.playout.lost(stage.now)
    stage.sound = np.zeros(0, np.float32)
    stage.step(80)
    first_of_b = int(np.flatnonzero(stage.sound < 0)[0])
    assert first_of_b == RATE // 10
    assert np.count_nonzero(stage.sound) == 0.6 * RATE
    assert [kind for kind in stage.kinds("b") if kind == "first_sample"] == ["first_sample"]
    assert stage.kinds("a") == ["first_sample", "last_sample"]


def test_a_track_that_was_fading_when_the_device_was_lost_is_over(stage: Stage) -> None:
    track = stage.play("a", 2.0)
    stage.step(20)
    stage.playout.cancel(track, 0.06, stage.now)
    stage.step(2)
    stage.playout.lost(stage.now)
    assert stage.kinds("a") == ["first_sample", "cancelled"]
    assert stage.playout.idle


def test_without_a_device_a_track_can_be_cancelled(stage: Stage) -> None:
    track = stage.play("a", 2.0)
    stage.step(20)
    stage.playout.lost(stage.now)
    stage.playout.cancel(track, 0.06, stage.now)
    assert stage.kinds("a") == ["first_sample", "cancelled"]
    assert stage.playout.idle


def test_a_track_is_put_only_once(stage: Stage) -> None:
    track = stage.play("a", 0.1)
    stage.playout.put(track)
    stage.step(40)
    stage.playout.put(track)
    stage.step(40)
    assert np.count_nonzero(stage.sound) == 0.1 * RATE


def heard_mono(stage: Stage, track: Track, position: int) -> float | None:
    return stage.playout.heard_mono(track.frame_of(position))


def test_what_is_queued_is_heard_as_much_later_as_the_device_holds(stage: Stage) -> None:
    track = stage.play("a", 1.0)
    assert heard_mono(stage, track, 0) is None, "it has not begun"
    stage.step(3)
    stage.playout.handed_over(stage.now + LATENCY_S)
    assert heard_mono(stage, track, 0) == pytest.approx(1000.0 + LATENCY_S)
    assert heard_mono(stage, track, RATE // 2) == pytest.approx(1000.5 + LATENCY_S)


def test_behind_a_gap_what_follows_is_later_and_what_was_is_where_it_was(stage: Stage) -> None:
    track = stage.play("a", 0.1, finish=False)
    stage.step(20)
    stage.playout.handed_over(stage.now + LATENCY_S)
    assert heard_mono(stage, track, track.queue.total) is None, "nobody knows when more comes"
    fill(track, 0.5)
    track.queue.finish()
    stage.step(5)
    stage.playout.handed_over(stage.now + LATENCY_S)
    assert heard_mono(stage, track, RATE // 20) == pytest.approx(1000.05 + LATENCY_S)
    assert heard_mono(stage, track, RATE // 10 + RATE // 2) == pytest.approx(1000.7 + LATENCY_S, abs=0.02)


def test_what_a_lost_device_did_not_play_has_no_time_until_it_is_there_again(stage: Stage) -> None:
    track = stage.play("a", 1.0)
    stage.step(30)
    stage.playout.handed_over(stage.now + LATENCY_S)
    stage.playout.lost(stage.now)
    assert heard_mono(stage, track, 0) is not None
    assert heard_mono(stage, track, RATE // 2) is None
    stage.now += 5.0
    stage.step(2)
    stage.playout.handed_over(stage.now + LATENCY_S)
    later = heard_mono(stage, track, RATE // 2)
    assert later is not None
    assert later > 1005.0
