"""The guide's tone in synthetic rooms: what is heard of it, and what is said about it."""

from __future__ import annotations

import numpy as np
import pytest
import soxr
from numpy.typing import NDArray

from edge.acceptance.tone import AMPLITUDE, QUIET_S, HeardSignal, judge, measure, signal
from tests.support.room import impulse_response
from tests.support.sound_server import RATE

Sound = NDArray[np.float32]
LATE_S = 0.4
"""The recording begins so long before the signal is handed over."""


def in_room(
    gain: float = 0.5,
    noise_rms: float = 3e-4,
    delay_s: float = 0.08,
    gain_of_input: float = 1.0,
    seed: int = 3,
    limit: float = 1.0,
) -> Sound:
    """What a microphone gives at 48 kHz; the loudspeaker cuts off what is above ``limit``."""
    played = np.clip(signal(RATE), -limit, limit)
    size = 1 << (2 * len(played)).bit_length()
    spectrum = np.fft.rfft(played, size) * np.fft.rfft(impulse_response(gain, seed), size)
    echoed = np.fft.irfft(spectrum, size)[: len(played)].astype(np.float32)
    before = np.zeros(round((LATE_S + delay_s) * RATE), np.float32)
    heard = np.concatenate([before, echoed, np.zeros(RATE // 2, np.float32)])
    heard += np.random.default_rng(seed).standard_normal(len(heard)).astype(np.float32) * np.float32(
        noise_rms
    )
    return np.clip(heard * gain_of_input, -1, 1).astype(np.float32)


def measured(sound: Sound, rate: int = RATE) -> HeardSignal:
    return measure(soxr.resample(sound, RATE, rate).astype(np.float32), rate, LATE_S + QUIET_S)


def failed(heard: HeardSignal, **options: bool) -> dict[str, str]:
    """Name → what came, of the findings that are not good."""
    return {check.name: check.actual for check in judge(heard, **options) if check.verdict == "missing"}


@pytest.mark.parametrize("rate", [16_000, 44_100, 48_000])
@pytest.mark.parametrize("seed", [3, 4, 5])
def test_a_good_room_passes_at_each_rate(rate: int, seed: int) -> None:
    heard = measured(in_room(seed=seed), rate)
    assert not failed(heard), heard
    assert heard.delay_ms == pytest.approx(84, abs=8)  # 4 ms of them are the way through the air
    assert heard.level_dbfs == pytest.approx(20 * np.log10(0.5 * AMPLITUDE), abs=4)
    assert heard.noise_dbfs == pytest.approx(20 * np.log10(3e-4 * np.sqrt(2)), abs=6)
    assert heard.distortion < 0.01


def test_noise_alone_is_no_tone() -> None:
    for seed in range(5):
        heard = measured(in_room(gain=1e-9, noise_rms=0.02, seed=seed))
        assert not heard.found
        assert "tone" in failed(heard)
    hum = np.sin(2 * np.pi * 50 * np.arange(7 * RATE) / RATE).astype(np.float32) * np.float32(0.2)
    assert not measured(hum).found


def test_zeros_are_a_muted_microphone() -> None:
    heard = measured(np.zeros(7 * RATE, np.float32))
    assert heard.is_zero
    assert "zeros" in failed(heard)["tone"]
    assert "muted" in judge(heard)[0].advice


def test_a_tone_that_drowns_in_noise_is_heard_and_said_to_drown() -> None:
    heard = measured(in_room(noise_rms=0.05))
    assert heard.found
    assert "noise floor" in failed(heard)


def test_a_quiet_and_a_loud_one_are_told_apart() -> None:
    quiet = measured(in_room(gain_of_input=0.01, noise_rms=1e-4))
    assert failed(quiet).keys() == {"level"}
    assert "up" in next(check.advice for check in judge(quiet) if check.name == "level")


def test_a_microphone_that_clips_is_told() -> None:
    wrong = failed(measured(in_room(gain_of_input=20)))
    assert {"level", "clipping"} <= wrong.keys()


def test_a_loudspeaker_that_distorts_is_told_without_clipping() -> None:
    assert failed(measured(in_room(limit=0.4 * AMPLITUDE))).keys() == {"distortion"}


def test_a_long_way_is_told() -> None:
    assert failed(measured(in_room(delay_s=0.6))).keys() == {"delay"}


def test_a_device_that_cancels_its_own_echo_need_not_hear_itself() -> None:
    gone = measured(in_room(gain=1e-9))
    assert failed(gone)
    assert not failed(gone, cancels_itself=True)
    assert not failed(measured(in_room(gain_of_input=0.01)), cancels_itself=True)


def test_a_recording_that_is_too_short_is_no_crash() -> None:
    for count in (0, 100, RATE // 2):
        assert not measure(np.zeros(count, np.float32), RATE, 1.0).found
    assert not measured(in_room()[: round((LATE_S + QUIET_S + 0.8) * RATE)]).found
