"""faster-whisper as an engine: one beam search without timestamps, tuned for short utterances.

The steps of the library's ``transcribe`` are called one by one, because language detection and decoding then
share one run of the encoder (half of the time on a CPU), detection can be held to the configured languages,
and between the steps it can be cancelled.
"""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from edge.config import Settings
from edge.error_lines import reason_of
from edge.journal_events import MessageId, event
from edge.ladder import RungError
from edge.listener.recognizers.guards import DecodedText, is_doubtful, may_be_prompted, to_transcript
from edge.listener.recognizers.local import HANGS_AFTER_S, Cancelled, fact_of
from edge.listener.recognizers.whisper_device import PLACEMENTS, Loaded, NotPlaced, Placement, load_model
from edge.listener.recognizers.whisper_model import find_model
from edge.listener.segment import SAMPLE_RATE, RecognitionRequest, Transcript
from edge.messages import Language
from edge.native_call import HangsError, within
from edge.sound.samples import from_int16

if TYPE_CHECKING:
    from faster_whisper import WhisperModel

log = logging.getLogger(__name__)
Result = TypeVar("Result")

WINDOW_SAMPLES = 30 * SAMPLE_RATE
"""What the model hears at once; shorter sound is filled up with silence."""
FRAMES_PER_S = 100
WINDOW_FRAMES = 30 * FRAMES_PER_S
SHORT_WINDOW_S, STEP_S, SILENCE_BEHIND_S = 10, 5, 2
"""Heard first: the sound and so much silence, in whole steps. The encoder's time grows faster than its
window: 10 s cost a fifth. What is doubtful then is heard again in the whole one, as the model was taught."""
LANGUAGE_SAMPLES = 5 * SAMPLE_RATE
LANGUAGE_FRAMES = 5 * FRAMES_PER_S
"""What the language is found by, where no transcript is made, in a sixth of the encoder's time."""
TOKENS_PER_S = 12
"""More than the fastest speaker needs in any of our languages."""
SPARE_TOKENS = 16
MAX_NEW_TOKENS = 160
"""One answer's limit: what 12 s of speech need. A model that does not stop is stopped there."""
MISSING = "faster-whisper is not installed: pip install 'shuttle-guide[asr]'"


class WhisperEngine:
    """faster-whisper with one model, on the first device that works.

    Args:
        settings: detection chooses among the listener's languages; on CUDA float16 is tried, then
            int8_float16, then the CPU (on boards with 8 GB the CPU is the right choice).
        model: instead of the configured one.
        workers: calls that run at the same time, with one copy of the weights; instead of the configured.
        threads: of the CPU, for one worker; instead of the configured.
    """

    name = "faster_whisper"

    def __init__(
        self,
        settings: Settings,
        *,
        model: str | None = None,
        workers: int | None = None,
        threads: int | None = None,
    ) -> None:
        recognizer = settings.listener.recognizer
        self._settings = settings
        self._languages = settings.listener.languages
        self._model = model or recognizer.whisper.model
        self._workers = workers or recognizer.workers
        self._threads = threads or recognizer.whisper.threads_per_worker
        self._beam = recognizer.whisper.beam
        self._placements = PLACEMENTS[recognizer.whisper.device]
        self._loaded: Loaded | None = None
        self._reasons: list[str] = []
        self._replacing = threading.Lock()
        self._tokenizers: dict[Language, tuple[Any, list[int]]] = {}

    @property
    def fact(self) -> str:
        actual = self._loaded and self._loaded.placement
        return fact_of(self._model, self._placements[0], actual, self._reasons)

    @property
    def fell_back(self) -> bool:
        return bool(self._reasons)

    def load(self) -> None:
        self._loaded, self._reasons = self._load_at(self._placements)

    def transcribe(self, request: RecognitionRequest, cancelled: threading.Event) -> Transcript:
        windows = max(1, math.ceil(len(request.samples) / WINDOW_SAMPLES))
        return self._on_a_device(
            HANGS_AFTER_S * windows, lambda model: self._transcribe(model, request, cancelled)
        )

    def find_language(self, request: RecognitionRequest) -> Language:
        """Among the listener's languages, by the first seconds alone: much cheaper than a transcript.

        Raises:
            RungError: the model is not loaded, knows one language only, or failed.
        """
        samples = request.samples[:LANGUAGE_SAMPLES]
        return self._on_a_device(HANGS_AFTER_S, lambda model: self._language_of(model, samples))

    def _on_a_device(self, hangs_after_s: float, work: Callable[[WhisperModel], Result]) -> Result:
        """Do what needs the model. A GPU that fails or hangs is left, and it is done on what is below.

        Raises:
            RungError: the model is not loaded, or failed on the last device, too.
        """
        loaded = self._loaded
        if loaded is None:
            raise RungError("the model is not loaded")
        try:
            if loaded.placement.device == "cpu":
                return work(loaded.model)
            return within(hangs_after_s, work, loaded.model)
        except ValueError as error:
            raise RungError(f"recognition failed: {reason_of(error)}") from error
        except (RuntimeError, HangsError) as error:
            if not self._step_down(loaded, reason_of(error), device_hangs=isinstance(error, HangsError)):
                raise RungError(f"recognition failed: {reason_of(error)}") from error
        return self._on_a_device(hangs_after_s, work)

    def _language_of(self, model: WhisperModel, samples: NDArray[np.int16]) -> Language:
        if len(self._languages) > 1 and not model.model.is_multilingual:
            raise RungError(f"{self._model} knows one language only", permanent=True)
        return self._detect(model, _encode(model, samples, LANGUAGE_FRAMES))

    def _transcribe(
        self, model: WhisperModel, request: RecognitionRequest, cancelled: threading.Event
    ) -> Transcript:
        language = request.language
        pieces = []
        for start in range(0, len(request.samples), WINDOW_SAMPLES):
            samples = request.samples[start : start + WINDOW_SAMPLES]
            language, decoded = self._hear(model, samples, language, request, cancelled)
            pieces.append(decoded)
        return to_transcript(pieces, language, request.hint_in(language))

    def _hear(
        self,
        model: WhisperModel,
        samples: NDArray[np.int16],
        known: Language | None,
        request: RecognitionRequest,
        cancelled: threading.Event,
    ) -> tuple[Language, DecodedText]:
        """One window. An interim transcript is not worth the whole one: the next one is on its way."""
        seconds = len(samples) / SAMPLE_RATE
        frames = _short_window(seconds)
        while True:
            _stop_if(cancelled)
            encoded = _encode(model, samples, frames)
            _stop_if(cancelled)
            language = known or self._detect(model, encoded)
            decoded = self._decode(model, encoded, language, request, seconds)
            if request.interim or frames == WINDOW_FRAMES or not is_doubtful(decoded):
                break
            frames = WINDOW_FRAMES
        if may_be_prompted(decoded, request.hint_in(language)):
            _stop_if(cancelled)
            # A name that was said, or what sounds like it, is heard by who was not told it, too.
            untold = replace(request, hint="", hints={})
            decoded = self._decode(model, encoded, language, untold, seconds)
        return language, decoded

    def _detect(self, model: WhisperModel, encoded: Any) -> Language:
        if len(self._languages) == 1 or not model.model.is_multilingual:
            return self._languages[0]
        likeliest_first = [token[2:-2] for token, _ in model.model.detect_language(encoded)[0]]
        return min(self._languages, key=likeliest_first.index)

    def _decode(
        self,
        model: WhisperModel,
        encoded: Any,
        language: Language,
        request: RecognitionRequest,
        seconds: float,
    ) -> DecodedText:
        tokenizer, suppressed = self._tokenizer(model, language)
        prompt = model.get_prompt(
            tokenizer, [], without_timestamps=True, hotwords=request.hint_in(language) or None
        )
        wanted = min(MAX_NEW_TOKENS, SPARE_TOKENS + math.ceil(TOKENS_PER_S * seconds))
        # CTranslate2 gives at most half of max_length to what is new, and the rest to the prompt.
        max_length = min(model.max_length, max(2 * wanted, len(prompt) + wanted))
        result = model.model.generate(
            encoded,
            [prompt],
            beam_size=1 if request.interim else self._beam,
            max_length=max_length,
            suppress_tokens=suppressed,
            return_scores=True,
            return_no_speech_prob=True,
        )[0]
        tokens = result.sequences_ids[0]
        # The score is the mean over the text, and the end token's share has to be counted too.
        avg_logprob = result.scores[0] * len(tokens) / (len(tokens) + 1)
        return DecodedText(tokenizer.decode(tokens).strip(), avg_logprob, result.no_speech_prob)

    def _tokenizer(self, model: WhisperModel, language: Language) -> tuple[Any, list[int]]:
        """The tokenizer for a language, and the tokens that describe sounds instead of speech."""
        if language not in self._tokenizers:
            from faster_whisper.tokenizer import Tokenizer
            from faster_whisper.transcribe import get_suppressed_tokens

            multilingual = model.model.is_multilingual
            tokenizer = Tokenizer(model.hf_tokenizer, multilingual, task="transcribe", language=language)
            self._tokenizers[language] = tokenizer, list(get_suppressed_tokens(tokenizer, [-1]))
        return self._tokenizers[language]

    def _load_at(self, placements: Sequence[Placement]) -> tuple[Loaded, list[str]]:
        """See ``load_model``. Raises RungError."""
        folder = find_model(self._settings, self._model)
        try:
            return load_model(folder, placements, workers=self._workers, threads_per_worker=self._threads)
        except ImportError as error:
            raise RungError(MISSING, permanent=True) from error
        except NotPlaced as reason:
            raise RungError(f"the model in {folder} does not run: {reason}", permanent=True) from reason

    def _step_down(self, failed: Loaded, reason: str, *, device_hangs: bool) -> bool:
        """Replace a placement that broke (a GPU out of memory, say); false when there is nothing below it.

        It is never tried again in this process, so that few threads can ever hang in it.
        """
        below = self._placements[self._placements.index(failed.placement) + 1 :]
        if device_hangs:
            below = tuple(placement for placement in below if placement.device != failed.placement.device)
        if not below:
            return False
        with self._replacing:
            if self._loaded is failed:
                self._loaded, reasons = self._load_at(below)
                self._reasons += [f"{failed.placement}: {reason}", *reasons]
                left = event(MessageId.DEVICE_LEFT, rung=self.name)
                log.warning("%s: %s", self.name, self.fact, extra=left)
        return True


def _short_window(seconds: float) -> int:
    """Frames of the window that sound of this length is heard in first."""
    steps = math.ceil((seconds + SILENCE_BEHIND_S) / STEP_S)
    return min(WINDOW_FRAMES, FRAMES_PER_S * max(SHORT_WINDOW_S, STEP_S * steps))


def _encode(model: WhisperModel, samples: NDArray[np.int16], frames: int) -> Any:
    """Encoder output (CTranslate2 storage, shape [1, frames / 2, width]) of at most ``frames`` of 10 ms."""
    from faster_whisper.audio import pad_or_trim

    features = model.feature_extractor(from_int16(samples))
    return model.encode(pad_or_trim(features, frames))


def _stop_if(cancelled: threading.Event) -> None:
    if cancelled.is_set():
        raise Cancelled
