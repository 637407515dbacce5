"""When speech begins, when it ends, and what is no speech."""

from __future__ import annotations

from dataclasses import dataclass

HYSTERESIS = 0.15
"""Speech that has begun goes on down to this much less probability than it takes to begin."""


@dataclass(frozen=True)
class EndpointingOptions:
    """Durations are kept to the nearest frame of 32 ms."""

    sensitivity: float = 0.5
    """0.01…0.99: from a probability of ``1 − sensitivity`` on it is speech. RealtimeSTT's 0.05 means 0.95."""
    pre_roll_s: float = 0.3
    """Kept from before the speech was noticed: words may begin softly."""
    onset_s: float = 0.06
    """Speech within a breath, before anybody is told that somebody speaks."""
    min_speech_s: float = 0.25
    """Shorter is dropped. "Стоп" is about 0.3 s long."""
    min_voiced_s: float = 0.06
    """With less sound that has a voice's spectrum it is noise, of which recognizers make up words."""
    max_flatness: float = 0.48
    """Spectral flatness up to which sound may be a voice; 97 of 100 frames of noise lie above."""
    likely_end_s: float = 0.25
    """Silence after which the end is likely. A segment keeps no more silence than this at its end."""
    silence_s: float = 0.7
    """Silence that ends an utterance."""
    short_speech_s: float = 0.4
    """Until then somebody may just have begun ("Гид, …")."""
    silence_after_short_s: float = 0.9
    silence_unfinished_s: float = 1.5
    """Silence that ends it when what was understood so far looks unfinished."""
    silence_complete_s: float = 0.5
    """Silence that ends it when what was understood is clearly a whole sentence."""
    max_speech_s: float = 20.0
    """Longer is cut at its best pause."""

    @property
    def on_threshold(self) -> float:
        return 1.0 - self.sensitivity

    @property
    def off_threshold(self) -> float:
        return max(self.on_threshold - HYSTERESIS, 0.005)
