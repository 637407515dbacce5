"""The guide's voice goes out of the frames, a passenger's stays; the cleaner knows when it is good enough."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from edge.listener.echo.canceller import BLOCK_SAMPLES, Canceller
from edge.listener.echo.cleaner import LEARN_S, EchoCleaner
from edge.listener.echo.reference import LEAD_S
from edge.listener.framing import FRAME_SAMPLES
from edge.listener.segment import SAMPLE_RATE, Frame
from edge.messages import PlayedSound
from tests.support.cabin import int16, needs_espeak, say
from tests.support.room import through
from tests.support.told import Inbox, playback

BEGIN = 50.0
LEAD = round(LEAD_S * SAMPLE_RATE)


class Subtraction:
    """Cancels in a room without reflections or delay, but for the one that the reference leads by."""

    def __init__(self) -> None:
        self._ahead: NDArray[np.int16] = np.zeros(LEAD, np.int16)

    def cancel(self, captured: NDArray[np.int16], played: NDArray[np.int16]) -> NDArray[np.int16]:
        ahead = np.concatenate([self._ahead, played])
        self._ahead = ahead[len(captured) :]
        return captured - ahead[: len(captured)]


def played(sound: NDArray[np.int16], at: int, instance: str = "speaker") -> PlayedSound:
    return PlayedSound(
        instance=instance,
        stream=instance,
        position=at,
        heard_mono=BEGIN + at / SAMPLE_RATE,
        samples=sound.astype("<i2").tobytes(),
    )


def heard_by(cleaner: EchoCleaner, captured: NDArray[np.int16], begin: int = 0) -> NDArray[np.int16]:
    """What is left of it when the microphone hears it from ``begin`` on, in whole frames."""
    ends = range(begin + FRAME_SAMPLES, begin + len(captured) + 1, FRAME_SAMPLES)
    frames = [
        cleaner.clean(Frame(captured[end - begin - FRAME_SAMPLES : end - begin], BEGIN + end / SAMPLE_RATE))
        for end in ends
    ]
    assert [frame.mono for frame in frames] == pytest.approx(
        [BEGIN + (end - BLOCK_SAMPLES) / SAMPLE_RATE for end in ends]
    ), "a frame's time is that of its own samples"
    return np.concatenate([frame.samples for frame in frames])


def noise(seconds: float, seed: int) -> NDArray[np.int16]:
    count = round(seconds * SAMPLE_RATE) // FRAME_SAMPLES * FRAME_SAMPLES
    return np.random.default_rng(seed).integers(1, 8000, count).astype(np.int16)


def test_what_is_played_goes_and_what_is_said_stays() -> None:
    inbox, sound, said = Inbox(), noise(2.0, 1), noise(2.0, 2)
    inbox.append(played(sound, 0))
    left = heard_by(EchoCleaner(inbox, Subtraction()), sound + said)
    settled = BLOCK_SAMPLES + LEAD
    assert np.array_equal(left[settled:], said[settled - BLOCK_SAMPLES : -BLOCK_SAMPLES])


def test_it_is_relied_on_when_it_has_heard_enough_of_the_guide() -> None:
    inbox, sound = Inbox(), noise(1.0, 1)
    cleaner = EchoCleaner(inbox, Subtraction())
    inbox.append(playback(turn_id="turn"))
    for index in range(round(LEARN_S) + 1):
        assert not cleaner.trusted
        inbox.append(played(sound, index * len(sound)))
        heard_by(cleaner, sound, index * len(sound))
    assert cleaner.trusted


def test_sound_that_broke_off_is_heard_a_while_before_it_is_relied_on_again() -> None:
    inbox, sound = Inbox(), noise(1.0, 1)
    cleaner = EchoCleaner(inbox, Subtraction())
    inbox.append(playback(turn_id="turn"))
    for index in range(round(LEARN_S) + 1):
        inbox.append(played(sound, index * len(sound)))
        heard_by(cleaner, sound, index * len(sound))
    assert cleaner.trusted
    pause = round(0.05 * SAMPLE_RATE)
    for index in range(round(LEARN_S) + 1, round(LEARN_S) + 4):
        at = index * len(sound)
        for begin in range(0, len(sound), BLOCK_SAMPLES):
            late = played(sound[begin : begin + BLOCK_SAMPLES], at + begin)
            inbox.append(msgspec.structs.replace(late, heard_mono=late.heard_mono + pause / SAMPLE_RATE))
        heard_by(cleaner, sound, at + pause)
        assert cleaner.trusted == (index > round(LEARN_S) + 1)


def test_a_hole_that_no_device_tells_of_is_noticed_and_closed() -> None:
    inbox, sound = Inbox(), noise(1.0, 1)
    cleaner = EchoCleaner(inbox, Subtraction())
    inbox.append(playback(turn_id="turn"))
    hole_at = round(LEARN_S) + 1
    late = np.roll(sound, round(0.02 * SAMPLE_RATE))  # what is played again and again is this much behind
    trusted = []
    for index in range(hole_at + 6):
        inbox.append(played(sound, index * len(sound)))
        left = heard_by(cleaner, late if index >= hole_at else sound, index * len(sound))
        trusted.append(cleaner.trusted)
    assert trusted[hole_at - 1]
    assert not all(trusted[hole_at:])
    assert trusted[-1]
    assert level(left) < level(sound) - 20, "the guide is found where it is now"


def test_behind_lost_sound_it_is_to_be_proven_again() -> None:
    inbox, sound = Inbox(), noise(1.0, 1)
    cleaner = EchoCleaner(inbox, Subtraction())
    inbox.append(playback(turn_id="turn"))
    for index in range(round(LEARN_S) + 1):
        inbox.append(played(sound, index * len(sound)))
        heard_by(cleaner, sound, index * len(sound))
    assert cleaner.trusted
    cleaner.lost_sound()
    assert not cleaner.trusted


def test_a_speaker_that_restarted_is_learned_anew() -> None:
    inbox, sound = Inbox(), noise(1.0, 1)
    cleaner = EchoCleaner(inbox, Subtraction())
    inbox.append(playback(turn_id="turn"))
    for index in range(round(LEARN_S) + 2):
        inbox.append(played(sound, index * len(sound)))
        heard_by(cleaner, sound, index * len(sound))
    assert cleaner.trusted
    inbox.append(playback(instance="another", turn_id="turn"))
    heard_by(cleaner, sound)
    assert not cleaner.trusted, "nothing is known of what this one plays"
    inbox.append(played(sound, 0, "another"))
    heard_by(cleaner, sound)
    assert not cleaner.trusted, "the delay may be another one"


def test_a_canceller_that_does_not_cancel_is_not_relied_on() -> None:
    class Idle:
        def cancel(self, captured: NDArray[np.int16], played: NDArray[np.int16]) -> NDArray[np.int16]:
            return captured

    inbox, sound = Inbox(), noise(1.0, 1)
    cleaner = EchoCleaner(inbox, Idle())
    inbox.append(playback(turn_id="turn"))
    for index in range(round(LEARN_S) + 3):
        inbox.append(played(sound, index * len(sound)))
        heard_by(cleaner, sound, index * len(sound))
    assert not cleaner.trusted


def test_where_no_echo_comes_back_there_is_nothing_to_prove() -> None:
    inbox, sound = Inbox(), noise(1.0, 1)
    cleaner = EchoCleaner(inbox, Subtraction())
    inbox.append(playback(turn_id="turn"))
    for index in range(round(LEARN_S) + 1):
        inbox.append(played(sound // 400, index * len(sound)))
        heard_by(cleaner, np.zeros_like(sound), index * len(sound))
    assert cleaner.trusted


@needs_espeak
def test_webrtc_takes_a_voice_out_and_leaves_a_passengers() -> None:
    pytest.importorskip("livekit")
    from edge.listener.echo.canceller import WebRtcCanceller

    guide = np.concatenate([say(f"Look, number {index}: a temple by the sea", "en") for index in range(6)])
    passenger = say("Hey guide, what is that building?", "en", 175, 30)
    echo = through(guide, room())
    at = len(guide) - len(passenger) - SAMPLE_RATE
    both = echo.copy()
    both[at : at + len(passenger)] += passenger
    alone, mixed = (cancelled(WebRtcCanceller(), int16(guide), int16(heard)) for heard in (echo, both))
    there = slice(at, at + len(passenger))
    assert level(alone[there]) < level(int16(echo)[there]) - 20, "the guide is gone"
    assert level(mixed[there]) > level(int16(passenger)) - 6, "and the passenger is not"


def cancelled(
    canceller: Canceller, sound: NDArray[np.int16], captured: NDArray[np.int16]
) -> NDArray[np.int16]:
    blocks = range(0, len(sound) - BLOCK_SAMPLES + 1, BLOCK_SAMPLES)
    left = [canceller.cancel(captured[a : a + BLOCK_SAMPLES], sound[a : a + BLOCK_SAMPLES]) for a in blocks]
    return np.concatenate(left)


def room() -> NDArray[np.float32]:
    """30 ms away, with a tail of reflections."""
    response = np.zeros(2400, np.float32)
    response[480] = 0.5
    random = np.random.default_rng(7)
    reflections = random.integers(500, 2400, 40)
    response[reflections] += 0.2 * random.standard_normal(40) * np.exp(-(reflections - 480) / 500)
    return response


def level(samples: NDArray[np.int16]) -> float:
    """In dB."""
    return 20 * float(np.log10(np.sqrt(np.mean(np.square(samples.astype(np.float64)))) + 1e-9))


@needs_espeak
def test_once_the_room_is_known_all_that_a_passenger_says_over_the_guide_is_left() -> None:
    pytest.importorskip("livekit")
    from edge.listener.echo.canceller import WebRtcCanceller

    guide = np.concatenate([say(f"Look, number {index}: a temple by the sea", "en") for index in range(6)])
    guide = guide[: len(guide) // FRAME_SAMPLES * FRAME_SAMPLES]
    passenger = say("Hey guide, what is that building?", "en", 175, 30)
    captured = through(guide, room())
    at = len(guide) - len(passenger) - SAMPLE_RATE
    captured[at : at + len(passenger)] += passenger
    inbox = Inbox()
    cleaner = EchoCleaner(inbox, WebRtcCanceller())
    inbox.append(playback(turn_id="turn"))
    left = []
    for begin in range(0, len(guide), FRAME_SAMPLES):
        ahead = begin + FRAME_SAMPLES if begin else 0  # the speaker tells what its device still holds
        inbox.append(played(int16(guide)[ahead : begin + 2 * FRAME_SAMPLES], ahead))
        left.append(heard_by(cleaner, int16(captured)[begin : begin + FRAME_SAMPLES], begin))
    assert cleaner.trusted
    there = np.concatenate(left)[at + BLOCK_SAMPLES : at + BLOCK_SAMPLES + len(passenger)]
    wrong = there.astype(np.int32) - int16(passenger)
    assert level(wrong) < level(int16(passenger)) - 20
