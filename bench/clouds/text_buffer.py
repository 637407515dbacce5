"""When ElevenLabs' WebSocket turns buffered text into speech: the ``chunk_length_schedule``.

Source: the vendor's reference for ``stream-input`` (generation_config, flush, auto_mode).
"""

from __future__ import annotations

from collections.abc import Sequence

DEFAULT_SCHEDULE = (120, 160, 250, 290)
SHORTEST, LONGEST = 50, 500
"""Characters; what an entry of the schedule may be."""


class TextBuffer:
    """The text of one context that has not been spoken yet."""

    def __init__(self, schedule: Sequence[int] = DEFAULT_SCHEDULE, *, auto_mode: bool = False) -> None:
        """``auto_mode`` speaks every piece at once, without a schedule.

        Raises:
            ValueError: the schedule is empty or has an entry outside of 50–500 characters.
        """
        if not schedule or not all(length in range(SHORTEST, LONGEST + 1) for length in schedule):
            expected = f"expected values from {SHORTEST} to {LONGEST}"
            raise ValueError(f"chunk_length_schedule: {expected}, came {list(schedule)}")
        self._schedule = schedule
        self._auto_mode = auto_mode
        self._generations = 0
        self._text = ""

    def add(self, text: str, *, eager: bool = False) -> str | None:
        """Append ``text``; return what is to be spoken now, if the buffer has reached its next threshold.

        ``eager`` (``try_trigger_generation``) makes the shortest possible threshold enough.
        """
        if text.strip() or (self._text and not self._text.endswith(" ")):
            self._text += text
        if self._auto_mode:
            return self.flush()
        threshold = self._schedule[min(self._generations, len(self._schedule) - 1)]
        if len(self._text) < (SHORTEST if eager else threshold):
            return None
        self._generations += 1
        # A word that is still arriving stays behind, as its end is not known yet.
        end = self._text.rfind(" ") + 1 or len(self._text)
        spoken, self._text = self._text[:end], self._text[end:]
        return spoken

    def flush(self) -> str | None:
        """Everything that is left, or None when that is nothing but space."""
        spoken, self._text = self._text, ""
        return spoken if spoken.strip() else None
