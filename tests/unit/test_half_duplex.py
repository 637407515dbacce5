"""Half duplex: what sounds while the guide speaks is not listened to."""

from __future__ import annotations

from edge.bus.topology import TIMINGS
from edge.listener.half_duplex import HalfDuplexGate
from edge.messages import Playback

FRESH_S = TIMINGS[Playback].fresh_s


def test_it_is_closed_from_the_first_sample_until_the_room_is_quiet() -> None:
    gate = HalfDuplexGate(tail_s=0.4)
    assert not gate.is_closed(0.0)
    gate.plays(True, 1.0)
    assert gate.is_closed(1.0)
    gate.plays(False, 2.0)
    assert gate.is_closed(2.3)
    assert not gate.is_closed(2.5)


def test_news_that_nothing_sounds_does_not_close_it() -> None:
    gate = HalfDuplexGate(tail_s=0.4)
    for now in (0.0, 1.0, 2.0):
        gate.plays(False, now)
        assert not gate.is_closed(now)


def test_a_speaker_that_vanished_does_not_make_it_deaf_for_ever() -> None:
    gate = HalfDuplexGate(tail_s=0.4)
    gate.plays(True, 0.0)
    assert gate.is_closed(FRESH_S - 0.1)
    assert not gate.is_closed(FRESH_S)
