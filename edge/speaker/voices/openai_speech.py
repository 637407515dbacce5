"""OpenAI-compatible speech over HTTP: each clause is one request, its sound is used when it is whole."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator

import httpx2  # what the SDK speaks HTTP with, and whose errors it lets through in mid-stream
import numpy as np
import openai
from numpy.typing import NDArray

from edge.clouds.clients import client_of
from edge.clouds.sdk_errors import as_rung_error
from edge.clouds.warm_connection import WarmConnection
from edge.config import Service
from edge.error_lines import kind_of, reason_of
from edge.ladder.rung import RequestError, RungError
from edge.messages import Language
from edge.speaker.sound_length import letters_of, shortest_s
from edge.speaker.voices.base import Asked, Piece, VoiceRequest, not_counted, one_word
from edge.speaker.voices.clausewise import Sound, SoundBytes, speak_clausewise

CLAUSES_AT_ONCE = 3
SAMPLE_RATE = 24_000
"""``response_format="pcm"`` is documented as 24 kHz, 16-bit signed little-endian, mono, without a header."""
BYTES_A_SECOND = 2 * SAMPLE_RATE
LARGEST_ANSWER_BYTES = 120 * BYTES_A_SECOND
"""No turn is as long as this; how long a clause can be is told by its text."""
MEDIA_TYPE = re.compile(r"(?:text|image|video|application)/[a-z0-9.+-]{1,40}")
SPEECH_CORRELATION = 0.2
"""Neighbouring samples of speech are much alike (0.6 to 0.99), those of noise or of shifted bytes are not."""


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
        self._connection = WarmConnection(self.name, lambda: self._client.models.with_raw_response.list())

    async def start(self) -> None:
        self._connection.start()

    async def close(self) -> None:
        await self._connection.close()
        await self._client.close()

    def prepare(self, turn_id: str, language: Language) -> None:
        """Nothing to prepare: the connection is kept warm."""

    async def probe(self, asked: Asked = not_counted) -> None:
        """See that the service answers and, as long as it owes sound, that a word is spoken."""
        await self._probe_models()
        if self._owes_sound:
            word = one_word("en", asked)
            await self._synthesize(word.script.text, word)

    async def _probe_models(self) -> None:
        try:
            # Raw: the SDK would make models of the list, for a second and more while nothing else can happen.
            answer = await self._client.models.with_raw_response.list()
        except openai.NotFoundError:
            return  # it answers; not every compatible service lists its models
        except openai.OpenAIError as error:
            raise self._failure(error) from error
        kind = answer.headers.get("content-type", "").split(";")[0].strip().lower()
        if not kind.endswith("json"):
            raise RungError(f"expected a list of models, came {kind_of(answer.content)}")

    def open(self, request: VoiceRequest) -> AsyncGenerator[Piece, None]:
        async def synthesize(text: str) -> Sound:
            return await self._synthesize(text, request)

        return speak_clausewise(request, synthesize, ahead=CLAUSES_AT_ONCE, sample_rate=SAMPLE_RATE)

    async def _synthesize(self, text: str, request: VoiceRequest) -> Sound:
        self._owes_sound = True
        body = SoundBytes(self.name, text, request.language, SAMPLE_RATE)
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
        samples = _checked(body.whole, content_type, text)
        self._owes_sound = False
        return Sound(samples, SAMPLE_RATE)

    def _failure(self, error: Exception) -> RungError:
        if isinstance(error, openai.APIStatusError):
            return as_rung_error(error, self._service.speech_model or "", "speech_model")
        if isinstance(error, UnicodeError):
            return RungError("its API key holds letters that no key has", permanent=True)
        if isinstance(error, openai.APITimeoutError | httpx2.TimeoutException):
            return RungError(f"no answer from {self._service.address} in time")
        return RungError(f"connection to {self._service.address} failed: {reason_of(error)}")


def _checked(body: bytes, content_type: str, text: str) -> NDArray[np.int16]:
    """The samples in a response, or ``RungError`` when it cannot be the sound of ``text``."""
    kind = content_type.split(";")[0].strip().lower()
    begin = body[:24]
    if kind and not kind.startswith("audio/") and kind != "application/octet-stream":
        told = kind if MEDIA_TYPE.fullmatch(kind) else "another type"
        raise RungError(f"expected audio/pcm, came {told}: {kind_of(body)}")
    if not body:
        raise RequestError("the answer held no sound")
    if begin.startswith((b"RIFF", b"ID3", b"OggS", b"fLaC")) or all(32 <= byte < 127 for byte in begin):
        raise RungError(f"expected raw 16-bit samples, came {kind_of(body)}")
    if len(body) % 2 or len(body) < int(shortest_s(text) * BYTES_A_SECOND):
        letters = letters_of(text)
        raise RequestError(f"the sound was cut off ({len(body)} bytes for {letters} letters)")
    samples = np.frombuffer(body, dtype="<i2").astype(np.int16)
    signal = samples.astype(np.float32)
    energy = float(signal @ signal)
    if float(signal[1:] @ signal[:-1]) <= SPEECH_CORRELATION * energy:
        raise RequestError("the answer was noise or silence instead of speech")
    return samples
