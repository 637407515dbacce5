"""What comes in at any rate, in any pieces, from any source becomes the same frames with the right times."""

from __future__ import annotations

import asyncio
import os
import threading
import time
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge.listener import input_file, microphone
from edge.listener.frame_queue import FrameQueue
from edge.listener.framing import FRAME_S, FRAME_SAMPLES, Framer, SampleClock
from edge.listener.input import READ_S, InputEnded, InputError, NullInput, SamplePacer
from edge.listener.input_factory import make_input
from edge.listener.input_file import WavInput
from edge.listener.input_pipe import PipeInput
from edge.listener.level import FLOOR_DBFS, LevelMeter
from edge.listener.microphone import Microphone
from edge.listener.segment import Frame
from edge.sound.device_state import DeviceState
from edge.sound.samples import from_int16
from tests.support.waiting import until


def ramp(count: int) -> NDArray[np.int16]:
    """Samples that tell where they were."""
    return (np.arange(count) % 30_000).astype(np.int16)


def write_wav(
    path: Path, samples: NDArray[np.int16], rate: int = 16_000, channels: int = 1, width: int = 2
) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())
    return path


@given(st.lists(st.integers(1, 2000), min_size=1, max_size=30))
def test_the_pieces_do_not_matter(sizes: list[int]) -> None:
    sound = ramp(sum(sizes))
    framer = Framer(16_000)
    frames: list[Frame] = []
    at = 0
    for size in sizes:
        at += size
        frames += framer.push(from_int16(sound[at - size : at]), at / 16_000)
    frames += framer.flush()
    heard = np.concatenate([frame.samples for frame in frames])
    assert all(len(frame.samples) == FRAME_SAMPLES for frame in frames)
    assert np.array_equal(heard[: len(sound)], sound)
    assert not heard[len(sound) :].any()


@settings(max_examples=20)
@given(st.sampled_from([16_000, 44_100, 48_000]), st.integers(0, 100))
def test_a_frame_has_the_time_of_its_last_sample(rate: int, seed: int) -> None:
    """A click is in the frame whose times enclose it, though blocks arrive up to 50 ms late."""
    lateness = np.random.default_rng(seed)
    click_s = 2.5
    sound = np.zeros(4 * rate, np.float32)
    sound[round(click_s * rate) :][: rate // 1000] = 0.9
    framer, frames, size = Framer(rate), [], round(0.016 * rate)
    for at in range(size, len(sound), size):
        frames += framer.push(sound[at - size : at], 100 + at / rate + lateness.uniform(0, 0.05))
    loudest = max(frames, key=lambda frame: int(np.abs(frame.samples.astype(int)).max()))
    at = int(np.abs(loudest.samples.astype(int)).argmax())
    heard_s = loudest.mono - 100 - (FRAME_SAMPLES - at) / 16_000
    assert heard_s == pytest.approx(click_s, abs=0.012)


@pytest.mark.parametrize("rate", [16_000, 44_100, 48_000])
@pytest.mark.parametrize("rubbish", [np.nan, np.inf, -np.inf, 1e30])
def test_a_sample_that_is_no_number_does_not_make_it_deaf(rate: int, rubbish: float) -> None:
    framer = Framer(rate)
    block = np.full(rate // 10, 0.1, np.float32)
    spoilt = block.copy()
    spoilt[7] = rubbish
    list(framer.push(spoilt, 0.1))
    heard = [frame for at in (0.2, 0.3, 0.4) for frame in framer.push(block, at)]
    assert heard[-1].samples == pytest.approx(3277, abs=5)


def test_after_a_hole_the_time_is_right_again() -> None:
    clock = SampleClock(16_000)
    assert clock.advance(512, 1.0) == 1.0
    assert clock.advance(512, 1.05) == pytest.approx(1.032, abs=1e-3)
    assert clock.advance(512, 3.0) == 3.0
    assert clock.advance(512, 3.03) == pytest.approx(3.03)


def test_a_clock_that_runs_slow_is_followed() -> None:
    clock = SampleClock(16_000)
    at = 0.0
    for _ in range(5000):
        at += 0.032 * 1.0005
        told = clock.advance(512, at)
    assert told == pytest.approx(at, abs=0.001)


def test_the_level_rises_at_once_and_falls_slowly() -> None:
    meter = LevelMeter()
    assert meter.dbfs == FLOOR_DBFS
    loud = np.full(FRAME_SAMPLES, 3277, np.int16)
    for _ in range(8):
        meter.add(loud, FRAME_S)
    assert meter.dbfs == pytest.approx(-20, abs=0.5)
    for _ in range(8):
        meter.add(np.zeros(FRAME_SAMPLES, np.int16), FRAME_S)
    assert -25 < meter.dbfs < -21
    meter.reset()
    assert meter.dbfs == FLOOR_DBFS


async def test_a_late_reader_loses_the_oldest_and_it_is_counted() -> None:
    queue = FrameQueue(4)
    frames = [Frame(np.full(FRAME_SAMPLES, number, np.int16), number) for number in range(10)]
    thread = threading.Thread(target=lambda: [queue.put(frame) for frame in frames])
    thread.start()
    thread.join()
    queue.close()
    assert [await queue.get(1) for _ in range(4)] == frames[-4:]
    assert queue.dropped == 6
    assert queue.ended


async def test_nothing_in_time_is_none() -> None:
    assert await FrameQueue(4).get(0.01) is None


def test_the_pace_is_the_clocks_and_small_delays_are_caught_up_with() -> None:
    now, slept = 10.0, []

    def sleep(seconds: float) -> None:
        nonlocal now
        slept.append(seconds)
        now += seconds

    pace = SamplePacer(16_000, clock=lambda: now, sleep=sleep)
    for _ in range(10):
        pace.take(1600)
        now += 0.03
    assert now == pytest.approx(11.03)
    now += 30
    pace.take(1600)
    assert slept[-1] == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("spec", "kind"), [("null", NullInput), ("wav:a.wav", WavInput), ("pipe:/run/mic", PipeInput)]
)
def test_the_setting_names_the_source(spec: str, kind: type) -> None:
    source = make_input(spec)
    assert isinstance(source, kind)
    assert source.name == spec


@pytest.mark.parametrize("spec", ["wav:", "pipe: "])
def test_a_source_without_a_path_is_refused(spec: str) -> None:
    with pytest.raises(ValueError, match=r"listener\.input = '.*': expected (wav|pipe):PATH"):
        make_input(spec)


@pytest.mark.parametrize(("rate", "channels"), [(16_000, 1), (48_000, 2), (8_000, 1)])
def test_a_wav_file_of_any_form_is_heard_by_its_first_channel(
    tmp_path: Path, rate: int, channels: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(input_file.SamplePacer, "take", lambda self, count: None)
    sound = ramp(rate // 2)
    interleaved = np.zeros((len(sound), channels), np.int16)
    interleaved[:, 0] = sound
    source = WavInput(write_wav(tmp_path / "a.wav", interleaved, rate, channels))
    source.open()
    heard = [source.read() for _ in range(-(-len(sound) // round(READ_S * rate)))]
    with pytest.raises(InputEnded, match="is at its end"):
        source.read()
    source.close()
    assert source.sample_rate == rate
    assert np.array_equal(np.rint(np.concatenate(heard) * 32768), sound)


def test_a_bad_wav_file_is_one_clear_line(tmp_path: Path) -> None:
    text = tmp_path / "text.wav"
    text.write_text("no sound")
    cut = tmp_path / "cut.wav"
    cut.write_bytes(write_wav(cut, ramp(8)).read_bytes()[:20])
    a_law = tmp_path / "a_law.wav"
    of_a_law = bytearray(write_wav(a_law, ramp(8)).read_bytes())
    of_a_law[20] = 6  # the format's number, behind "RIFF", "WAVE" and "fmt "
    a_law.write_bytes(of_a_law)
    cases = {
        str(tmp_path / "none.wav"): "No such file",
        str(text): "cannot read .*text.wav as a WAV file",
        str(write_wav(tmp_path / "empty.wav", ramp(0))): "expected a WAV file with sound, came one without",
        str(write_wav(tmp_path / "slow.wav", ramp(8), rate=1)): "at 8 to 192 kHz, came PCM, 16 bits, .* 1 Hz",
        str(a_law): "came A-law, 16 bits, .*; convert it: ffmpeg -i IN -c:a pcm_s16le OUT.wav",
        str(cut): "cut.wav as a WAV file: it ends before its sound",
    }
    for path, message in cases.items():
        with pytest.raises(InputError, match=message):
            WavInput(path).open()


class Heard:
    """Takes all frames of a microphone, and its states."""

    def __init__(self, source_of: Callable[[], object]) -> None:
        self.states: list[DeviceState] = []
        self.frames: list[Frame | None] = []
        self.microphone = Microphone(source_of(), self.states.append)  # type: ignore[arg-type]
        self._task = asyncio.create_task(self._listen())
        self.microphone.start()

    @property
    def samples(self) -> NDArray[np.int16]:
        heard = [frame.samples for frame in self.frames if frame is not None]
        return np.concatenate(heard or [np.zeros(0, np.int16)])

    async def _listen(self) -> None:
        async for frame in self.microphone.frames():
            self.frames.append(frame)

    async def ended(self) -> None:
        async with asyncio.timeout(30):
            await self._task

    async def close(self) -> None:
        await self.microphone.close()
        await self.ended()


async def test_a_wav_file_is_heard_to_its_last_sample_and_then_the_frames_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(microphone, "QUIET_AFTER_S", 30.0)  # no pause within the file is one
    sound = ramp(10_000)
    path = write_wav(tmp_path / "a.wav", sound)
    heard = Heard(lambda: WavInput(path))
    await heard.ended()
    assert np.array_equal(heard.samples[: len(sound)], sound)
    assert len(heard.samples) == -(-len(sound) // FRAME_SAMPLES) * FRAME_SAMPLES
    assert heard.frames.index(None) == len(heard.frames) - 1
    await until(lambda: len(heard.states) == 2)
    assert [state.name for state in heard.states] == ["open", "absent"]
    assert heard.microphone.state.reason == f"{path} is at its end"
    assert heard.microphone.working
    await heard.microphone.close()


async def test_a_fifo_outlives_its_writers(tmp_path: Path) -> None:
    path = tmp_path / "mic"
    os.mkfifo(path)
    heard = Heard(lambda: PipeInput(path))
    first, second = ramp(5 * FRAME_SAMPLES), ramp(7 * FRAME_SAMPLES)[::-1]
    with path.open("wb") as writer:
        writer.write(first.tobytes() + b"\x01")  # dies in the middle of a sample
    await until(lambda: len(heard.samples) >= len(first) and heard.frames[-1] is None)
    assert np.array_equal(heard.samples, first)
    await until(lambda: heard.microphone.state == ("absent", f"nothing is written to pipe:{path}"))
    with path.open("wb") as writer:
        writer.write(second.tobytes())
    await until(lambda: len(heard.samples) >= len(first) + len(second))
    assert np.array_equal(heard.samples[len(first) :], second)
    await until(lambda: [state.name for state in heard.states[:3]] == ["open", "absent", "open"])
    await heard.close()


def test_what_waits_in_a_fifo_was_captured_before(tmp_path: Path) -> None:
    path = tmp_path / "mic"
    os.mkfifo(path)
    source = PipeInput(path)
    source.open()
    with path.open("wb") as writer:
        writer.write(ramp(8_000).tobytes())
    assert source.backlog_s == 0.5
    while len(source.read()):
        pass
    assert source.backlog_s == 0.0
    source.close()


async def test_a_pipe_that_is_not_there_is_a_state_and_found_when_it_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(microphone, "RETRY_MIN_S", 0.05)
    path = tmp_path / "mic"
    heard = Heard(lambda: PipeInput(path))
    await until(lambda: "make it with mkfifo" in heard.microphone.state.reason)
    os.mkfifo(path)
    with await asyncio.to_thread(path.open, "wb") as writer:
        writer.write(ramp(2 * FRAME_SAMPLES).tobytes())
    await until(lambda: len(heard.samples) == 2 * FRAME_SAMPLES)
    await heard.close()


async def test_no_microphone_is_a_state_and_no_trouble() -> None:
    heard = Heard(NullInput)
    await until(lambda: heard.microphone.state.reason == "no microphone is configured")
    assert heard.microphone.working
    assert heard.microphone.level_dbfs == FLOOR_DBFS
    await heard.close()
    assert heard.frames == []


class MutedSource(NullInput):
    """A microphone that is switched off: its device goes on to give samples."""

    when_quiet = "quiet"

    def __init__(self) -> None:
        self.muted = False

    def read(self) -> NDArray[np.float32]:
        time.sleep(0.002)
        return np.full(FRAME_SAMPLES, 0.0 if self.muted else 0.001, np.float32)


async def test_a_microphone_that_is_muted_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(microphone, "SILENT_AFTER_S", 0.1)
    source = MutedSource()
    heard = Heard(lambda: source)
    await until(lambda: bool(heard.frames) and not heard.microphone.silent)
    source.muted = True
    await until(lambda: heard.microphone.silent)
    source.muted = False
    await until(lambda: not heard.microphone.silent)
    await heard.close()


class FlakySource(NullInput):
    """Gives a little sound each time that it is opened, then fails in its own way."""

    when_quiet = "quiet"

    def __init__(self, fail: Callable[[], object]) -> None:
        self._fail = fail
        self._left = 0

    def open(self) -> None:
        self._left = 4

    def read(self) -> NDArray[np.float32]:
        self._left -= 1
        if self._left < 0:
            self._fail()
        return np.full(FRAME_SAMPLES, 0.1, np.float32)


def unplugged() -> None:
    raise InputError("unplugged")


def broken() -> None:
    raise RuntimeError("a bug")


@pytest.mark.parametrize(("fail", "reason"), [(unplugged, "unplugged"), (broken, "internal error: Runtime")])
async def test_a_source_that_fails_is_opened_again(
    fail: Callable[[], object], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(microphone, "RETRY_MIN_S", 0.01)
    heard = Heard(lambda: FlakySource(fail))
    await until(lambda: len(heard.states) >= 6)
    names = [state.name for state in heard.states[:6]]
    assert names == ["open", "absent"] * 3
    assert all(state.reason.startswith(reason) for state in heard.states if state.name == "absent")
    await heard.close()


async def test_a_read_that_hangs_is_a_state_until_it_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(microphone, "STUCK_AFTER_S", 0.2)
    monkeypatch.setattr(microphone, "QUIET_AFTER_S", 0.1)
    monkeypatch.setattr(microphone, "RETRY_MIN_S", 0.01)
    released = threading.Event()

    def hang() -> None:
        released.wait(20)

    heard = Heard(lambda: FlakySource(hang))
    await until(lambda: len(heard.states) >= 2 and heard.microphone.state.name == "absent")
    assert heard.microphone.working
    released.set()
    await until(lambda: heard.microphone.state.name == "open")
    assert heard.states[1].reason == "it has given no sound for 0.2 s"
    assert None in heard.frames
    await heard.close()


async def test_a_microphone_that_is_off_is_let_go_and_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "mic"
    os.mkfifo(path)
    heard = Heard(lambda: PipeInput(path))
    with await asyncio.to_thread(path.open, "wb") as writer:
        writer.write(ramp(2 * FRAME_SAMPLES).tobytes())
    await until(lambda: len(heard.samples) == 2 * FRAME_SAMPLES)
    heard.microphone.listen(False)
    await until(lambda: heard.microphone.state == ("absent", "switched off"))
    with pytest.raises(OSError, match="No such device"):  # nobody has it open for reading
        os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    assert heard.microphone.working
    heard.microphone.listen(True)
    with await asyncio.to_thread(path.open, "wb") as writer:
        writer.write(ramp(3 * FRAME_SAMPLES).tobytes())
    await until(lambda: len(heard.samples) == 5 * FRAME_SAMPLES)
    await heard.close()


async def test_one_that_is_off_from_the_start_is_never_opened(tmp_path: Path) -> None:
    path = tmp_path / "mic"
    os.mkfifo(path)
    source = Microphone(PipeInput(path))
    source.listen(False)
    source.start()
    await until(lambda: source.state.reason == "switched off")
    with pytest.raises(OSError, match="No such device"):
        os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    await source.close()
