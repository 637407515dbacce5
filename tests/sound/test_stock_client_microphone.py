"""RealtimeSTT's client from its package records a microphone of its own and dictates by it."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from edge.listener.recognizers.cloud import encode_wav
from tests.support.recognizer_server import needs_voice, sentence, served
from tests.support.sound_server import SoundServer
from tests.support.stock_client import run_stock_client, stock_client_python

pytestmark = [
    pytest.mark.slow,
    pytest.mark.real_time("what is said has to be heard whole"),
    needs_voice,
    pytest.mark.timeout(700),
]
PROGRAM = """
import json, sys
from RealtimeSTT import AudioToTextRecorderClient

control, data = sys.argv[1:]
client = AudioToTextRecorderClient(
    language="en", autostart_server=False, control_url=control, data_url=data)
text = client.text()
client.shutdown()
print()
print(json.dumps({"text": text}))
"""


async def test_what_is_said_into_its_microphone_comes_back_as_text(
    sound_server: SoundServer, tmp_path: Path
) -> None:
    await asyncio.to_thread(stock_client_python)
    path = tmp_path / "said.wav"
    path.write_bytes(encode_wav(sentence(42)))
    async with served() as server:
        program = asyncio.create_task(
            asyncio.to_thread(
                run_stock_client, PROGRAM, f"ws://{server.control.address}", f"ws://{server.data.address}"
            )
        )
        while not program.done() and not await asyncio.to_thread(sound_server.captures):
            await asyncio.sleep(0.1)
        while not program.done():  # what is said before its first block is read is not heard
            said = await asyncio.create_subprocess_exec(
                "paplay", "--device=mic_in", str(path), env=os.environ | dict(sound_server.environment)
            )
            await said.wait()
        assert (await program)["text"] == "sentence 42"
