"""Settings of the recognizers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from edge.config import Budget, Groq, OpenAI
from edge.messages import Language

Device = Literal["cuda", "cpu"]
RecognizerName = Literal["groq", "openai", "faster_whisper", "pocketsphinx"]
LOCAL_ORDER: tuple[RecognizerName, ...] = ("faster_whisper",)
CLOUD_ORDER: tuple[RecognizerName, ...] = ("groq", "openai", "faster_whisper")
BUDGET = Budget(initial_ms=1500, min_ms=600, max_ms=4000, stall_ms=2000)


@dataclass(frozen=True, kw_only=True)
class GuardLimits:
    """Beyond these a transcript is taken for a hallucination; Whisper's own thresholds."""

    no_speech_prob: float = 0.6
    """Together with a low ``avg_logprob``."""
    avg_logprob: float = -1.0
    compression_ratio: float = 2.4
    """Bytes of the text to bytes of its compressed form: repetitions compress well."""


@dataclass(frozen=True, kw_only=True)
class WhisperOptions:
    """faster-whisper."""

    model: str = "base"
    """A folder below ``models_dir``, or a path to one. Nothing is ever downloaded."""
    models_dir: str = "models/whisper"
    device: Device = "cpu"
    """``cuda``: float16, then int8_float16, then the CPU. On boards with 8 GB the CPU is the right choice."""
    beam_size: int = 3
    max_new_tokens: int = 160
    """Of one answer; what is shorter than 12 s gets less."""
    threads_per_worker: int = 0
    """CPU threads of one worker; 0: the number of cores, at most 4."""
    interim_model: str | None = None
    """A smaller one for interim transcripts; None: ``model`` makes them too."""


@dataclass(frozen=True, kw_only=True)
class RecognizerOptions:
    """All recognizers."""

    cloud_allowed: bool = False
    """Whether what passengers say may leave the shuttle. False: no cloud recognizer is even built."""
    order: tuple[RecognizerName, ...] | None = None
    """Best first. None: faster-whisper alone, and the clouds before it where they are allowed."""
    languages: tuple[Language, ...] = ("ru", "en", "id")
    """What passengers may speak; with one language nothing is detected."""
    workers: int = 2
    """Segments that are recognised at the same time."""
    whisper: WhisperOptions = WhisperOptions()
    interim_s: float = 0.5
    """Between two interim transcripts."""
    guards: GuardLimits = GuardLimits()
    groq: Groq = field(default_factory=Groq)
    groq_model: str = "whisper-large-v3-turbo"
    openai: OpenAI = field(default_factory=OpenAI)
    openai_model: str = "gpt-4o-mini-transcribe"
    budget: Budget = BUDGET
