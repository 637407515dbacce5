"""ElevenLabs' voice against servers without end, measure or truth: the turn ends, and well."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import struct
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from bench.clouds.elevenlabs_wire import speak as speak_tones
from edge.config import Secret
from edge.speaker.sound_length import longest_s
from edge.speaker.voices import elevenlabs_socket
from edge.speaker.voices.base import EndlessSoundError
from edge.speaker.voices.elevenlabs import ElevenLabsVoice
from tests.support.services import service
from tests.support.speaking import Spoken, script_of, speak, speak_in_the_end, spelled

RATE = 24_000
TEXT = "Да, нет."
WITHIN_S = 25.0

Reply = dict[str, Any] | str
Answer = Callable[[dict[str, Any]], Iterable[Reply]]


class Server:
    """Says what it is told to; a dict gets the context's id unless it has one."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.extensions: list[str | None] = []
        self.connections = 0

    async def converse(self, connection: ServerConnection) -> None:
        self.connections += 1
        assert connection.request is not None
        self.extensions.append(connection.request.headers.get("Sec-WebSocket-Extensions"))
        with contextlib.suppress(ConnectionClosed):
            async for raw in connection:
                message = json.loads(raw)
                for reply in self.answer(message):
                    if isinstance(reply, dict):
                        reply = json.dumps({"contextId": message["context_id"]} | reply)
                    await connection.send(reply)


@contextlib.asynccontextmanager
async def voice_of(server: Server) -> AsyncIterator[ElevenLabsVoice]:
    async with serve(server.converse, "127.0.0.1", 0) as serving:
        port = serving.sockets[0].getsockname()[1]
        voice = ElevenLabsVoice(
            "elevenlabs",
            service("elevenlabs", api_key=Secret("sk_scripted"), base_url=f"ws://127.0.0.1:{port}"),
            "ru",
        )
        try:
            yield voice
        finally:
            await voice.close()


def audio(pcm: bytes) -> dict[str, Any]:
    return {"audio": base64.b64encode(pcm).decode()}


def sound(text: str, alignment: Callable[[dict[str, Any]], Any] = lambda told: told) -> Iterator[Reply]:
    for piece in speak_tones(text, RATE, 1.0, sync_alignment=True):
        told = alignment(piece.alignment) if piece.alignment else None
        yield audio(piece.samples.tobytes()) | {"alignment": told}


def forever(reply: Reply) -> Iterator[Reply]:
    while True:
        yield reply


NOISE = struct.pack("<h", 8000) * 240
FLOODS: dict[str, Reply] = {
    "sound": audio(NOISE * 20),
    "silence": audio(bytes(9600)),
    "ten minutes in one": audio(bytes(2 * RATE * 60)),
    "nothing": {},
    "a sample": audio(b"\x00\x10"),
    "marks": {"alignment": {"chars": ["а"] * 100_000, "charStartTimesMs": [0], "charDurationsMs": [0]}},
    "marks of other words": {"normalizedAlignment": {"chars": ["ъ"] * 5000}} | audio(b"\x00\x10"),
    "numbers": {"alignment": [12345678] * 100_000},
    "final": {"isFinal": False},
}


async def spoken_within(voice: ElevenLabsVoice, text: str = TEXT) -> Spoken:
    async with asyncio.timeout(WITHIN_S):
        return await speak(voice, script_of([text]))


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS)
async def test_a_flood_is_cut_off_and_the_next_turn_is_spoken(flood: Reply) -> None:
    floods = True

    def answer(message: dict[str, Any]) -> Iterable[Reply]:
        if not message.get("flush"):
            return
        yield from forever(flood) if floods else sound(message["text"])

    server = Server(answer)
    async with voice_of(server) as voice:
        spoken = await spoken_within(voice)
        assert spoken.error is not None
        assert spoken.ms() / 1000 <= longest_s(TEXT, "ru") if spoken.pieces else True
        floods = False
        assert (await speak_in_the_end(voice, TEXT)).heard == spelled(TEXT)
    assert server.connections >= 2, "the line that floods was dropped"


async def test_a_flood_behind_the_words_costs_none_of_them() -> None:
    def answer(message: dict[str, Any]) -> Iterable[Reply]:
        if message.get("flush"):
            yield from sound(message["text"])
            yield from forever(audio(bytes(9600)))

    async with voice_of(Server(answer)) as voice:
        spoken = await spoken_within(voice)
    assert isinstance(spoken.error, EndlessSoundError)
    assert "does not end" in str(spoken.error)
    assert spoken.heard.strip() == spelled(TEXT).strip()
    assert spoken.spoken_to == len(TEXT)


@pytest.mark.parametrize("context_id", ["nobody", None])
async def test_what_nobody_asked_for_is_not_read_for_ever(
    context_id: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(elevenlabs_socket, "STRAY_BYTES", 1_000_000)

    def answer(message: dict[str, Any]) -> Iterable[Reply]:
        return forever(audio(NOISE) | {"contextId": context_id})

    server = Server(answer)
    async with voice_of(server) as voice:
        spoken = await spoken_within(voice)
    assert "nobody has asked for" in str(spoken.error)


async def test_a_message_of_100_mb_is_not_taken_in() -> None:
    async with voice_of(Server(lambda message: [" " * 100_000_000])) as voice:
        spoken = await spoken_within(voice)
    assert spoken.error is not None
    assert "1009" in str(spoken.error) or "closed" in str(spoken.error)


async def test_nothing_compressed_is_asked_for() -> None:
    server = Server(lambda message: sound(message["text"]) if message.get("flush") else [{"isFinal": True}])
    async with voice_of(server) as voice:
        await spoken_within(voice)
    assert server.extensions == [None]


def lying(**fields: Any) -> Callable[[dict[str, Any]], Any]:
    return lambda told: told | fields


LIES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "hours": lambda told: told | {"charStartTimesMs": [3.6e7] * len(told["chars"])},
    "late": lambda told: told | {"charStartTimesMs": [60_000] * len(told["chars"])},
    "negative": lambda told: told | {"charStartTimesMs": [-5000] * len(told["chars"])},
    "negative long": lambda told: told | {"charDurationsMs": [-5000] * len(told["chars"])},
    "huge": lambda told: told | {"charStartTimesMs": [10**400] * len(told["chars"])},
    "backwards": lambda told: told | {"charStartTimesMs": told["charStartTimesMs"][::-1]},
    "no time at all": lambda told: told | {"charStartTimesMs": [0] * 99, "charDurationsMs": [0] * 99},
    "zero": lambda told: (
        told | {"charStartTimesMs": [0] * len(told["chars"]), "charDurationsMs": [0] * len(told["chars"])}
    ),
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
async def test_times_that_lie_cost_no_word(lie: Callable[[dict[str, Any]], Any]) -> None:
    text = "Две собаки справа, и обе бегут за нами!"

    def answer(message: dict[str, Any]) -> Iterable[Reply]:
        if message.get("close_context"):
            return [{"isFinal": True}]
        return sound(message["text"], lie) if message.get("flush") else []

    async with voice_of(Server(answer)) as voice:
        spoken = await spoken_within(voice, text)
    assert spoken.error is None
    assert spoken.heard == spelled(text)


async def test_words_that_are_told_before_they_can_have_sounded_are_not_spoken() -> None:
    text = "Две собаки справа, и обе бегут за нами!"

    def answer(message: dict[str, Any]) -> Iterable[Reply]:
        if not message.get("flush"):
            return
        count = len(message["text"])
        alignment = {
            "chars": list(message["text"]),
            "charStartTimesMs": [0] * count,
            "charDurationsMs": [0] * count,
        }
        yield audio(NOISE) | {"alignment": alignment}  # 10 ms
        yield "not json"

    async with voice_of(Server(answer)) as voice:
        spoken = await spoken_within(voice, text)
    assert spoken.error is not None
    assert spoken.spoken_to == 0


@pytest.mark.parametrize(
    "raw", ["[" * 200_000, '{"audio": ' + "[" * 200_000, "1" * 1_000_000, '{"code": 1e999}']
)
async def test_json_that_hurts_a_parser_is_a_failure_like_any_other(raw: str) -> None:
    async with voice_of(Server(lambda message: [raw] if message.get("flush") else [])) as voice:
        spoken = await spoken_within(voice)
    assert "no message of its protocol" in str(spoken.error)
