"""Transcription by Groq and OpenAI. Audio leaves the shuttle here, and only here."""

from __future__ import annotations

import contextlib
import io
import math
import textwrap
import wave
from collections.abc import AsyncGenerator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.clouds.sdk_errors import as_rung_error
from edge.clouds.warm_connection import WarmConnection
from edge.ladder import RungError
from edge.listener.recognizers.guards import MAX_CHARS, Piece, to_transcript
from edge.listener.recognizers.options import GuardLimits
from edge.listener.segment import SAMPLE_RATE, RecognitionRequest, Transcript
from edge.messages import Language

LONGEST_PROMPT = 400
"""Characters: the services take 224 tokens."""
MOST_SEGMENTS = 200
"""Of one answer: an utterance of half a minute has ten."""
LANGUAGE_NAMES: dict[str, Language] = {
    "russian": "ru",
    "english": "en",
    "indonesian": "id",
    "ru": "ru",
    "en": "en",
    "id": "id",
}


class CloudRecognizer:
    """
    Args:
        name: of the rung.
        client: an asynchronous client of the ``openai`` or ``groq`` SDK (they are alike), without retries.
        model: the service's name of it.
        secret: the key, to be blotted out of error texts.
        verbose: ask for the language that was found and for the engine's doubts; not every model tells.
    """

    paid = True
    local = False
    usable = True

    def __init__(
        self, name: str, client: Any, model: str, *, guards: GuardLimits, secret: str, verbose: bool
    ) -> None:
        self.name = name
        self._client = client
        self._model = model
        self._guards = guards
        self._secret = secret
        self._format = "verbose_json" if verbose else "json"
        self._connection = WarmConnection(name, lambda: client.models.with_raw_response.list())

    @property
    def fact(self) -> str:
        return f"{self._model} in the cloud"

    async def start(self) -> None:
        self._connection.start()

    async def close(self) -> None:
        await self._connection.close()
        with contextlib.suppress(Exception):
            await self._client.close()

    async def open(self, request: RecognitionRequest) -> AsyncGenerator[Transcript, None]:
        answer = await self._transcribe(request)
        language = request.language or LANGUAGE_NAMES.get(str(getattr(answer, "language", "")).lower())
        yield to_transcript(_pieces(answer), language, self._guards, request.hint)

    async def probe(self) -> None:
        """One real request, with silence: a service that lists its models may still not transcribe."""
        silence = np.zeros(SAMPLE_RATE // 2, np.int16)
        _pieces(await self._transcribe(RecognitionRequest(samples=silence, language="en")))

    async def _transcribe(self, request: RecognitionRequest) -> Any:
        options: dict[str, Any] = {"language": request.language} if request.language else {}
        if request.hint:
            options["prompt"] = textwrap.shorten(request.hint, LONGEST_PROMPT, placeholder="")
        try:
            return await self._client.audio.transcriptions.create(
                model=self._model,
                file=("speech.wav", encode_wav(request.samples), "audio/wav"),
                response_format=self._format,
                temperature=0,
                **options,
            )
        except Exception as error:
            raise as_rung_error(error, self._model, secret=self._secret) from error
        finally:
            self._connection.used()


def encode_wav(samples: NDArray[np.int16]) -> bytes:
    """A WAV file of mono samples at 16 kHz, in memory."""
    file = io.BytesIO()
    with wave.open(file, "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(SAMPLE_RATE)
        wav.writeframes(samples.astype("<i2").tobytes())
    return file.getvalue()


def _pieces(answer: Any) -> list[Piece]:
    """The segments of a verbose answer, or the whole text. Raises RungError when it is no transcript."""
    text = getattr(answer, "text", None)
    if not isinstance(text, str):
        # Not quoted: it may be what a passenger said.
        came = "something else than JSON" if isinstance(answer, str) else "JSON without a text"
        raise RungError(f"expected a transcript, came {came}")
    pieces = [
        Piece(
            str(part.get("text") or "")[:MAX_CHARS].strip(),
            _number(part.get("avg_logprob")),
            _number(part.get("no_speech_prob")),
        )
        for part in _as_mappings(getattr(answer, "segments", None))
    ]
    return pieces or [Piece(text[:MAX_CHARS].strip())]


def _as_mappings(segments: Any) -> list[dict[str, Any]]:
    """``groq`` leaves segments as JSON objects, ``openai`` makes models of them. Without any, none."""
    parts = segments[:MOST_SEGMENTS] if isinstance(segments, list) else []
    mappings = [part if isinstance(part, dict) else getattr(part, "__dict__", None) for part in parts]
    return [mapping for mapping in mappings if mapping is not None]


def _number(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and math.isfinite(value)
    return float(value) if is_number else None
