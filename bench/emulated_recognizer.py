"""An engine that takes a share of real time and tells which sentence it heard, by a tone in the voice.

What it writes grows with the sound, as interim text does: "sentence 7, 1.2 s".
"""

from __future__ import annotations

import threading
import time

import numpy as np
from numpy.typing import NDArray

from edge.config import Settings
from edge.listener.recognizers import RecognitionLadder
from edge.listener.recognizers.factory import recognition_limits
from edge.listener.recognizers.local import LocalRecognizer
from edge.listener.segment import SAMPLE_RATE, RecognitionRequest, Transcript
from edge.sound.samples import from_int16, to_int16

REAL_TIME_FACTOR = 0.05
LOWEST_HZ, STEP_HZ, TONES = 5000.0, 20.0, 125
"""Above where a synthetic voice is loud."""
TONE_LEVEL = 0.015


class EmulatedEngine:
    """Blocking, as engines are; sleeping takes no processor, as a GPU takes none.

    Args:
        real_time_factor: seconds of work by second of sound.
    """

    fact = "emulated"
    fell_back = False

    def __init__(self, name: str = "emulated", real_time_factor: float = REAL_TIME_FACTOR) -> None:
        self.name = name
        self.real_time_factor = real_time_factor
        self.hold = threading.Event()
        """Cleared: it hangs in what it is given."""
        self.hold.set()

    def load(self) -> None:
        """There is nothing to load."""

    def transcribe(self, request: RecognitionRequest, cancelled: threading.Event) -> Transcript:
        del cancelled
        seconds = len(request.samples) / SAMPLE_RATE
        began = time.monotonic()
        number = sentence_in(request.samples)
        self.hold.wait()
        time.sleep(max(0.0, self.real_time_factor * seconds - (time.monotonic() - began)))
        text = f"sentence {number}" + (f", {seconds:.1f} s" if request.interim else "")
        return Transcript(text, request.language or "en")


def emulated_ladder(
    settings: Settings, final: EmulatedEngine | None = None, interim: EmulatedEngine | None = None
) -> RecognitionLadder:
    """One for finals and a smaller one for interim text."""
    return RecognitionLadder(
        [LocalRecognizer(final or EmulatedEngine(), settings.listener.recognizer.workers)],
        recognition_limits(settings),
        LocalRecognizer(interim or EmulatedEngine("emulated_interim"), 1),
    )


def marked(voice: NDArray[np.int16], number: int) -> NDArray[np.int16]:
    """A voice (shape (n,), 16 kHz) with the tone of a sentence, 0 … ``TONES`` - 1, in it."""
    if not 0 <= number < TONES:
        raise ValueError(f"expected a sentence of 0 to {TONES - 1}, got {number}")
    times = np.arange(len(voice)) / SAMPLE_RATE
    tone = TONE_LEVEL * np.sin(2 * np.pi * (LOWEST_HZ + STEP_HZ * number) * times)
    return to_int16((from_int16(voice) + tone).astype(np.float32))


def sentence_in(samples: NDArray[np.int16]) -> int:
    """Whose tone is loudest."""
    spectrum = np.abs(np.fft.rfft(from_int16(samples) * np.hanning(len(samples)).astype(np.float32)))
    hertz = np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE)
    levels = [
        spectrum[np.abs(hertz - (LOWEST_HZ + STEP_HZ * number)) < STEP_HZ / 4].max(initial=0.0)
        for number in range(TONES)
    ]
    return int(np.argmax(levels))
