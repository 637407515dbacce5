"""An audio device through PortAudio, written to in blocks (callbacks need memory that systemd may forbid)."""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from edge.speaker.output import OutputError, Samples
from edge.speaker.resample import Resampler

LOOK_AGAIN_S = 600.0
PERIOD_S = 0.01
"""With less (``latency='low'``: 9 ms on ALSA) streams ran dry on a busy machine and cost 3–6 % of a core."""


class PortAudioOutput:
    """The device whose name is ``name`` or contains it; ``default`` is the system's choice.

    Sound is mono; a device with two channels or more gets it on the first two. ``buffer_s`` is how much of it
    the device is asked to hold: a shorter pause of this process tears no hole.
    """

    def __init__(self, name: str, sample_rate: int, buffer_s: float) -> None:
        self.name = name
        self.sample_rate = sample_rate
        self._buffer_s = buffer_s
        self._sound_system: tuple[object, ...] | None = None
        self._looked_mono = 0.0
        self._stream: Any = None
        self._stream_lock = threading.Lock()
        self._resampler = Resampler(sample_rate, sample_rate)
        self._device_rate = sample_rate
        self._buffer_frames = 0
        self._frames = np.zeros((0, 1), np.float32)

    def open(self) -> None:
        sd = _portaudio()
        with _errors(sd):
            self._look_for_devices(sd)
            if not len(sd.query_devices()):
                raise OutputError("this machine has no audio device, or its sound server does not run")
            device = None if self.name == "default" else self.name
            info = sd.query_devices(device, "output")
            channels = min(2, int(info["max_output_channels"]))
            for rate in dict.fromkeys((self.sample_rate, int(info["default_samplerate"]))):
                try:
                    self._stream = sd.RawOutputStream(
                        samplerate=rate,
                        device=device,
                        channels=channels,
                        dtype="float32",
                        latency=self._buffer_s,
                        blocksize=round(PERIOD_S * rate),
                    )
                    break
                except sd.PortAudioError as error:
                    refused = error
            else:
                raise refused
            self._resampler = Resampler(self.sample_rate, rate)
            self._device_rate = rate
            self._frames = np.zeros((0, channels), np.float32)
            self._stream.start()
            self._buffer_frames = max(round(self._stream.latency * rate), self._stream.write_available)

    def _look_for_devices(self, sd: Any) -> None:
        """PortAudio reads the list of devices when it starts; what came or went since is not in it.

        Reading it leaks some 12 KiB in ALSA, so it is done when something changed, or after a long while.
        """
        sound_system, now = _sound_system(), time.monotonic()
        if sound_system == self._sound_system and now - self._looked_mono < LOOK_AGAIN_S:
            return
        while sd._initialized:
            sd._terminate()
        sd._initialize()
        self._sound_system, self._looked_mono = sound_system, now

    def write(self, block: Samples, *, idle: bool = False) -> bool:
        samples = self._resampler.push(block)
        if len(self._frames) < len(samples):
            self._frames = np.zeros((len(samples), self._frames.shape[1]), np.float32)
        frames = self._frames[: len(samples)]
        # Resampling may overshoot what the limiter had left.
        np.clip(samples[:, np.newaxis], -1.0, 1.0, out=frames)
        with _errors(_portaudio()):
            return bool(self._stream.write(frames))

    @property
    def latency_s(self) -> float:
        with _errors(_portaudio()):
            buffered: int = self._buffer_frames - self._stream.write_available + self._resampler.pending
        return max(0.0, buffered / self._device_rate)

    def abort(self) -> None:
        # At the end of the process PortAudio would wait for the device that hangs.
        atexit.unregister(_portaudio()._exit_handler)
        with self._stream_lock:
            if self._stream is not None:
                self._stream.abort(ignore_errors=True)

    def close(self) -> None:
        # Freeing the stream under an abort that is still at work would crash.
        with self._stream_lock:
            if self._stream is not None:
                self._stream.stop(ignore_errors=True)
                self._stream.close(ignore_errors=True)
                self._stream = None


def _sound_system() -> tuple[object, ...]:
    """What changes when a sound card or a sound server comes or goes."""
    runtime_dir = os.environ.get("XDG_RUNTIME_DIR", "")
    server = os.environ.get("PULSE_SERVER", "").removeprefix("unix:")
    places = (
        "/dev/snd",
        f"{runtime_dir}/pulse",
        f"{runtime_dir}/pulse/native",
        f"{runtime_dir}/pipewire-0",
        server,
    )
    return tuple(_identity(Path(place)) for place in places if place.startswith("/"))


def _identity(place: Path) -> tuple[int, int] | None:
    try:
        status = place.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns


def _portaudio() -> Any:
    try:
        import sounddevice
    except OSError as error:  # the wrapper is there, the library is not
        raise OutputError("PortAudio is not installed: install libportaudio2") from error
    except Exception as error:
        raise OutputError(f"PortAudio does not start: {error}") from error
    return sounddevice


@contextlib.contextmanager
def _errors(sd: Any) -> Iterator[None]:
    """PortAudio's and sounddevice's errors, the latter for names that fit no device or several."""
    try:
        yield
    except (sd.PortAudioError, ValueError) as error:
        raise OutputError(" ".join(str(error).split())) from error
