"""A transcript in the forms of OpenAI's ``/v1/audio/transcriptions``. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from edge.listener.segment import Transcript
from edge.recognizer_server.language_tag import NAMES

FORMATS = ("json", "text", "srt", "verbose_json", "vtt")


class TranscribedPart(NamedTuple):
    """One utterance of a recording."""

    begin_s: float
    end_s: float
    transcript: Transcript


def whole_text(parts: Sequence[TranscribedPart]) -> str:
    return " ".join(part.transcript.text for part in parts if part.transcript.text)


def in_format(kind: str, parts: Sequence[TranscribedPart], duration_s: float) -> str | dict[str, Any]:
    """Text, or an object for JSON.

    Args:
        kind: one of ``FORMATS``.
        duration_s: of the whole recording.
    """
    said = [part for part in parts if part.transcript.text]
    match kind:
        case "text":
            return whole_text(said) + "\n"
        case "srt":
            return "".join(_cue(part, ",", f"{number}\n") for number, part in enumerate(said, 1))
        case "vtt":
            return "WEBVTT\n\n" + "".join(_cue(part, ".") for part in said)
        case "verbose_json":
            language = next((part.transcript.language for part in parts if part.transcript.language), None)
            return {
                "task": "transcribe",
                "language": NAMES.get(language or "", language),
                "duration": round(duration_s, 2),
                "text": whole_text(said),
                "segments": [_segment(number, part) for number, part in enumerate(said)],
            }
        case _:
            return {"text": whole_text(said)}


def told_of_part(part: TranscribedPart, *, is_first: bool) -> str:
    """The event of a streamed transcript for its next utterance."""
    text = part.transcript.text
    return _event({"type": "transcript.text.delta", "delta": text if is_first else f" {text}"})


def told_at_the_end(parts: Sequence[TranscribedPart]) -> str:
    """The last event."""
    return _event({"type": "transcript.text.done", "text": whole_text(parts)})


def told_of_failure(why: str) -> str:
    """The event that stands for what cannot come any more."""
    return _event({"type": "error", "error": {"message": why, "type": "server_error"}})


def _event(told: dict[str, Any]) -> str:
    return f"event: {told['type']}\ndata: {json.dumps(told)}\n\n"


def _cue(part: TranscribedPart, point: str, number: str = "") -> str:
    return (
        f"{number}{_clock(part.begin_s, point)} --> {_clock(part.end_s, point)}\n{part.transcript.text}\n\n"
    )


def _clock(seconds: float, point: str) -> str:
    ms = round(1000 * seconds)
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}{point}{ms % 1000:03}"


def _segment(number: int, part: TranscribedPart) -> dict[str, Any]:
    transcript = part.transcript
    return {
        "id": number,
        "seek": 0,
        "start": round(part.begin_s, 2),
        "end": round(part.end_s, 2),
        "text": transcript.text,
        "tokens": [],
        "temperature": 0.0,
        "avg_logprob": math.log(transcript.confidence) if transcript.confidence else 0.0,
        "compression_ratio": 1.0,
        "no_speech_prob": 0.0,
    }
