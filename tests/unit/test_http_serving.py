"""An app on a real socket, in our own event loop."""

from __future__ import annotations

import asyncio
import signal
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import websockets
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from edge.http import serving
from edge.http.access import Access, Guard
from edge.http.serving import Address, TlsFiles, WebServer
from edge.operator_error import OperatorError
from tests.support.certificates import Authority


async def _length(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(len(await request.body())))


async def _echo(socket: WebSocket) -> None:
    await socket.accept()
    try:
        while True:
            await socket.send_bytes(await socket.receive_bytes())
    except WebSocketDisconnect:
        pass


def _app() -> Starlette:
    return Starlette(
        routes=[Route("/length", _length, methods=["GET", "POST"]), WebSocketRoute("/echo", _echo)]
    )


@asynccontextmanager
async def _served(app: Any = None, **options: Any) -> AsyncIterator[WebServer]:
    server = WebServer(app or _app(), Address("127.0.0.1", 0), name="test", **options)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


async def test_it_serves_at_once_and_takes_none_of_our_signals() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    async with _served() as server, httpx.AsyncClient() as client:
        answer = await client.post(f"http://{server.address}/length", content=b"12345")
        assert (answer.status_code, answer.text) == (200, "5")
        assert "server" not in answer.headers
        assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] == before


async def test_websockets_go_both_ways_and_too_long_a_message_ends_its_connection_alone() -> None:
    async with _served(max_message_bytes=1000) as server:
        url = f"ws://{server.address}/echo"
        async with websockets.connect(url) as good, websockets.connect(url) as bad:
            await bad.send(b"x" * 1001)
            with pytest.raises(websockets.ConnectionClosed) as closed:
                await bad.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1009
            await good.send(b"x" * 1000)
            assert await good.recv() == b"x" * 1000


async def test_what_is_open_goes_on_while_new_ones_are_refused_and_ends_with_the_server() -> None:
    server = WebServer(_app(), Address("127.0.0.1", 0), name="test")
    await server.start()
    url = f"ws://{server.address}/echo"
    async with websockets.connect(url) as socket:
        server.refuse_new()
        with pytest.raises(OSError, match=r".*"):
            await asyncio.open_connection(*server.address)
        await socket.send(b"still here")
        assert await socket.recv() == b"still here"
        await server.stop()
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await socket.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1012
    await server.ended()


async def test_beyond_so_many_connections_the_next_is_told_so() -> None:
    async with _served(max_connections=2) as server, httpx.AsyncClient() as client:
        async with websockets.connect(f"ws://{server.address}/echo"):
            assert (await client.get(f"http://{server.address}/length")).status_code == 503
        assert len(server._server.server_state.connections) <= 2


async def test_who_connects_and_asks_for_nothing_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "HEADERS_WITHIN_S", 0.05)
    async with _served() as server:
        reader, writer = await asyncio.open_connection(*server.address)
        writer.write(b"GET / HTTP/1.1\r\nHost: ")
        assert await reader.read() == b""
        writer.close()


@pytest.fixture
def tls(tmp_path: Path) -> TlsFiles:
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "1",
        "-subj",
        "/CN=localhost",
    ]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    return TlsFiles(str(certificate), str(key))


async def test_tls_by_its_files(tls: TlsFiles) -> None:
    trust = ssl.create_default_context(cafile=tls.certificate)
    async with _served(tls=tls) as server, httpx.AsyncClient(verify=trust) as client:
        assert (await client.get(f"https://{server.address}/length")).text == "0"
        async with websockets.connect(f"wss://{server.address}/echo", ssl=trust) as socket:
            await socket.send(b"private")
            assert await socket.recv() == b"private"


@pytest.mark.parametrize(
    ("kind", "told"),
    [("good", ""), ("another_host", ""), ("expired", "has expired"), ("not_yet_valid", "not yet valid")],
)
async def test_a_certificate_that_nobody_will_accept_is_told_at_the_start(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, kind: str, told: str
) -> None:
    certificate, key = map(str, Authority(tmp_path).files(kind))
    async with _served(tls=TlsFiles(certificate, key)):
        pass
    (line,) = caplog.messages or [""]
    assert told in line
    assert bool(line) == bool(told)


async def test_all_addresses_of_ipv6_are_those_of_ipv4_too() -> None:
    if not socket.has_dualstack_ipv6():
        pytest.skip("no IPv6 here")
    server = WebServer(_app(), Address("::", 0), name="test")
    await server.start()
    try:
        async with httpx.AsyncClient() as client:
            for host in ("127.0.0.1", "[::1]"):
                url = f"http://{host}:{server.address.port}/length"
                assert (await client.post(url, content=b"abc")).text == "3"
    finally:
        await server.stop()


async def test_one_line_says_what_is_wrong_with_the_address_or_the_certificate(tmp_path: Path) -> None:
    missing = TlsFiles(str(tmp_path / "cert.pem"), str(tmp_path / "key.pem"))
    with pytest.raises(OperatorError, match=r"test: expected a certificate in PEM form in .*cert\.pem"):
        await WebServer(_app(), Address("127.0.0.1", 0), name="test", tls=missing).start()
    async with _served() as server:
        with pytest.raises(OperatorError, match=r"test: 127\.0\.0\.1:\d+ cannot be served"):
            await WebServer(_app(), server.address, name="test").start()


async def test_behind_the_guard_starlette_answers_a_long_body_properly() -> None:
    async with (
        _served(Guard(_app(), Access(max_body_bytes=10))) as server,
        httpx.AsyncClient() as client,
    ):

        async def chunks() -> AsyncIterator[bytes]:
            for _ in range(3):
                yield b"12345"

        assert (await client.post(f"http://{server.address}/length", content=chunks())).status_code == 413
        assert (await client.post(f"http://{server.address}/length", content=b"12")).text == "2"


async def test_an_answer_bears_the_time_at_which_it_was_asked_for() -> None:
    async with _served() as server, httpx.AsyncClient() as client:
        before = datetime.now(UTC).replace(microsecond=0)
        answer = await client.post(f"http://{server.address}/length")
        told = parsedate_to_datetime(answer.headers["date"])
        assert before <= told <= datetime.now(UTC)
