"""Does the guide say nothing although there is something to say? Pure; time is given, monotonic seconds."""

from __future__ import annotations

from edge.messages import Control, Dropped, Hearing, Playback, Turn

MANY_UNSAID = 3
OWN_QUIET_S = 60.0
"""Longer than remarks wait while passengers speak or the vehicle asks for quiet."""


class UnsaidThings:
    """Counts what should have been heard since anything was.

    What the guide refuses (cooldown, muted, silent, stopped, …) counts for nothing. What it has accepted and
    nobody hears counts, what grows old although nothing is in its way, and events of which nobody tells what
    became of them.
    """

    def __init__(self) -> None:
        self._unsaid = 0
        self._unanswered = 0
        self.was_heard = False
        """Ever; otherwise it is not known that nothing is wrong."""
        self._triggers: int | None = None
        self._quiet_mono = float("-inf")
        """When the guide had a reason to wait last."""

    def ended(self, turn: Turn) -> None:
        """A turn is over."""
        self._unanswered = 0
        if any(stage.stage == "first_sample" for stage in turn.stages):
            self._unsaid, self.was_heard = 0, True
        elif turn.outcome == "failed":
            self._unsaid += 1

    def dropped(self, dropped: Dropped, now_mono: float) -> None:
        """A trigger becomes no turn."""
        self._unanswered = 0
        if dropped.reason == "expired" and now_mono - self._quiet_mono > OWN_QUIET_S:
            self._unsaid += 1

    def plays(self, playback: Playback) -> None:
        """News of the speaker."""
        if playback.turn_id is not None:
            self._unsaid = self._unanswered = 0
            self.was_heard = True

    def note(self, told: Control | Hearing, now_mono: float) -> None:
        """Note what remarks wait for."""
        wait = (
            told.speaking
            if isinstance(told, Hearing)
            else told.muted or told.reversing or told.doors_open or told.radio_on
        )
        if wait:
            self._quiet_mono = now_mono

    def reason(self, triggers: int) -> str:
        """What is wrong, in words; empty: nothing.

        Args:
            triggers: that ingest has handed on, since it was started.
        """
        if self._triggers is not None:
            self._unanswered += max(0, triggers - self._triggers)
        self._triggers = triggers
        if self._unsaid >= MANY_UNSAID:
            return f"nothing was heard of {self._unsaid} things that were to be said"
        if self._unanswered >= MANY_UNSAID:
            return f"nothing became of {self._unanswered} events"
        return ""
