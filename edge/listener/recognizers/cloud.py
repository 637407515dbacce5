"""Transcription by Groq and OpenAI. Audio leaves the shuttle here, and only here."""

from __future__ import annotations

import io
import textwrap
import wave
from collections.abc import AsyncGenerator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.clouds.causes import Asked
from edge.clouds.json_answer import json_answer, whole_characters
from edge.clouds.sdk_errors import as_rung_error, without_result
from edge.clouds.warm_connection import WarmClient
from edge.foreign_numbers import finite
from edge.listener.recognizers.guards import MAX_PIECES, DecodedText, to_transcript
from edge.listener.segment import SAMPLE_RATE, RecognitionRequest, Transcript
from edge.messages import Language
from edge.spending.lines import Note, Purpose, not_counted

LONGEST_PROMPT = 400
"""Characters: the services take 224 tokens."""
EXPECTED = "a transcript"
SETTING = "transcription_model"
LONGEST_NAME = 32
LANGUAGE_NAMES: dict[str, Language] = {
    "russian": "ru",
    "english": "en",
    "indonesian": "id",
    "ru": "ru",
    "en": "en",
    "id": "id",
}


class CloudRecognizer:
    """A rung that has a cloud transcribe segments.

    Args:
        name: of the rung.
        client: an asynchronous client of the ``openai`` or ``groq`` SDK (they are alike), without retries.
        model: the service's name of it.
        verbose: ask for the language that was found and for the engine's doubts; not every model tells.
        note: told how much it was asked to hear.
    """

    paid = True
    local = False
    usable = True

    def __init__(
        self, name: str, client: Any, model: str, *, verbose: bool, note: Note = not_counted
    ) -> None:
        self.name = name
        self._client = client
        self._model = model
        self._note = note
        self._format = "verbose_json" if verbose else "json"
        self._connection = WarmClient(name, client)

    @property
    def fact(self) -> str:
        return f"{self._model} in the cloud"

    async def start(self) -> None:
        self._connection.start()

    async def close(self) -> None:
        await self._connection.close()

    async def open(self, request: RecognitionRequest) -> AsyncGenerator[Transcript, None]:
        answer = await self._transcribe(request, "hearing")
        language = request.language or LANGUAGE_NAMES.get(str(answer.get("language"))[:LONGEST_NAME].lower())
        yield to_transcript(_pieces(answer, self._model), language, request.hint)

    async def probe(self) -> None:
        """One real request, with silence: a service that lists its models may still not transcribe."""
        silence = np.zeros(SAMPLE_RATE // 2, np.int16)
        request = RecognitionRequest(samples=silence, language="en")
        _pieces(await self._transcribe(request, "probe"), self._model)

    async def _transcribe(self, request: RecognitionRequest, purpose: Purpose) -> dict[str, Any]:
        options: dict[str, Any] = {"language": request.language} if request.language else {}
        if request.hint:
            options["prompt"] = textwrap.shorten(request.hint, LONGEST_PROMPT, placeholder="")
        is_paid = True  # also where we leave it: the service may have begun, and does not tell
        try:
            answer = await self._client.audio.transcriptions.with_raw_response.create(
                model=self._model,
                file=("speech.wav", encode_wav(request.samples), "audio/wav"),
                response_format=self._format,
                temperature=0,
                **options,
            )
        except Exception as error:
            is_paid = False
            raise as_rung_error(error, self._model, SETTING) from error
        finally:
            self._connection.used()
            if is_paid:
                self._note(self.name, purpose, {"audio_s": len(request.samples) / SAMPLE_RATE})
        return json_answer(answer.http_response.content, EXPECTED)


def encode_wav(samples: NDArray[np.int16]) -> bytes:
    """A WAV file of mono samples at 16 kHz, in memory."""
    file = io.BytesIO()
    with wave.open(file, "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(SAMPLE_RATE)
        wav.writeframes(samples.astype("<i2").tobytes())
    return file.getvalue()


def _pieces(answer: dict[str, Any], model: str) -> list[DecodedText]:
    """The segments of a verbose answer, or the whole text. Raises RungError when it is no transcript."""
    segments = answer.get("segments")
    parts = [part for part in segments if isinstance(part, dict)] if isinstance(segments, list) else []
    text = "" if "text" not in answer and parts else answer.get("text")
    if not isinstance(text, str):
        # Not quoted: it may be what a passenger said.
        told = f"expected {EXPECTED}, came JSON without a text"
        raise without_result(told, answer, Asked(model, SETTING))
    pieces = [
        DecodedText(
            whole_characters(part["text"] if isinstance(part.get("text"), str) else "").strip(),
            finite(part.get("avg_logprob")),
            finite(part.get("no_speech_prob")),
        )
        for part in parts[:MAX_PIECES]
    ]
    if any(piece.text for piece in pieces):
        return pieces
    return [DecodedText(whole_characters(text).strip())]
