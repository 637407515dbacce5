"""The recognizer server on real sockets, with an emulated engine: several clients, hostile ones, its end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import struct
import subprocess
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import numpy as np
import pytest
import websockets

from bench.emulated_recognizer import EmulatedEngine
from edge.config import Secret
from edge.http import outbox
from edge.listener.recognizers.cloud import CloudRecognizer, encode_wav
from edge.listener.segment import RecognitionRequest
from edge.recognizer_server import dictation as dictation_module
from edge.recognizer_server import server as server_module
from tests.support.recognizer_server import (
    WITHIN_S,
    DataClient,
    client_of,
    message,
    needs_voice,
    sentence,
    served,
)

CLIENTS = 8
FUZZED = 2_000


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that is busy for a while tears no sentence in two."""
    monkeypatch.setattr(dictation_module, "LINE_STALLS_S", WITHIN_S)


@pytest.mark.usefixtures("unhurried")
@needs_voice
async def test_eight_clients_at_once_each_get_their_own_sentences_and_lose_nothing() -> None:
    async with served() as server, AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(client_of(server)) for _ in range(CLIENTS)]
        said = [[client * 3 + at for at in range(3)] for client in range(CLIENTS)]
        frames = 0

        async def dictate(client: DataClient, numbers: list[int]) -> list[str]:
            nonlocal frames
            for number in numbers:
                sound = sentence(number)
                frames += len(sound) // 512
                await client.speak(sound[: len(sound) // 512 * 512])
            return [await client.sentence(times) for times in (1, 2, 3)]

        heard = await asyncio.gather(*map(dictate, clients, said))
        assert heard == [[f"sentence {number}" for number in numbers] for numbers in said]
        assert server.service.counters["frames"] == frames
        assert server.service.counters["failed"] == 0


@pytest.mark.usefixtures("unhurried")
@needs_voice
async def test_every_recording_has_one_start_one_stop_and_one_sentence() -> None:
    async with served() as server, client_of(server) as client:
        await client.speak(np.concatenate([sentence(1), sentence(2)]), real_time=0.3)
        await client.sentence(2)
        for kind in ("recording_start", "recording_stop", "fullSentence"):
            ids = [each["id"] for each in client.told if each["type"] == kind]
            assert len(ids) == len(set(ids)) == 2
        assert client.kinds()[:3] == ["vad_detect_start", "vad_detect_stop", "recording_start"]
        interim = [each for each in client.told if each["type"] == "realtime"]
        assert all(each["text"].startswith(("sentence 1,", "sentence 2,")) for each in interim)


@needs_voice
async def test_who_stops_sending_has_fallen_silent() -> None:
    async with served() as server, client_of(server) as client:
        sound = sentence(5)
        await client.speak(sound[: np.flatnonzero(np.abs(sound) > 1000)[-1]])
        assert await client.sentence() == "sentence 5"


@pytest.mark.usefixtures("unhurried")
@needs_voice
async def test_commands_count_for_the_clients_own_sound() -> None:
    async with served() as server, AsyncExitStack() as stack:
        control = await stack.enter_async_context(
            websockets.connect(f"ws://{server.control.address}/?client=desk")
        )
        client = await stack.enter_async_context(client_of(server, "?client=desk"))
        other = await stack.enter_async_context(client_of(server, "?client=other"))
        await client.until(lambda told: told["type"] == "vad_detect_start")

        async def ask(**command: object) -> dict[str, object]:
            await control.send(json.dumps(command))
            return dict(json.loads(await control.recv()))

        told = await ask(command="get_parameter", parameter="server", request_id=7)
        assert told["request_id"] == 7
        assert "recognises with:" in str(told["value"])
        assert (await ask(command="set_parameter", parameter="language", value="xx"))["status"] == "error"
        await ask(command="call_method", method="set_microphone", args=[False])
        await client.speak(sentence(1))
        await other.speak(sentence(2))
        assert await other.sentence() == "sentence 2"
        await ask(command="call_method", method="set_microphone", args=[True])
        await client.speak(sentence(3))
        assert await client.sentence() == "sentence 3", "what was said while it was off is nobody's"


@pytest.mark.usefixtures("unhurried")
@needs_voice
async def test_at_its_end_it_takes_nothing_new_and_tells_what_was_said() -> None:
    engine = EmulatedEngine()
    async with served(final=engine) as server, client_of(server) as client:
        engine.hold.clear()
        sound = sentence(9)
        await client.speak(sound)
        await client.until(lambda told: told["type"] == "recording_stop")
        draining = asyncio.create_task(server.drain())
        while not server.service.draining:
            await asyncio.sleep(0)
        with pytest.raises((OSError, websockets.WebSocketException)):
            async with client_of(server, open_timeout=2):
                pass
        engine.hold.set()
        assert await client.sentence() == "sentence 9"
        await draining
        await server.close()
        with pytest.raises(websockets.ConnectionClosed):
            await client.socket.recv()


@pytest.mark.usefixtures("unhurried")
@needs_voice
async def test_what_cannot_be_understood_before_its_end_is_told_as_lost(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(server_module, "DRAIN_WITHIN_S", 0.2)
    engine = EmulatedEngine()
    async with served(final=engine) as server, client_of(server) as client:
        engine.hold.clear()
        await client.speak(np.concatenate([sentence(1), sentence(2)]))
        await client.until(lambda told: told["type"] == "recording_stop", 2)
        draining = asyncio.create_task(server.drain())
        assert [await client.sentence(times) for times in (1, 2)] == ["", ""]
        errors = [each["message"] for each in client.told if each["type"] == "error"]
        assert errors == ["the recognizer server is stopping"] * 2
        await draining
        assert "2 sentences were not understood" in caplog.text
        engine.hold.set()


@pytest.mark.usefixtures("unhurried")
@needs_voice
async def test_a_client_that_vanishes_in_mid_sentence_leaves_nothing_behind() -> None:
    engine = EmulatedEngine()
    async with served(final=engine) as server:
        engine.hold.clear()
        async with client_of(server) as client:
            await client.speak(np.concatenate([sentence(1), sentence(2)[:16_000]]))
            await client.until(lambda told: told["type"] == "recording_start", 2)
            client.socket.transport.abort()
            async with asyncio.timeout(30):
                while server.service.dictations:
                    await asyncio.sleep(0.01)
        assert server.service.counters["abandoned"] == 2
        assert server.service.state()["waiting"] == 0
        engine.hold.set()
        async with client_of(server) as other:
            await other.speak(sentence(3))
            assert await other.sentence() == "sentence 3"


async def test_only_so_many_clients_are_taken_and_the_next_is_told_why() -> None:
    async with served(max_clients=3, clients_per_address=2) as server, AsyncExitStack() as stack:
        for _ in range(2):
            await stack.enter_async_context(client_of(server))
        with pytest.raises(websockets.InvalidStatus) as refused:
            async with client_of(server):
                pass
        assert refused.value.response.status_code == 503
        assert b"clients_per_address" in (refused.value.response.body or b"")
        assert refused.value.response.headers["retry-after"] == "30"
        assert server.service.counters["refused.full_for_address"] == 1


async def test_a_token_is_asked_for_and_health_is_not_secret(caplog: pytest.LogCaptureFixture) -> None:
    async with served(token=Secret("a-token-of-the-depot")) as server, httpx.AsyncClient() as http:
        for address in (server.control.address, server.data.address):
            with pytest.raises(websockets.InvalidStatus) as refused:
                async with websockets.connect(f"ws://{address}/?token=wrong"):
                    pass
            assert refused.value.response.status_code == 401
            async with websockets.connect(f"ws://{address}/?token=a-token-of-the-depot"):
                pass
            bearer = {"Authorization": "Bearer a-token-of-the-depot"}
            async with websockets.connect(f"ws://{address}/", additional_headers=bearer):
                pass
            with pytest.raises(websockets.InvalidStatus):
                async with websockets.connect(
                    f"ws://{address}/", additional_headers=bearer, origin="https://evil.example"
                ):
                    pass
        base = f"http://{server.control.address}"
        assert (await http.get(f"{base}/health")).json() == {"status": "ok"}
        assert (await http.get(f"{base}/load")).status_code == 401
        assert (await http.get(f"{base}/load", headers=bearer)).json()["ready"] is True
        server.service.draining = True
        assert (await http.get(f"{base}/health")).status_code == 503
    assert caplog.messages == [], "who is turned away is no error of ours"


@needs_voice
async def test_a_client_that_stops_reading_is_let_go_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(outbox, "MOST_WAITING", 40)
    monkeypatch.setattr(outbox, "SEND_WITHIN_S", 2.0)
    async with served() as server, client_of(server) as good:
        reader, writer = await asyncio.open_connection(*server.data.address, limit=1024)
        writer.write(
            b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        await reader.readuntil(b"\r\n\r\n")
        while len(server.service.dictations) < 2:
            await asyncio.sleep(0.01)
        stopped = [*server.service.dictations.values()][-1]
        while len(server.service.dictations) == 2:  # it never reads
            stopped.tell({"type": "news", "text": "x" * 8192})
            await asyncio.sleep(0)
        assert server.service.counters["let_go"] == 1
        await good.speak(sentence(3))
        assert await good.sentence() == "sentence 3"
        writer.close()


def _spoilt(random_: random.Random, good: bytes) -> bytes | str:
    spoilt = bytearray(good)
    spoilt[random_.randrange(len(spoilt))] ^= 1 << random_.randrange(8)
    if random_.random() < 0.3:
        del spoilt[random_.randrange(len(spoilt)) :]
    if random_.random() < 0.1:
        spoilt[:4] = struct.pack("<I", random_.getrandbits(32))
    return bytes(spoilt) if random_.random() < 0.95 else "text"


@needs_voice
async def test_two_thousand_spoilt_frames_on_the_socket_harm_nobody() -> None:
    random_ = random.Random(17)
    async with served() as server, client_of(server) as good:
        good_message = message(np.zeros(64, np.int16))
        sent = 0
        codes: set[int | None] = set()
        while sent < FUZZED:
            async with client_of(server, f"?client={sent}") as bad:
                with contextlib.suppress(websockets.ConnectionClosed):
                    while sent < FUZZED:
                        sent += 1
                        await bad.socket.send(_spoilt(random_, good_message))
                        await (await bad.socket.ping())  # it has been read
            codes.add(bad.socket.close_code)
        assert codes <= {1000, 1008}
        assert server.service.counters["bad_messages"] > 100
        await good.speak(sentence(11))
        assert await good.sentence() == "sentence 11"


async def test_what_is_longer_than_a_message_may_be_ends_that_connection_alone() -> None:
    async with served() as server, client_of(server) as good, client_of(server) as bad:
        await bad.socket.send(bytes(1_000_000))
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await bad.until(lambda told: told["type"] == "nothing")
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009
        await good.until(lambda told: told["type"] == "vad_detect_start")


@needs_voice
async def test_a_shuttles_cloud_rung_is_served_as_openai_serves_it() -> None:
    import openai

    async with served(token=Secret("a-token-of-the-depot")) as server:
        client = openai.AsyncOpenAI(
            api_key="a-token-of-the-depot", base_url=f"http://{server.control.address}/v1", max_retries=0
        )
        rung = CloudRecognizer("depot", client, "any", verbose=True)
        request = RecognitionRequest(sentence(21), "en", "Ubud, Nuanu")
        transcripts = [each async for each in rung.open(request)]
        assert [(each.text, each.language) for each in transcripts] == [("sentence 21", "en")]
        await rung.probe()
        await rung.close()


@needs_voice
async def test_transcriptions_in_every_form_and_what_cannot_be_used() -> None:
    async with served() as server, httpx.AsyncClient(timeout=30) as http:
        url = f"http://{server.control.address}/v1/audio/transcriptions"

        async def post(sound: bytes, **form: str) -> httpx.Response:
            return await http.post(url, files={"file": ("x.wav", sound)}, data={"model": "any"} | form)

        wav = encode_wav(sentence(4))
        assert (await post(wav)).json() == {"text": "sentence 4"}
        assert (await post(wav, response_format="text")).text == "sentence 4\n"
        told = (await post(wav, response_format="verbose_json", language="en")).json()
        assert (told["language"], told["segments"][0]["text"]) == ("english", "sentence 4")
        long = np.concatenate([sentence(number, "Bring the shuttle to the gate") for number in range(12)])
        told = (await post(encode_wav(long), response_format="verbose_json")).json()
        assert told["text"] == " ".join(f"sentence {number}" for number in range(12))
        starts = [each["start"] for each in told["segments"]]
        assert starts == sorted(starts)
        assert starts[-1] > 20
        for bad, form in (
            (b"no sound", {}),
            (wav, {"response_format": "diarized_json"}),
            (wav, {"stream": "perhaps"}),
            (wav, {"timestamp_granularities[]": "word"}),
            (wav, {"language": "xx"}),
            (wav, {"prompt": "x" * 2000}),
        ):
            answer = await post(bad, **form)
            assert answer.status_code == 400
            assert "expected" in answer.json()["error"]["message"]
        assert (await http.post(url, data={"model": "any"})).status_code == 400
        assert (await http.post(url, content=b"x" * 30_000_000)).status_code == 413
        assert (await http.get(url)).status_code == 405
        assert [
            each["id"]
            for each in (await http.get(url.replace("audio/transcriptions", "models"))).json()["data"]
        ]


async def test_the_process_says_what_is_wrong_with_its_settings(tmp_path: Path) -> None:
    env_file = tmp_path / "reference.env"
    env_file.write_text("WISPER_MODEL=base\n")
    for arguments, environment, why in (
        (["--env-file", str(env_file)], {}, b'sets "WISPER_MODEL", which is none of'),
        ([], {"SHUTTLE_GUIDE_RECOGNIZER_SERVER__HOST": "0.0.0.0"}, b"expected a token"),
        ([], {"SHUTTLE_GUIDE_RECOGNIZER_SERVER__CERT_FILE": "/x"}, b"expected both cert_file and key_file"),
    ):
        started = await asyncio.create_subprocess_exec(
            *("python", "-m", "edge", "run", "recognizer-server", *arguments),
            env={"PATH": f"{Path('.venv/bin').absolute()}:/usr/bin:/bin", **environment},
            stderr=subprocess.PIPE,
        )
        _, told = await started.communicate()
        assert started.returncode == 78
        assert why in told
