"""An audio device through PortAudio, read in blocks (callbacks need memory that systemd may forbid)."""

from __future__ import annotations

from typing import Any

import numpy as np

from edge.listener.input import READ_S, InputError
from edge.sound.device_list import DeviceList
from edge.sound.portaudio import leave_hanging_device, portaudio, require_device
from edge.sound.samples import Samples

RATES = (16_000, 44_100, 48_000)
"""Tried in turn; the first needs no conversion."""
LOOK_AGAIN_S = 30.0
BUFFER_S = 0.08
"""The time that a reader may be late. With it and ``READ_S`` a frame is 17 ms old on average when it is
handed on; with a buffer of 0.2 s sound came in lumps, and a frame was 53 ms old."""


class PortAudioInput:
    """The device whose name is ``name`` or contains it; ``default`` is the system's choice.

    Of several channels the first is heard: on microphone arrays it is the processed one.
    """

    when_quiet = "the device gives no sound"

    def __init__(self, name: str) -> None:
        self.name = name
        self.sample_rate = RATES[0]
        self.overflows = 0
        self._devices = DeviceList(LOOK_AGAIN_S)
        self._stream: Any = None
        self._block_frames = 0

    def open(self) -> None:
        with portaudio(InputError) as sd:
            self._devices.refresh(sd)
            require_device(sd, InputError)
            device = None if self.name == "default" else self.name
            info = sd.query_devices(device, "input")
            # Some devices refuse to give one channel alone.
            for channels in dict.fromkeys((1, min(2, int(info["max_input_channels"])))):
                for rate in dict.fromkeys((*RATES, int(info["default_samplerate"]))):
                    try:
                        self._open_stream(sd, device, rate, channels)
                    except sd.PortAudioError as error:
                        refused = error
                    else:
                        return
            raise refused

    def read(self) -> Samples:
        with portaudio(InputError):
            data, overflowed = self._stream.read(self._block_frames)
        self.overflows += bool(overflowed)
        # Without a copy the block would be lost with the stream's own buffer.
        return np.frombuffer(data, np.float32)[:: self._stream.channels].copy()

    @property
    def backlog_s(self) -> float:
        with portaudio(InputError):
            return max(0, int(self._stream.read_available)) / self.sample_rate

    def abandon(self) -> None:
        leave_hanging_device(InputError)

    def close(self) -> None:
        if self._stream is not None:
            self._stream.abort(ignore_errors=True)
            self._stream.close(ignore_errors=True)
            self._stream = None

    def _open_stream(self, sd: Any, device: str | None, rate: int, channels: int) -> None:
        self._block_frames = round(READ_S * rate)
        self._stream = sd.RawInputStream(
            samplerate=rate,
            device=device,
            channels=channels,
            dtype="float32",
            latency=BUFFER_S,
            blocksize=self._block_frames,
        )
        self.sample_rate = rate
        self._stream.start()
