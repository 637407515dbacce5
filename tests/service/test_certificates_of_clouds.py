"""A certificate that is not accepted is a fault that passes, told by its true cause, whoever shows it."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import certifi
import msgspec
import pytest
from websockets.asyncio.server import ServerConnection, serve

from bench.clouds.elevenlabs_wire import speak as speak_tones
from edge.clouds import clients
from edge.clouds.clients import client_of
from edge.clouds.sdk_errors import as_rung_error
from edge.config import Secret, Service
from edge.ladder.rung import RungError
from edge.speaker.voices import elevenlabs_socket
from edge.speaker.voices.elevenlabs import ElevenLabsVoice
from edge.speaker.voices.openai_speech import OpenAISpeechVoice
from tests.support.certificates import Authority
from tests.support.services import service
from tests.support.speaking import script_of, speak, speak_in_the_end

CAUSES = {
    "not_yet_valid": "the certificate is not yet valid: this machine's clock says 20",
    "expired": "the certificate has expired, or the clock is wrong: this machine's clock says 20",
    "self_signed": "signed by nobody whom this machine trusts: a login page of the network (captive portal)",
    "another_host": "another host's: a login page of the network (captive portal), or the address is wrong",
}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(autouse=True)
def trusted(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """All libraries trust that authority, in the ways in which they trust the world's."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    # Where no proxy of the environment is asked for, neither are its certificates.
    paths = ssl.get_default_verify_paths()._replace(openssl_cafile=str(authority.file), openssl_capath="")
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: paths)
    monkeypatch.setattr(certifi, "where", lambda: str(authority.file))
    clients.trusted.cache_clear()
    yield
    clients.trusted.cache_clear()


@contextlib.asynccontextmanager
async def showing(context: ssl.SSLContext) -> AsyncIterator[int]:
    """A server that shows its certificate and says nothing else; gives its port."""

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


def at(name: str, port: int) -> Service:
    return msgspec.structs.replace(
        service(name, base_url=f"https://127.0.0.1:{port}"), api_key=Secret("sk_any")
    )


async def models(asked: Service) -> RungError | None:
    async with client_of(asked) as client:
        try:
            await client.models.list()
        except Exception as error:
            return as_rung_error(error, "any")
    return None


async def speech(asked: Service) -> RungError | None:
    voice = OpenAISpeechVoice("openai", asked)
    spoken = await speak(voice, script_of(["Привет."]))
    await voice.close()
    return spoken.error


async def socket(asked: Service) -> RungError | None:
    voice = ElevenLabsVoice("elevenlabs", asked, "ru")
    spoken = await speak(voice, script_of(["Привет."]))
    await voice.close()
    return spoken.error


ASK: dict[str, tuple[str, Callable[[Service], Awaitable[RungError | None]]]] = {
    "groq": ("groq", models),
    "openai": ("openai", models),
    "speech": ("openai", speech),
    "elevenlabs": ("elevenlabs", socket),
}


@pytest.mark.parametrize("cause", CAUSES)
@pytest.mark.parametrize("who", ASK)
async def test_it_passes_and_says_why(who: str, cause: str, authority: Authority) -> None:
    name, ask = ASK[who]
    async with showing(authority.certificate(cause)) as port:
        error = await ask(at(name, port))
    assert error is not None
    assert CAUSES[cause] in str(error)
    assert "API key" not in str(error)
    assert not error.permanent


@pytest.mark.parametrize("who", ASK)
async def test_a_good_one_is_accepted(who: str, authority: Authority) -> None:
    name, ask = ASK[who]
    async with showing(authority.certificate("good")) as port:
        error = await ask(at(name, port))
    assert "certificate" not in str(error)


async def spoken_after(authority: Authority, heal: Callable[[ssl.SSLContext], None]) -> None:
    """A voice meets a certificate that is not yet valid, and speaks once ``heal`` has been called."""
    context = authority.certificate("not_yet_valid")

    async def converse(connection: ServerConnection) -> None:
        async for raw in connection:
            message = json.loads(raw)
            ids = {"contextId": message["context_id"]}
            if message.get("flush"):
                for piece in speak_tones(message["text"], 24_000, 1.0, sync_alignment=True):
                    audio = base64.b64encode(piece.samples.tobytes()).decode()
                    await connection.send(json.dumps(ids | {"audio": audio, "alignment": piece.alignment}))
            if message.get("close_context"):
                await connection.send(json.dumps(ids | {"isFinal": True}))

    async with serve(converse, "127.0.0.1", 0, ssl=context) as server:
        voice = ElevenLabsVoice("elevenlabs", at("elevenlabs", server.sockets[0].getsockname()[1]), "ru")
        assert "not yet valid" in str((await speak(voice, script_of(["Привет."]))).error)
        heal(context)
        assert (await speak_in_the_end(voice, "Да.")).heard == "да"
        await voice.close()


async def test_it_is_tried_again_soon(authority: Authority) -> None:
    await spoken_after(authority, lambda context: authority.show(context, "good"))


async def test_it_is_tried_again_at_once_when_the_clock_has_been_set(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(elevenlabs_socket, "BACKOFF_FIRST_S", 3600.0)
    monkeypatch.setattr(elevenlabs_socket, "BACKOFF_MAX_S", 3600.0)
    now = time.time

    def heal(context: ssl.SSLContext) -> None:
        authority.show(context, "good")
        monkeypatch.setattr(time, "time", lambda: now() + 1e8)

    await spoken_after(authority, heal)
