"""What is to be done about an utterance: answer it, fall silent, or leave it to the passengers. Pure."""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

from edge.listener.addressee import Addressee, Verdict
from edge.listener.pending import HeardUtterance
from edge.listener.requests import RequestKind
from edge.listener.segment import Transcript
from edge.listener.self_hearing import OwnSpeech
from edge.messages import Language, Occasion

DriverTalk = Literal["by_name", "ignored", "always"]
"""What an enrolled driver's words count, as ``listener.voiceprint.driver`` has it."""
Deed = Literal["answer", "listening", "not_understood", "thanked", "stop", "nothing"] | RequestKind
REQUESTS: frozenset[str] = frozenset(get_args(RequestKind))


class Judgement(NamedTuple):
    """A deed for an utterance, with its reason."""

    deed: Deed
    reason: str
    """One word, for the counter."""
    text: str = ""
    """The question, without the guide's name."""
    language: Language | None = None
    """As the recognizer heard it; of a request the one to answer in."""

    @property
    def occasion(self) -> Occasion | None:
        """What the guide reacts to, where it is no question."""
        if self.deed == "answer" or self.deed == "stop" or self.deed == "nothing":
            return None
        return self.deed

    @property
    def may_be_aside(self) -> bool:
        """The utterance follows an answer and names nobody."""
        return self.reason == "follow_up"


class Judge:
    """Decides what is done about an utterance.

    Args:
        addressee: knows whom passengers speak to.
        own: knows what the guide has just said.
        driver: when a driver, where one is enrolled, is answered.
    """

    def __init__(self, addressee: Addressee, own: OwnSpeech, driver: DriverTalk) -> None:
        self._addressee = addressee
        self._own = own
        self._driver = driver
        self._settled_mono = float("-inf")

    def is_stop(self, transcript: str) -> bool:
        """Whether a transcript is a stop word to act on before the utterance has certainly ended."""
        return self._addressee.is_stop(transcript)

    def has_words(self, transcript: str, speech_start_mono: float, speech_end_mono: float) -> bool:
        """Whether a transcript has words of a passenger, and not only listening noises or the guide's own."""
        verdict = self._addressee.judge(transcript, speech_start_mono, speech_end_mono)
        if verdict.reason in ("empty", "back_channel"):
            return False
        return not self._own.judge(transcript, speech_start_mono, speech_end_mono).is_own

    def settle(self, mono: float) -> None:
        """Nothing that was said until then is acted on any more, however late it is understood."""
        self._settled_mono = max(self._settled_mono, mono)

    def judge(self, heard: HeardUtterance) -> Judgement:
        """Judge a whole utterance. After a call by the name alone the question may follow without it."""
        judgement = self.foresee(heard)
        if judgement.deed == "listening":
            self._addressee.called(heard.segment.speech_end_mono)
        elif judgement.deed in REQUESTS | {"answer", "thanked", "stop"}:
            # Transcripts may overtake each other: what was asked before is superseded all the same.
            self.settle(heard.segment.speech_start_mono)
            self._addressee.asked()
        return judgement

    def foresee(self, heard: HeardUtterance) -> Judgement:
        """What ``judge`` would say if that was all. Changes nothing."""
        start, end = heard.segment.speech_start_mono, heard.segment.speech_end_mono
        if end <= self._settled_mono:
            return Judgement("nothing", "superseded")
        transcript = heard.recognition.transcript
        by_driver = heard.voice is not None and heard.voice.role == "driver"
        if heard.voice is not None and (not by_driver or self._driver == "ignored"):
            # A stop word is obeyed all the same: silence is the lesser fault if the voices were mixed up.
            if transcript is not None and self.is_stop(transcript.text):
                return Judgement("stop", "stop_word")
            return Judgement("nothing", "driver" if by_driver else "own_voice")
        if transcript is None or not transcript.text.strip():
            # A cough that follows an answer shall not be asked what it meant.
            follows = transcript is None and not by_driver
            expected = self._addressee.expects(start, end, answers_too=follows)
            return Judgement("not_understood" if expected else "nothing", "not_understood")
        echo = self._own.judge(transcript.text, start, end)
        if echo.is_own:
            # Over the guide's own words only a stop word or its name is sure to be a passenger's.
            verdict = self._addressee.judge(echo.rest, start, end)
            if not verdict.is_stop and verdict.reason not in ("wake_name", "thanks"):
                return Judgement("nothing", "own_speech")
            return _judged(verdict, transcript)
        verdict = self._addressee.judge(transcript.text, start, end)
        return _judged(self._of_driver(verdict) if by_driver else verdict, transcript)

    def _of_driver(self, verdict: Verdict) -> Verdict:
        """The driver talks to passengers and on the telephone: that he is near the guide says little."""
        if self._driver == "always" and verdict.reason in ("not_addressed", "asks_nothing", "follow_up"):
            return verdict._replace(addressed=True, reason="driver")
        if self._driver == "by_name" and verdict.reason in ("called", "follow_up", "asks_nothing", "always"):
            return verdict._replace(addressed=False, reason="driver")
        return verdict


def _judged(verdict: Verdict, transcript: Transcript) -> Judgement:
    if verdict.is_stop:
        return Judgement("stop", verdict.reason)
    if not verdict.addressed:
        return Judgement("nothing", verdict.reason)
    if not verdict.text:
        return Judgement("listening", verdict.reason, language=transcript.language)
    if verdict.reason == "thanks":
        return Judgement("thanked", verdict.reason, language=transcript.language)
    if verdict.asked:
        return Judgement(verdict.asked.request, verdict.reason, language=verdict.asked.language)
    return Judgement("answer", verdict.reason, verdict.text, transcript.language)
