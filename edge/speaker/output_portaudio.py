"""An audio device through PortAudio, written to in blocks (callbacks need memory that systemd may forbid)."""

from __future__ import annotations

import threading
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.sound.device_list import DeviceList
from edge.sound.portaudio import leave_hanging_device, portaudio, require_device
from edge.sound.resample import Resampler
from edge.sound.samples import Samples
from edge.speaker.output import OutputError

Frames = NDArray[np.float32]
"""Shape (n, channels)."""

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
        self.buffer_s = buffer_s
        self._devices = DeviceList(LOOK_AGAIN_S)
        self._stream: Any = None
        self._stream_lock = threading.Lock()
        self._resampler = Resampler(sample_rate, sample_rate)
        self._device_rate = sample_rate
        self._buffer_frames = 0
        self._frames = np.zeros((0, 1), np.float32)
        self._silence = self._frames

    def open(self) -> None:
        with portaudio(OutputError) as sd:
            self._devices.refresh(sd)
            require_device(sd, OutputError)
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
                        latency=self.buffer_s,
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
            self._silence = self._frames
            self._stream.start()
            self._buffer_frames = max(round(self._stream.latency * rate), self._stream.write_available)

    def wait_for_room(self, count: int) -> None:
        missing_s = self.latency_s + count / self.sample_rate - self._buffer_frames / self._device_rate
        if missing_s > 0:
            time.sleep(missing_s)

    def write(self, block: Samples, *, idle: bool = False) -> bool:
        samples = self._resampler.push(block)
        frames = self._silent(len(samples)) if idle else self._clipped(samples)
        with portaudio(OutputError):
            return bool(self._stream.write(frames))

    def _clipped(self, samples: Samples) -> Frames:
        if len(self._frames) < len(samples):
            self._frames = np.zeros((len(samples), self._frames.shape[1]), np.float32)
        frames = self._frames[: len(samples)]
        # Resampling may overshoot what the limiter had left.
        np.clip(samples[:, np.newaxis], -1.0, 1.0, out=frames)
        return frames

    def _silent(self, count: int) -> Frames:
        """Most of what the guide writes is silence: spreading it anew was half of what each write cost."""
        if len(self._silence) < count:
            self._silence = np.zeros((count, self._silence.shape[1]), np.float32)
        return self._silence[:count]

    @property
    def latency_s(self) -> float:
        with portaudio(OutputError):
            buffered: int = self._buffer_frames - self._stream.write_available + self._resampler.pending
        return max(0.0, buffered / self._device_rate)

    def abort(self) -> None:
        leave_hanging_device(OutputError)
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
