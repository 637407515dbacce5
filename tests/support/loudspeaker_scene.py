"""A guide that speaks now and then in a noisy cabin, its loudspeaker alive or dead: no device, no clock."""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np
import soxr
from numpy.typing import NDArray

from edge.listener.echo.loudspeaker import LoudspeakerWatch
from edge.listener.framing import FRAME_S, FRAME_SAMPLES
from edge.listener.segment import SAMPLE_RATE, Frame
from edge.messages import Language, PlayedSound
from tests.support.cabin import MANNERS, PHRASES, SPEECH_RMS, Sound, brown_noise, int16, say
from tests.support.room import impulse_response, through
from tests.support.sound_server import RATE
from tests.support.told import Inbox

BEGIN_MONO = 50.0
AROUND_S = 3.0
"""Of silence before a remark; the rest of a pause changes nothing."""
NOISE_S = 90.0
TELLS_AHEAD_FRAMES = 3
"""The speaker tells what is heard a little later."""


class LoudspeakerScene:
    """Loudspeaker, air and microphone.

    Args:
        snr_db: of the guide at the microphone, over all frequencies.
        noise: which one, of ``NOISES``.
        volume: as it is played.
        delay_s: of the loudspeaker beyond what its device tells.
    """

    def __init__(
        self, snr_db: float, noise: str, seed: int, *, volume: float = 1.0, delay_s: float = 0.0
    ) -> None:
        self.is_dead = False
        self._random = np.random.default_rng(seed)
        self._kind = noise
        self.make_noise(snr_db)
        self._response = room(seed % 5)
        self._volume = volume
        self._delay = round(delay_s * SAMPLE_RATE)
        self._inbox = Inbox()
        self.watch = LoudspeakerWatch(self._inbox)
        self._frames = 0

    def make_noise(self, snr_db: float) -> None:
        """Have it so loud from now on."""
        self._noise = noise_of(self._kind) * np.float32(10 ** (-snr_db / 20))

    def remark(self, seconds: float, language: Language = "ru") -> list[bool | None]:
        """What is judged at each frame while the guide says something, from the first sound on."""
        played = np.concatenate(
            [np.zeros(round(AROUND_S * SAMPLE_RATE), np.float32), self._speech(seconds, language)]
        )
        played = np.concatenate([played, np.zeros(-len(played) % FRAME_SAMPLES + 20 * FRAME_SAMPLES, "f4")])
        echo = through(played, self._response) * (not self.is_dead)
        echo = np.concatenate([np.zeros(self._delay, np.float32), echo])[: len(played)]
        begin = (
            self._random.integers(0, len(self._noise) - len(played)) if len(self._noise) > len(played) else 0
        )
        captured = int16(0.3 * (echo + np.resize(self._noise[begin:], len(played))).astype(np.float32))
        said, heard = int16(played).reshape(-1, FRAME_SAMPLES), captured.reshape(-1, FRAME_SAMPLES)
        judged = []
        for index, frame in enumerate(heard):
            if index + TELLS_AHEAD_FRAMES < len(said):
                self._tell(said[index + TELLS_AHEAD_FRAMES], self._frames + TELLS_AHEAD_FRAMES)
            self._frames += 1
            self.watch.hear(Frame(frame, BEGIN_MONO + self._frames * FRAME_S))
            judged.append(self.watch.heard)
        return judged[round(AROUND_S / FRAME_S) :]

    def _speech(self, seconds: float, language: Language) -> Sound:
        parts: list[Sound] = []
        while sum(map(len, parts)) < seconds * SAMPLE_RATE:
            text = PHRASES[language][self._random.integers(len(PHRASES[language]))]
            pause = np.zeros(round(self._random.uniform(0.05, 0.3) * SAMPLE_RATE), np.float32)
            parts += [say(text, language, *MANNERS[self._random.integers(len(MANNERS))]), pause]
        return np.concatenate(parts)[: round(seconds * SAMPLE_RATE)] * np.float32(self._volume)

    def _tell(self, samples: np.ndarray, frame: int) -> None:
        if samples.any():
            position = frame * FRAME_SAMPLES
            heard_mono = BEGIN_MONO + position / SAMPLE_RATE
            self._inbox.append(
                PlayedSound(
                    instance="speaker",
                    stream="one",
                    position=position,
                    heard_mono=heard_mono,
                    samples=samples.astype("<i2").tobytes(),
                )
            )


@functools.cache
def room(seed: int) -> Sound:
    """As loud at the microphone as it is played."""
    response = soxr.resample(impulse_response(1.0, seed), RATE, SAMPLE_RATE)
    as_loud: Sound = (response / np.sqrt(np.sum(np.square(response)))).astype(np.float32)
    return as_loud


@functools.cache
def noise_of(name: str) -> Sound:
    """As loud as speech: shape (n,)."""
    motor = brown_noise(NOISE_S, SPEECH_RMS, 3)
    if name == "motor":
        return motor
    made = {"talk": _talk, "music": _music, "hiss": _hiss}
    noise = sum((make() for make in made.values()), motor) if name == "all" else made[name]()
    as_loud: Sound = (noise * SPEECH_RMS / np.sqrt(np.mean(np.square(noise)))).astype(np.float32)
    return as_loud


NOISES = ("motor", "talk", "music", "hiss", "all")


def _talk() -> Sound:
    return _talker("en", 5) + _talker("id", 6)


def _talker(language: Language, seed: int) -> Sound:
    random, parts = np.random.default_rng(seed), [np.zeros(0, np.float32)]
    while sum(map(len, parts)) < NOISE_S * SAMPLE_RATE:
        phrase = PHRASES[language][random.integers(len(PHRASES[language]))]
        parts += [say(phrase, language), np.zeros(round(random.uniform(0.1, 0.8) * SAMPLE_RATE), np.float32)]
    return np.concatenate(parts)[: round(NOISE_S * SAMPLE_RATE)]


def _music() -> Sound:
    """Chords of plucked strings."""
    random = np.random.default_rng(7)
    step = SAMPLE_RATE // 4
    out = np.zeros(round(NOISE_S * SAMPLE_RATE) + 4 * SAMPLE_RATE)
    strings = [_plucked(220 * 2 ** (semitone / 12)) for semitone in range(25)]
    for begin in range(0, round(NOISE_S * SAMPLE_RATE), step):
        for semitone in random.integers(0, len(strings), 3):
            out[begin : begin + len(strings[semitone])] += strings[semitone]
    return out[: round(NOISE_S * SAMPLE_RATE)].astype(np.float32)


def _plucked(hertz: float) -> NDArray[np.float64]:
    times = np.arange(4 * SAMPLE_RATE) / SAMPLE_RATE
    return np.exp(-3 * times) * sum(np.sin(2 * np.pi * hertz * n * times) / n for n in range(1, 6))


def _hiss() -> Sound:
    random = np.random.default_rng(9)
    return (random.standard_normal(round(NOISE_S * SAMPLE_RATE)) * SPEECH_RMS).astype(np.float32)


class Drive(NamedTuple):
    """What hours with the guide came to."""

    alarms: int
    """Times at which the loudspeaker was not heard any more."""
    unheard_at_end: bool


def drive(cabin: LoudspeakerScene, hours: float, seed: int) -> Drive:
    """Remarks of some seconds, one each 30 to 60 s."""
    random = np.random.default_rng(seed)
    at_s, alarms, was = 0.0, 0, cabin.watch.heard
    while at_s < hours * 3600:
        for heard in cabin.remark(random.uniform(2.0, 9.0)):
            alarms += heard is False and was is not False
            was = heard
        at_s += random.uniform(30, 60)
    return Drive(alarms, was is False)
