"""The speaker's process with voices in the cloud that are not as the protocol says."""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from websockets.asyncio.server import ServerConnection, serve

from bench.clouds.elevenlabs_wire import speak as speak_tones
from bench.clouds.tones import synthesize
from tests.support.certificates import Authority
from tests.support.heard import WavRecording
from tests.support.patient import patient
from tests.support.speaker_alone import SpeakerAlone
from tests.support.wav_writer import extensible, floats

TEXT = "Осталось совсем чуть-чуть, скоро приедем."


async def converse(connection: ServerConnection, *, misfit: bool) -> None:
    """An ElevenLabs that speaks, and whose alignment repeats a word where it is ``misfit``."""
    async for raw in connection:
        message: dict[str, Any] = json.loads(raw)
        ids = {"contextId": message["context_id"]}
        if message.get("flush"):
            for number, piece in enumerate(speak_tones(message["text"], 24_000, 1.0, sync_alignment=True)):
                alignment = piece.alignment
                if misfit and number == 2 and alignment:
                    alignment = alignment | {"chars": ["ч", *alignment["chars"][1:]]}
                audio = base64.b64encode(piece.samples.tobytes()).decode()
                await connection.send(json.dumps(ids | {"audio": audio, "alignment": alignment}))
        if message.get("close_context"):
            await connection.send(json.dumps(ids | {"isFinal": True}))


async def test_a_wrong_clock_costs_a_turn_its_voice_and_no_more(tmp_path: Path) -> None:
    (tmp_path / "ca").mkdir()
    authority = Authority(tmp_path / "ca")
    context: ssl.SSLContext = authority.certificate("not_yet_valid")

    async def answer(connection: ServerConnection) -> None:
        await converse(connection, misfit=True)

    async with serve(answer, "127.0.0.1", 0, ssl=context) as server:
        environment = {
            "SHUTTLE_GUIDE_SPEAKER__VOICES": "elevenlabs",
            "SHUTTLE_GUIDE_SPEAKER__OUTPUT": "null",
            "SHUTTLE_GUIDE_ELEVENLABS__BASE_URL": f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}",
            "ELEVENLABS_API_KEY": "sk_any",
            "SSL_CERT_FILE": str(authority.file),
        }
        async with SpeakerAlone(tmp_path / "s", environment) as speaker:
            speaker.say("first", TEXT)
            assert (await speaker.report("first")).voices == ("espeak",)
            why = "the certificate is not yet valid: this machine's clock says"
            await speaker.until(lambda: why in speaker.log(), "the reason")
            assert "check its API key" not in speaker.log()
            authority.show(context, "good")
            async with asyncio.timeout(120):
                number = 0
                while True:
                    number += 1
                    speaker.say(f"turn {number}", TEXT)
                    if (await speaker.report(f"turn {number}")).voices == ("elevenlabs",):
                        break
                    await asyncio.sleep(0.5)


@pytest.mark.parametrize("form", ["wav", "pcm at another rate"])
async def test_speech_over_http_is_heard_at_its_own_speed(tmp_path: Path, form: str) -> None:
    async def speech(request: web.Request) -> web.Response:
        text = (await request.json())["input"]
        if form == "wav":
            body = extensible(synthesize(text, 44_100), floats(4), rate=44_100, channels=2)
            return web.Response(body=body, headers={"Content-Type": "audio/wav"})
        body = synthesize(text, 48_000).tobytes()
        return web.Response(body=body, headers={"Content-Type": "audio/pcm; rate=48000"})

    async def models(request: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": []})

    app = web.Application()
    app.router.add_post("/v1/audio/speech", speech)
    app.router.add_get("/v1/models", models)
    recording = tmp_path / "heard.wav"
    async with TestServer(app, host="127.0.0.1") as server:
        environment = {
            "SHUTTLE_GUIDE_SPEAKER__VOICES": "openai",
            "SHUTTLE_GUIDE_SPEAKER__OUTPUT": f"wav:{recording}",
            "SHUTTLE_GUIDE_OPENAI__BASE_URL": f"http://127.0.0.1:{server.port}/v1",
            "OPENAI_API_KEY": "sk_any",
        }
        async with patient(SpeakerAlone(tmp_path / "s", environment)) as speaker:
            heard = WavRecording(recording)
            speaker.say("turn", TEXT)
            assert (await speaker.report("turn")).voices == ("openai",)
            assert heard.take().resembles(TEXT)
