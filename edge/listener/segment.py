"""What the parts of the listener hand to each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.messages import Language

SAMPLE_RATE = 16_000
"""Everything behind the audio input is mono at this rate, in Hz."""


class Frame(NamedTuple):
    """A short piece of what the microphone heard."""

    samples: NDArray[np.int16]
    """Shape (n,), mono, 16 kHz."""
    mono: float
    """CLOCK_MONOTONIC seconds at which its last sample was at the microphone."""
    cancelled: NDArray[np.int16] | None = None
    """The same with less of the guide's voice, where speech is to be looked for in it: shape (n,)."""


@dataclass(frozen=True)
class Segment:
    """One utterance, cut out by the endpointer."""

    id: str
    samples: NDArray[np.int16]
    """Shape (n,), mono, 16 kHz, with some pre-roll before the speech."""
    speech_start_mono: float
    speech_end_mono: float
    """When the speaker fell silent; the silence that was waited for comes after it."""


@dataclass(frozen=True)
class RecognitionRequest:
    """A request to recognise ``samples``."""

    samples: NDArray[np.int16]
    """Shape (n,), mono, 16 kHz."""
    language: Language | None
    """None: find out."""
    hint: str = ""
    """Names and places that are likely to be said, in any language."""
    hints: Mapping[Language, str] = field(default_factory=dict)
    """Language → those of it; for an engine that knows the language before it writes."""
    interim: bool = False
    """Speech goes on; a quick answer is worth more than a good one."""
    segment_id: str = ""
    """All requests of one segment have it: what was found of it serves the next."""

    def hint_in(self, language: Language | None) -> str:
        """What is likely to be said in a language: names of another make an engine write in that."""
        return self.hints.get(language, self.hint) if language else self.hint


class Transcript(NamedTuple):
    """What was said. Empty text: nothing that can be understood."""

    text: str
    language: Language | None
    confidence: float | None = None
    """0…1 where the engine tells."""
    recognizer: str = ""
    """Who understood it."""
    is_rubbish: bool = False
    """The engine wrote something, and nothing of it was said by anybody."""
