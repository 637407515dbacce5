"""RealtimeSTT's client from its package works unchanged."""

from __future__ import annotations

import asyncio
import wave
from pathlib import Path

import numpy as np
import pytest
import soxr

from edge.config import Secret
from edge.listener.segment import SAMPLE_RATE
from tests.support.recognizer_server import needs_voice, sentence, served
from tests.support.stock_client import run_stock_client, stock_client_python

pytestmark = [needs_voice, pytest.mark.slow, pytest.mark.timeout(700)]

BY_FEEDING = """
import json, sys, threading, time, wave
from RealtimeSTT import AudioToTextRecorderClient

control, data, path = sys.argv[1:]
interim, began, ended = [], threading.Event(), threading.Event()
client = AudioToTextRecorderClient(
    language="en", use_microphone=False, autostart_server=False, control_url=control, data_url=data,
    on_realtime_transcription_update=interim.append, on_recording_start=began.set,
    on_recording_stop=ended.set,
)
client.set_parameter("post_speech_silence_duration", 0.5)
silence = client.get_parameter("post_speech_silence_duration")
with wave.open(path) as wav:
    rate = wav.getframerate()
    while chunk := wav.readframes(rate // 50):
        client.feed_audio(chunk, None, rate)
        time.sleep(0.02)
client.final_text_ready.wait(60)
told = {"text": client.final_text, "interim": interim, "began": began.is_set(), "ended": ended.is_set(),
        "silence": silence}
client.shutdown()
print()
print(json.dumps(told))
"""


def _wav(path: Path, rate: int) -> str:
    said = sentence(42)
    samples = said if rate == SAMPLE_RATE else soxr.resample(said, SAMPLE_RATE, rate)
    with wave.open(str(path), "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(rate)
        wav.writeframes(np.asarray(samples).astype("<i2").tobytes())
    return str(path)


@pytest.mark.parametrize("rate", [SAMPLE_RATE, 48_000])
async def test_it_feeds_sound_and_is_told_interim_text_and_the_sentence(tmp_path: Path, rate: int) -> None:
    await asyncio.to_thread(stock_client_python)
    async with served() as server:
        told = await asyncio.to_thread(
            run_stock_client,
            BY_FEEDING,
            f"ws://{server.control.address}",
            f"ws://{server.data.address}",
            _wav(tmp_path / "said.wav", rate),
        )
        assert told["text"] == "sentence 42"
        assert told["began"]
        assert told["ended"]
        assert told["interim"]
        assert all(text.startswith("sentence 42, ") for text in told["interim"])
        assert told["silence"] == 0.5, "it came to the sound that belongs to the client"
        assert server.service.counters["bad_messages"] == 0
        assert server.service.counters["bad_commands"] == 0


async def test_with_a_token_in_its_addresses(tmp_path: Path) -> None:
    await asyncio.to_thread(stock_client_python)
    async with served(token=Secret("a-token-of-the-depot")) as server:
        query = "?token=a-token-of-the-depot&client=desk"
        told = await asyncio.to_thread(
            run_stock_client,
            BY_FEEDING,
            f"ws://{server.control.address}/{query}",
            f"ws://{server.data.address}/{query}",
            _wav(tmp_path / "said.wav", SAMPLE_RATE),
        )
        assert told["text"] == "sentence 42"
