"""Does who speaks ask for the floor? So long what sounds is lowered. Pure; times are monotonic seconds.

Any sound of a voice lowers it at once. A cough, an "mm-hm" or laughter does so for ``PATIENCE_S`` and no
longer, while it goes on being heard: then the sound has to be clear speech, until words are understood or
nothing like words is.
"""

from __future__ import annotations

from typing import NamedTuple

PATIENCE_S = 0.55
"""By then it shows whether a sound is speech; with the ramps that makes less than 0.7 s."""
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
CLEAR, VERY_CLEAR = 0.5, 0.8
"""Shares of frames that are surely speech. Of 71 recorded sentences 66 begin with more than the one, of 16
recorded laughs 7."""


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
        self._since = 0.0
        """When it was last lowered without knowing more."""
        self._has_words: bool | None = None
        """None: nothing was understood yet."""
        self._believed_until = 0.0
        self._is_paused = False
        """Nothing but a pause behind a short sound speaks against it."""

    def begin(self, now: float) -> None:
        """Somebody makes a sound like speech."""
        self.wanted, self._since, self._has_words, self._is_paused = True, now, None, False
        self._believed_until = now

    def understood(self, has_words: bool, now: float) -> None:
        """Take note that the speaker's words were understood so far.

        Args:
            has_words: what was understood so far is more than a listening noise.
        """
        self._has_words = self.wanted = has_words
        self._believed_until = now + BELIEVED_S
        self._is_paused = False

    def hear(self, sound: VoicedSound, now: float) -> None:
        """The next frame of the utterance."""
        if self._has_words:
            self.wanted = True
        elif now < self._believed_until:
            self.wanted = False
        elif self._is_paused and not sound.silent_s:
            self._since, self._is_paused = now, False
            self.wanted = True
        elif self.wanted:
            self._is_paused = self._is_short(sound, now)
            is_clear = now - self._since < PATIENCE_S or sound.clear_share >= CLEAR
            self.wanted = is_clear and not self._is_paused
        else:
            self.wanted = sound.clear_lately >= VERY_CLEAR and sound.clear_share >= CLEAR

    def end(self, span_s: float) -> None:
        """The utterance has ended, and what was said is not understood yet."""
        if span_s < SHORT_S:
            self.wanted = False

    def _is_short(self, sound: VoicedSound, now: float) -> bool:
        if sound.span_s < SHORT_S and sound.silent_s >= SILENCE_S:
            return True
        is_late = now - self._since >= PATIENCE_S
        return is_late and sound.span_s < RATHER_SHORT_S and sound.silent_s >= LITTLE_SILENCE_S
