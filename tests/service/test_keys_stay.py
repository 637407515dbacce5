"""A key goes to the host that is set, encrypted, and nowhere else: no redirect or proxy takes it along."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest

from edge.clouds.clients import groq_client, openai_client
from edge.config import ConfigError, Secret, Settings, load
from edge.config.addresses import is_on_this_machine
from edge.doctor.clouds import check_clouds
from edge.model_files.http_download import DownloadError, download, make_client
from edge.speaker.voices.elevenlabs import ElevenLabsVoice
from edge.speaker.voices.openai_speech import OpenAISpeechVoice
from tests.support.canaries import KEY, PASSWORD, QUESTION
from tests.support.parrot import Parrot
from tests.support.services import service, with_services
from tests.support.speaking import script_of, speak

Use = Callable[[str], Awaitable[str]]
MESSAGES: Any = [{"role": "user", "content": QUESTION}]
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "WS_PROXY")


async def failure_of(work: Awaitable[Any]) -> str:
    try:
        return str(await work)
    except Exception as error:
        return f"{type(error).__name__} {error}"


async def chat_groq(url: str) -> str:
    async with groq_client(KEY, url) as client:
        return await failure_of(client.chat.completions.create(model="m", messages=MESSAGES))


async def chat_openai(url: str) -> str:
    async with openai_client(KEY, f"{url}/v1") as client:
        return await failure_of(client.chat.completions.create(model="m", messages=MESSAGES))


async def transcribe_groq(url: str) -> str:
    async with groq_client(KEY, url) as client:
        return await failure_of(client.audio.transcriptions.create(model="m", file=("a.wav", b"RIFF")))


async def transcribe_openai(url: str) -> str:
    async with openai_client(KEY, f"{url}/v1") as client:
        return await failure_of(client.audio.transcriptions.create(model="m", file=("a.wav", b"RIFF")))


async def list_models(url: str) -> str:
    async with openai_client(KEY, f"{url}/v1") as client:
        return await failure_of(client.models.list())


async def speak_openai(url: str) -> str:
    voice = OpenAISpeechVoice("openai", service("openai", api_key=Secret(KEY), base_url=f"{url}/v1"))
    try:
        return str((await speak(voice, script_of([QUESTION]))).error)
    finally:
        await voice.close()


async def speak_elevenlabs(url: str) -> str:
    voice = ElevenLabsVoice("elevenlabs", service("elevenlabs", api_key=Secret(KEY), base_url=url), "ru")
    try:
        return str((await speak(voice, script_of([QUESTION]))).error)
    finally:
        await voice.close()


async def examine_groq(url: str) -> str:
    return str(await check_clouds(with_services(groq=service("groq", api_key=Secret(KEY), base_url=url))))


async def examine_openai(url: str) -> str:
    return str(
        await check_clouds(with_services(openai=service("openai", api_key=Secret(KEY), base_url=f"{url}/v1")))
    )


async def examine_elevenlabs(url: str) -> str:
    return str(
        await check_clouds(with_services(elevenlabs=service("elevenlabs", api_key=Secret(KEY), base_url=url)))
    )


USES: tuple[Use, ...] = (
    chat_groq,
    chat_openai,
    transcribe_groq,
    transcribe_openai,
    list_models,
    speak_openai,
    speak_elevenlabs,
    examine_groq,
    examine_openai,
    examine_elevenlabs,
)
NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@pytest.fixture
async def elsewhere() -> AsyncIterator[Parrot]:
    """Another host (a port is enough for that), which remembers what it is told."""
    async with Parrot(lambda told: NOT_FOUND) as parrot:
        yield parrot


@pytest.fixture
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*PROXIES, "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def to(url: str, status: int) -> Callable[[str], bytes]:
    answer = f"HTTP/1.1 {status} Oops\r\nLocation: {url}/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    return lambda told: answer.encode()


@pytest.mark.usefixtures("no_proxies")
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("use", USES)
async def test_no_redirect_takes_a_key_or_a_question_along(
    use: Use, status: int, host: str, elsewhere: Parrot
) -> None:
    async with Parrot(to(f"http://{host}:{elsewhere.port}", status)) as asked:
        told = await use(f"http://127.0.0.1:{asked.port}")
        assert KEY in asked.told[0]
    assert elsewhere.told == []
    assert str(status) in told


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
@pytest.mark.parametrize("use", USES)
async def test_no_proxy_reads_a_key_for_this_machine(
    use: Use, host: str, elsewhere: Parrot, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (*PROXIES, *(name.lower() for name in PROXIES)):
        monkeypatch.setenv(name, f"http://127.0.0.1:{elsewhere.port}")
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("no_proxy", "")
    async with Parrot(lambda told: NOT_FOUND) as asked:
        await use(f"http://{host}:{asked.port}")
        assert KEY in asked.told[0]
    assert elsewhere.told == []


@pytest.mark.usefixtures("no_proxies")
async def test_a_download_follows_a_redirect_without_the_mirrors_password(
    elsewhere: Parrot, tmp_path: Path
) -> None:
    def fetch(port: int) -> None:
        url = f"http://user:{PASSWORD}@127.0.0.1:{port}/model.bin"
        with make_client() as client, pytest.raises(DownloadError, match="404"):
            download(client, url, tmp_path / "part", None, NoBar(), pause=lambda _: None)

    async with Parrot(to(f"http://127.0.0.1:{elsewhere.port}", 302)) as asked:
        await asyncio.to_thread(fetch, asked.port)
        assert "authorization: basic" in asked.told[0].lower()
    (told,) = elsewhere.told
    assert "authorization" not in told.lower()
    assert PASSWORD not in told


class NoBar:
    def begin(self, name: str, total: int | None, done: int) -> None: ...

    def advance(self, count: int) -> None: ...


# --- what the configuration refuses ---

ABROAD = (
    "http://depot.example:8080/v1",
    "http://10.0.0.7",
    "http://127.0.0.1.example",
    "http://localhost.example",
    "http://localhost.:80",
    "http://127.1",
    "http://2130706433",
    "http://0x7f.1",
    "http://[2001:db8::1]:80",
    "http://0.0.0.0",
    "http://loopback.example",
)
HERE = ("http://127.0.0.1:8080", "http://127.9.9.9", "http://localhost:1", "http://[::1]:80/v1")


def loaded(**env: str) -> Settings:
    return load(
        {name if name.endswith("_API_KEY") else f"SHUTTLE_GUIDE_{name}": env[name] for name in env},
        dotenv=None,
    )


@pytest.mark.parametrize("address", ABROAD)
@pytest.mark.parametrize("name", ["groq", "openai", "elevenlabs"])
def test_a_key_and_a_plain_address_elsewhere_are_refused(name: str, address: str) -> None:
    variable = f"{name.upper()}__BASE_URL"
    with pytest.raises(ConfigError) as refused:
        loaded(**{variable: address, f"{name.upper()}_API_KEY": KEY})
    line = str(refused.value)
    assert f"{name}.base_url" in line
    assert f"SHUTTLE_GUIDE_{variable}" in line
    assert "\n" not in line
    assert KEY not in line
    assert loaded(**{variable: address}).services[name].base_url == address  # without a key it may be


@pytest.mark.parametrize("address", HERE)
@pytest.mark.parametrize("name", ["groq", "openai", "elevenlabs"])
def test_a_key_may_go_unencrypted_to_this_machine(name: str, address: str) -> None:
    assert is_on_this_machine(address)
    settings = loaded(**{f"{name.upper()}__BASE_URL": address, f"{name.upper()}_API_KEY": KEY})
    assert settings.services[name].base_url == address


def test_plain_websockets_elsewhere_are_refused_too() -> None:
    with pytest.raises(ConfigError, match=r"elevenlabs\.base_url = 'ws://voice\.example'"):
        loaded(ELEVENLABS__BASE_URL="ws://voice.example", ELEVENLABS_API_KEY=KEY)
    loaded(ELEVENLABS__BASE_URL="wss://voice.example", ELEVENLABS_API_KEY=KEY)


@pytest.mark.parametrize("name", ["LOCAL__BASE_URL", "OPENAI__BASE_URL", "MODELS_MIRROR"])
@pytest.mark.parametrize(
    "address", [f"http://user:{PASSWORD}@depot.example/v1", f"http://depot.example/v1?api_key={PASSWORD}"]
)
def test_a_key_in_a_plain_address_counts(name: str, address: str) -> None:
    with pytest.raises(ConfigError) as refused:
        loaded(**{name: address})
    assert "depot.example" in str(refused.value)
    assert PASSWORD not in str(refused.value)
    loaded(**{name: address.replace("http:", "https:")})


@pytest.mark.parametrize("address", ["http://127.0.0.1\\@evil.example", "http://[::1]@evil.example\\"])
def test_an_address_that_could_be_read_in_two_ways_is_none(address: str) -> None:
    with pytest.raises(ConfigError, match="expected an address such as"):
        loaded(GROQ__BASE_URL=address)


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1?@evil.example", "http://evil.example#@127.0.0.1", "http://a:b@127.0.0.1@x.example"],
)
def test_the_clients_see_the_same_host(address: str) -> None:
    host = httpx.URL(address).host
    assert httpx2.URL(address).host == host
    assert is_on_this_machine(address) == (host == "127.0.0.1")
