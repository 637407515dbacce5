"""Tells the commentator what is probably being asked, and takes it back."""

from __future__ import annotations

from edge.bus import PipeSender
from edge.config import AnswerSettings
from edge.listener.judgement import Judgement
from edge.messages import MAX_TEXT_CHARS, Guess, GuessVoid, Priority

GRACE_S = 2.0
"""Beyond the longest silence that is waited for: a question that is recognised anew takes some time."""


class Guesses:
    """Sends probable questions to the commentator, and takes wrong ones back.

    Args:
        triggers: the pipe to the commentator.
        answers: with none to be begun ahead, nothing is told.
        longest_silence_s: after which the end of an utterance is certain.
    """

    def __init__(self, triggers: PipeSender, answers: AnswerSettings, longest_silence_s: float) -> None:
        self._triggers = triggers
        self._wanted = answers.speculations_per_minute > 0
        self._valid_s = longest_silence_s + GRACE_S
        self._told = ""

    def tell(self, segment_id: str, judgement: Judgement, now: float) -> None:
        """This utterance has probably ended, and would be a question."""
        if not self._wanted:
            return
        guess = Guess(
            turn_id=segment_id,
            text=judgement.text[:MAX_TEXT_CHARS],
            language=judgement.language,
            may_be_aside=judgement.may_be_aside,
            expires_mono=now + self._valid_s,
        )
        self._told = segment_id
        self._triggers.put(guess, priority=Priority.ANSWER, expires_mono=guess.expires_mono)

    def void(self, segment_id: str, now: float) -> None:
        """The utterance goes on, or was no question. Nothing is told of what was never guessed."""
        if segment_id == self._told:
            self._told = ""
            message = GuessVoid(turn_id=segment_id)
            self._triggers.put(message, priority=Priority.ANSWER, expires_mono=now + self._valid_s)
