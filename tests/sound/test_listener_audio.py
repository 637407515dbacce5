"""From a microphone to segments: passengers in a noisy cabin are found, also after the device was away."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import subprocess
from collections.abc import AsyncIterator

import numpy as np
import pytest
import soxr

from edge.config.hearing import Endpointing, VadSettings
from edge.listener import input_portaudio, microphone
from edge.listener.input_factory import make_input
from edge.listener.level import FLOOR_DBFS
from edge.listener.microphone import Microphone
from edge.listener.segment import SAMPLE_RATE, Frame
from edge.listener.segmenter import Segmenter
from edge.listener.speech_events import SegmentReady, SpeechEvent, SpeechStarted
from edge.listener.vad_factory import make_vad
from tests.support.cabin import Sound, brown_noise, cabin, int16, needs_espeak, say
from tests.support.detection import detect, false_segments
from tests.support.sound_match import is_heard, noise
from tests.support.sound_server import RATE, SoundServer
from tests.support.waiting import until

pytestmark = pytest.mark.real_time("the sound is compared with what was said, window by window")

needs_silero = pytest.mark.skipif(
    importlib.util.find_spec("faster_whisper") is None, reason="faster-whisper is not installed"
)
needs_webrtc = pytest.mark.skipif(
    importlib.util.find_spec("webrtcvad") is None, reason="webrtcvad-wheels is not installed"
)
ENGINES = [pytest.param("silero", marks=needs_silero), pytest.param("webrtc", marks=needs_webrtc)]


def segmenter(engine: str = "silero") -> Segmenter:
    return Segmenter(make_vad(VadSettings(engine=engine)), Endpointing())  # type: ignore[arg-type]


@needs_espeak
@pytest.mark.parametrize(
    ("engine", "snr_db", "wanted"),
    [
        pytest.param("silero", 10.0, 0.95, marks=needs_silero),
        pytest.param("silero", 0.0, 0.9, marks=needs_silero),
        pytest.param("webrtc", 10.0, 0.95, marks=needs_webrtc),
    ],
)
def test_passengers_are_found_and_their_ends_are_right(engine: str, snr_db: float, wanted: float) -> None:
    ended = spoken = 0
    for order in (1, 2, 3):  # synthesizers differ from version to version: one order decides little
        heard = cabin(snr_db, seed=order)
        found = detect(segmenter(engine), heard)
        ended += sum(abs(each.offset_ms) <= 150 for each in found.detections)
        spoken += len(heard.truths)
        assert found.false_segments == 0
    assert ended >= wanted * spoken


@pytest.mark.parametrize("engine", ENGINES)
def test_a_motor_alone_says_nothing(engine: str) -> None:
    assert false_segments(segmenter(engine), brown_noise(60, 0.05, seed=0)) == 0


@needs_espeak
@needs_silero
def test_a_gap_in_the_sound_is_no_part_of_an_utterance() -> None:
    cut = segmenter()
    speech = int16(say("А сколько нам ещё ехать?", "ru"))[: 20 * 512]
    events = []
    for number in range(20):
        events += cut.feed(Frame(speech[number * 512 : (number + 1) * 512], (number + 1) * 0.032))
    assert [type(event) for event in events] == [SpeechStarted]
    (ended,) = cut.feed(Frame(np.zeros(512, np.int16), 10.0))
    assert isinstance(ended, SegmentReady)
    assert ended.segment.speech_end_mono < 1


class Ears:
    """A microphone whose frames are all kept, and what a segmenter makes of them."""

    def __init__(self, device: str, cut: Segmenter | None = None) -> None:
        self.frames: list[Frame | None] = []
        self.events: list[SpeechEvent] = []
        self.microphone = Microphone(make_input(device))
        self._cut = cut

    async def listen(self) -> None:
        async for frame in self.microphone.frames():
            self.frames.append(frame)
            if self._cut is not None:
                self.events += self._cut.feed(frame)

    @property
    def sound(self) -> Sound:
        heard = [frame.samples for frame in self.frames if frame is not None]
        return np.concatenate(heard or [np.zeros(0, np.int16)]).astype(np.float32) / 32768


@contextlib.asynccontextmanager
async def listening(device: str = "default", cut: Segmenter | None = None) -> AsyncIterator[Ears]:
    ears = Ears(device, cut)
    task = asyncio.create_task(ears.listen())
    ears.microphone.start()
    try:
        await until(lambda: bool(ears.frames))
        yield ears
    finally:
        await ears.microphone.close()
        await task


async def speak_into_the_microphone(server: SoundServer, sound: Sound) -> None:
    """Play at ``mic_in``, whose monitor is the microphone."""
    data = int16(soxr.resample(sound, SAMPLE_RATE, RATE)).tobytes()
    process = await asyncio.create_subprocess_exec(
        *("pacat", "--device=mic_in", "--format=s16le", f"--rate={RATE}", "--channels=1"),
        env=os.environ | dict(server.environment),
        stdin=subprocess.PIPE,
    )
    await process.communicate(data)
    assert process.returncode == 0


def band_noise(seconds: float, seed: int) -> Sound:
    """Noise up to 6 kHz: what lies next to half the sample rate, no conversion leaves alone."""
    samples = noise(seconds, 12_000, seed).astype(np.float32) / 32768
    return soxr.resample(samples, 12_000, SAMPLE_RATE)


def arrived(sound: Sound, ears: Ears) -> bool:
    """All of it is there, in one piece."""
    wide = [soxr.resample(each, SAMPLE_RATE, RATE) for each in (sound, ears.sound)]
    return is_heard(*wide)


@pytest.mark.parametrize("rate", [16_000, 44_100, 48_000])
async def test_what_is_spoken_arrives_whole_at_every_rate(
    sound_server: SoundServer, rate: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(input_portaudio, "RATES", (rate,))
    sound = band_noise(1.5, seed=rate)
    async with listening() as ears:
        await speak_into_the_microphone(sound_server, sound)
        await asyncio.sleep(0.5)
        assert ears.microphone.level_dbfs > FLOOR_DBFS
    assert arrived(sound, ears)
    assert ears.microphone.dropped_frames == 0
    monos = [frame.mono for frame in ears.frames if frame is not None]
    assert np.median(np.diff(monos)) == pytest.approx(0.032, abs=0.001)


@needs_espeak
@needs_silero
async def test_a_question_at_the_microphone_becomes_a_segment(sound_server: SoundServer) -> None:
    async with listening(cut=segmenter()) as ears:
        await speak_into_the_microphone(sound_server, say("Гид, что это за здание справа?", "ru"))
        await until(lambda: any(isinstance(event, SegmentReady) for event in ears.events))
    (ready,) = [event for event in ears.events if isinstance(event, SegmentReady)]
    assert 1.5 < len(ready.segment.samples) / SAMPLE_RATE < 3.5


async def hear_again(sound_server: SoundServer, ears: Ears, seed: int) -> None:
    """The microphone is open again, and what is said now arrives."""
    await until(lambda: ears.microphone.state.name == "open")
    sound = band_noise(1.0, seed)
    await speak_into_the_microphone(sound_server, sound)
    await asyncio.sleep(0.5)
    assert arrived(sound, ears)


async def test_a_microphone_pulled_and_returned_hears_again(
    sound_server: SoundServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(microphone, "RETRY_MAX_S", 1.0)
    async with listening() as ears:
        sound_server.unplug()
        await until(lambda: ears.microphone.state.name == "absent")
        assert ears.microphone.state.reason
        await until(lambda: ears.frames[-1:] == [None])
        sound_server.plug_in()
        await hear_again(sound_server, ears, seed=5)


async def test_a_server_that_is_killed_and_started_again_is_found_again(
    sound_server: SoundServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(microphone, "RETRY_MAX_S", 1.0)
    async with listening() as ears:
        sound_server.kill()
        await until(lambda: ears.microphone.state.name == "absent")
        sound_server.start()
        await hear_again(sound_server, ears, seed=6)


async def test_a_microphone_that_hangs_is_a_state_until_it_recovers(
    sound_server: SoundServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(microphone, "RETRY_MAX_S", 1.0)
    async with listening() as ears:
        suspend(sound_server, True)
        await until(lambda: ears.microphone.state.name == "absent")
        assert "has given no sound" in ears.microphone.state.reason
        assert ears.microphone.working
        suspend(sound_server, False)
        await hear_again(sound_server, ears, seed=7)


def suspend(server: SoundServer, on: bool) -> None:
    """Have the microphone hang: it stays there and gives nothing."""
    command = ["pactl", "suspend-sink", "mic_in", "1" if on else "0"]
    subprocess.run(command, env=os.environ | dict(server.environment), check=True, timeout=10)


async def test_a_microphone_that_is_not_there_is_a_state(sound_server: SoundServer) -> None:
    absent = Microphone(make_input("no such microphone"))
    absent.start()
    await until(lambda: absent.state.reason != "not opened yet")
    assert absent.state.name == "absent"
    assert "no such microphone" in absent.state.reason
    await absent.close()
    assert [frame async for frame in absent.frames()] == []
