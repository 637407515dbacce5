"""OpenAI-compatible speech over HTTP: each clause is one request, its sound is used when it is whole."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import httpx2  # what the SDK speaks HTTP with, and whose errors it lets through in mid-stream
import openai

from edge.clouds.clients import client_of
from edge.clouds.sdk_errors import as_rung_error, unexpected
from edge.clouds.warm_connection import WarmClient
from edge.config import Service
from edge.error_lines import reason_of
from edge.ladder.rung import RungError
from edge.messages import Language
from edge.speaker.voices.base import NoteCharacters, Piece, VoiceRequest, one_word, uncounted
from edge.speaker.voices.clausewise import Sound, SoundBytes, speak_clausewise
from edge.speaker.voices.speech_body import DEFAULT_RATE, media_type, most_bytes_a_second, sound_in

CLAUSES_AT_ONCE = 3
LARGEST_ANSWER_BYTES = 120 * 2 * DEFAULT_RATE
"""No turn is as long as this; how long a clause can be is told by its text."""


class OpenAISpeechVoice:
    """The ``/audio/speech`` endpoint of an OpenAI-compatible service.

    Args:
        name: of the service.
    """

    def __init__(self, name: str, service: Service) -> None:
        self.name = name
        self.paid = not service.local
        self.local = service.local
        self._service = service
        self._client = client_of(service, largest_answer_bytes=LARGEST_ANSWER_BYTES)
        self._owes_sound = True
        """No clause's sound has come yet, or the last one was given up before it did."""
        self._connection = WarmClient(self.name, self._client)

    async def start(self) -> None:
        self._connection.start()

    async def close(self) -> None:
        await self._connection.close()

    def prepare(self, language: Language) -> None:
        """Nothing to prepare: the connection is kept warm."""

    async def probe(self, asked: NoteCharacters = uncounted) -> None:
        """See that the service answers and, as long as it owes sound, that a word is spoken."""
        await self._probe_models()
        if self._owes_sound:
            word = one_word(self._service.speaks[0] if self._service.speaks else "en", asked)
            await self._synthesize(word.script.text, word)

    async def _probe_models(self) -> None:
        try:
            # Raw: the SDK would make models of the list, for a second and more while nothing else can happen.
            answer = await self._client.models.with_raw_response.list()
        except openai.NotFoundError:
            return  # it answers; not every compatible service lists its models
        except openai.OpenAIError as error:
            raise self._failure(error) from error
        if not media_type(answer.headers.get("content-type", "")).endswith("json"):
            raise unexpected("a list of models", answer.content)

    def open(self, request: VoiceRequest) -> AsyncGenerator[Piece, None]:
        async def synthesize(text: str) -> Sound:
            return await self._synthesize(text, request)

        return speak_clausewise(request, synthesize, ahead=CLAUSES_AT_ONCE, sample_rate=DEFAULT_RATE)

    async def _synthesize(self, text: str, request: VoiceRequest) -> Sound:
        if self._service.speaks and request.language not in self._service.speaks:
            told = f"{self.name} does not speak {request.language!r} (services.{self.name}.speaks)"
            raise RungError(told, blameless=True)
        self._owes_sound = True
        is_paid = False
        try:
            async with self._client.audio.speech.with_streaming_response.create(
                model=self._service.speech_model or "",
                voice=self._service.voice or "",
                input=text,
                response_format="pcm",
                speed=self._service.speed if self._service.speed not in (None, 1.0) else openai.omit,
            ) as response:
                is_paid = True
                content_type = response.headers.get("content-type", "")
                bytes_a_second = most_bytes_a_second(content_type)
                body = SoundBytes(self.name, text, request.language, bytes_a_second // 2)
                async for chunk in response.iter_bytes():
                    body.add(chunk)
        except asyncio.CancelledError:
            is_paid = True  # the service may have begun, and does not tell
            raise
        except (openai.OpenAIError, httpx2.HTTPError, OSError, UnicodeError) as error:
            raise self._failure(error) from error
        finally:
            self._connection.used()
            if is_paid:
                request.asked(len(text))
        sound = sound_in(body.whole, content_type, text)
        self._owes_sound = False
        return sound

    def _failure(self, error: Exception) -> RungError:
        if isinstance(error, openai.APIStatusError):
            return as_rung_error(error, self._service.speech_model or "", "speech_model")
        if isinstance(error, UnicodeError):
            return RungError("its API key holds letters that no key has", permanent=True)
        if isinstance(error, openai.APITimeoutError | httpx2.TimeoutException):
            return RungError(f"no answer from {self._service.address} in time")
        return RungError(f"connection to {self._service.address} failed: {reason_of(error)}")
