"""The designs of the guide's two prototypes, as short as they can honestly be, against the same clouds.

Both are spared what the guide has to do: no camera, broker or other process lies before them, their sound
counts as heard when its first bytes are in the program, and nothing of it is played.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import time
from collections.abc import AsyncGenerator, Mapping
from typing import Any, Protocol
from urllib.parse import urlencode

import httpx
from websockets.asyncio.client import ClientConnection, connect

from edge import config
from edge.commentator.clauses import ENDS_CLAUSE, ENDS_SENTENCE
from edge.commentator.prompts import load_prompt

SAMPLE_FORMAT = "pcm_24000"
MIN_CLAUSE_WORDS = 2


class Prototype(Protocol):
    """One design."""

    name: str

    async def speak(self, seen: str) -> float:
        """Remark on what is seen; returns the monotonic seconds of the first sound."""
        ...

    async def close(self) -> None: ...


class Sequential:
    """v1: the whole reply, then the whole sound of it, each over HTTP and a new connection."""

    name = "v1 sequential"

    def __init__(self, environment: Mapping[str, str]) -> None:
        services = config.load(environment, dotenv=None).services
        self._groq, self._elevenlabs = services["groq"], services["elevenlabs"]

    async def speak(self, seen: str) -> float:
        async with httpx.AsyncClient(timeout=30.0) as http:
            reply = await http.post(
                f"{self._groq.address}/openai/v1/chat/completions",
                headers={"authorization": f"Bearer {_revealed(self._groq.api_key)}"},
                json={"model": self._groq.model, "messages": _messages(seen)},
            )
        text = reply.raise_for_status().json()["choices"][0]["message"]["content"]
        elevenlabs = self._elevenlabs
        async with httpx.AsyncClient(timeout=30.0) as http:
            sound = await http.post(
                f"{elevenlabs.address}/v1/text-to-speech/{elevenlabs.voice}/stream",
                params={"output_format": SAMPLE_FORMAT},
                headers={"xi-api-key": _revealed(elevenlabs.api_key)},
                json={"text": text, "model_id": elevenlabs.speech_model},
            )
        assert sound.raise_for_status().content
        return time.monotonic()

    async def close(self) -> None:
        """Nothing is kept open."""


class Streaming:
    """v5: the model's tokens are handed to the voice at the first clause and then at each sentence's end.

    The SDK's client is kept, with its default of dropping connections that were idle for 5 s. The voice's
    socket (``stream-input``) is opened for each utterance beside the model's request; each piece is flushed,
    so that the voice's own default chunk schedule costs nothing.
    """

    name = "v5 streaming"

    def __init__(self, environment: Mapping[str, str]) -> None:
        import groq  # slow to load, and nobody else's

        services = config.load(environment, dotenv=None).services
        self._groq, self._elevenlabs = services["groq"], services["elevenlabs"]
        self._model = groq.AsyncGroq(
            api_key=_revealed(self._groq.api_key),
            base_url=self._groq.address,
            max_retries=0,
        )

    async def speak(self, seen: str) -> float:
        connecting = asyncio.create_task(self._open_voice())
        try:
            return await self._speak(seen, connecting)
        finally:
            connecting.cancel()
            for voice in await asyncio.gather(connecting, return_exceptions=True):
                if isinstance(voice, ClientConnection):
                    await voice.close()

    async def _speak(self, seen: str, connecting: asyncio.Task[ClientConnection]) -> float:
        speaking: asyncio.Task[float] | None = None
        async with contextlib.aclosing(self._pieces(seen)) as pieces:
            async for piece in pieces:
                voice = await connecting
                speaking = speaking or asyncio.create_task(_first_sound(voice))
                await voice.send(json.dumps({"text": f"{piece} ", "flush": True}))
        voice = await connecting
        await voice.send(json.dumps({"text": ""}))
        assert speaking is not None
        return await speaking

    async def close(self) -> None:
        await self._model.close()

    async def _pieces(self, seen: str) -> AsyncGenerator[str]:
        stream = await self._model.chat.completions.create(
            model=self._groq.model or "", messages=_messages(seen), stream=True
        )
        buffer, first = "", True
        async for chunk in stream:
            buffer += chunk.choices[0].delta.content or "" if chunk.choices else ""
            ends = ENDS_CLAUSE if first and len(buffer.split()) >= MIN_CLAUSE_WORDS else ENDS_SENTENCE
            if buffer and buffer[-1] in ends:
                yield buffer.strip()
                buffer, first = "", False
        if buffer.strip():
            yield buffer.strip()

    async def _open_voice(self) -> ClientConnection:
        elevenlabs = self._elevenlabs
        base = elevenlabs.address.replace("http", "ws", 1)
        query = urlencode({"model_id": elevenlabs.speech_model, "output_format": SAMPLE_FORMAT})
        voice = await connect(
            f"{base}/v1/text-to-speech/{elevenlabs.voice}/stream-input?{query}",
            additional_headers={"xi-api-key": _revealed(elevenlabs.api_key)},
        )
        await voice.send(json.dumps({"text": " "}))
        return voice


async def _first_sound(voice: ClientConnection) -> float:
    async for message in voice:
        if base64.b64decode(json.loads(message).get("audio") or ""):
            return time.monotonic()
    raise RuntimeError("the voice ended without any sound")


def _messages(seen: str) -> list[Any]:
    prompt = load_prompt("ru", None)
    return [{"role": "system", "content": prompt}, {"role": "user", "content": seen}]


def _revealed(secret: config.Secret | None) -> str:
    assert secret is not None, "the emulated clouds bring their keys"
    return secret.reveal()
