"""Was it meant for the guide? Policy alone: transcripts and times come in, a verdict goes out.

Passengers who talk to each other get no answer: without the guide's name, a button or an answer that was just
given, an utterance is theirs. Times are monotonic seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from edge.config import hearing
from edge.lexicon.words import Word, composed, placed_words
from edge.listener.asking import QuestionForms
from edge.listener.requests import GuideRequest, Requests, duration_in
from edge.listener.wake_names import Called, WakeNames, is_laughter, squeeze, words_among
from edge.messages import Language

Reason = Literal[
    "stop_word",
    "button",
    "wake_name",
    "thanks",
    "called",
    "follow_up",
    "asks_nothing",
    "always",
    "driver",
    "empty",
    "back_channel",
    "not_addressed",
]

PRESSED_S = 8.0
HELD_AT_MOST_S = 60.0
"""A button that is down for longer is stuck, or the news that it went up is lost."""

_EDGE_MARKS = " \t\n.,;:!?…—–-"


class Verdict(NamedTuple):
    """The addressee of an utterance, and why."""

    addressed: bool
    """Whether the utterance is a question for the guide."""
    reason: Reason
    text: str
    """The utterance without the name; empty when the guide was only called ("Гид!", "Гид, скажи…")."""
    is_stop: bool = False
    """The guide shall fall silent; there is nothing to answer."""
    asked: GuideRequest | None = None
    """What is asked of the guide itself; then it is no question."""


class Addressee:
    """Decides by names, the button and recent answers whether an utterance was for the guide.

    Args:
        settings: who is meant, and by which names.
        languages: that the guide understands.
        pressed_s: after the button was let go, what begins within this time is meant.
    """

    def __init__(
        self,
        settings: hearing.AddresseeSettings,
        languages: Sequence[Language],
        *,
        pressed_s: float = PRESSED_S,
    ) -> None:
        self._mode = settings.mode
        self._languages = tuple(languages)
        self._names = WakeNames(languages, settings.names)
        self._asking = QuestionForms(languages)
        self._requests = Requests(languages)
        self._stop = _squeezed(languages, "stop")
        self._stop_fillers = _squeezed(languages, "stop_fillers")
        self._openers = words_among(languages, "openers")
        self._greetings = words_among(languages, "greetings")
        self._thanks = words_among(languages, "thanks")
        self._back_channels = _squeezed(languages, "back_channels")
        self._follow_up_s = settings.follow_up_s
        self._pressed_s = pressed_s
        self._follow_up_until = float("-inf")
        self._called_until = float("-inf")
        self._button_down_at: float | None = None
        self._held_until = float("-inf")
        self._button_until = float("-inf")

    def answered(self, now: float) -> None:
        """An answer ended: a question that follows belongs to it. A remark is spoken to nobody."""
        self._follow_up_until = now + self._follow_up_s

    def called(self, now: float) -> None:
        """The guide was called by its name alone: what follows is meant for it, whatever it is."""
        self._called_until = now + self._follow_up_s
        self.answered(now)

    def asked(self) -> None:
        """What followed a call by the name alone was said."""
        self._called_until = float("-inf")

    def button(self, held: bool, now: float) -> None:
        """The push-to-talk button went down or up."""
        if held:
            if self._button_down_at is None or now > self._held_until:
                self._button_down_at = now
            self._held_until = now + HELD_AT_MOST_S
        elif self._button_down_at is not None:
            self._button_down_at = None
            self._button_until = now + self._pressed_s

    def forget(self) -> None:
        """Close the follow-up window (passengers were told to be quiet, or left)."""
        self._follow_up_until = float("-inf")
        self.asked()

    def expects(self, speech_start_mono: float, speech_end_mono: float, *, answers_too: bool = True) -> bool:
        """Whether what was said then was meant for the guide, whatever it was.

        Args:
            answers_too: what follows an answer counts.
        """
        reason = self._reason(None, speech_start_mono, speech_end_mono)
        return reason == "button" or (answers_too and reason in ("called", "follow_up"))

    def is_stop(self, transcript: str) -> bool:
        """The utterance is only a stop word, with or without the guide's name."""
        transcript = composed(transcript)
        return self._is_only_stop(_without(placed_words(transcript), self._names.first(transcript)))

    def quiet_s(self, transcript: str) -> float:
        """How long a stop word asks for silence ("помолчи десять минут"), in seconds; 0: it does not say."""
        duration = duration_in([word.text for word in placed_words(composed(transcript))], self._languages)
        return duration.minutes * 60 if duration else 0.0

    def judge(self, transcript: str, speech_start_mono: float, speech_end_mono: float) -> Verdict:
        """Judge whom an utterance was for, by its words and by when it was said. Changes nothing."""
        transcript = composed(transcript)
        words = placed_words(transcript)
        if not words:
            return Verdict(False, "empty", "")
        if self._is_only_stop(_without(words, self._names.first(transcript))):
            return Verdict(False, "stop_word", "", is_stop=True)
        called = self._names.find(transcript)
        others = _without(words, called)
        text = _without_name(transcript, words, called)
        is_greeted = called is not None and any(word.text in self._greetings for word in others)
        if others and not is_greeted and all(self._is_back_channel(word) for word in others):
            return Verdict(False, "back_channel", text)
        if called and all(word.text in self._openers | self._greetings for word in others):
            text = ""  # "Гид, а скажи…", and no more
        reason = self._reason(called, speech_start_mono, speech_end_mono)
        if reason == "follow_up" and self._mode == "always":
            reason = "always"  # and so no aside
        asks = reason != "follow_up" or (self._asking.asks(text) and not self._asking.is_to_others(text))
        if reason == "wake_name" and self._is_thanks(text, others):
            reason = "thanks"
        said = [word.text for word in others if word.text not in self._greetings]
        addressed = reason != "not_addressed" and asks
        asked = self._requests.find_among(said) if addressed else None
        if asked and reason == "follow_up" and asked.request != "repeat":
            asked = None  # neighbours ask each other to speak up, too
        return Verdict(addressed, reason if asks else "asks_nothing", text, asked=asked)

    def _is_thanks(self, text: str, others: Sequence[Word]) -> bool:
        return any(word.text in self._thanks for word in others) and not self._asking.asks(text)

    def _reason(self, called: Called | None, start: float, end: float) -> Reason:
        is_down = self._button_down_at is not None and self._button_down_at <= end
        if (is_down and start <= self._held_until) or start <= self._button_until:
            return "button"
        if self._mode == "push_to_talk":
            return "not_addressed"
        if called:
            return "wake_name"
        if start <= self._called_until:
            return "called"
        if start <= self._follow_up_until:
            return "follow_up"
        return "always" if self._mode == "always" else "not_addressed"

    def _is_only_stop(self, words: Sequence[Word]) -> bool:
        duration = duration_in([word.text for word in words], self._languages)
        heard = [squeeze(word.text) for word in words if not duration or word.text not in duration.words]
        has_stop = any(word in self._stop for word in heard)
        return has_stop and all(word in self._stop or word in self._stop_fillers for word in heard)

    def _is_back_channel(self, word: Word) -> bool:
        return all(squeeze(part) in self._back_channels or is_laughter(part) for part in word.text.split("-"))


def _without(words: Sequence[Word], called: Called | None) -> list[Word]:
    return [*words] if called is None else [*words[: called.first], *words[called.last + 1 :]]


def _without_name(transcript: str, words: Sequence[Word], called: Called | None) -> str:
    """The name is cut off at both ends, and in the middle where it stands between pauses.

    One that is a place too is cut only beside a pause: "Where is Nuanu" shall not become "where is".
    """
    if called is None:
        return transcript
    is_first, is_last = called.first == 0, called.last == len(words) - 1
    paused_before = words[called.first].after_pause
    paused_behind = is_last or words[called.last + 1].after_pause
    is_apart = paused_before and paused_behind
    if not is_apart and (called.is_place or not (is_first or is_last)):
        return transcript
    before = transcript[: words[called.first].start].rstrip(_EDGE_MARKS)
    behind = transcript[words[called.last].end :]
    if is_first:
        return behind.lstrip(_EDGE_MARKS)
    return before + behind.strip() if is_last else before + behind


def _squeezed(languages: Sequence[Language], key: str) -> frozenset[str]:
    return frozenset(map(squeeze, words_among(languages, key)))
