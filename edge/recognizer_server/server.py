"""The recognizer server: two addresses, one recognizer, a start and a quiet end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from functools import partial
from typing import Any, cast

from msgspec import structs
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute

from edge.config import Settings
from edge.http.access import Access, AccountTokens, Guard
from edge.http.serving import Address, TlsFiles, WebServer
from edge.journal_events import MessageId, event
from edge.listener.hearing_told import memory_mib
from edge.listener.recognizers import RecognitionLadder, make_recognition_ladder
from edge.listener.vad import Vad
from edge.listener.vad_factory import load_vad
from edge.recognizer_server.audio_message import MAX_MESSAGE_BYTES
from edge.recognizer_server.control_line import control_line
from edge.recognizer_server.control_message import MAX_COMMAND_CHARS
from edge.recognizer_server.data_line import data_line
from edge.recognizer_server.service import RecognizerService
from edge.recognizer_server.shared_recognizer import SharedRecognizer
from edge.recognizer_server.start_block import graphics_memory, start_block
from edge.recognizer_server.transcriptions import MAX_BYTES, models, transcriptions

log = logging.getLogger(__name__)

DRAIN_WITHIN_S = 10.0
"""For what was said to be understood and told, before the server leaves."""
FAREWELL_WITHIN_S = 1.0
"""For clients to be told what is lost."""
BODY_WITHIN_S = 120.0
LINE_BUFFER_BYTES = 64 * 1024
"""What the kernel keeps of a connection: a client that does not read, or is read more slowly, is noticed."""
CONNECTIONS_OF_ONE = 4
"""A client's sound, its commands, and what asks meanwhile how the server is."""


class RecognizerServer:
    """A recognizer with its HTTP server and clients. Made in the event loop that it runs in.

    Args:
        ladder: instead of the configured recognizers.
    """

    def __init__(self, settings: Settings, ladder: RecognitionLadder | None = None) -> None:
        self._settings = settings
        ours = settings.recognizer_server
        self._ladder = ladder or make_recognition_ladder(_with_languages(settings))
        self.service = RecognizerService(settings, SharedRecognizer(settings, self._ladder), self._make_vad)
        self._vad_name = ""
        tls = TlsFiles(ours.cert_file, ours.key_file) if ours.cert_file and ours.key_file else None
        server = partial(
            WebServer,
            tls=tls,
            max_connections=CONNECTIONS_OF_ONE * ours.max_clients + 16,
            buffer_bytes=LINE_BUFFER_BYTES,
        )
        self.control = server(
            Guard(_control_app(self.service), _access(settings, MAX_BYTES + 64 * 1024)),
            Address(ours.host, ours.control_port),
            name="recognizer-server: control",
            max_message_bytes=MAX_COMMAND_CHARS,
        )
        self.data = server(
            Guard(_data_app(self.service), _access(settings, 0)),
            Address(ours.host, ours.data_port),
            name="recognizer-server: data",
            max_message_bytes=MAX_MESSAGE_BYTES,
        )

    async def start(self) -> None:
        """Return when clients can connect.

        Raises:
            OperatorError: an address, the certificate or the detector of speech cannot be had.
        """
        before = memory_mib()
        self._vad_name = (await self._make_vad()).name
        await self._ladder.start()
        await self.control.start()
        await self.data.start()
        block = start_block(
            self._settings,
            runs=self._ladder.facts(),
            vad=self._vad_name,
            memory_mib=(before, memory_mib()),
            gpu=await asyncio.to_thread(graphics_memory),
            addresses=(str(self.control.address), str(self.data.address)),
        )
        self.service.information = block
        log.info("%s", block, extra=event(MessageId.HEARING_LOADED))

    async def drain(self) -> None:
        """Take nothing new, and tell what was said so far, within ``DRAIN_WITHIN_S``; then what is lost."""
        self.service.draining = True
        self.control.refuse_new()
        self.data.refuse_new()
        talking = dict(self.service.dictations)
        for dictation in talking:
            dictation.muted = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_WITHIN_S):
                await asyncio.gather(*(dictation.finish() for dictation in talking))
                await asyncio.gather(*(outbox.drained() for outbox in talking.values()))
                await self.service.requests_answered()
        lost = sum(dictation.give_up("the recognizer server is stopping") for dictation in talking)
        if lost:
            log.warning("%d sentences were not understood within %.0f s, and are lost", lost, DRAIN_WITHIN_S)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(FAREWELL_WITHIN_S):
                    await asyncio.gather(*(outbox.drained() for outbox in talking.values()))

    async def close(self) -> None:
        """Close all connections and the recognizers."""
        await asyncio.gather(self.control.stop(), self.data.stop())
        await self.service.recognizer.close()
        await self._ladder.close()

    @property
    def status(self) -> str:
        """One line for people."""
        state = self.service.state()
        if not self.service.recognizer.usable():
            reasons = "; ".join(f"{name}: {fact}" for name, fact in state["recognizers"].items())
            return f"no recognizer works ({reasons})"
        clients = f"{state['clients']} of {state['max_clients']} clients, {state['speaking']} speaking"
        return f"{clients}, {state['waiting']} utterances waiting"

    async def _make_vad(self) -> Vad:
        return await load_vad(self._settings.listener.vad)


def _with_languages(settings: Settings) -> Settings:
    """The settings with what clients may speak in place of what passengers may, which is less."""
    languages = cast("Any", settings.recognizer_server.languages)
    return structs.replace(settings, listener=structs.replace(settings.listener, languages=languages))


def _access(settings: Settings, max_body_bytes: int) -> Access:
    ours = settings.recognizer_server
    return Access(
        who=AccountTokens({"client": ours.token}) if ours.token else None,
        open_paths=frozenset({"/health"}),
        hosts=frozenset(name.lower() for name in ours.hosts),
        origins=frozenset(ours.origins),
        max_body_bytes=max_body_bytes,
        body_within_s=BODY_WITHIN_S,
    )


def _control_app(service: RecognizerService) -> Starlette:
    async def health(request: Request) -> Response:
        del request
        told = "ok" if service.ready else ("draining" if service.draining else "no recognizer works")
        return JSONResponse({"status": told}, 200 if service.ready else 503)

    async def load(request: Request) -> Response:
        del request
        return JSONResponse(service.state() | {"information": service.information})

    return Starlette(
        routes=[
            Route("/health", health),
            Route("/load", load),
            Route("/v1/models", models(service)),
            Route("/v1/audio/transcriptions", transcriptions(service), methods=["POST"]),
            WebSocketRoute("/{path:path}", control_line(service)),
        ]
    )


def _data_app(service: RecognizerService) -> Starlette:
    return Starlette(routes=[WebSocketRoute("/{path:path}", data_line(service))])
