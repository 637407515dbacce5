"""A client's data connection: sound comes in, text goes out."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from starlette.responses import Response
from starlette.status import WS_1008_POLICY_VIOLATION, WS_1013_TRY_AGAIN_LATER
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from edge.http.access import address_of, refused
from edge.http.outbox import ClientOutbox, StoppedReading
from edge.listener.vad import VadError
from edge.recognizer_server.audio_message import BadMessage, read_audio
from edge.recognizer_server.dictation import Dictation
from edge.recognizer_server.service import RecognizerService, client_name
from edge.tasks import cancel_and_wait

MOST_BAD = 10
"""Messages that cannot be understood; who sends more speaks something else."""


def data_line(service: RecognizerService) -> Callable[[WebSocket], Any]:
    """The WebSocket endpoint that takes clients' sound."""

    async def serve(socket: WebSocket) -> None:
        address = address_of(socket.scope)
        if answer := _turned_away(service, address):
            await socket.send_denial_response(answer)
            return
        # Its place is taken before anything is waited for, else ten come in at once where one is free.
        with service.place(address) as number:
            await _Line(service, socket, address, number).serve()

    return serve


def _turned_away(service: RecognizerService, address: str) -> Response | None:
    why = service.refusal_for(address)
    return None if why is None else refused(503, why.why, retry_after_s=why.retry_after_s)


class _Line:
    """One connection."""

    def __init__(self, service: RecognizerService, socket: WebSocket, address: str, number: int) -> None:
        self._service = service
        self._socket = socket
        self._address = address
        self._number = number
        self._name = client_name(socket)
        self._bad = 0

    async def serve(self) -> None:
        try:
            vad = await self._service.make_vad()
        except VadError as error:
            await self._socket.send_denial_response(refused(503, str(error)))
            return
        await self._socket.accept()
        try:
            parameters = self._service.default_parameters().set(
                "language", self._socket.query_params.get("language", "")
            )
        except BadMessage as error:
            await self._close(WS_1008_POLICY_VIOLATION, str(error)[:100])
            return
        outbox = ClientOutbox(self._socket.send_text)
        dictation = Dictation(
            f"{self._name.key}#{self._number}",
            self._service.settings,
            vad,
            parameters,
            self._service.recognizer,
            self._service.counters,
            outbox.tell,
        )
        self._service.data_came(self._name, dictation)
        self._service.dictations[dictation] = outbox
        sending = asyncio.create_task(outbox.run(), name="telling a client")
        hearing = asyncio.create_task(self._hear(dictation, outbox), name="hearing a client")
        try:
            await asyncio.wait({sending, hearing}, return_when=asyncio.FIRST_COMPLETED)
            await self._say_goodbye(sending, hearing)
        finally:
            await cancel_and_wait(sending, hearing)
            # Nobody is there any more to be told.
            self._service.counters["abandoned"] += dictation.unfinished + dictation.speaking
            self._service.dictations.pop(dictation, None)
            self._service.data_left(self._name, dictation)
            await dictation.close()

    async def _hear(self, dictation: Dictation, outbox: ClientOutbox) -> None:
        """Hear the client until it leaves. Raises BadMessage: too many messages cannot be understood."""
        while True:
            message = await self._next(dictation)
            if message is None:
                return
            try:
                if (data := message.get("bytes")) is None:
                    raise BadMessage("expected sound in a binary message, came text")
                audio = read_audio(data)
            except BadMessage as error:
                self._bad += 1
                self._service.counters["bad_messages"] += 1
                if self._bad > MOST_BAD:
                    raise
                outbox.tell({"type": "error", "message": str(error)})
                continue
            await dictation.hear(audio)

    async def _next(self, dictation: Dictation) -> Any:
        """The next message; None: it has left. In an utterance, silence on the line is silence."""
        while True:
            try:
                async with asyncio.timeout(dictation.patience_s if dictation.speaking else None):
                    message = await self._socket.receive()
            except TimeoutError:
                dictation.end()
                continue
            return None if message["type"] == "websocket.disconnect" else message

    async def _say_goodbye(self, sending: asyncio.Task[None], hearing: asyncio.Task[None]) -> None:
        for task in (sending, hearing):
            if not task.done() or task.cancelled() or (error := task.exception()) is None:
                continue
            if isinstance(error, StoppedReading):
                self._service.let_go(self._address, f"it does not read what it is told ({error})")
                await self._close(WS_1013_TRY_AGAIN_LATER, "you do not read")
            elif isinstance(error, BadMessage):
                self._service.let_go(self._address, f"it speaks something else: {error}")
                await self._close(WS_1008_POLICY_VIOLATION, str(error)[:100])
            elif not isinstance(error, WebSocketDisconnect):  # else it has left in the middle of a word
                raise error

    async def _close(self, code: int, reason: str) -> None:
        if self._socket.application_state is WebSocketState.CONNECTED:
            with contextlib.suppress(RuntimeError, OSError, TimeoutError):
                async with asyncio.timeout(1.0):
                    await self._socket.close(code, reason)
