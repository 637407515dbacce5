"""What is to be done about an utterance: answer it, fall silent, or leave it to the passengers. Pure."""

from __future__ import annotations

from typing import Literal, NamedTuple

from edge.listener.addressee import Addressee, Verdict
from edge.listener.pending import Heard
from edge.listener.segment import Transcript
from edge.listener.self_hearing import OwnSpeech
from edge.messages import Language, Occasion

Deed = Literal["answer", "listening", "not_understood", "stop", "nothing"]


class Judgement(NamedTuple):
    deed: Deed
    reason: str
    """One word, for the counter."""
    text: str = ""
    """The question, without the guide's name."""
    language: Language | None = None
    """As the recognizer heard it."""

    @property
    def occasion(self) -> Occasion | None:
        """What the guide reacts to, where it is no question."""
        return self.deed if self.deed in ("listening", "not_understood") else None


class Judge:
    """
    Args:
        addressee: knows whom passengers speak to.
        own: knows what the guide has just said.
    """

    def __init__(self, addressee: Addressee, own: OwnSpeech) -> None:
        self._addressee = addressee
        self._own = own

    def is_stop(self, transcript: str) -> bool:
        """It is a stop word, and enough to act on before the utterance has certainly ended."""
        return self._addressee.is_stop(transcript)

    def judge(self, heard: Heard) -> Judgement:
        start, end = heard.segment.speech_start_mono, heard.segment.speech_end_mono
        recognised = heard.recognition.recognised
        if recognised is None or not recognised.transcript:
            # A cough that follows an answer shall not be asked what it meant.
            expected = self._addressee.expects(start, end, answers_too=recognised is None)
            return Judgement("not_understood" if expected else "nothing", "not_understood")
        transcript = recognised.transcript
        echo = self._own.judge(transcript.text, start, end)
        if echo.is_own:
            # Over the guide's own words only a stop word or its name is sure to be a passenger's.
            verdict = self._addressee.judge(echo.rest, start, end)
            if not verdict.is_stop and verdict.reason != "wake_name":
                return Judgement("nothing", "own_speech")
            return _judged(verdict, transcript)
        return _judged(self._addressee.judge(transcript.text, start, end), transcript)


def _judged(verdict: Verdict, transcript: Transcript) -> Judgement:
    if verdict.is_stop:
        return Judgement("stop", verdict.reason)
    if not verdict.addressed:
        return Judgement("nothing", verdict.reason)
    if not verdict.text:
        return Judgement("listening", verdict.reason, language=transcript.language)
    return Judgement("answer", verdict.reason, verdict.text, transcript.language)
