"""What was played is found again by the time at which it is captured, whatever the clocks do."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.listener.echo.reference import EARLIER_READINGS, LATER_READINGS, LEAD_S, SLACK_S, Reference
from edge.listener.segment import SAMPLE_RATE

BLOCK = SAMPLE_RATE // 100
LEAD = round(LEAD_S * SAMPLE_RATE)
SOUND = np.random.default_rng(3).integers(1, 20_000, 30 * SAMPLE_RATE).astype(np.int16)
"""Of which no two places are alike, and nothing is silence."""
BEGIN = 100.0
"""When its first sample is heard."""


class Cabin:
    """A loudspeaker that plays ``SOUND``, told ahead of time, and a microphone beside it.

    Args:
        ppm: how much faster than told the loudspeaker's clock runs.
        jitter_s: of the times told.
    """

    def __init__(self, ppm: float = 0.0, jitter_s: float = 0.0) -> None:
        self.reference = Reference()
        self._rate = SAMPLE_RATE * (1 + ppm / 1e6)
        self._jitter = np.random.default_rng(4).uniform(-jitter_s, jitter_s, 10_000)
        self.lost_s = 0.0
        self.told_late_s = 0.0
        """Of the times told only."""

    def play(self, position: int, stream: str = "a", count: int = BLOCK) -> None:
        told = BEGIN + self.lost_s + self.told_late_s + position / self._rate
        told += self._jitter[position // BLOCK]
        self.reference.add(stream, position, SOUND[position : position + count], told)

    def capture(self, mono: float) -> NDArray[np.int16]:
        """10 ms that end at ``mono``."""
        return self.reference.take(BLOCK, mono)

    def run(self, seconds: float, begin_s: float = 0.0) -> list[float]:
        """Play and capture; returns by how many seconds each captured piece was found too early."""
        early = []
        for index in range(round(begin_s * 100), round((begin_s + seconds) * 100)):
            self.play(index * BLOCK)
            if index >= 3:  # what is told is told ahead
                mono = BEGIN + self.lost_s + (index - 2) * BLOCK / SAMPLE_RATE
                true = round((mono - BEGIN - self.lost_s) * self._rate) - BLOCK
                early.append((place_of(self.capture(mono)) - true) / SAMPLE_RATE)
        return early


def place_of(piece: NDArray[np.int16]) -> float:
    """Where in ``SOUND`` this is; NaN: it is not all in it."""
    places = np.flatnonzero(piece[0] == SOUND)
    found = [place for place in places if np.array_equal(SOUND[place : place + len(piece)], piece)]
    return float(found[0]) if found else np.nan


def test_each_piece_is_found_a_little_before_its_echo() -> None:
    assert Cabin().run(2.0) == pytest.approx([LEAD_S] * 197, abs=1 / SAMPLE_RATE)


def test_jitter_of_the_times_does_not_move_it() -> None:
    early = Cabin(jitter_s=0.003).run(20.0)[100:]
    assert max(early) - min(early) <= SLACK_S
    assert np.mean(early) == pytest.approx(LEAD_S, abs=SLACK_S)


def test_a_clock_that_drifts_is_followed_in_small_steps() -> None:
    early = Cabin(ppm=500).run(30.0)
    assert early == pytest.approx([LEAD_S] * len(early), abs=1.5 * SLACK_S)
    assert max(abs(np.diff(early))) <= 1.5 * SLACK_S


def test_silence_that_was_left_out_is_silence() -> None:
    cabin = Cabin()
    cabin.play(0)
    cabin.play(10 * BLOCK)
    assert place_of(cabin.capture(BEGIN + 11 * BLOCK / SAMPLE_RATE - LEAD_S)) == 10 * BLOCK
    assert not cabin.capture(BEGIN + 12 * BLOCK / SAMPLE_RATE - LEAD_S).any(), "nothing follows"
    again = Cabin()
    again.play(0)
    again.play(10 * BLOCK)
    assert not again.capture(BEGIN + 5 * BLOCK / SAMPLE_RATE).any(), "nothing was between"


def test_a_loudspeaker_that_paused_is_found_where_it_is_now() -> None:
    cabin = Cabin()
    cabin.run(1.0)
    cabin.lost_s = 0.04
    early = cabin.run(1.0, begin_s=1.0)[LATER_READINGS + 5 :]
    assert early == pytest.approx([LEAD_S] * len(early), abs=SLACK_S)


def test_sound_that_broke_off_is_counted() -> None:
    cabin = Cabin(jitter_s=0.003)
    cabin.run(1.0)
    assert cabin.reference.steps == 0
    cabin.lost_s = 0.04
    cabin.run(1.0, begin_s=1.0)
    assert cabin.reference.steps == 1


@pytest.mark.parametrize("late_s", [0.06, 0.012])
def test_a_device_that_says_for_a_while_that_it_holds_more_than_it_does_moves_nothing(late_s: float) -> None:
    cabin = Cabin()
    cabin.run(2.0)
    cabin.told_late_s = late_s
    early = cabin.run(0.4, begin_s=2.0)
    cabin.told_late_s = 0.0
    early += cabin.run(2.0, begin_s=2.4)
    assert early == pytest.approx([LEAD_S] * len(early), abs=SLACK_S / 2)
    assert cabin.reference.steps == 0


def test_a_device_that_said_so_at_first_is_found_when_it_tells_the_truth() -> None:
    cabin = Cabin()
    cabin.told_late_s = 0.04
    cabin.run(0.2)
    cabin.told_late_s = 0.0
    early = cabin.run(1.0, begin_s=0.2)[EARLIER_READINGS + 5 :]
    assert early == pytest.approx([LEAD_S] * len(early), abs=SLACK_S)


def test_an_echo_that_was_seen_to_come_later_is_believed_more_than_the_times() -> None:
    cabin = Cabin()
    cabin.run(2.0)
    cabin.reference.shift(80)
    early = cabin.run(5.0, begin_s=2.0)
    assert early == pytest.approx([LEAD_S - 80 / SAMPLE_RATE] * len(early), abs=1 / SAMPLE_RATE)


def test_a_new_stream_begins_anew() -> None:
    cabin = Cabin()
    cabin.run(1.0)
    cabin.play(0, stream="b")
    assert place_of(cabin.capture(BEGIN + 0.01 - LEAD_S)) == 0


def test_a_microphone_that_paused_hears_what_is_played_now() -> None:
    cabin = Cabin()
    cabin.run(1.0)
    for index in range(100, 300):
        cabin.play(index * BLOCK)
    assert place_of(cabin.capture(BEGIN + 2.5)) == round(2.49 * SAMPLE_RATE) + LEAD


def test_without_a_loudspeaker_there_is_silence() -> None:
    assert not Reference().take(BLOCK, 5.0).any()
