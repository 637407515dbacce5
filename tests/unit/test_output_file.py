"""The WAV output keeps a device's pace and leaves a file that plays, whatever happens to the process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

from edge.speaker import output_file
from edge.speaker.output import DeviceClock, NullOutput, OutputError
from edge.speaker.output_factory import make_output
from edge.speaker.output_file import WavOutput

RATE = 48_000
BLOCK = np.full(480, 0.25, np.float32)
SILENCE = np.zeros(1920, np.float32)


def read(path: Path) -> np.ndarray:
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2")


@pytest.fixture
def instant(monkeypatch: pytest.MonkeyPatch) -> None:
    """A device that takes everything at once."""
    monkeypatch.setattr(DeviceClock, "take", lambda self, count: False)


@pytest.mark.usefixtures("instant")
def test_the_file_is_valid_after_each_block(tmp_path: Path) -> None:
    output = WavOutput(tmp_path / "a.wav", RATE)
    output.open()
    assert len(read(tmp_path / "a.wav")) == 0
    for blocks in range(1, 4):
        output.write(BLOCK)
        assert np.array_equal(read(tmp_path / "a.wav"), np.full(480 * blocks, 8192))


@pytest.mark.usefixtures("instant")
def test_a_missing_folder_is_made_and_an_old_file_replaced(tmp_path: Path) -> None:
    path = tmp_path / "far" / "away" / "a.wav"
    for blocks in (5, 2):
        output = make_output(f"wav:{path}", RATE, 0.03)
        output.open()
        for _ in range(blocks):
            output.write(BLOCK)
        output.close()
    assert len(read(path)) == 2 * 480


@pytest.mark.usefixtures("instant")
def test_opened_again_after_a_loss_it_goes_on(tmp_path: Path) -> None:
    output = WavOutput(tmp_path / "a.wav", RATE)
    for _ in range(2):
        output.open()
        output.write(BLOCK)
        output.close()
    assert len(read(tmp_path / "a.wav")) == 2 * 480


@pytest.mark.usefixtures("instant")
def test_long_idle_silence_is_left_out_but_a_pause_in_speech_is_not(tmp_path: Path) -> None:
    output = WavOutput(tmp_path / "a.wav", RATE)
    output.open()
    for _ in range(2):
        output.write(BLOCK)
        for _ in range(1000):
            output.write(SILENCE, idle=True)
    assert len(read(tmp_path / "a.wav")) == 2 * (480 + round(0.3 * RATE))
    for _ in range(50):
        output.write(SILENCE)
    assert len(read(tmp_path / "a.wav")) == 2 * (480 + round(0.3 * RATE)) + 50 * 1920


@pytest.mark.usefixtures("instant")
def test_a_full_file_stays_valid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(output_file, "MAX_DATA_BYTES", 2000)
    output = WavOutput(tmp_path / "a.wav", RATE)
    output.open()
    for _ in range(10):
        output.write(BLOCK)
    assert len(read(tmp_path / "a.wav")) == 2 * 480
    assert len(caplog.records) == 1


@pytest.mark.usefixtures("instant")
def test_louder_than_full_scale_is_clipped_not_wrapped(tmp_path: Path) -> None:
    output = WavOutput(tmp_path / "a.wav", RATE)
    output.open()
    output.write(np.array([2.0, -2.0], np.float32))
    assert read(tmp_path / "a.wav").tolist() == [32767, -32767]


def test_a_path_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"cannot write .*a\.wav: Not a directory"):
        WavOutput(tmp_path / "file" / "a.wav", RATE).open()


def test_wav_without_a_path_is_refused() -> None:
    with pytest.raises(ValueError, match="expected wav:PATH"):
        make_output("wav:", RATE, 0.03)


def test_a_killed_process_leaves_all_that_it_had_written(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    program = (
        "import sys, numpy as np\n"
        "from edge.speaker.output_file import WavOutput\n"
        f"output = WavOutput({str(path)!r}, {RATE})\n"
        "output.open()\n"
        "for count in range(10**6):\n"
        "    output.write(np.full(480, 0.25, np.float32))\n"
        "    print(count + 1, flush=True)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    told = [int(process.stdout.readline()) for _ in range(20)]
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert len(read(path)) >= told[-1] * 480


class ManualClock:
    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def test_a_device_clock_fills_its_buffer_and_then_waits() -> None:
    clock = ManualClock()
    device = DeviceClock(RATE, 0.06, clock, clock.sleep)
    assert [device.take(960) for _ in range(3)] == [False] * 3
    assert clock.slept == []
    assert device.latency_s == pytest.approx(0.06)
    device.take(960)
    assert clock.slept == [pytest.approx(0.02)]
    assert device.latency_s == pytest.approx(0.06)


def test_a_device_clock_tells_when_it_ran_dry() -> None:
    clock = ManualClock()
    device = DeviceClock(RATE, 0.06, clock, clock.sleep)
    device.take(960)
    clock.now += 1.0
    assert device.latency_s == 0
    assert device.take(960)
    assert not device.take(960)


def test_null_is_made_by_its_name() -> None:
    output = make_output("null", RATE, 0.03)
    assert isinstance(output, NullOutput)
    output.open()
    assert not output.write(BLOCK)
    output.close()
