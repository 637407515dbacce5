"""pocketsphinx as an engine: English only, but its model comes inside the package, so nothing is fetched."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any

from edge.error_lines import reason_of
from edge.ladder import RungError
from edge.listener.recognizers.local import Cancelled
from edge.listener.segment import SAMPLE_RATE, RecognitionRequest, Transcript
from edge.messages import Language

SLICE_SAMPLES = SAMPLE_RATE // 50
BREATH_S = 0.0001
"""The engine holds the interpreter lock while it works. Without a breath between slices the microphone's
thread, which takes that lock several times for each piece of sound, falls 0.3 s behind, and sound is lost."""
MISSING = "pocketsphinx is not installed: pip install 'shuttle-guide[pocketsphinx]'"


class PocketsphinxEngine:
    """One decoder; a second segment waits for the first.

    Args:
        languages: that passengers may speak.
    """

    name = "pocketsphinx"

    def __init__(self, languages: Sequence[Language] = ("en",)) -> None:
        self._languages = languages
        self._decoder: Any = None
        self._turn = threading.Lock()

    @property
    def fact(self) -> str:
        return "en-us on cpu" if self._decoder else "not loaded"

    @property
    def fell_back(self) -> bool:
        return False

    def load(self) -> None:
        if "en" not in self._languages:
            came = ", ".join(self._languages)
            raise RungError(f"knows English only, and listener.languages has {came}", permanent=True)
        try:
            from pocketsphinx import Decoder

            self._decoder = Decoder(samprate=SAMPLE_RATE, loglevel="FATAL")
        except ImportError as error:
            raise RungError(MISSING, permanent=True) from error
        except RuntimeError as error:
            raise RungError(f"pocketsphinx could not load its model: {error}", permanent=True) from error

    def transcribe(self, request: RecognitionRequest, cancelled: threading.Event) -> Transcript:
        if request.language not in (None, "en"):
            raise RungError(
                f"pocketsphinx knows English only, came {request.language!r}: choose another recognizer",
                blameless=True,
            )
        with self._turn:
            return self._decode(request, cancelled)

    def _decode(self, request: RecognitionRequest, cancelled: threading.Event) -> Transcript:
        self._decoder.start_utt()
        try:
            for start in range(0, len(request.samples), SLICE_SAMPLES):
                if cancelled.is_set():
                    raise Cancelled
                self._decoder.process_raw(request.samples[start : start + SLICE_SAMPLES].tobytes())
                time.sleep(BREATH_S)
        except RuntimeError as error:
            raise RungError(f"pocketsphinx failed: {reason_of(error)}") from error
        finally:
            self._decoder.end_utt()
        hypothesis = self._decoder.hyp()
        # Its probability says little (noise gets more than a sentence does), so no confidence is told.
        return Transcript(hypothesis.hypstr if hypothesis else "", "en")
