"""A dead loudspeaker is known within seconds of speech; one that is drowned in noise is not judged."""

from __future__ import annotations

import numpy as np
import pytest

from edge.listener.echo.loudspeaker import KEPT_FRAMES, LoudspeakerWatch
from edge.listener.echo.presence import BEFORE_FRAMES, LATE_FRAMES, SPREAD, EchoPresence, Look, look
from edge.listener.framing import FRAME_S, FRAME_SAMPLES
from edge.listener.segment import SAMPLE_RATE, Frame
from edge.messages import PlayedSound
from tests.support.cabin import needs_espeak
from tests.support.loudspeaker_scene import NOISES, LoudspeakerScene, drive
from tests.support.told import Inbox

pytestmark = pytest.mark.timeout(300)  # it computes a lot, and a busy machine takes its time

SPOKEN_S = 5.0
"""Of speech, until a dead loudspeaker is known."""
HOURS = 8.0


def unheard_after_s(cabin: LoudspeakerScene, remark_s: float) -> float:
    """Seconds of speech until it is not heard."""
    spoken_s = 0.0
    while spoken_s < 60:
        judged = cabin.remark(remark_s)
        if False in judged:
            return spoken_s + judged.index(False) * FRAME_S
        spoken_s += remark_s
    return float("inf")


@needs_espeak
@pytest.mark.parametrize("noise", ["talk", "all"])
def test_a_loudspeaker_that_dies_is_known_within_five_seconds_of_speech(noise: str) -> None:
    for seed, remark_s in ((1, 3.0), (2, 6.0)):
        cabin = LoudspeakerScene(0.0, noise, seed)
        assert cabin.remark(6.0)[-1] is True, "it was heard"
        cabin.is_dead = True
        assert unheard_after_s(cabin, remark_s) <= SPOKEN_S
        cabin.is_dead = False
        assert cabin.remark(6.0)[-1] is True, "and is heard again"


@needs_espeak
def test_one_that_was_dead_from_the_start_is_known_too() -> None:
    cabin = LoudspeakerScene(0.0, "all", 3)
    cabin.is_dead = True
    assert unheard_after_s(cabin, 4.0) <= SPOKEN_S


@needs_espeak
@pytest.mark.parametrize(
    ("snr_db", "volume", "delay_s"), [(20.0, 1.0, 0.0), (0.0, 1.0, 0.3), (0.0, 0.5, 0.45), (-6.0, 1.0, 0.0)]
)
def test_it_is_heard_through_noise_and_late(snr_db: float, volume: float, delay_s: float) -> None:
    cabin = LoudspeakerScene(snr_db, "all", 4, volume=volume, delay_s=delay_s)
    judged = [heard for _ in range(8) for heard in cabin.remark(5.0)]
    assert judged[-1] is True
    assert False not in judged


@needs_espeak
def test_where_it_is_so_loud_that_nobody_can_tell_nothing_is_told() -> None:
    cabin = LoudspeakerScene(20.0, "all", 5)
    cabin.remark(6.0)
    cabin.make_noise(-20.0)
    assert unheard_after_s(cabin, 5.0) == float("inf")


@needs_espeak
def test_what_is_too_quiet_to_be_heard_is_not_judged() -> None:
    cabin = LoudspeakerScene(0.0, "motor", 6, volume=0.005)
    assert set(cabin.remark(20.0)) == {None}


@pytest.mark.long
@pytest.mark.timeout(900)
@needs_espeak
@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("snr_db", [20.0, 10.0, 0.0])
def test_eight_hours_of_noise_raise_at_most_one_alarm(noise: str, snr_db: float) -> None:
    came = drive(LoudspeakerScene(snr_db, noise, 77), HOURS, 78)
    assert came.alarms <= 1


def test_a_chime_is_not_judged() -> None:
    times = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    chime = np.exp(-2 * times) * (np.sin(2 * np.pi * 880 * times) + np.sin(2 * np.pi * 660 * times))
    played = (chime[: 32 * FRAME_SAMPLES] * 5000).astype(np.int16)
    around = np.zeros((BEFORE_FRAMES + 32 + LATE_FRAMES) * FRAME_SAMPLES, np.int16) + 1
    seen = look(played, around)
    assert seen.spread < SPREAD
    presence = EchoPresence()
    for _ in range(10):
        presence.add(seen)
    assert presence.heard is None


def test_a_peak_that_is_somewhere_else_each_time_is_no_loudspeaker() -> None:
    presence = EchoPresence()
    for delay in (100, 4000, 9000):
        presence.add(Look(ratio=3.0, delay=delay, gain=1.0, captured=1.0, played=1.0, spread=500.0))
    assert presence.heard is False
    for delay in (9010, 9020):
        presence.add(Look(ratio=3.0, delay=delay, gain=1.0, captured=1.0, played=1.0, spread=500.0))
    assert presence.heard is True


def played(samples: np.ndarray, frame: int) -> PlayedSound:
    position = frame * FRAME_SAMPLES
    mono = 50 + position / SAMPLE_RATE
    return PlayedSound(
        instance="s", stream="a", position=position, heard_mono=mono, samples=samples.astype("<i2").tobytes()
    )


@pytest.mark.parametrize("microphone", ["muted", "off", "gone"])
def test_a_microphone_that_hears_nothing_says_nothing_of_the_loudspeaker(microphone: str) -> None:
    random, inbox = np.random.default_rng(1), Inbox()
    watch = LoudspeakerWatch(inbox)
    for index in range(6 * KEPT_FRAMES):
        inbox.append(played(random.integers(-8000, 8000, FRAME_SAMPLES), index))
        frame = Frame(np.zeros(FRAME_SAMPLES, np.int16), 50 + (index + 1) * FRAME_S)
        if microphone == "off":
            watch.rest()
        else:
            watch.hear(None if microphone == "gone" else frame)
        assert watch.heard is None
