"""One TCP port of the emulated clouds: its connections, and what happens to every request alike.

A request passes here first: it is recorded, a new connection pays its set-up time, and the faults that strike
before a service has looked at the request strike. Connections are kept, closed when idle, refused or cut.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol

from aiohttp import web

from bench.clouds.faults import ERROR_STATUS, REQUEST_KINDS, Fault, FaultKind, FaultSwitch
from bench.clouds.pacing import Weather, hang
from bench.clouds.record import RequestRecord, RequestRecorder

LOOPBACK = "127.0.0.1"
PORTAL_PAGE = "<!doctype html><html><title>Welcome to Guest Wi-Fi</title><body>Please log in.</body></html>"

_RECORD = web.RequestKey("record", RequestRecord)
_CUT = web.RequestKey("cut", bool)
_NEVER_S = 1e6

WebHandler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class EmulatedService(Protocol):
    """What answers on a listener."""

    faults: FaultSwitch

    def routes(self) -> list[web.RouteDef]: ...

    def owns(self, path: str) -> bool:
        """Whether a request for this path is this service's, as several may share a port."""

    def request_faults(self, request: web.Request) -> frozenset[FaultKind]:
        """Which of ``REQUEST_KINDS`` are answered here; the service answers the others itself."""

    def error_response(self, fault: Fault) -> web.Response:
        """The vendor's error body for a fault of ``ERROR_STATUS``."""


def record_of(request: web.Request) -> RequestRecord:
    return request[_RECORD]


async def record_with_body(request: web.Request) -> tuple[RequestRecord, Any]:
    """The request's record, and its body as JSON, which the record now holds; None: it is no JSON."""
    record = record_of(request)
    try:
        record.body = await request.json()
    except ValueError:
        record.body = None
    return record, record.body


async def cut(request: web.Request) -> NoReturn:
    """Reset the TCP connection of this request and never return; what was written before still arrives."""
    request[_CUT] = True
    if request.transport is not None:
        _reset(request.transport)
    await hang()


def _reset(transport: asyncio.Transport) -> None:
    connected = transport.get_extra_info("socket")
    if connected is not None:
        # A linger time of 0 makes the kernel send RST and not FIN.
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


@dataclass
class _Connection:
    number: int
    transport: asyncio.Transport
    requests: int = 0
    idle_since_mono: float | None = None
    idle_timer: asyncio.TimerHandle | None = None


class CloudListener:
    """Serves one or more services on one loopback port, which stays the same when it refuses for a while."""

    def __init__(
        self, services: Sequence[EmulatedService], weather: Weather, recorder: RequestRecorder
    ) -> None:
        self.port = 0
        self._services = services
        self._weather = weather
        self._recorder = recorder
        self._connections: dict[asyncio.Transport, _Connection] = {}
        self._connection_count = 0
        self._claim = socket.socket()
        """Bound and never listening: nobody else gets the port while it refuses."""
        self._listening: asyncio.Server | None = None
        self._closing = False
        app = web.Application(middlewares=[self._serve])
        for service in services:
            app.add_routes(service.routes())
        self._runner = web.AppRunner(
            app,
            handle_signals=False,
            handler_cancellation=True,
            keepalive_timeout=_NEVER_S,
            access_log=None,
            shutdown_timeout=1.0,
        )

    async def start(self, port: int) -> None:
        """Listen on ``port`` (0: any free one), unless a service refuses connections from the start."""
        self._claim.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._claim.bind((LOOPBACK, port))
        self.port = self._claim.getsockname()[1]
        await self._runner.setup()
        await self._listen()
        await self.apply_faults()

    async def close(self) -> None:
        self._closing = True
        self._refuse()
        await self._runner.cleanup()
        self._claim.close()

    async def apply_faults(self) -> None:
        """Bring the port and the idle connections in line with the present faults."""
        if any(service.faults.is_(FaultKind.REFUSE) for service in self._services):
            self._refuse()
        elif self._listening is None:
            await self._listen()
        for connection in self._connections.values():
            if connection.idle_since_mono is not None:
                self._close_when_idle(connection)

    async def _listen(self) -> None:
        server = self._runner.server
        if server is None:
            raise RuntimeError("the listener was closed")
        loop = asyncio.get_running_loop()
        self._listening = await loop.create_server(server, LOOPBACK, self.port, reuse_address=True)

    def _refuse(self) -> None:
        if self._listening is not None:
            self._listening.close()
            self._listening = None
        for handler in self._runner.server.connections if self._runner.server else []:
            if handler.transport is not None:
                _reset(handler.transport)

    @web.middleware
    async def _serve(self, request: web.Request, handler: WebHandler) -> web.StreamResponse:
        service = self._service_of(request.path)
        connection = self._connection_of(request)
        record = self._new_record(request, service, connection)
        request[_RECORD] = record
        try:
            if record.new_connection:
                await asyncio.sleep(self._weather.latency_s(self._weather.profile.connection_setup_s))
            response = await self._answer(service, request, handler)
            record.status = response.status
            return response
        except (asyncio.CancelledError, ConnectionResetError):
            record.client_left = not (request.get(_CUT) or self._closing)
            raise
        finally:
            record.ended_mono = time.monotonic()
            connection.idle_since_mono = record.ended_mono
            self._close_when_idle(connection)

    async def _answer(
        self, service: EmulatedService, request: web.Request, handler: WebHandler
    ) -> web.StreamResponse:
        # Looking at the list of models does not use up a fault that was meant for the next answer.
        uses_up = request.method == "POST" or "upgrade" in request.headers
        fault = service.faults.take(service.request_faults(request), counts=uses_up)
        if fault is None:
            return await handler(request)
        record_of(request).fault = fault.kind
        if fault.kind in ERROR_STATUS:
            return service.error_response(fault)
        if fault.kind == FaultKind.WRONG_CONTENT_TYPE:
            return web.Response(text=PORTAL_PAGE, content_type="text/html")
        await request.read()
        await hang()

    def _service_of(self, path: str) -> EmulatedService:
        return next((service for service in self._services if service.owns(path)), self._services[0])

    def _connection_of(self, request: web.Request) -> _Connection:
        self._connections = {
            open_one: connection
            for open_one, connection in self._connections.items()
            if not open_one.is_closing()
        }
        transport = request.transport
        if transport is None:
            raise asyncio.CancelledError
        if transport not in self._connections:
            self._connection_count += 1
            self._connections[transport] = _Connection(self._connection_count, transport)
        connection = self._connections[transport]
        connection.requests += 1
        connection.idle_since_mono = None
        if connection.idle_timer is not None:
            connection.idle_timer.cancel()
        return connection

    def _new_record(
        self, request: web.Request, service: EmulatedService, connection: _Connection
    ) -> RequestRecord:
        record = RequestRecord(
            number=self._recorder.next_number(),
            service=service.faults.service,
            method=request.method,
            path=request.path,
            query=dict(request.query),
            headers={name.lower(): value for name, value in request.headers.items()},
            connection=connection.number,
            new_connection=connection.requests == 1,
            arrived_mono=time.monotonic(),
            arrived_at=time.time(),
        )
        self._recorder.records.append(record)
        return record

    def _close_when_idle(self, connection: _Connection) -> None:
        if connection.idle_timer is not None:
            connection.idle_timer.cancel()
        if connection.idle_since_mono is None:
            return
        idle_s = self._weather.profile.idle_close_s
        for service in self._services:
            fault = service.faults.fault
            if fault is not None and fault.kind == FaultKind.CLOSES_AFTER_IDLE:
                idle_s = min(idle_s, fault.idle_s)
        remaining_s = connection.idle_since_mono + idle_s - time.monotonic()
        connection.idle_timer = asyncio.get_running_loop().call_later(
            max(0.0, remaining_s), connection.transport.close
        )


def request_faults_of_http(_request: web.Request) -> frozenset[FaultKind]:
    """The usual ``EmulatedService.request_faults``: every kind that needs no look at the request."""
    return REQUEST_KINDS
