"""Serves an ASGI app on an address, inside the caller's event loop.

uvicorn does the protocol. It takes none of our signals, sets up no logging and has no life-cycle of its own:
who makes a ``WebServer`` starts and ends it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import Generator
from email.utils import formatdate
from typing import Any, NamedTuple

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from edge.certificates import own_objection
from edge.operator_error import OperatorError
from edge.tasks import cancel_and_wait

log = logging.getLogger(__name__)

HEADERS_WITHIN_S = 10.0
"""Who has not sent its first request by then is let go: it holds one of the places."""
KEEP_ALIVE_S = 20.0
PING_S = 10.0
"""How often a WebSocket's peer is asked whether it still reads."""
PONG_WITHIN_S = 20.0
"""How long its answer is waited for; it stands behind what the peer has sent and is still to be taken."""
LARGEST_HEADERS_BYTES = 32 * 1024
BACKLOG = 128
CLOSE_WITHIN_S = 1.0
"""For connections that must end now: what their tasks have to give back."""


class TlsFiles(NamedTuple):
    """What the server shows that it is, and that the line is private."""

    certificate: str
    """PEM, with the chain."""
    key: str


class Address(NamedTuple):
    """Where it is served."""

    host: str
    port: int
    """0: one that is free."""

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class WebServer:
    """One app on one address.

    ``name`` says in errors what it is. ``max_connections`` is how many may be open at the same time (who
    comes then gets 503), ``max_message_bytes`` the longest message of a WebSocket (who sends more is closed
    with 1009). ``buffer_bytes`` bounds what the kernel keeps of a connection in each direction; None: its
    default.
    """

    def __init__(
        self,
        app: ASGIApp,
        address: Address,
        *,
        name: str,
        tls: TlsFiles | None = None,
        max_connections: int = 128,
        max_message_bytes: int = 1024 * 1024,
        buffer_bytes: int | None = None,
    ) -> None:
        self._name = name
        self._asked = address
        self._tls = tls
        self._buffer_bytes = buffer_bytes
        self._server = _Server(
            uvicorn.Config(
                app,
                loop="none",
                http=_H11InTime,
                ws=_DeniesQuietly,
                lifespan="off",
                interface="asgi3",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                ssl_context_factory=self._tls_context if tls else None,
                ws_max_size=max_message_bytes,
                ws_ping_interval=PING_S,
                ws_ping_timeout=PONG_WITHIN_S,
                # Sound does not shrink, and a window for each client takes memory.
                ws_per_message_deflate=False,
                limit_concurrency=max_connections,
                backlog=BACKLOG,
                timeout_keep_alive=int(KEEP_ALIVE_S),
                timeout_graceful_shutdown=int(CLOSE_WITHIN_S),
                h11_max_incomplete_event_size=LARGEST_HEADERS_BYTES,
            )
        )
        self._socket: socket.socket | None = None
        self._serving: asyncio.Task[None] | None = None

    @property
    def address(self) -> Address:
        """Where it is served really. Raises RuntimeError: it was not started."""
        if self._socket is None:
            raise RuntimeError(f"{self._name} was not started")
        host, port = self._socket.getsockname()[:2]
        return Address(host, port)

    async def start(self) -> None:
        """Return when it can be connected to.

        Raises:
            OperatorError: the address cannot be had, or the certificate cannot be read.
        """
        self._load()
        self._socket = self._bind()
        self._serving = asyncio.create_task(self._server.serve([self._socket]), name=self._name)
        listening = asyncio.create_task(self._server.listening.wait())
        try:
            await asyncio.wait({self._serving, listening}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await cancel_and_wait(listening)
        if self._serving.done():
            self._serving.result()

    async def ended(self) -> None:
        """Return when it has been stopped; what went wrong in it is raised here."""
        if self._serving is not None:
            await self._serving

    def refuse_new(self) -> None:
        """Take no more connections; those that are open go on."""
        for server in self._server.servers if self._server.listening.is_set() else ():
            server.close()

    async def stop(self) -> None:
        """Close what is still open (WebSockets with 1012) and return within about ``CLOSE_WITHIN_S``."""
        self.refuse_new()
        self._server.leave()
        if self._serving is None:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(2 * CLOSE_WITHIN_S):
                await asyncio.shield(self._serving)
        await cancel_and_wait(self._serving)

    def _load(self) -> None:
        if not self._server.config.loaded:
            self._server.config.load()

    def _tls_context(self, config: Any, default: Any) -> ssl.SSLContext:
        del config, default
        assert self._tls is not None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_cert_chain(self._tls.certificate, self._tls.key)
            objection = own_objection(context, self._tls.certificate)
        except (OSError, ssl.SSLError) as error:
            reason = error.strerror or getattr(error, "reason", None) or type(error).__name__
            raise OperatorError(
                f"{self._name}: expected a certificate in PEM form in {self._tls.certificate} and its key in "
                f"{self._tls.key}; they cannot be read as such ({reason})"
            ) from error
        if objection:
            log.warning("%s: clients will refuse %s: %s", self._name, self._tls.certificate, objection)
        return context

    def _bind(self) -> socket.socket:
        host, port = self._asked
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        everywhere = host == "::" and socket.has_dualstack_ipv6()
        try:
            bound = socket.create_server(
                (host, port), family=family, backlog=BACKLOG, dualstack_ipv6=everywhere
            )
        except OSError as error:
            raise OperatorError(
                f"{self._name}: {self._asked} cannot be served ({error.strerror or error}); "
                "expected an address of this machine with a port that is free"
            ) from error
        if self._buffer_bytes is not None:  # what is accepted inherits it
            for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
                bound.setsockopt(socket.SOL_SOCKET, option, self._buffer_bytes)
        bound.setblocking(False)
        return bound


class _Server(uvicorn.Server):
    """uvicorn's, without its signals, and with an event when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()
        self._leaving = asyncio.Event()

    def leave(self) -> None:
        self.should_exit = True
        self._leaving.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    async def main_loop(self) -> None:
        """uvicorn's own looks ten times a second whether it shall end, and what time it is."""
        await self._leaving.wait()


class _DeniesQuietly(WebSocketsSansIOProtocol):
    """Does not write an error into the journal for each client that was turned away with an answer."""

    async def send(self, message: Any) -> None:
        await super().send(message)
        if message["type"] == "websocket.http.response.body":
            self.handshake_complete = True


class _H11InTime(H11Protocol):
    """Lets those go who connect and ask for nothing; answers with the time at which it was asked."""

    _waiting: asyncio.TimerHandle | None = None

    def data_received(self, data: bytes) -> None:
        self.server_state.default_headers = [(b"date", formatdate(usegmt=True).encode())]
        super().data_received(data)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._waiting = self.loop.call_later(HEADERS_WITHIN_S, self._give_up)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
        super().connection_lost(exc)

    def _give_up(self) -> None:
        self._waiting = None
        if getattr(self, "scope", None) is None:  # no request came yet
            self.transport.close()
