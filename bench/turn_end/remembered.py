"""Detector and model that answer once and then from memory: the curve plays the same sound many times."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from edge.listener.turn_end.model import TurnEndModel
from edge.listener.vad import Vad


class RememberingVad:
    """Wraps a detector; what it says of a frame depends on all frames since the last reset."""

    def __init__(self, vad: Vad) -> None:
        self.name, self.release_s = vad.name, vad.release_s
        self._vad = vad
        self._known: dict[bytes, float] = {}
        self._heard: list[NDArray[np.int16]] = []
        self._key = b""
        self._behind = 0
        """How many of the frames heard the detector has not been given."""

    def reset(self) -> None:
        self._heard, self._key, self._behind = [], b"", 0
        self._vad.reset()

    def probability(self, samples: NDArray[np.int16]) -> float:
        self._key = hashlib.blake2b(self._key + samples.tobytes(), digest_size=16).digest()
        self._heard.append(samples)
        self._behind += 1
        if self._key not in self._known:
            for frame in self._heard[-self._behind :]:
                probability = self._vad.probability(frame)
            self._known[self._key], self._behind = probability, 0
        return self._known[self._key]


class RememberingModel:
    """The same of the model that hears ends of turns."""

    def __init__(self, model: TurnEndModel) -> None:
        self._model = model
        self._known: dict[bytes, float] = {}

    def completed(self, samples: NDArray[np.int16]) -> float:
        key = hashlib.blake2b(samples.tobytes(), digest_size=16).digest()
        if key not in self._known:
            self._known[key] = self._model.completed(samples)
        return self._known[key]
