"""A cabin without devices and clock: what the guide plays comes back through its air, and people speak."""

from __future__ import annotations

import numpy as np
import soxr
from numpy.typing import NDArray

from edge.listener.framing import FRAME_SAMPLES
from edge.listener.segment import SAMPLE_RATE, Frame
from edge.messages import PlayedSound
from edge.sound.samples import clipped
from tests.support.room import impulse_response
from tests.support.sound_server import RATE

ECHO_GAIN = 0.5
BUFFER_S = 0.05
"""The speaker tells what will be heard so much later."""
AIR_S = 0.03
DUCK_GAIN = 10 ** (-14 / 20)
DUCK_FRAMES = 3
NOISE_RMS = 10
RoomSound = NDArray[np.float64]


class SimulatedRoom:
    """One room with a loudspeaker and a microphone, frame by frame at 16 kHz.

    Args:
        begun_mono: when its first frame begins.
        seed: another one is another room.
    """

    def __init__(self, begun_mono: float = 0.0, seed: int = 7) -> None:
        self.begun_mono = begun_mono
        self.position = 0
        """Samples until now."""
        response = soxr.resample(impulse_response(ECHO_GAIN, seed).astype(np.float64), RATE, SAMPLE_RATE)
        self._response = np.concatenate([np.zeros(round((BUFFER_S + AIR_S) * SAMPLE_RATE)), response])
        self._tail = np.zeros(FRAME_SAMPLES + len(self._response) - 1)
        self._noise = np.random.default_rng(seed)
        self._gains = [1.0] * DUCK_FRAMES

    def frame(self, guide: RoomSound, said: RoomSound, *, is_lowered: bool) -> tuple[PlayedSound, Frame]:
        """What the loudspeaker plays and what the microphone captures next; shapes (FRAME_SAMPLES,).

        Args:
            said: by a passenger, at the microphone.
            is_lowered: the guide's voice shall be, which the loudspeaker plays ``DUCK_FRAMES`` later.
        """
        self._gains.append(DUCK_GAIN if is_lowered else 1.0)
        played = np.rint(guide * self._gains.pop(0)).astype(np.int16)
        news = PlayedSound(
            instance="speaker",
            stream="stream",
            position=self.position,
            heard_mono=self._now_mono + BUFFER_S,
            samples=played.astype("<i2").tobytes(),
        )
        self._tail += np.convolve(played, self._response)
        heard = self._tail[:FRAME_SAMPLES] + said + self._noise.standard_normal(FRAME_SAMPLES) * NOISE_RMS
        self._tail = np.concatenate([self._tail[FRAME_SAMPLES:], np.zeros(FRAME_SAMPLES)])
        self.position += FRAME_SAMPLES
        captured = clipped(heard)
        return news, Frame(captured, self._now_mono)

    @property
    def _now_mono(self) -> float:
        return self.begun_mono + self.position / SAMPLE_RATE


def loudness(sound: RoomSound) -> float:
    """Root mean square where there is speech, which is 30 dB below the loudest 10 ms at least."""
    power = np.mean(np.square(sound[: len(sound) // 160 * 160].reshape(-1, 160)), axis=1)
    return float(np.sqrt(np.mean(power[power > power.max() * 1e-3])))
