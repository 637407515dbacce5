"""What a service refuses in an answer that begins well, or a page that comes in its place, is told truly."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from edge.clouds.causes import ACCOUNT_PAUSE_S, CauseName
from edge.doctor.clouds import check_clouds
from edge.ladder import RungError
from tests.service.test_true_causes import (
    EXCEEDED,
    KEY,
    PASSING,
    TOLD,
    WAYS,
    chat,
    error,
    failure,
    named,
    say,
)
from tests.support.parrot import Parrot
from tests.support.services import with_services

REFUSALS: dict[str, tuple[CauseName, Any]] = {
    "OpenAI's empty account": ("account", error(EXCEEDED, "insufficient_quota", "insufficient_quota")),
    "OpenRouter's, with a status for a code": ("account", {"error": {"code": 402, "message": "Payment"}}),
    "a gateway's limit": ("rate", {"error": {"code": 429, "message": "Provider returned error"}}),
    "a status as text": ("rate", {"error": {"code": "429", "message": "Provider returned error"}}),
    "a key": ("key", error("Incorrect API key provided", "invalid_api_key")),
    "a model": ("model", error("The model `m` does not exist", "model_not_found")),
    "a country": ("region", {"error": "unsupported_country_region_territory"}),
    "an overloaded one": ("capacity", {"error": {"type": "overloaded_error", "message": "Overloaded"}}),
}
Response = Callable[[str], bytes]
LOGIN = "<!doctype html>\n<html><head><title>Wi-Fi</title></head><body>Log in</body></html>"
HEARS_AND_SPEAKS = {way: ask for way, (_, ask) in WAYS.items() if "chat" not in way}
CHATS = {way: ask for way, (_, ask) in WAYS.items() if "chat" in way}


def ok(body: str, kind: str, status: str = "200 OK") -> Response:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body.encode())}\r\n"
    return lambda _: f"{head}Connection: close\r\n\r\n{body}".encode()


def streamed(answer: Any, before: str = "") -> Response:
    events = f'data: {{"choices":[{{"delta":{{"content":"{before}"}}}}]}}\n\n' if before else ""
    return ok(f"{events}data: {json.dumps(answer)}\n\ndata: [DONE]\n\n", "text/event-stream")


def check(told: RungError, cause: CauseName) -> None:
    assert {name for name, words in TOLD.items() if words in str(told)} == {cause}
    assert told.permanent is (cause not in PASSING)
    assert told.retry_after_s == (ACCOUNT_PAUSE_S if cause == "account" else None)


@pytest.mark.parametrize("way", CHATS)
@pytest.mark.parametrize(("cause", "answer"), REFUSALS.values(), ids=REFUSALS)
async def test_an_error_in_a_stream_is_told_by_its_cause(cause: CauseName, answer: Any, way: str) -> None:
    for before in ("", "Слева собака, "):
        async with Parrot(streamed(answer, before)) as server:
            check(await failure(CHATS[way], f"http://127.0.0.1:{server.port}"), cause)


@pytest.mark.parametrize("way", HEARS_AND_SPEAKS)
@pytest.mark.parametrize(("cause", "answer"), REFUSALS.values(), ids=REFUSALS)
async def test_an_error_instead_of_a_result_is_told_by_its_cause(
    cause: CauseName, answer: Any, way: str
) -> None:
    async with Parrot(ok(json.dumps(answer), "application/json")) as server:
        check(await failure(HEARS_AND_SPEAKS[way], f"http://127.0.0.1:{server.port}"), cause)


@pytest.mark.parametrize("kind", ["text/html", "text/event-stream", "audio/pcm", "application/json"])
@pytest.mark.parametrize("way", [*WAYS, "elevenlabs"])
async def test_a_login_page_is_told_whatever_was_asked(way: str, kind: str) -> None:
    ask = WAYS[way][1] if way in WAYS else lambda url: say(named("elevenlabs", url))
    async with Parrot(ok(LOGIN, kind)) as server:
        check(await failure(ask, f"http://127.0.0.1:{server.port}"), "page")


async def test_the_doctor_tells_of_a_page_or_an_error_in_place_of_a_list() -> None:
    for body, cause in ((LOGIN, "page"), (json.dumps(REFUSALS["a key"][1]), "key")):
        for kind in ("text/html", "application/json"):
            async with Parrot(ok(body, kind)) as server:
                url = f"http://127.0.0.1:{server.port}"
                settings = with_services(
                    groq=named("groq", url, model="m"),
                    openai=named("openai", f"{url}/v1", model="m"),
                    local=named("local", f"{url}/v1", model="m"),
                    **({"elevenlabs": named("elevenlabs", url)} if cause == "page" else {}),
                )
                checks = await check_clouds(settings)
            assert {one.name for one in checks} >= {"groq", "openai", "local"}
            for one in checks:
                assert TOLD[cause] in one.advice, (one.name, kind)
                assert KEY not in one.advice


async def test_a_network_that_asks_for_a_login_with_its_own_status_is_told() -> None:
    refused = ok(LOGIN, "text/html", "511 Network Authentication Required")
    for ask in (lambda url: chat(named("groq", url, model="m")), lambda url: say(named("elevenlabs", url))):
        async with Parrot(refused) as server:
            check(await failure(ask, f"http://127.0.0.1:{server.port}"), "page")
