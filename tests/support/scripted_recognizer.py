"""A recognizer server that knows beforehand what will be said: RealtimeSTT's data socket, scripted."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator, Sequence
from http import HTTPStatus

import numpy as np
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response

from tests.support.ports import free_port

SPEECH_RMS = 300.0
PAUSE_SAMPLES = 6400
"""0.4 s end a sentence."""
INTERIM_SAMPLES = 3200


class ScriptedRecognizerServer:
    """Says the next of its sentences whenever somebody has spoken and fallen silent.

    Args:
        sentences: in the order in which they are said.
        token: what clients have to show.
    """

    def __init__(self, sentences: Sequence[str], token: str | None = None) -> None:
        self.control_port, self.port = free_port(), free_port()
        self.clients = 0
        self.heard_samples = 0
        """Of all clients, at 16 kHz."""
        self.silent = False
        """It understands nothing, and never says so."""
        self.told: list[tuple[str, object]] = []
        """Parameters that were set, and to what."""
        self.refuses: dict[object, str] = {}
        """Value of a parameter → why it is refused."""
        self._sentences = list(sentences)
        self._token = token
        self._servers: list[Server] = []
        self._connections: set[ServerConnection] = set()

    async def start(self, tls: ssl.SSLContext | None = None) -> None:
        for serves, port in ((self._serve, self.port), (self._serve_control, self.control_port)):
            started = await serve(
                serves, "127.0.0.1", port, ssl=tls, process_request=self._admit, max_size=1 << 20
            )
            self._servers.append(started)

    async def stop(self) -> None:
        for server in self._servers:
            server.close()
            await server.wait_closed()
        self._servers.clear()

    async def tell(self, *news: object) -> None:
        """Something to every client: JSON, or text as it is."""
        for connection in list(self._connections):
            for each in news:
                await connection.send(each if isinstance(each, str) else json.dumps(each))

    def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        if self._token is None or request.headers.get("Authorization") == f"Bearer {self._token}":
            return None
        return connection.respond(HTTPStatus.UNAUTHORIZED, "no\n")

    async def _serve_control(self, connection: ServerConnection) -> None:
        with contextlib.suppress(Exception):
            async for message in connection:
                command = json.loads(message)
                assert command["command"] == "set_parameter"
                self.told.append((command["parameter"], command["value"]))
                why = self.refuses.get(command["value"])
                answer = {"status": "error", "message": why} if why else {"status": "success"}
                await connection.send(json.dumps(answer))

    async def _serve(self, connection: ServerConnection) -> None:
        self.clients += 1
        self._connections.add(connection)
        speaking, quiet, spoken = False, 0, 0
        with contextlib.suppress(Exception):
            async for message in connection:
                assert isinstance(message, bytes)
                length = int.from_bytes(message[:4], "little")
                assert json.loads(message[4 : 4 + length]) == {"sampleRate": 16000}
                samples = np.frombuffer(message[4 + length :], "<i2").astype(np.float64)
                self.heard_samples += len(samples)
                if np.sqrt(np.mean(samples**2)) > SPEECH_RMS:
                    if not speaking:
                        await connection.send(json.dumps({"type": "recording_start"}))
                        speaking, spoken = True, 0
                    quiet = 0
                elif speaking:
                    quiet += len(samples)
                if speaking:
                    before, spoken = spoken, spoken + len(samples)
                    words = (self._sentences or ["?"])[0].split()
                    said = spoken // INTERIM_SAMPLES
                    if said > before // INTERIM_SAMPLES:
                        await connection.send(
                            json.dumps({"type": "realtime", "text": " ".join(words[:said])})
                        )
                if speaking and quiet >= PAUSE_SAMPLES:
                    speaking, quiet = False, 0
                    await connection.send(json.dumps({"type": "recording_stop"}))
                    text = self._sentences.pop(0) if self._sentences else "?"
                    if not self.silent:
                        await connection.send(json.dumps({"type": "fullSentence", "text": text}))
        self._connections.discard(connection)


@contextlib.asynccontextmanager
async def scripted_recognizer(
    *sentences: str, token: str | None = None, tls: ssl.SSLContext | None = None
) -> AsyncIterator[ScriptedRecognizerServer]:
    """Started on entry, gone on exit."""
    server = ScriptedRecognizerServer(sentences, token)
    await server.start(tls)
    try:
        yield server
    finally:
        await asyncio.shield(server.stop())
