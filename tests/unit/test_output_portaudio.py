"""The PortAudio output: which device, which rate, and errors as one line. PortAudio itself is scripted."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.speaker.output import OutputError
from edge.speaker.output_factory import make_output
from edge.speaker.output_portaudio import PortAudioOutput

RATE = 48_000
BUFFER_S = 0.06


class PortAudioError(Exception):
    pass


class Stream:
    """What ``sounddevice.RawOutputStream`` is to the output, with a buffer that is always full."""

    latency = 0.06
    write_available = 0

    def __init__(self, rates: list[int], **options: Any) -> None:
        if options["samplerate"] not in rates:
            raise PortAudioError("Invalid sample rate [PaErrorCode -9997]")
        self.options = options
        self.frames = np.zeros((0, options["channels"]), np.float32)

    def start(self) -> None: ...

    def write(self, frames: np.ndarray) -> bool:
        self.frames = np.concatenate([self.frames, frames])
        return False

    def stop(self, ignore_errors: bool) -> None: ...

    def close(self, ignore_errors: bool) -> None: ...


class PortAudio:
    """What the module ``sounddevice`` is to the output: one device that takes the given rates."""

    def __init__(self, rates: list[int], channels: int) -> None:
        self.PortAudioError = PortAudioError
        self.starts = 0
        self._initialized = 1
        self.refuses_to_start = False
        self.streams: list[Stream] = []
        self._rates = rates
        self._channels = channels

    def _terminate(self) -> None:
        if not self._initialized:
            raise PortAudioError("PortAudio not initialized")
        self._initialized -= 1

    def _initialize(self) -> None:
        if self.refuses_to_start:
            raise PortAudioError("Error initializing PortAudio: Unanticipated host error")
        self._initialized += 1
        self.starts += 1

    def query_devices(self, device: str | None = None, kind: str | None = None) -> Any:
        if device not in (None, "USB Speaker"):
            raise ValueError(f"No {kind} device matching {device!r}")
        return {"max_output_channels": self._channels, "default_samplerate": 44_100.0}

    def RawOutputStream(self, **options: Any) -> Stream:
        self.streams.append(Stream(self._rates, **options))
        return self.streams[-1]


@pytest.fixture
def portaudio(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> PortAudio:
    rates, channels = getattr(request, "param", ([RATE], 2))
    module = PortAudio(rates, channels)
    monkeypatch.setitem(sys.modules, "sounddevice", module)
    return module


def test_mono_sound_goes_to_both_channels(portaudio: PortAudio) -> None:
    output = PortAudioOutput("USB Speaker", RATE, BUFFER_S)
    output.open()
    sound = np.linspace(-1, 1, 480, dtype=np.float32)
    output.write(sound)
    assert np.array_equal(portaudio.streams[0].frames, np.stack([sound, sound], axis=1))
    assert output.latency_s == pytest.approx(0.06)


@pytest.mark.parametrize("portaudio", [([RATE], 1)], indirect=True)
def test_a_device_with_one_channel_gets_one(portaudio: PortAudio) -> None:
    output = PortAudioOutput("default", RATE, BUFFER_S)
    output.open()
    output.write(np.zeros(480, np.float32))
    assert portaudio.streams[0].frames.shape == (480, 1)


@pytest.mark.parametrize("portaudio", [([44_100], 2)], indirect=True)
def test_a_device_that_refuses_the_rate_is_opened_at_its_own_and_given_the_same_sound(
    portaudio: PortAudio,
) -> None:
    output = PortAudioOutput("default", RATE, BUFFER_S)
    output.open()
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE).astype(np.float32)
    for block in tone.reshape(-1, 480):
        output.write(block)
    stream = portaudio.streams[-1]
    assert stream.options["samplerate"] == 44_100
    heard = stream.frames[:, 0]
    missing = 44_100 - len(heard)
    assert output.latency_s == pytest.approx(0.06 + missing / 44_100, abs=1e-4)
    spectrum = np.abs(np.fft.rfft(heard[:43_000])) / 21_500
    assert np.argmax(spectrum) == pytest.approx(440 * 43_000 / 44_100, abs=1)
    assert np.sqrt(np.square(spectrum).sum()) == pytest.approx(0.5, rel=0.01)


@pytest.mark.parametrize("portaudio", [([8_000], 2)], indirect=True)
def test_a_device_that_refuses_every_rate_is_one_line(portaudio: PortAudio) -> None:
    with pytest.raises(OutputError, match="Invalid sample rate"):
        PortAudioOutput("default", RATE, BUFFER_S).open()


def test_an_unknown_device_is_named(portaudio: PortAudio) -> None:
    with pytest.raises(OutputError, match="No output device matching 'Bluetooth'"):
        PortAudioOutput("Bluetooth", RATE, BUFFER_S).open()


def test_the_list_of_devices_is_read_anew_when_something_changed(
    portaudio: PortAudio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not at each opening: reading it leaks memory, and a device may be away for days."""
    monkeypatch.setenv("PULSE_SERVER", f"unix:{tmp_path}/pulse.sock")
    output = make_output("default", RATE, 0.03)
    for starts in (1, 1, 2, 2):
        if starts == 2 and not (tmp_path / "pulse.sock").exists():
            (tmp_path / "pulse.sock").touch()
        output.open()
        output.close()
        assert portaudio.starts == starts


def test_a_sound_system_that_did_not_start_is_tried_again(portaudio: PortAudio) -> None:
    output = PortAudioOutput("default", RATE, BUFFER_S)
    portaudio.refuses_to_start = True
    for _ in range(2):
        with pytest.raises(OutputError, match="Error initializing PortAudio"):
            output.open()
    portaudio.refuses_to_start = False
    output.open()
    assert output.latency_s > 0


def test_closing_what_is_not_open_is_harmless(portaudio: PortAudio) -> None:
    PortAudioOutput("default", RATE, BUFFER_S).close()


def test_a_machine_without_devices_is_told_so(portaudio: PortAudio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portaudio, "query_devices", lambda *_: [])
    with pytest.raises(OutputError, match="no audio device"):
        PortAudioOutput("default", RATE, BUFFER_S).open()


def test_a_missing_library_is_told_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    class Missing:
        def find_spec(self, name: str, *_: object) -> None:
            if name == "sounddevice":
                raise OSError("PortAudio library not found")

    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Missing(), *sys.meta_path])
    with pytest.raises(OutputError, match="install libportaudio2"):
        PortAudioOutput("default", RATE, BUFFER_S).open()
