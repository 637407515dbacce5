"""The words of ElevenLabs' multi-context WebSocket: address, messages both ways, and what went wrong.

Source: the service's API reference for ``/v1/text-to-speech/{voice_id}/multi-stream-input`` and the models of
its SDK (``elevenlabs`` 2.78). On the way out keys are in snake case, on the way in in camel case.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

import msgspec
from websockets.exceptions import ConnectionClosed, InvalidHeader, InvalidStatus

from edge.clouds.causes import Asked
from edge.clouds.sdk_errors import answer_in, refusal
from edge.config import Service
from edge.error_lines import reason_of
from edge.ladder.rung import RungError
from edge.messages import Language
from edge.speaker.voices.plain_text import plain_text

SAMPLE_RATE = 24_000
"""The highest that every account may ask for; a voice has nothing above."""
BYTES_A_SECOND = SAMPLE_RATE * 2 * 4 / 3
"""Bytes of a second of sound, as the messages carry it."""
INACTIVITY_TIMEOUT_S = 180
"""The longest that the service offers."""
KEY_HEADER = "xi-api-key"
NO_SOUND = "ElevenLabs finished without any sound: most likely the account's quota is used up"

_SCHEMES = {"http": "ws", "https": "wss"}
_MODELS_WITH_LANGUAGE = ("eleven_flash_v2_5", "eleven_turbo_v2_5")
_ASKED = Asked(setting="speech_model")


class ServerMessage(msgspec.Struct, rename="camel"):
    """One message from the service: sound, or the end of a context, or an error."""

    audio: str | None = None
    """16-bit samples, base64."""
    is_final: bool | None = None
    context_id: str | None = None
    alignment: Any = None
    """The characters sent that this sound speaks."""
    normalized_alignment: Any = None
    """The same after numbers and abbreviations were written out."""
    error: Any = None
    message: Any = None
    code: Any = None

    def pcm(self) -> bytes:
        """The sound. Raises ``RungError`` when it is not base64."""
        try:
            return base64.b64decode(self.audio or "", validate=True)
        except (binascii.Error, ValueError) as error:
            raise RungError("ElevenLabs sent sound that is not base64") from error


def multi_stream_url(service: Service, language: Language | None) -> str:
    """The socket's address. ``language`` None sends no ``language_code``."""
    base = urlsplit(service.address)
    path = base.path.rstrip("/").removesuffix("/v1")
    query = {
        "model_id": service.speech_model or "",
        "output_format": f"pcm_{SAMPLE_RATE}",
        "inactivity_timeout": str(INACTIVITY_TIMEOUT_S),
        "sync_alignment": "true",
        "apply_text_normalization": "off",  # numbers come written out, the same for every voice
        "auto_mode": "true",  # whole clauses are sent, each flushed: no buffer of the service's own is wanted
    }
    if language:
        query["language_code"] = language
    if service.zero_retention:
        query["enable_logging"] = "false"
    path += f"/v1/text-to-speech/{quote(service.voice or '', safe='')}/multi-stream-input"
    return urlunsplit((_SCHEMES.get(base.scheme, base.scheme), base.netloc, path, urlencode(query), ""))


def language_code(service: Service, language: Language) -> Language | None:
    """The code to send for ``language``; None where the model refuses or ignores one."""
    return language if service.speech_model in _MODELS_WITH_LANGUAGE else None


def initialise(service: Service, context_id: str) -> dict[str, Any]:
    return {
        "text": " ",
        "context_id": context_id,
        "voice_settings": {
            "stability": service.stability,
            "similarity_boost": service.similarity_boost,
            "speed": service.speed or 1.0,
        },
    }


def say(context_id: str, text: str) -> dict[str, Any]:
    return {"text": f"{plain_text(text)} ", "context_id": context_id, "flush": True}


def keep_alive(context_id: str) -> dict[str, Any]:
    return {"text": "", "context_id": context_id}


def close_context(context_id: str) -> dict[str, Any]:
    return {"context_id": context_id, "close_context": True}


def parse(raw: str | bytes) -> ServerMessage:
    """Decode one message. Raises ``RungError`` when it is not a JSON object of the expected shape."""
    try:
        return msgspec.json.decode(raw, type=ServerMessage)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RungError(f"ElevenLabs sent no message of its protocol: {reason_of(error)}") from error


def failure(
    told: str, answer: Any, *, code: Any = None, status: int | None = None, retry: str | None = None
) -> RungError:
    """A failure that the service tells of, with what to do about it.

    Args:
        told: what happened, in our words.
        answer: the service's, JSON as Python's objects or text.
        code: of a WebSocket message or its end.
    """
    text = " ".join(part for part in (told, str(code) if isinstance(code, int) else "") if part)
    return refusal(f"ElevenLabs: {text}".rstrip(": "), answer, _ASKED, status, retry)


def message_failure(message: ServerMessage) -> RungError:
    """An error that came as a message."""
    return failure("", {"error": message.error, "message": message.message}, code=message.code)


def connection_failure(error: Exception) -> RungError:
    """A connection that was refused, failed or was closed by the other side."""
    if isinstance(error, InvalidStatus):
        response = error.response
        told = f"the connection was refused with status {response.status_code}"
        answer = answer_in(bytes(response.body or b""))
        retry = response.headers.get("retry-after")
        return failure(told, answer, status=response.status_code, retry=retry)
    if isinstance(error, ConnectionClosed):
        if closed := error.rcvd:
            return failure("the connection was closed:", closed.reason, code=int(closed.code))
        return failure("the connection was closed: without a closing handshake", "")
    of_ours = isinstance(error, InvalidHeader) and error.name.lower() == KEY_HEADER
    # A certificate that is not accepted is a ValueError too.
    if of_ours or (isinstance(error, ValueError) and not isinstance(error, OSError)):
        # In the key a letter that no header may hold, in the address a port that none can be.
        check = "check its API key and base_url"
        return RungError(f"ElevenLabs: {check}: {reason_of(error)}", permanent=True)
    return RungError(f"ElevenLabs cannot be reached: {reason_of(error)}")
