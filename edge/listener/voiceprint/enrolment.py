"""From recordings of somebody to the embedding by which he is known again."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge.listener.framing import FRAME_SAMPLES
from edge.listener.segment import SAMPLE_RATE
from edge.listener.vad import Vad
from edge.listener.voiceprint.model import WINDOW_S, Embedding, EmbeddingModel, VoiceprintError

MIN_SPEECH_S = WINDOW_S
"""With less, what was said would count for more than who said it."""
SPEECH = 0.5
"""Probability from which a frame is speech."""


def embedding_of(model: EmbeddingModel, samples: NDArray[np.int16]) -> Embedding:
    """The mean direction of all pieces of ``WINDOW_S``.

    Args:
        samples: speech without long pauses, shape (n,), mono, 16 kHz.

    Raises:
        VoiceprintError: it is too short.
    """
    seconds = len(samples) / SAMPLE_RATE
    if seconds < MIN_SPEECH_S:
        raise VoiceprintError(f"expected at least {MIN_SPEECH_S:g} s of speech, found {seconds:.1f} s")
    pieces = np.array_split(samples, int(seconds // WINDOW_S))
    mean = np.mean([model.embed(piece) for piece in pieces], axis=0)
    direction: Embedding = mean / np.linalg.norm(mean)
    return direction


def only_speech(samples: NDArray[np.int16], vad: Vad) -> NDArray[np.int16]:
    """What a recording has of speech, shape (m,): the silence of a room must not belong to the voice."""
    whole = samples[: len(samples) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    return np.concatenate(
        [np.zeros(0, np.int16), *(frame for frame in whole if vad.probability(frame) >= SPEECH)]
    )
