"""Is this one of the enrolled voices? Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from edge.listener.voiceprint.enrolled import EnrolledVoice, Role
from edge.listener.voiceprint.model import Embedding


class KnownVoice(NamedTuple):
    """The enrolled voice that an utterance was spoken with."""

    name: str
    role: Role
    similarity: float
    """Cosine, from the threshold to 1."""


class KnownVoices:
    """Finds the enrolled voice that an embedding belongs to.

    Args:
        enrolled: all of them.
        model: fingerprint of the model in use; voices that another one enrolled are void.
        threshold: cosine similarity from which a voice is the same.
    """

    def __init__(self, enrolled: Sequence[EnrolledVoice], model: str, threshold: float) -> None:
        usable = [voice for voice in enrolled if voice.model == model]
        self.names = tuple(voice.name for voice in usable)
        self.void = tuple(voice.name for voice in enrolled if voice.model != model)
        self._threshold = threshold
        self._owners = [voice for voice in usable for _ in voice.embeddings]
        self._embeddings = [vector for voice in usable for vector in voice.embeddings.values()]

    def find(self, embedding: Embedding) -> KnownVoice | None:
        """The most similar one, if it is similar enough.

        Args:
            embedding: shape (dimensions,), of length 1.
        """
        if not self._embeddings:
            return None
        similarities = np.asarray(self._embeddings, np.float32) @ embedding
        best = int(np.argmax(similarities))
        similarity = float(similarities[best])
        if similarity < self._threshold:
            return None
        return KnownVoice(self._owners[best].name, self._owners[best].role, similarity)
