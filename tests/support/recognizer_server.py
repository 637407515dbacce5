"""A recognizer server in this process with the emulated engine, and clients of its data connection."""

from __future__ import annotations

import asyncio
import itertools
import json
import struct
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import pytest
import websockets
from msgspec import structs
from numpy.typing import NDArray

from bench.emulated_recognizer import EmulatedEngine, emulated_ladder, marked
from edge.config import Settings
from edge.listener.segment import SAMPLE_RATE
from edge.recognizer_server.server import RecognizerServer
from tests.support.spoken_english import has_synthesizer, say

needs_voice = pytest.mark.skipif(not has_synthesizer("flite"), reason="flite is not installed")
SILENCE = np.zeros(SAMPLE_RATE * 3 // 2, np.int16)
WITHIN_S = 30.0


def settings_with(**ours: Any) -> Settings:
    """Ports that are free, two workers, and an interim model of its own."""
    settings = Settings()
    recognizer = settings.listener.recognizer
    whisper = structs.replace(recognizer.whisper, interim_model="emulated")
    listener = structs.replace(settings.listener, recognizer=structs.replace(recognizer, whisper=whisper))
    server = structs.replace(
        settings.recognizer_server, **{"control_port": 0, "data_port": 0, "clients_per_address": 16} | ours
    )
    return structs.replace(settings, listener=listener, recognizer_server=server)


@asynccontextmanager
async def served(
    settings: Settings | None = None, final: EmulatedEngine | None = None, **ours: Any
) -> AsyncIterator[RecognizerServer]:
    settings = settings or settings_with(**ours)
    server = RecognizerServer(settings, emulated_ladder(settings, final))
    await server.start()
    try:
        yield server
    finally:
        await server.close()


def sentence(number: int, text: str = "Bring the shuttle to the gate") -> NDArray[np.int16]:
    """A real voice with this sentence's mark, and silence that ends it."""
    return np.concatenate([marked(say(text, "flite"), number), SILENCE])


def message(samples: NDArray[np.int16], rate: int = SAMPLE_RATE, **metadata: Any) -> bytes:
    """As RealtimeSTT's client writes it."""
    told = json.dumps({"sampleRate": rate} | metadata).encode()
    return struct.pack("<I", len(told)) + told + samples.astype("<i2").tobytes()


class DataClient:
    """A client's data connection, with all that it was told."""

    def __init__(self, socket: websockets.ClientConnection) -> None:
        self.socket = socket
        self.told: list[dict[str, Any]] = []

    async def speak(self, samples: NDArray[np.int16], *, real_time: float = 0.0, chunk: int = 512) -> None:
        """Send them; ``real_time`` 1: as they are said, 0: at once."""
        began = time.monotonic()
        for at in range(0, len(samples), chunk):
            await self.socket.send(message(samples[at : at + chunk]))
            if real_time:
                due = began + (at + chunk) / SAMPLE_RATE * real_time
                await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def until(self, seen: Callable[[dict[str, Any]], bool], times: int = 1) -> dict[str, Any]:
        """Read until it was told something so often; the last of these."""
        found = [each for each in self.told if seen(each)]
        async with asyncio.timeout(WITHIN_S):
            while len(found) < times:
                self.told.append(json.loads(await self.socket.recv()))
                if seen(self.told[-1]):
                    found.append(self.told[-1])
        return found[times - 1]

    async def sentence(self, times: int = 1) -> str:
        """The text of the so many-th sentence."""
        return str((await self.until(lambda told: told["type"] == "fullSentence", times))["text"])

    def kinds(self) -> list[str]:
        """What it was told, each kind once in a row."""
        return [kind for kind, _ in itertools.groupby(each["type"] for each in self.told)]


@asynccontextmanager
async def client_of(server: RecognizerServer, query: str = "", **options: Any) -> AsyncIterator[DataClient]:
    async with websockets.connect(f"ws://{server.data.address}/{query}", **options) as socket:
        yield DataClient(socket)
