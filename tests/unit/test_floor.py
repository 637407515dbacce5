"""Who asks for the floor: words do, a cough, laughter or an "mm-hm" does not, and nobody is missed for it.

A script has one character per frame of 32 ms: ``#`` clear speech, ``o`` what may be speech (laughter, noise),
``.`` silence.
"""

from __future__ import annotations

from itertools import groupby

import numpy as np
import pytest

from edge.config.hearing import Endpointing
from edge.listener.endpointing import Endpointer
from edge.listener.floor import Floor
from edge.listener.framing import FRAME_S, FRAME_SAMPLES
from edge.listener.segment import Frame
from edge.listener.speech_events import SegmentReady, SpeechStarted

PROBABILITY = {"#": 0.95, "o": 0.6, ".": 0.03}
VOICE_FLATNESS = 0.2
LAUGH = "##oooo" * 16
"""Three seconds."""
LONGEST_S = 0.7


class Cabin:
    """An endpointer and the floor, as the ears join them."""

    def __init__(self) -> None:
        self.floor = Floor()
        self.endpointer = Endpointer(Endpointing(), min_length_s=0.0)
        self.wanted: list[bool] = []
        self.now = 0.0

    def hears(self, script: str) -> list[bool]:
        """Returns whether the floor was wanted, frame by frame."""
        for kind in script:
            self.now += FRAME_S
            frame = Frame(np.ones(FRAME_SAMPLES, np.int16), self.now)
            for event in self.endpointer.push(frame, PROBABILITY[kind], VOICE_FLATNESS):
                if isinstance(event, SpeechStarted):
                    self.floor.begin(self.now)
                if isinstance(event, SegmentReady):
                    self.floor.end(event.segment.speech_end_mono - event.segment.speech_start_mono)
            if sound := self.endpointer.sound:
                self.floor.hear(sound, self.now)
            self.wanted.append(self.floor.wanted)
        return self.wanted[-len(script) :]

    def understands(self, *, words: bool) -> None:
        self.floor.understood(words, self.now)

    @property
    def longest_s(self) -> float:
        """For how long the floor was wanted without a break."""
        runs = [len(list(run)) for wanted, run in groupby(self.wanted) if wanted]
        return max(runs, default=0) * FRAME_S


@pytest.fixture
def cabin() -> Cabin:
    return Cabin()


def test_speech_gets_the_floor_at_once_and_keeps_it_while_it_is_clear(cabin: Cabin) -> None:
    wanted = cabin.hears("#" * 60)
    assert all(wanted[2:])


@pytest.mark.parametrize(
    "sound",
    ["#" * 6, "#" * 11, "#" * 14, "#" * 20, "o" * 40, LAUGH, "####....." + LAUGH],
    ids=["cough", "mm-hm", "half a second", "drawn-out", "noise", "laughter", "cough, then laughter"],
)
def test_what_is_no_speech_lowers_the_guide_for_less_than_700_ms_at_a_time(cabin: Cabin, sound: str) -> None:
    cabin.hears(sound + "." * 30)
    assert cabin.longest_s <= LONGEST_S + FRAME_S


def test_laughter_is_heard_on_while_the_guide_speaks_up_again(cabin: Cabin) -> None:
    assert not cabin.hears(LAUGH)[-1]
    assert cabin.endpointer.speaking


def test_words_behind_laughter_lower_it_again_at_once(cabin: Cabin) -> None:
    cabin.hears(LAUGH)
    wanted = cabin.hears("#" * 20)
    assert wanted.index(True) * FRAME_S <= 0.5
    assert wanted[-1]


def test_words_that_were_understood_keep_the_floor_however_they_sound(cabin: Cabin) -> None:
    cabin.hears("#" * 20)
    cabin.understands(words=True)
    assert all(cabin.hears("o" * 40 + "." * 10))


def test_clear_sound_without_words_loses_it_until_words_come(cabin: Cabin) -> None:
    cabin.hears("#" * 40)
    cabin.understands(words=False)
    assert not any(cabin.hears("#" * 15))
    cabin.understands(words=True)
    assert all(cabin.hears("#" * 5))


def test_who_goes_on_behind_a_short_word_gets_it_again_at_once(cabin: Cabin) -> None:
    assert not cabin.hears("#" * 9 + "." * 10)[-1]
    assert all(cabin.hears("#" * 3))


def test_a_long_sentence_keeps_it_through_its_pauses(cabin: Cabin) -> None:
    cabin.hears("#" * 60)
    assert all(cabin.hears("." * 8 + "#" * 10))


def test_what_is_over_keeps_it_until_it_is_understood_unless_it_was_short(cabin: Cabin) -> None:
    cabin.hears("#" * 60)
    cabin.understands(words=True)
    assert cabin.hears("." * 30)[-1]
    other = Cabin()
    assert not other.hears("#" * 9 + "." * 40)[-1]


def test_the_next_speaker_begins_anew(cabin: Cabin) -> None:
    cabin.hears("#" * 40)
    cabin.understands(words=False)
    cabin.hears("." * 40)
    assert not cabin.endpointer.speaking
    assert cabin.hears("#" * 6)[-1]
