"""Is the guide's own tone heard well by its own microphone? Pure: samples in, findings out.

The signal is silence, a sweep and three steady tones. The sweep tells place (by correlation, whatever the
room adds) and level; the tones tell what is added to them. A room has holes: one frequency
alone tells nothing.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.acceptance.result import passed_if
from edge.doctor.check import Check, optional
from edge.sound.samples import Samples

QUIET_S, SWEEP_S, GAP_S, TONE_S, TAIL_S = 2.5, 0.5, 0.5, 0.6, 1.0
"""A sound server renders ahead when it starts, so there is silence first."""
SWEEP_HZ = (300.0, 3400.0)
TONES_HZ = (630.0, 1000.0, 1600.0)
AMPLITUDE = 0.25
"""−12 dB: about as loud as the guide speaks."""
FADE_S = 0.01
HARMONICS = (2, 3, 4, 5)

FOUND = 12.0
"""The correlation's peak over its RMS elsewhere. Noise alone reaches 5, a sweep as loud as the noise 100."""
LEVEL_DBFS = (-45.0, -6.0)
NOISE_MAX_DBFS = -45.0
ABOVE_NOISE_DB = 20.0
DELAY_MAX_MS = 400.0
"""What the software echo canceller follows (docs/audio.md)."""
SILENCE_DBFS = -120.0
FULL_SCALE = 0.985
CLIPPED_MAX = 0.001
DISTORTION_MAX = 0.1
"""Amplitude of the harmonics over that of the tone, in the middle of the three."""


class HeardSignal(NamedTuple):
    """What the microphone got of it. dBFS: 0 is a sine at full scale."""

    found: bool
    delay_ms: float
    """From handing the first sample to the device until it is in what the microphone gives."""
    level_dbfs: float
    noise_dbfs: float
    clipped: float
    """Share of the samples at full scale."""
    distortion: float
    is_zero: bool
    """The microphone gave nothing but zeros."""


def signal(sample_rate: int) -> Samples:
    """What is played."""
    at = np.arange(round(TONE_S * sample_rate)) / sample_rate
    tones = [_faded(AMPLITUDE * np.sin(2 * np.pi * hertz * at), sample_rate) for hertz in TONES_HZ]
    parts = [_silence(QUIET_S, sample_rate), sweep(sample_rate), _silence(GAP_S, sample_rate), *tones]
    return np.concatenate([*parts, _silence(TAIL_S, sample_rate)])


def sweep(sample_rate: int) -> Samples:
    """A tone that rises from low to high, linearly in time."""
    at = np.arange(round(SWEEP_S * sample_rate)) / sample_rate
    low, high = SWEEP_HZ
    phase = 2 * np.pi * (low * at + (high - low) * at**2 / (2 * SWEEP_S))
    return _faded(AMPLITUDE * np.sin(phase), sample_rate)


def measure(heard: Samples, sample_rate: int, handed_over_at_s: float) -> HeardSignal:
    """Find the signal in what the microphone gave, and judge it.

    Args:
        heard: all that the microphone gave, from before the signal until behind it.
        handed_over_at_s: when the sweep's first sample was given to the device, in seconds of ``heard``.
    """
    at, sharpness = _place(heard, sweep(sample_rate))
    begin = at + round((SWEEP_S + GAP_S) * sample_rate)
    end = begin + round(len(TONES_HZ) * TONE_S * sample_rate)
    found = sharpness >= FOUND and end <= len(heard)
    quiet = heard[max(0, at - round(1.2 * sample_rate)) : max(0, at - round(0.1 * sample_rate))]
    played = heard[at : at + round(SWEEP_S * sample_rate)]
    whole = heard[at:end] if found else heard
    return HeardSignal(
        found=found,
        delay_ms=(at / sample_rate - handed_over_at_s) * 1000,
        level_dbfs=_level_dbfs(played) if found else SILENCE_DBFS,
        noise_dbfs=_level_dbfs(quiet if found and len(quiet) else heard),
        clipped=float(np.mean(np.abs(whole) >= FULL_SCALE)) if len(whole) else 0.0,
        distortion=_distortion(heard[begin:end], sample_rate) if found else 0.0,
        is_zero=not np.any(heard),
    )


def judge(heard: HeardSignal, *, cancels_itself: bool = False) -> list[Check]:
    """Each finding with what to do.

    Args:
        cancels_itself: the device takes its own sound out of what it hears (``listener.echo = "device"``).
    """
    if not heard.found:
        if heard.is_zero:
            told = "the microphone gives nothing but zeros"
            advice = "it is muted, or its capture switch is off: amixer contents, audio_controls"
            return [passed_if(False, "tone", "heard", told, advice)]
        if cancels_itself:
            told = (
                f"not heard (noise {heard.noise_dbfs:.0f} dBFS), as a device that cancels its own echo should"
            )
            return [optional("tone", "heard", told, "ask it something: it is heard if it answers")]
        told = f"not heard; what is there has {heard.noise_dbfs:.0f} dBFS"
        advice = (
            "look at amplifier, cable, volume (audio_volume), the microphone's gain, and whether both are the"
            " right cards (doctor). A speakerphone that cancels its echo hears nothing: set duplex = full"
        )
        return [passed_if(False, "tone", "heard", told, advice)]
    checks = _judge_heard(heard)
    if cancels_itself:  # what is left of the tone says little
        return [check._replace(verdict="absent") if check.verdict == "missing" else check for check in checks]
    return checks


def _judge_heard(heard: HeardSignal) -> list[Check]:
    low, high = LEVEL_DBFS
    above = heard.level_dbfs - heard.noise_dbfs
    quieter = "the microphone's gain or the loudspeaker's volume down"
    return [
        Check("tone", "ok", "heard", "heard"),
        passed_if(
            low <= heard.level_dbfs <= high,
            "level",
            f"{low:.0f} to {high:.0f} dBFS",
            f"{heard.level_dbfs:.0f} dBFS",
            quieter if heard.level_dbfs > high else "volume (audio_volume) or the microphone's gain up",
        ),
        passed_if(
            heard.noise_dbfs <= NOISE_MAX_DBFS and above >= ABOVE_NOISE_DB,
            "noise floor",
            f"{NOISE_MAX_DBFS:.0f} dBFS at most, {ABOVE_NOISE_DB:.0f} dB below the tone",
            f"{heard.noise_dbfs:.0f} dBFS, {above:.0f} dB below the tone",
            "engine and people silent? Else hum (ground, cable, supply), or too much gain",
        ),
        passed_if(
            heard.delay_ms <= DELAY_MAX_MS,
            "delay",
            f"{DELAY_MAX_MS:.0f} ms at most",
            f"{heard.delay_ms:.0f} ms",
            "no sound server and no Bluetooth between; a smaller speaker.buffer_ms",
        ),
        passed_if(
            heard.clipped <= CLIPPED_MAX,
            "clipping",
            f"{CLIPPED_MAX:.1%} of the samples at most",
            f"{heard.clipped:.1%}",
            "the microphone's gain down",
        ),
        passed_if(
            heard.distortion <= DISTORTION_MAX,
            "distortion",
            f"{DISTORTION_MAX:.0%} at most",
            f"{heard.distortion:.0%}",
            f"{quieter}; else the loudspeaker or its amplifier is too weak or broken",
        ),
    ]


def _place(heard: Samples, pattern: Samples) -> tuple[int, float]:
    """Where ``pattern`` is most likely to begin, and how far that stands out."""
    if len(heard) <= len(pattern):
        return 0, 0.0
    size = 1 << (len(heard) + len(pattern)).bit_length()
    spectrum = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(pattern, size))
    likeness = np.abs(np.fft.irfft(spectrum, size)[: len(heard) - len(pattern)])
    at = int(np.argmax(likeness))
    # Echoes of a room follow the sweep itself.
    elsewhere = np.delete(likeness, slice(max(0, at - len(pattern)), at + len(pattern)))
    usual = float(np.sqrt(np.mean(np.square(elsewhere)))) if len(elsewhere) else 0.0
    return at, float(likeness[at]) / max(usual, 1e-9)


def _distortion(tones: Samples, sample_rate: int) -> float:
    """The median of the tones: one that falls into a hole of the room seems to be distorted."""
    found = []
    for number, hertz in enumerate(TONES_HZ):
        # Without the echoes of the tone before it.
        begin, end = (round((number + share) * TONE_S * sample_rate) for share in (0.4, 0.95))
        tone = tones[begin:end]
        orders = [order for order in HARMONICS if hertz * order < sample_rate / 2.2]
        added = np.linalg.norm([_amplitude(tone, hertz * order, sample_rate) for order in orders])
        found.append(float(added) / max(_amplitude(tone, hertz, sample_rate), 1e-9))
    return float(np.median(found))


def _amplitude(samples: Samples, hertz: float, sample_rate: int) -> float:
    """The amplitude of the sine with this frequency."""
    window = np.hanning(len(samples))
    turning = np.exp(-2j * np.pi * hertz * np.arange(len(samples)) / sample_rate)
    return float(2 * np.abs(np.sum(samples * window * turning)) / np.sum(window))


def _faded(sound: NDArray[np.float64], sample_rate: int) -> Samples:
    count = round(FADE_S * sample_rate)
    ramp = np.linspace(0, 1, count)
    sound[:count] *= ramp
    sound[-count:] *= ramp[::-1]
    return sound.astype(np.float32)


def _silence(seconds: float, sample_rate: int) -> Samples:
    return np.zeros(round(seconds * sample_rate), np.float32)


def _level_dbfs(sound: Samples) -> float:
    power = float(np.mean(np.square(sound, dtype=np.float64))) if len(sound) else 0.0
    return max(SILENCE_DBFS, float(10 * np.log10(max(2 * power, 1e-30))))
