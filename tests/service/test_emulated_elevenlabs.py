"""The emulated ElevenLabs speaks its WebSocket protocol, with the traps that the real one has."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Iterable
from typing import Any

import httpx
import numpy as np
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, InvalidStatus

from bench.clouds import CloudEmulator, Profile
from bench.clouds.elevenlabs_wire import PIECE_MS
from bench.clouds.server import ELEVENLABS_KEY
from bench.clouds.text_buffer import TextBuffer
from bench.clouds.tones import CELL_MS, decode, letters_of
from tests.support.waiting import until

QUICK = Profile(name="quick", voice_first_byte_s=0.005, connection_setup_s=0.0, audio_speedup=50.0)
VOICE = "y2Y5MeVPm6ZQXK64WUui"
RATE = 24000
HANGS_S = 0.25
"""How long these tests wait before they believe that nothing comes."""

Json = dict[str, Any]


@pytest.fixture
async def clouds() -> AsyncIterator[CloudEmulator]:
    async with CloudEmulator(QUICK) as running:
        yield running


def open_socket(clouds: CloudEmulator, *, path: str = "multi-stream-input", **query: Any) -> connect:
    key, voice = query.pop("key", ELEVENLABS_KEY), query.pop("voice", VOICE)
    query = {"model_id": "eleven_flash_v2_5", "output_format": f"pcm_{RATE}", **query}
    address = clouds.elevenlabs_base_url.replace("http", "ws")
    wanted = "&".join(f"{name}={value}" for name, value in query.items())
    return connect(
        f"{address}/v1/text-to-speech/{voice}/{path}?{wanted}", additional_headers={"xi-api-key": key}
    )


async def send(socket: ClientConnection, **message: Any) -> None:
    await socket.send(json.dumps(message))


async def receive(socket: ClientConnection) -> Json:
    received: Json = json.loads(await asyncio.wait_for(socket.recv(), 30))
    return received


async def until_final(socket: ClientConnection) -> list[Json]:
    """The messages of one context, the last with ``isFinal``."""
    messages = [await receive(socket)]
    while not messages[-1].get("isFinal"):
        messages.append(await receive(socket))
    return messages


async def until_closed(socket: ClientConnection, into: list[Json]) -> ConnectionClosed:
    """Collect messages until the server closes; what does not parse is kept as {"garbage": text}."""
    try:
        while True:
            text = await asyncio.wait_for(socket.recv(), 30)
            try:
                into.append(json.loads(text))
            except ValueError:
                into.append({"garbage": text})
    except ConnectionClosed as closed:
        return closed


def audio_of(messages: Iterable[Json]) -> Any:
    pcm = b"".join(base64.b64decode(message["audio"]) for message in messages if message.get("audio"))
    return np.frombuffer(pcm, np.int16)


async def speak(socket: ClientConnection, text: str, context_id: str = "a") -> list[Json]:
    """One turn, as a careful client sends it."""
    await send(socket, text=" ", context_id=context_id, voice_settings={"stability": 0.5})
    await send(socket, text=f"{text} ", context_id=context_id, flush=True)
    await send(socket, context_id=context_id, close_context=True)
    return await until_final(socket)


# --- speaking ----------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [16000, 22050, 24000, 44100])
async def test_a_turn_is_spoken_whole(clouds: CloudEmulator, rate: int) -> None:
    async with open_socket(clouds, output_format=f"pcm_{rate}") as socket:
        messages = await speak(socket, "Ой, смотрите! Две собаки справа.")
    assert decode(audio_of(messages), rate) == "ой смотрите две собаки справа"
    assert {message["contextId"] for message in messages} == {"a"}
    assert messages[-1] == {
        "audio": None,
        "isFinal": True,
        "normalizedAlignment": None,
        "alignment": None,
        "contextId": "a",
    }


async def test_a_flush_speaks_but_only_closing_brings_is_final(clouds: CloudEmulator) -> None:
    async with open_socket(clouds) as socket:
        await send(socket, text="Ой!", context_id="a", flush=True)
        assert (await receive(socket))["audio"]
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(socket.recv(), HANGS_S)
        await send(socket, context_id="a", close_context=True)
        assert (await receive(socket))["isFinal"]


async def test_text_waits_for_its_schedule(clouds: CloudEmulator) -> None:
    async with open_socket(clouds) as socket:
        await send(socket, text=" ", context_id="a", generation_config={"chunk_length_schedule": [50]})
        await send(socket, text="Две собаки справа, ", context_id="a")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(socket.recv(), HANGS_S)
        await send(socket, text="и обе смотрят прямо на нас с боль", context_id="a")
        assert (await receive(socket))["audio"]
        await send(socket, text="шим интересом", context_id="a")
        await send(socket, context_id="a", close_context=True)
        await until_final(socket)
    spoken = [output.text for output in clouds.requests("elevenlabs")[0].outputs]
    assert spoken == ["Две собаки справа, и обе смотрят прямо на нас с ", "большим интересом"]


async def test_auto_mode_speaks_every_piece_at_once(clouds: CloudEmulator) -> None:
    async with open_socket(clouds, auto_mode="true") as socket:
        await send(socket, text=" ", context_id="a")
        await send(socket, text="Ой! ", context_id="a")
        assert decode(audio_of([await receive(socket)]), RATE) == "ой"


async def test_contexts_are_spoken_side_by_side_and_named(clouds: CloudEmulator) -> None:
    async with open_socket(clouds) as socket:
        for context_id, text in (("a", "первый "), ("b", "второй ")):
            await send(socket, text=text, context_id=context_id, flush=True)
            await send(socket, context_id=context_id, close_context=True)
        messages = await until_final(socket) + await until_final(socket)
    for context_id, text in (("a", "первый"), ("b", "второй")):
        mine = [message for message in messages if message["contextId"] == context_id]
        assert decode(audio_of(mine), RATE) == text


async def test_a_name_can_be_used_again(clouds: CloudEmulator) -> None:
    async with open_socket(clouds) as socket:
        for text in ("раз", "два"):
            assert decode(audio_of(await speak(socket, text)), RATE) == text


async def test_speed_is_heard(clouds: CloudEmulator) -> None:
    async with open_socket(clouds) as socket:
        await send(socket, text="раз два", context_id="a", voice_settings={"speed": 1.2}, flush=True)
        await send(socket, context_id="a", close_context=True)
        audio = audio_of(await until_final(socket))
    assert len(audio) == round(7 * CELL_MS / 1.2 / 1000 * RATE)
    assert decode(audio, RATE) == "раз два"


async def test_the_single_socket_ends_with_its_text(clouds: CloudEmulator) -> None:
    async with open_socket(clouds, path="stream-input") as socket:
        for text in (" ", "Две ", "собаки ", ""):
            await send(socket, text=text)
        messages: list[Json] = []
        closed = await until_closed(socket, messages)
    assert closed.rcvd is not None
    assert closed.rcvd.code == 1000
    assert decode(audio_of(messages), RATE) == "две собаки"
    assert messages[-1]["isFinal"]
    assert "contextId" not in messages[-1]


async def test_audio_does_not_come_before_its_time_nor_faster_than_it_should() -> None:
    profile = Profile(name="p", voice_first_byte_s=0.1, connection_setup_s=0.05, audio_speedup=10.0)
    async with CloudEmulator(profile) as clouds:
        started = time.monotonic()
        async with open_socket(clouds) as socket:
            assert time.monotonic() - started >= 0.05
            started = time.monotonic()
            audio = audio_of(await speak(socket, "Две собаки справа от нас"))
            spoken_s = len(audio) / RATE
            assert time.monotonic() - started >= 0.1 + (spoken_s - PIECE_MS / 1000) / 10
    output = clouds.requests("elevenlabs")[0].outputs[0]
    assert (output.first_mono or 0) - output.requested_mono >= 0.1


# --- alignment ---------------------------------------------------------------------------------


async def test_with_sync_alignment_every_message_times_its_own_characters(clouds: CloudEmulator) -> None:
    text = "Две собаки справа. "
    async with open_socket(clouds, sync_alignment="true") as socket:
        messages = (await speak(socket, text.strip()))[:-1]
    assert "".join(char for message in messages for char in message["alignment"]["chars"]) == text
    assert messages[0]["normalizedAlignment"]["chars"][0] == " "
    heard_ms = 0.0
    position = 0
    for message in messages:
        alignment = message["alignment"]
        assert alignment["charStartTimesMs"] == [
            round((position + index) * CELL_MS - heard_ms) for index in range(len(alignment["chars"]))
        ]
        position += len(alignment["chars"])
        heard_ms += PIECE_MS
    inside_words = [m for m in messages[:-1] if m["alignment"]["chars"][-1] != " "]
    assert inside_words, "messages are expected to end inside words"


async def test_without_it_the_first_message_times_the_whole_generation(clouds: CloudEmulator) -> None:
    async with open_socket(clouds) as socket:
        messages = await speak(socket, "Две собаки справа.")
    assert "".join(messages[0]["alignment"]["chars"]) == "Две собаки справа. "
    assert all(message["alignment"] is None for message in messages[1:])


# --- the server's rules ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ({"key": "wrong"}, "invalid_api_key"),
        ({"voice": "nobody"}, "voice_id_does_not_exist"),
        ({"model_id": "eleven_nothing"}, "model_not_found"),
        ({"output_format": "mp3_44100_128"}, "output_format_not_allowed"),
    ],
)
async def test_a_bad_address_is_refused_after_the_handshake(
    clouds: CloudEmulator, query: Json, error: str
) -> None:
    messages: list[Json] = []
    async with open_socket(clouds, **query) as socket:
        closed = await until_closed(socket, messages)
    assert closed.rcvd is not None
    assert closed.rcvd.code == 1008
    assert messages[0]["error"] == error
    assert messages[0]["message"].startswith(closed.rcvd.reason)


async def test_v3_is_refused_in_the_handshake(clouds: CloudEmulator) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await open_socket(clouds, model_id="eleven_v3")
    assert refused.value.response.status_code == 400


async def breaking_a_rule(clouds: CloudEmulator, *sent: Json) -> str:
    """The error code after these messages, with which the socket has closed."""
    messages: list[Json] = []
    async with open_socket(clouds) as socket:
        for message in sent:
            await send(socket, **message)
        closed = await until_closed(socket, messages)
    assert closed.rcvd is not None
    assert closed.rcvd.code == 1008
    return str(messages[-1]["error"])


async def test_a_sixth_context_closes_the_socket(clouds: CloudEmulator) -> None:
    contexts = [{"text": " ", "context_id": str(number)} for number in range(6)]
    assert await breaking_a_rule(clouds, *contexts) == "max_active_conversations"


async def test_a_flush_of_an_unknown_context_opens_it(clouds: CloudEmulator) -> None:
    flushes = [{"flush": True, "context_id": str(number)} for number in range(6)]
    assert await breaking_a_rule(clouds, *flushes) == "max_active_conversations"


async def test_a_closed_context_keeps_its_place_until_it_is_spoken(clouds: CloudEmulator) -> None:
    await clouds.set_fault("elevenlabs", "slow", audio_speedup=0.1)  # nothing is spoken to its end
    sent: list[Json] = []
    for number in range(5):
        sent.append({"text": "Две собаки справа. ", "context_id": str(number), "flush": True})
        sent.append({"context_id": str(number), "close_context": True})
    sixth = {"text": " ", "context_id": "sixth"}
    assert await breaking_a_rule(clouds, *sent, sixth) == "max_active_conversations"


async def test_a_keep_alive_before_the_settings_spoils_the_context(clouds: CloudEmulator) -> None:
    keep_alive = {"text": "", "context_id": "a"}
    settings = {"text": " ", "context_id": "a", "voice_settings": {"stability": 0.5}}
    assert await breaking_a_rule(clouds, keep_alive, settings) == "invalid_voice_settings"


async def test_the_same_settings_may_be_repeated(clouds: CloudEmulator) -> None:
    async with open_socket(clouds) as socket:
        await send(socket, text=" ", context_id="a", voice_settings={"stability": 0.5})
        assert await speak(socket, "Ой!")


async def test_a_schedule_out_of_range_is_refused(clouds: CloudEmulator) -> None:
    first = {"text": " ", "context_id": "a", "generation_config": {"chunk_length_schedule": [20]}}
    assert await breaking_a_rule(clouds, first) == "invalid_generation_config"


@pytest.mark.parametrize("sent", ["hello", "[]", '{"text": 5}', '{"text": "Ой", "voice_settings": []}'])
async def test_a_malformed_message_is_refused(clouds: CloudEmulator, sent: str) -> None:
    messages: list[Json] = []
    async with open_socket(clouds) as socket:
        await socket.send(sent)
        await until_closed(socket, messages)
    assert messages[0]["error"] == "invalid_message"


async def test_a_silent_socket_is_closed(clouds: CloudEmulator) -> None:
    messages: list[Json] = []
    async with open_socket(clouds, inactivity_timeout=1) as socket:
        await send(socket, text=" ", context_id="a")
        closed = await until_closed(socket, messages)
    assert messages[-1]["error"] == "input_timeout_exceeded"
    assert closed.rcvd is not None
    assert closed.rcvd.code == 1008


async def test_a_silent_context_ends_while_another_lives(clouds: CloudEmulator) -> None:
    async with open_socket(clouds, inactivity_timeout=3) as socket:
        await send(socket, text=" ", context_id="silent")
        ended = asyncio.create_task(receive(socket))
        while not ended.done():
            await send(socket, text="", context_id="alive")
            await asyncio.sleep(0.05)
        assert (await ended)["error"] == "input_timeout_exceeded"
        assert (await ended)["contextId"] == "silent"
        assert await speak(socket, "Ой!", "new")


async def test_closing_the_socket_waits_for_open_contexts(clouds: CloudEmulator) -> None:
    async with open_socket(clouds) as socket:
        await send(socket, text="Ой!", context_id="a", flush=True)
        await send(socket, close_socket=True)
        await receive(socket)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(socket.recv(), HANGS_S)
        await send(socket, context_id="a", close_context=True)
        messages: list[Json] = []
        closed = await until_closed(socket, messages)
    assert messages[-1]["isFinal"]
    assert closed.rcvd is not None
    assert closed.rcvd.code == 1000


async def test_every_message_is_recorded(clouds: CloudEmulator) -> None:
    async with open_socket(clouds) as socket:
        await speak(socket, "Ой!")
    record = clouds.requests("elevenlabs")[0]
    assert [received.message.get("text") for received in record.messages] == [" ", "Ой! ", None]
    assert record.query["model_id"] == "eleven_flash_v2_5"
    assert record.headers["xi-api-key"] == ELEVENLABS_KEY
    await until(lambda: record.ended_mono is not None)
    assert record.close_code == 1000


# --- faults ------------------------------------------------------------------------------------

LONG = "Две собаки справа от нас смотрят прямо сюда."


@pytest.mark.parametrize(("kind", "code"), [("close_1008", 1008), ("close_1011", 1011)])
async def test_a_socket_closes_in_mid_stream(clouds: CloudEmulator, kind: str, code: int) -> None:
    await clouds.set_fault("elevenlabs", kind, after_audio_ms=600)
    messages: list[Json] = []
    async with open_socket(clouds) as socket:
        await send(socket, text=LONG, context_id="a", flush=True)
        closed = await until_closed(socket, messages)
    assert closed.rcvd is not None
    assert closed.rcvd.code == code
    assert len(audio_of(messages)) == 0.6 * RATE


async def test_a_cut_gives_exactly_the_audio_before_it(clouds: CloudEmulator) -> None:
    await clouds.set_fault("elevenlabs", "cut_mid_stream", after_audio_ms=300)
    messages: list[Json] = []
    async with open_socket(clouds) as socket:
        await send(socket, text=LONG, context_id="a", flush=True)
        closed = await until_closed(socket, messages)
    assert closed.rcvd is None
    assert len(audio_of(messages)) == 0.3 * RATE
    assert decode(audio_of(messages), RATE) == letters_of(LONG[:5])


@pytest.mark.parametrize(
    ("kind", "audio_s"),
    [("hang_before_first_audio", 0.0), ("hang_before_headers", 0.0), ("hang_mid_stream", 0.4)],
)
async def test_it_hangs_on_a_socket_that_was_open_before(
    clouds: CloudEmulator, kind: str, audio_s: float
) -> None:
    async with open_socket(clouds) as socket:
        await speak(socket, "Ой!")
        await clouds.set_fault("elevenlabs", kind, after_audio_ms=400, times=1)
        await send(socket, text=LONG, context_id="b", flush=True)
        messages: list[Json] = []
        while len(audio_of(messages)) < audio_s * RATE:
            messages.append(await receive(socket))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(socket.recv(), HANGS_S)
        assert len(audio_of(messages)) == audio_s * RATE
        assert decode(audio_of(await speak(socket, "Ой!", "c")), RATE) == "ой"


async def test_an_exhausted_quota_looks_like_success(clouds: CloudEmulator) -> None:
    await clouds.set_fault("elevenlabs", "zero_audio", times=1)
    async with open_socket(clouds) as socket:
        await send(socket, text=LONG, context_id="a", flush=True)
        messages = await until_final(socket)
        assert len(messages) == 1
        assert messages[0]["audio"] is None
        assert len(audio_of(await speak(socket, "Ой!", "b"))) > 0


async def test_is_final_may_never_come(clouds: CloudEmulator) -> None:
    await clouds.set_fault("elevenlabs", "never_is_final")
    async with open_socket(clouds) as socket:
        await send(socket, text="Ой!", context_id="a", flush=True)
        await send(socket, context_id="a", close_context=True)
        assert (await receive(socket))["audio"]
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(socket.recv(), HANGS_S)


async def test_garbage_is_neither_json_nor_base64(clouds: CloudEmulator) -> None:
    await clouds.set_fault("elevenlabs", "garbage")
    messages: list[Json] = []
    async with open_socket(clouds, path="stream-input") as socket:
        await send(socket, text=LONG)
        await send(socket, text="")
        await until_closed(socket, messages)
    assert any("garbage" in message for message in messages)
    broken = next(m for m in messages if (m.get("audio") or "").startswith("%"))
    with pytest.raises(ValueError, match="base64"):
        base64.b64decode(broken["audio"], validate=True)


async def test_slow_audio_is_slower_than_real_time(clouds: CloudEmulator) -> None:
    await clouds.set_fault("elevenlabs", "slow", audio_speedup=0.5)
    async with open_socket(clouds) as socket:
        started = time.monotonic()
        await speak(socket, "Две собаки")
        assert time.monotonic() - started >= 2 * 2 * PIECE_MS / 1000


@pytest.mark.parametrize(("kind", "status"), [("error_429", 429), ("error_500", 500), ("error_503", 503)])
async def test_errors_come_in_the_handshake_or_close_an_open_socket(
    clouds: CloudEmulator, kind: str, status: int
) -> None:
    messages: list[Json] = []
    async with open_socket(clouds) as socket:
        await clouds.set_fault("elevenlabs", kind)
        await send(socket, text="Ой!", context_id="a", flush=True)
        closed = await until_closed(socket, messages)
    assert messages[-1]["contextId"] == "a"
    assert closed.rcvd is not None
    assert closed.rcvd.code == 1008
    with pytest.raises(InvalidStatus) as refused:
        await open_socket(clouds)
    assert refused.value.response.status_code == status


@pytest.mark.parametrize(
    ("kind", "error"), [("error_401", "invalid_api_key"), ("error_404", "voice_id_does_not_exist")]
)
async def test_a_refused_key_or_voice_shows_after_the_handshake(
    clouds: CloudEmulator, kind: str, error: str
) -> None:
    await clouds.set_fault("elevenlabs", kind, times=1)
    assert await breaking_a_rule(clouds) == error
    async with open_socket(clouds) as socket:
        assert await speak(socket, "Ой!")


async def test_quiet_sockets_are_closed_on_demand(clouds: CloudEmulator) -> None:
    await clouds.set_fault("elevenlabs", "closes_after_idle", idle_s=0.05)
    async with open_socket(clouds) as socket:
        closed = await until_closed(socket, [])
    assert closed.rcvd is not None
    assert closed.rcvd.code == 1001


async def test_refusing_cuts_open_sockets_and_lets_nobody_in(clouds: CloudEmulator) -> None:
    async with open_socket(clouds) as socket:
        await clouds.set_fault("elevenlabs", "refuse")
        with pytest.raises(ConnectionClosedError):
            await socket.recv()
        with pytest.raises(OSError, match="Connect call failed"):
            await open_socket(clouds)
        await clouds.heal("elevenlabs")
    async with open_socket(clouds) as socket:
        assert await speak(socket, "Ой!")


async def test_a_login_portal_is_no_websocket(clouds: CloudEmulator) -> None:
    await clouds.set_fault("elevenlabs", "wrong_content_type")
    with pytest.raises(InvalidStatus) as refused:
        await open_socket(clouds)
    assert refused.value.response.status_code == 200


# --- over HTTP ---------------------------------------------------------------------------------


async def test_http_speaks_and_lists(clouds: CloudEmulator) -> None:
    base = f"{clouds.elevenlabs_base_url}/v1"
    async with httpx.AsyncClient(headers={"xi-api-key": ELEVENLABS_KEY}) as http:
        spoken = await http.post(
            f"{base}/text-to-speech/{VOICE}/stream?output_format=pcm_24000", json={"text": "Ой, собаки!"}
        )
        assert decode(np.frombuffer(spoken.content, np.int16), 24000) == "ой собаки"
        voices = (await http.get(f"{base}/voices")).json()["voices"]
        assert VOICE in [voice["voice_id"] for voice in voices]
        models = (await http.get(f"{base}/models")).json()
        assert "eleven_flash_v2_5" in [model["model_id"] for model in models]
        quota = (await http.get(f"{base}/user/subscription")).json()
        assert quota["character_count"] < quota["character_limit"]
        missing = await http.post(f"{base}/text-to-speech/nobody/stream", json={"text": "Ой"})
        assert (missing.status_code, missing.json()["detail"]["code"]) == (404, "voice_not_found")
        await clouds.set_fault("elevenlabs", "zero_audio")
        spent = await http.post(
            f"{base}/text-to-speech/{VOICE}/stream?output_format=pcm_24000", json={"text": "Ой"}
        )
        assert (spent.status_code, spent.json()["detail"]["code"]) == (401, "quota_exceeded")
    async with httpx.AsyncClient(headers={"xi-api-key": "wrong"}) as stranger:
        assert (await stranger.get(f"{base}/voices")).status_code == 401


# --- the buffer by itself ----------------------------------------------------------------------


def test_the_schedule_grows_and_its_last_value_repeats() -> None:
    buffer = TextBuffer([50, 60])
    word = "слово "
    lengths = [len(spoken) for _ in range(60) if (spoken := buffer.add(word))]
    assert lengths == [54, 60, 60, 60, 60, 60]


def test_a_word_that_is_still_arriving_stays_behind() -> None:
    buffer = TextBuffer([50])
    assert buffer.add("а " * 25 + "соба") == "а " * 25
    assert buffer.add("ка") is None
    assert buffer.flush() == "собака"
    assert buffer.flush() is None


def test_an_eager_message_needs_the_shortest_threshold_only() -> None:
    assert TextBuffer().add("а " * 25, eager=False) is None
    assert TextBuffer().add("а " * 25, eager=True) == "а " * 25
