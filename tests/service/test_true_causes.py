"""What services refuse is told with its true cause and what to do, whoever was asked for what.

The bodies have the form in which the services (or what stands before them) send them.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.clouds.causes import ACCOUNT_PAUSE_S, Asked, CauseName, cause_of
from edge.clouds.clients import client_of
from edge.commentator.forbidden import Forbidden
from edge.commentator.models.chat import ChatModel, ChatService
from edge.commentator.models.request import ModelRequest
from edge.config import Secret, Service
from edge.doctor.clouds import check_clouds
from edge.ladder import RungError
from edge.ladder.breaker import Breaker
from edge.ladder.limits import LadderLimits
from edge.ladder.rung import RequestError
from edge.listener.recognizers.cloud_clients import cloud_recognizer
from edge.listener.segment import RecognitionRequest
from edge.speaker.voices.elevenlabs import ElevenLabsVoice
from edge.speaker.voices.openai_speech import OpenAISpeechVoice
from tests.support.parrot import Parrot
from tests.support.ports import free_port
from tests.support.services import service, with_services
from tests.support.speaking import script_of, speak

KEY = "gsk-of-nobody-1234567890"
TOLD: dict[CauseName, str] = {
    "account": "the account's quota or balance is used up",
    "address": "refuses this network address or its region",
    "capacity": "is overloaded or away",
    "content": "refuses this content",
    "key": "check its API key",
    "length": "longer than the service takes",
    "loading": "still loading its model",
    "model": "is not there, or not for this account; check its",
    "page": "answers in its place, or base_url is wrong",
    "path": "check its base_url",
    "plan": "see its plan, terms and organization",
    "proxy": "the proxy asks for a login",
    "rate": "the rate limit is reached",
    "region": "is not offered in this country or region",
    "voice": "check its voice",
}
PASSING = {"capacity", "content", "length", "loading", "page", "rate"}


class Answer(NamedTuple):
    """What a server answers, and why it does."""

    who: str
    cause: CauseName
    status: int
    body: Any
    """An object is sent as JSON, text beginning with ``<`` as a page, other text as such."""


def error(message: str, code: str | None = None, kind: str = "invalid_request_error", **more: Any) -> Any:
    return {"error": {"message": message, "type": kind, "param": None, "code": code, **more}}


def google(status: int, name: str, message: str, reason: str = "") -> Any:
    """The compatible endpoint wraps its error in a list."""
    info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason}
    told = {"code": status, "message": message, "status": name}
    return [{"error": told | ({"details": [info]} if reason else {})}]


def eleven(code: str, message: str, kind: str = "") -> Any:
    """The two forms of its errors: with a status alone, and with type and code."""
    return {"detail": {"status": code, "message": message} | ({"type": kind, "code": code} if kind else {})}


CLOUDFLARE = (
    '<!DOCTYPE html>\n<html class="no-js" lang="en-US"><head>\n<title>Attention Required! | Cloudflare'
    "</title>"
    '<meta name="robots" content="noindex, nofollow" /></head><body><h1>Sorry, you have been blocked</h1>'
    "<h2>You are unable to access groq.com</h2></body></html>"
)
NGINX = "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1></center></body></html>"
EXCEEDED = "You exceeded your current quota, please check your plan and billing details. For more information"

COMPATIBLE = [
    Answer("Cloudflare", "address", 403, CLOUDFLARE),
    Answer("Cloudflare in plain text", "address", 403, "error code: 1020"),
    Answer("Cloudflare, a browser's signature", "address", 403, "error code: 1010"),
    Answer("Groq", "address", 403, error("Access denied. Please check your network settings.", None)),
    Answer(
        "OpenAI's list", "address", 401, error("Your IP is not authorized to use", "ip_not_authorized", "x")
    ),
    Answer(
        "OpenAI",
        "region",
        403,
        error(
            "Country, region, or territory not supported",
            "unsupported_country_region_territory",
            "request_forbidden",
        ),
    ),
    Answer(
        "Gemini",
        "region",
        400,
        google(400, "FAILED_PRECONDITION", "User location is not supported for the API use."),
    ),
    Answer("a gateway", "region", 451, "Unavailable For Legal Reasons"),
    Answer(
        "an unwrapped error",
        "region",
        403,
        {"code": "unsupported_country_region_territory", "message": "Country", "type": "request_forbidden"},
    ),
    Answer("Ollama without /v1", "path", 404, "404 page not found"),
    Answer(
        "Groq",
        "path",
        404,
        error("Unknown request URL: POST /chat/completions. Please check the URL for typos", "unknown_url"),
    ),
    Answer("OpenAI", "path", 404, error("Invalid URL (POST /v2/chat/completions)")),
    Answer(
        "llama-server",
        "path",
        404,
        {"error": {"code": 404, "message": "File Not Found", "type": "not_found_error"}},
    ),
    Answer("FastAPI", "path", 404, {"detail": "Not Found"}),
    Answer("nginx", "path", 404, NGINX.format("404 Not Found")),
    Answer("Go, asked without TLS", "path", 400, "Client sent an HTTP request to an HTTPS server."),
    Answer("a page behind a BOM", "path", 404, "\ufeff" + NGINX.format("404 Not Found")),
    Answer(
        "xAI, in a sentence",
        "account",
        429,
        {
            "code": "Some resource has been exhausted",
            "error": "Your team has either used all available credits",
        },
    ),
    Answer("nginx, a page's address", "path", 405, NGINX.format("405 Not Allowed")),
    Answer(
        "nginx, TLS's port", "path", 400, NGINX.format("400 The plain HTTP request was sent to HTTPS port")
    ),
    Answer("nothing", "path", 404, ""),
    Answer(
        "OpenAI",
        "model",
        404,
        error("The model `m` does not exist or you do not have access to it.", "model_not_found"),
    ),
    Answer("Ollama", "model", 404, error('model "m" not found, try pulling it first', None, "api_error")),
    Answer(
        "vLLM",
        "model",
        404,
        {"object": "error", "message": "The model `m` does not exist.", "type": "NotFoundError"},
    ),
    Answer("Ollama's own", "model", 404, {"error": "model 'm' not found"}),
    Answer(
        "Gemini",
        "model",
        404,
        google(404, "NOT_FOUND", "models/m is not found for API version v1main, or is not"),
    ),
    Answer("OpenRouter", "model", 400, {"error": {"message": "m is not a valid model ID", "code": 400}}),
    Answer(
        "Groq, retired",
        "model",
        400,
        error("The model `m` has been decommissioned and is no longer supported.", "model_decommissioned"),
    ),
    Answer(
        "Groq, blocked",
        "model",
        403,
        error("The model `m` is blocked at the project level.", "model_permission_blocked_project", "x"),
    ),
    Answer("OpenAI", "account", 429, error(EXCEEDED, "insufficient_quota", "insufficient_quota")),
    Answer(
        "DeepSeek", "account", 402, error("Insufficient Balance", "invalid_request_error", "unknown_error")
    ),
    Answer(
        "OpenRouter", "account", 402, {"error": {"message": "Insufficient credits. Add more", "code": 402}}
    ),
    Answer("Groq's limit", "account", 400, error("API access is blocked", "blocked_api_access")),
    Answer(
        "a gateway to Anthropic",
        "account",
        400,
        error("Your credit balance is too low to access the Anthropic API."),
    ),
    Answer("OpenAI's limit", "account", 400, error("Billing hard limit", "billing_hard_limit_reached")),
    Answer(
        "Groq's terms", "plan", 400, error("The model `m` requires terms acceptance.", "model_terms_required")
    ),
    Answer("Groq", "plan", 400, error("Organization has been restricted.", "organization_restricted")),
    Answer(
        "OpenAI",
        "plan",
        401,
        error("You must be a member of an organization to use the API", "invalid_organization"),
    ),
    Answer("OpenAI", "key", 401, error("Incorrect API key provided: gsk-o***", "invalid_api_key")),
    Answer("Groq", "key", 401, error("Invalid API Key", "invalid_api_key")),
    Answer("Cerebras", "key", 401, {"message": "Wrong API Key", "type": "x", "code": "wrong_api_key"}),
    Answer(
        "Gemini",
        "key",
        400,
        google(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", "API_KEY_INVALID"),
    ),
    Answer("vLLM", "key", 401, {"error": "Unauthorized"}),
    Answer("a server's own proxy", "key", 401, NGINX.format("401 Authorization Required")),
    Answer("OpenAI, a restricted key", "key", 403, error("You have insufficient permissions for this")),
    Answer(
        "Groq",
        "rate",
        429,
        error("Rate limit reached for model `m` in organization `o`", "rate_limit_exceeded", "tokens"),
    ),
    Answer("Gemini", "rate", 429, google(429, "RESOURCE_EXHAUSTED", EXCEEDED)),
    Answer("Cloudflare", "rate", 429, NGINX.format("429 Too Many Requests")),
    Answer("nobody knows", "rate", 429, ""),
    Answer(
        "Groq, too large",
        "rate",
        413,
        error("Request too large for model `m`", "rate_limit_exceeded", "tokens"),
    ),
    Answer("Groq", "capacity", 498, error("Flex tier capacity exceeded", "capacity_exceeded", "x")),
    Answer("a gateway", "capacity", 502, NGINX.format("502 Bad Gateway")),
    Answer("Cloudflare", "capacity", 521, CLOUDFLARE),
    Answer("OpenAI", "capacity", 503, error("That model is currently overloaded", None, "server_error")),
    Answer("OpenAI, a rise", "capacity", 503, error("Slow down", "slow_down", "server_error")),
    Answer("Ollama", "capacity", 503, error("server busy, please try again.", None, "api_error")),
    Answer(
        "llama-server",
        "loading",
        503,
        {"error": {"message": "Loading model", "type": "unavailable_error", "code": 503}},
    ),
    Answer("OpenAI", "content", 400, error("Your request was rejected", "content_policy_violation")),
    Answer("Azure", "content", 400, error("The response was filtered", "content_filter", "x")),
    Answer("OpenAI's reasoners", "content", 400, error("Invalid prompt: it was flagged", "invalid_prompt")),
    Answer(
        "OpenAI", "length", 400, error("This model's maximum context length is", "context_length_exceeded")
    ),
    Answer(
        "vLLM",
        "length",
        400,
        {"object": "error", "message": "This model's maximum context length is 8192 tokens. However, you"},
    ),
    Answer("OpenAI's voice", "length", 400, error("too long", "string_above_max_length")),
    Answer("a proxy", "proxy", 407, NGINX.format("407 Proxy Authentication Required")),
]
UNUSUAL = "Unusual activity detected. Free Tier usage disabled. If you are using a proxy/VPN you might need"
ELEVENLABS = [
    Answer("the key", "key", 401, eleven("invalid_api_key", "Invalid API key")),
    Answer("the key", "key", 401, eleven("invalid_api_key", "Invalid API key", "authentication_error")),
    Answer(
        "a restricted key", "key", 401, eleven("missing_permissions", "The API key is missing the permission")
    ),
    Answer("Cloudflare", "address", 403, CLOUDFLARE),
    Answer(
        "no credits", "account", 401, eleven("quota_exceeded", "This request exceeds your quota of 10000.")
    ),
    Answer(
        "no credits", "account", 401, eleven("quota_exceeded", "You have 0 credits", "authentication_error")
    ),
    Answer("no plan", "plan", 402, eleven("paid_plan_required", "Free users cannot", "payment_required")),
    Answer("a free account", "plan", 401, eleven("detected_unusual_activity", UNUSUAL)),
    Answer("the voice", "voice", 404, eleven("voice_not_found", "A voice for the voice_id was not found")),
    Answer("the model", "model", 400, eleven("model_not_found", "A model with model_id x does not exist")),
    Answer("the path", "path", 404, {"detail": "Not Found"}),
    Answer("too many", "rate", 429, eleven("too_many_concurrent_requests", "Too many concurrent requests")),
    Answer("busy", "capacity", 429, eleven("system_busy", "We are experiencing heavy traffic")),
    Answer("a gateway", "capacity", 502, NGINX.format("502 Bad Gateway")),
    Answer("too long", "length", 400, eleven("max_character_limit_exceeded", "This request's text has 627")),
]


def ids(answers: list[Answer]) -> list[str]:
    return [f"{answer.cause}-{answer.status}-{answer.who}" for answer in answers]


def response(answer: Answer) -> Callable[[str], bytes]:
    is_text = isinstance(answer.body, str)
    page = is_text and answer.body.startswith("<")
    kind = "text/html" if page else "text/plain" if is_text else "application/json"
    body = (answer.body if is_text else json.dumps(answer.body)).encode()
    head = f"HTTP/1.1 {answer.status} No\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
    return lambda _: f"{head}Connection: close\r\n\r\n".encode() + body


# --- those who are asked ---


def named(name: str, url: str, **changes: Any) -> Service:
    return service(name, api_key=Secret(KEY), base_url=url, **changes)


async def chat(asked: Service) -> None:
    client = client_of(asked)
    model = ChatModel(ChatService("x", client, {"model": asked.model}), forbidden=Forbidden())
    try:
        async for _ in model.open(ModelRequest(language="en", system="s", user="u")):
            pass
    finally:
        await model.close()


async def hear(asked: Service) -> None:
    recognizer = cloud_recognizer("x", asked)
    assert recognizer is not None
    request = RecognitionRequest(samples=np.zeros(1600, np.int16), language="ru")
    try:
        async for _ in recognizer.open(request):
            pass
    finally:
        await recognizer.close()


async def say(asked: Service) -> None:
    voice = ElevenLabsVoice("x", asked, "ru") if asked.kind == "elevenlabs" else OpenAISpeechVoice("x", asked)
    try:
        if failed := (await speak(voice, script_of(["Look, dogs."]))).error:
            raise failed
    finally:
        await voice.close()


Way = Callable[[str], Awaitable[None]]
WAYS: dict[str, tuple[str, Way]] = {
    "groq chat": ("model", lambda url: chat(named("groq", url, model="m"))),
    "openai chat": ("model", lambda url: chat(named("openai", f"{url}/v1", model="m"))),
    "groq hears": ("transcription_model", lambda url: hear(named("groq", url, transcription_model="m"))),
    "openai hears": (
        "transcription_model",
        lambda url: hear(named("openai", f"{url}/v1", transcription_model="m")),
    ),
    "openai speaks": ("speech_model", lambda url: say(named("openai", f"{url}/v1", speech_model="m"))),
}


async def refused(way: Way, answer: Answer) -> RungError:
    async with Parrot(response(answer)) as server:
        return await failure(way, f"http://127.0.0.1:{server.port}")


async def failure(way: Way, url: str) -> RungError:
    with pytest.raises(RungError) as raised:
        await way(url)
    assert KEY not in str(raised.value)
    return raised.value


def check(told: RungError, answer: Answer) -> None:
    assert TOLD[answer.cause] in str(told)
    others = {cause for cause, words in TOLD.items() if words in str(told)}
    assert others == {answer.cause}
    assert str(answer.status) in str(told)
    assert told.permanent is (answer.cause not in PASSING)
    assert told.retry_after_s == (ACCOUNT_PAUSE_S if answer.cause == "account" else None)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("answer", COMPATIBLE, ids=ids(COMPATIBLE))
async def test_a_compatible_service_is_refused_for_the_true_cause(answer: Answer, way: str) -> None:
    setting, ask = WAYS[way]
    told = await refused(ask, answer)
    check(told, answer)
    if answer.cause == "model":
        assert f"check its {setting}" in str(told)
        assert "'m'" in str(told)
    if answer.cause in ("content", "length"):
        assert isinstance(told, RequestError), "the service is well"
    if answer.cause not in ("content", "length") and answer.cause not in PASSING:
        assert not isinstance(told, RequestError)


@pytest.mark.parametrize("answer", ELEVENLABS, ids=ids(ELEVENLABS))
async def test_elevenlabs_refuses_for_the_true_cause(answer: Answer) -> None:
    check(await refused(lambda url: say(named("elevenlabs", url)), answer), answer)


@pytest.mark.parametrize("answer", COMPATIBLE, ids=ids(COMPATIBLE))
async def test_the_doctor_tells_the_same_cause_of_a_compatible_service(answer: Answer) -> None:
    async with Parrot(response(answer)) as server:
        url = f"http://127.0.0.1:{server.port}"
        settings = with_services(
            groq=named("groq", url, model="m"), openai=named("openai", f"{url}/v1", model="m")
        )
        checks = {check.name: check for check in await check_clouds(settings)}
    for name in ("groq", "openai"):
        assert checks[name].verdict == "absent"
        assert TOLD[answer.cause] in checks[name].advice


@pytest.mark.parametrize("answer", ELEVENLABS, ids=ids(ELEVENLABS))
async def test_the_doctor_tells_the_same_cause_of_elevenlabs(answer: Answer) -> None:
    async with Parrot(response(answer)) as server:
        settings = with_services(elevenlabs=named("elevenlabs", f"http://127.0.0.1:{server.port}"))
        checks = {check.name: check for check in await check_clouds(settings)}
    assert TOLD[answer.cause] in checks["elevenlabs"].advice


# --- what is not where it was looked for ---


async def test_a_local_server_without_v1_is_told_by_its_address() -> None:
    answer = next(answer for answer in COMPATIBLE if answer.who == "Ollama without /v1")
    told = str(await refused(lambda url: chat(named("local", url, model="m")), answer))
    assert "/chat/completions; check its base_url (is /v1 missing?)" in told
    told = str(await refused(lambda url: chat(named("local", f"{url}/v1/v1", model="m")), answer))
    assert "(its version stands twice)" in told
    told = str(await refused(lambda url: chat(named("local", f"{url}/v1", model="m")), answer))
    assert "/v1/chat/completions; check its base_url" in told
    assert "missing" not in told


async def test_a_404_that_says_nothing_names_both() -> None:
    answer = Answer("nobody", "path", 404, error("Resource unavailable"))
    told = str(await refused(WAYS["openai chat"][1], answer))
    assert "check its base_url and its model" in told


@pytest.mark.parametrize("way", WAYS)
async def test_where_nothing_listens_that_is_told(way: str) -> None:
    port = free_port()
    told = await failure(WAYS[way][1], f"http://127.0.0.1:{port}")
    assert f"127.0.0.1:{port}" in str(told)
    assert "nothing listens there" in str(told)
    assert not told.permanent


@pytest.mark.parametrize("way", WAYS)
async def test_a_name_that_is_not_resolved_is_the_networks(way: str) -> None:
    told = await failure(WAYS[way][1], "http://nothing.invalid")
    assert "nothing.invalid" in str(told)
    assert "the host name cannot be resolved: check the address, the network and its DNS" in str(told)
    assert not told.permanent


@pytest.mark.parametrize("way", [*WAYS, "elevenlabs"])
async def test_a_proxy_that_refuses_is_told(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asks = {name: ask for name, (_, ask) in WAYS.items()}
    asks["elevenlabs"] = lambda url: say(named("elevenlabs", url))
    refusal = Answer("a proxy", "proxy", 407, NGINX.format("407 Proxy Authentication Required"))
    async with Parrot(response(refusal)) as proxy:
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        told = await failure(asks[way], "https://cloud.example")
        assert proxy.told
    assert "the proxy of the environment (https_proxy) does not let it through" in str(told)
    assert not told.permanent


# --- an account that is empty ---


def test_an_empty_account_is_not_asked_each_minute() -> None:
    breaker = Breaker(LadderLimits(initial_ms=1, min_ms=1, max_ms=1, stall_ms=1))
    now = 1000.0
    for _ in range(3):  # the failure, and two probes of it
        breaker.failed(now, "empty", permanent=True, retry_after_s=ACCOUNT_PAUSE_S)
        assert breaker.retry_mono == now + ACCOUNT_PAUSE_S
        now = breaker.retry_mono


# --- whatever they send ---

FIELD = st.sampled_from(
    ["error", "message", "code", "type", "status", "detail", "details", "reason", "param"]
)
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.sampled_from(
        ["insufficient_quota", "model", "The model `m`", "<html>", "Not Found", "api_key", "{url}"]
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELD, inner, max_size=4),
    max_leaves=12,
)


@given(st.none() | st.integers(100, 999), ANYTHING)
def test_no_answer_raises_and_none_is_quoted(status: int | None, answer: Any) -> None:
    found = cause_of(status, answer, Asked("{model}", "model", "host/{x}"))
    if found is not None:
        # Only our own sentences, whatever came.
        assert TOLD[found.name] in found.advice or "surely there" in found.advice


@pytest.mark.parametrize("words", ["insufficient_quota", "the quota and credits", "API key not valid"])
def test_a_passengers_words_in_an_error_decide_nothing(words: str) -> None:
    quoted = error(f"bad input: {words}", None)
    assert cause_of(400, quoted, Asked("m")) is None
    quoted["error"]["input"] = words
    quoted["error"]["message"] = words.split()[0]
    assert cause_of(400, quoted, Asked("m")) is None


def test_a_server_that_breaks_is_not_taken_for_another_address() -> None:
    assert cause_of(500, error("Not found: the tensor"), Asked("m")) is None
    assert cause_of(500, error("Invalid model name"), Asked("m")) is None


def test_a_version_of_another_name_is_not_missing() -> None:
    found = cause_of(404, "404 page not found", Asked("m", url="host/v1beta/openai/chat/completions"))
    assert found is not None
    assert found.advice.endswith("check its base_url")
