"""Does who speaks ask for the floor? So long what sounds is lowered. Pure; times are monotonic seconds.

Any sound of a voice lowers it at once. Coughs, an "mm-hm" or laughter do so for ``PATIENCE_S`` in all,
however often they come again, while they go on being heard: then the sound has to be clear speech, until
words are understood or nothing like words is.
"""

from __future__ import annotations

from typing import NamedTuple

PATIENCE_S = 0.55
"""By then it shows whether a sound is speech; with the ramps that makes less than 0.7 s."""
RESTED_S = 2.0
"""Behind so long a silence there is patience anew; bursts of laughter and coughs follow each other sooner."""
SHORT_S = 0.4
"""Speech of this length with silence behind it may be a cough, an "mm-hm", or "stop"."""
RATHER_SHORT_S = 0.9
"""The same behind ``PATIENCE_S``: a drawn-out "mm-hm"."""
SILENCE_S, LITTLE_SILENCE_S = 0.25, 0.06
"""Behind the one and the other."""
WINDOW_S, LATE_WINDOW_S = 0.7, 0.5
"""Over which it is seen how clearly something is speech."""
BELIEVED_S = 0.7
"""After a transcript without words no sound alone lowers it again for so long."""
CLEAR, VERY_CLEAR = 0.5, 0.9
"""Shares of frames that are surely speech. Of 71 recorded sentences 66 begin with more than the one, of 16
recorded laughs 7."""
RESUMED_CLEAR = 0.4
"""The same with the pause in it, where somebody goes on behind a short word ("Гид, … где мы?"). Coughs have
less."""


class VoicedSound(NamedTuple):
    """The present utterance as the detector hears it."""

    span_s: float
    """From its beginning to the end of its last speech."""
    silent_s: float
    """Since then."""
    clear_share: float
    """How much of the last ``WINDOW_S`` is surely speech, 0…1."""
    clear_lately: float
    """The same for the last ``LATE_WINDOW_S``."""


class Floor:
    """Says whether the present speaker, or the last one until understood, wants the floor."""

    def __init__(self) -> None:
        self.wanted = False
        self._patience_s = PATIENCE_S
        """For how long it may still be lowered without knowing more."""
        self._now = 0.0
        self._sounded = float("-inf")
        """When there was last sound like speech."""
        self._has_words: bool | None = None
        """None: nothing was understood yet."""
        self._believed_until = 0.0
        self._is_paused = False
        """Nothing but a pause behind a short sound speaks against it."""
        self._seemed_speech = False
        """This sound was clear beyond all patience, and is not understood yet."""
        self._is_silent = True

    def begin(self, now: float) -> None:
        """Somebody makes a sound like speech."""
        self._pass(now)
        if self._seemed_speech or now - self._sounded > RESTED_S:
            self._patience_s = PATIENCE_S
        self.wanted, self._has_words = self._patience_s > 0, None
        self._is_paused = self._seemed_speech = self._is_silent = False
        self._sounded = self._believed_until = now

    def understood(self, has_words: bool, now: float) -> None:
        """
        Args:
            has_words: what was understood so far is more than a listening noise.
        """
        self._pass(now)
        if has_words:
            self._patience_s = PATIENCE_S
        self._has_words = has_words
        # Behind words that are over, what has come up already stays up.
        self.wanted = has_words and (self.wanted or not self._is_silent)
        self._believed_until = now + BELIEVED_S
        self._is_paused = self._seemed_speech = False

    def hear(self, sound: VoicedSound, now: float) -> None:
        """The next frame of the utterance."""
        self._pass(now)
        self._is_silent = sound.silent_s > 0
        if not self._is_silent:
            self._sounded = now
        if self._has_words:
            self.wanted |= not self._is_silent
        elif now < self._believed_until:
            self.wanted = False
        elif self._is_paused and not self._is_silent:
            self._is_paused = False
            self.wanted = sound.clear_share >= RESUMED_CLEAR
            self._patience_s = PATIENCE_S if self.wanted else self._patience_s
        elif self.wanted:
            self._is_paused = self._is_short(sound)
            is_clear = sound.clear_share >= CLEAR
            self.wanted = (self._patience_s > 0 or is_clear) and not self._is_paused
            self._seemed_speech |= self.wanted and self._patience_s <= 0
        else:
            is_clear = sound.clear_lately >= VERY_CLEAR and sound.clear_share >= CLEAR
            self.wanted = is_clear and sound.span_s >= LATE_WINDOW_S

    def end(self, span_s: float) -> None:
        """The utterance has ended, and what was said is not understood yet."""
        if span_s < SHORT_S:
            self.wanted = False

    def _pass(self, now: float) -> None:
        if self.wanted and not self._has_words:
            self._patience_s -= now - self._now
        self._now = now

    def _is_short(self, sound: VoicedSound) -> bool:
        if sound.span_s < SHORT_S and sound.silent_s >= SILENCE_S:
            return True
        is_late = self._patience_s <= 0
        return is_late and sound.span_s < RATHER_SHORT_S and sound.silent_s >= LITTLE_SILENCE_S
