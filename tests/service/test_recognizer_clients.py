"""Several clients of one recognizer server: what one sets counts for its own sound alone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, get_args

import pytest
import websockets

from edge.config.recognizer_server import DictationLanguage
from edge.recognizer_server import dictation
from edge.recognizer_server.server import RecognizerServer
from tests.support.recognizer_server import (
    WITHIN_S,
    DataClient,
    client_of,
    needs_voice,
    sentence,
    served,
)


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that is busy for a while tears no sentence in two."""
    monkeypatch.setattr(dictation, "LINE_STALLS_S", WITHIN_S)


class ControlClient:
    """A client's control connection."""

    def __init__(self, socket: websockets.ClientConnection) -> None:
        self.socket = socket

    async def ask(self, **command: object) -> dict[str, Any]:
        await self.socket.send(json.dumps(command))
        return dict(json.loads(await self.socket.recv()))

    async def set(self, parameter: str, value: object) -> dict[str, Any]:
        return await self.ask(command="set_parameter", parameter=parameter, value=value)

    async def get(self, parameter: str) -> Any:
        return (await self.ask(command="get_parameter", parameter=parameter))["value"]


@asynccontextmanager
async def control_of(server: RecognizerServer, query: str = "") -> AsyncIterator[ControlClient]:
    async with websockets.connect(f"ws://{server.control.address}/{query}") as socket:
        yield ControlClient(socket)


async def language_of(client: DataClient, number: int) -> tuple[str, str]:
    """Say a sentence: its text, and the language in which it was understood."""
    await client.speak(sentence(number))
    told = await client.until(lambda told: told["type"] == "fullSentence")
    client.told.clear()
    return str(told["text"]), str(told["language"])


@needs_voice
@pytest.mark.parametrize("language", get_args(DictationLanguage))
async def test_each_language_is_taken_by_the_settings_and_at_run_time(language: str) -> None:
    async with served(languages=(language,)) as server, client_of(server) as client:
        assert await language_of(client, 1) == ("sentence 1", language)
    async with (
        served() as server,
        client_of(server, "?client=a") as client,
        control_of(server, "?client=a") as control,
    ):
        assert (await control.set("language", language.upper()))["status"] == "success"
        assert await language_of(client, 2) == ("sentence 2", language)
        told = await control.set("language", "xx")
        assert told["status"] == "error"
        assert told["message"].startswith("language: expected ru, en, id, de, fr")
        assert await control.get("language") == language
        await control.set("language", "")
        assert await language_of(client, 3) == ("sentence 3", "en"), "found out"


@needs_voice
async def test_a_language_that_one_client_sets_is_no_other_clients() -> None:
    async with served() as server, AsyncExitStack() as stack:
        one = await stack.enter_async_context(control_of(server, "?client=one"))
        ones = await stack.enter_async_context(client_of(server, "?client=one"))
        two = await stack.enter_async_context(control_of(server, "?client=two"))
        twos = await stack.enter_async_context(client_of(server, "?client=two"))
        alone = await stack.enter_async_context(client_of(server, "?client=alone"))
        assert (await one.set("language", "de"))["status"] == "success"
        assert (await two.set("language", "fr"))["status"] == "success"
        assert await language_of(ones, 1) == ("sentence 1", "de")
        assert await language_of(twos, 2) == ("sentence 2", "fr")
        assert await language_of(alone, 3) == ("sentence 3", "en"), "the emulated engine finds out English"
        assert [await each.get("language") for each in (one, two)] == ["de", "fr"]


@needs_voice
async def test_without_a_name_who_has_no_commands_is_not_commanded_by_a_neighbour() -> None:
    async with served() as server, AsyncExitStack() as stack:
        lone = await stack.enter_async_context(client_of(server))
        await lone.until(lambda told: told["type"] == "vad_detect_start")
        (connection,) = server.service.pairs._datas.values()
        for dictation in connection:  # as if it had been there for a while
            connection[dictation] -= 60.0
        control = await stack.enter_async_context(control_of(server))
        theirs = await stack.enter_async_context(client_of(server))
        await theirs.until(lambda told: told["type"] == "vad_detect_start")
        await control.set("language", "fr")
        assert await language_of(lone, 1) == ("sentence 1", "en")
        assert await language_of(theirs, 2) == ("sentence 2", "fr")


@needs_voice
async def test_commands_that_are_lost_and_come_again_find_their_sound() -> None:
    async with served() as server, client_of(server, "?client=desk") as client, AsyncExitStack() as stack:
        async with control_of(server, "?client=desk") as control:
            await control.set("language", "de")
            again = await stack.enter_async_context(control_of(server, "?client=desk"))
            told = await again.set("language", "id")
            assert "no sound of this client is connected" in told["message"], "the old one is still open"
        while "no sound" in (await again.set("language", "id"))["message"]:  # its end is not noticed yet
            await asyncio.sleep(0.01)
        assert await language_of(client, 5) == ("sentence 5", "id")
        assert "no sound" not in (await again.set("language", "fr"))["message"]
        assert await language_of(client, 6) == ("sentence 6", "fr")


@needs_voice
async def test_what_is_set_in_the_middle_of_a_sentence_counts_from_the_next_on() -> None:
    async with served() as server, AsyncExitStack() as stack:
        control = await stack.enter_async_context(control_of(server, "?client=desk"))
        client = await stack.enter_async_context(client_of(server, "?client=desk"))
        await control.set("language", "de")
        said = sentence(7)
        await client.speak(said[:16_000])
        await client.until(lambda told: told["type"] == "recording_start")
        await control.set("language", "fr")
        await control.set("post_speech_silence_duration", 0.3)
        await client.speak(said[16_000:])
        told = await client.until(lambda told: told["type"] == "fullSentence")
        assert (told["text"], told["language"]) == ("sentence 7", "de")
        client.told.clear()
        assert await language_of(client, 8) == ("sentence 8", "fr")
