"""The WebSocket of a desk's page: sound and orders come, words and what became of orders go."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from functools import partial
from typing import Annotated, Literal

import msgspec
import numpy as np
from msgspec import Meta, Struct
from starlette.status import WS_1008_POLICY_VIOLATION, WS_1013_TRY_AGAIN_LATER
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from edge.allowance import Allowance
from edge.config import Settings
from edge.config.recognizer_server import DictationLanguage
from edge.console.desk_dictation import DeskDictation
from edge.console.desk_sending import DeskPage, DeskSending, OwnGuide
from edge.console.words import words_in
from edge.http.outbox import ClientOutbox, StoppedReading
from edge.messages import Language
from edge.tasks import cancel_and_wait

MOST_DESKS = 8
MOST_SOUND_BYTES = 4096
"""An eighth of a second; a page sends a quarter of that."""
BURST, RATE = 32, 50.0
"""Messages; a page sends 31 a second. Who sends more is read more slowly, and nothing is lost."""


class DictateOrder(Struct, tag_field="do", tag="dictate", forbid_unknown_fields=True):
    """Take the sound that comes from now on, or end the sentence that was begun."""

    on: bool
    language: DictationLanguage | Literal[""] = ""


class AskOrder(Struct, tag_field="do", tag="ask", forbid_unknown_fields=True):
    """Ask the fleet who is there."""


class SendOrder(Struct, tag_field="do", tag="send", forbid_unknown_fields=True):
    """Have shuttles say a text."""

    text: str
    to: Annotated[list[Annotated[str, Meta(max_length=100)]], Meta(max_length=1000)]
    """``all``, ``group/NAME``, ids of shuttles, and ``HERE``."""
    safety: bool = False
    language: Language | Literal[""] = ""
    """In which it is; "": each shuttle's own."""


DeskOrder = DictateOrder | AskOrder | SendOrder
_ORDERS: msgspec.json.Decoder[DeskOrder] = msgspec.json.Decoder(DeskOrder)


class StrangeDeskError(Exception):
    """Who is connected speaks something else; the text is one line."""


class DeskLines:
    """The pages that are connected.

    Args:
        guide: this shuttle's own.
        fragment: name of a template, language and values → its content.
    """

    def __init__(self, settings: Settings, guide: OwnGuide, fragment: Callable[..., str]) -> None:
        self._settings = settings
        self._guide = guide
        self._fragment = fragment
        self.open = 0

    async def serve(self, socket: WebSocket, language: Language) -> None:
        """One page, until it leaves; ``language`` is in which it is told."""
        await socket.accept()
        if self.open >= MOST_DESKS:
            await socket.close(WS_1013_TRY_AGAIN_LATER, f"{MOST_DESKS} desks are open")
            return
        self.open += 1
        try:
            await self._serve(socket, language)
        finally:
            self.open -= 1

    async def _serve(self, socket: WebSocket, language: Language) -> None:
        outbox = ClientOutbox(socket.send_text)
        dictation = DeskDictation(self._settings.desk, outbox.tell)
        fragment = partial(self._fragment, language=language)
        page = DeskPage(outbox.tell, outbox.drained, fragment, words_in(language))
        sending = DeskSending(self._settings.fleet, self._guide, page)
        tasks = [
            asyncio.create_task(outbox.run(), name="telling a desk"),
            asyncio.create_task(sending.run(), name="following what a desk has sent"),
            asyncio.create_task(_hear(socket, dictation, sending), name="hearing a desk"),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            await _say_goodbye(socket, tasks)
        finally:
            await cancel_and_wait(*tasks)
            await sending.close()
            await dictation.close()


async def _hear(socket: WebSocket, dictation: DeskDictation, sending: DeskSending) -> None:
    """Obey the page until it leaves. Raises StrangeDeskError."""
    allowance = Allowance(BURST, RATE)
    while (message := await socket.receive())["type"] != "websocket.disconnect":
        if wait_s := allowance.wait_s(time.monotonic()):
            await asyncio.sleep(wait_s)
        if (data := message.get("bytes")) is not None:
            if len(data) > MOST_SOUND_BYTES or len(data) % 2:
                raise StrangeDeskError(
                    f"expected 16-bit samples, at most {MOST_SOUND_BYTES} bytes, came {len(data)} bytes"
                )
            dictation.hear(np.frombuffer(data, "<i2"))
            continue
        match _order(message.get("text") or ""):
            case DictateOrder(on=on, language=language):
                dictation.switch(on, language)
            case AskOrder():
                sending.ask()
            case SendOrder() as order:
                sending.send(order.text, order.to, safety=order.safety, language=order.language or None)


def _order(text: str) -> DeskOrder:
    try:
        return _ORDERS.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise StrangeDeskError(f"expected an order of a desk in JSON: {error}") from error


async def _say_goodbye(socket: WebSocket, tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        if not task.done() or task.cancelled() or (error := task.exception()) is None:
            continue
        if isinstance(error, StoppedReading):
            await _close(socket, WS_1013_TRY_AGAIN_LATER, "you do not read")
        elif isinstance(error, StrangeDeskError):
            await _close(socket, WS_1008_POLICY_VIOLATION, str(error).encode()[:100].decode(errors="ignore"))
        elif not isinstance(error, WebSocketDisconnect):  # else it has left in the middle of a word
            raise error


async def _close(socket: WebSocket, code: int, reason: str) -> None:
    if socket.application_state is WebSocketState.CONNECTED:
        with contextlib.suppress(RuntimeError, OSError, TimeoutError):
            async with asyncio.timeout(1.0):
                await socket.close(code, reason)
