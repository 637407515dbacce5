"""Does the guide hear itself? Compares a transcript with what sounded while it was heard. Pure.

What is spoken is compared as it is said ("пять километров") and as it is written ("5 км"): a recognizer may
write down either. The transcript's letters, without spaces, are matched with the most similar run of letters
of what was spoken. So misheard, merged, split and missing words cost little, and part of a sentence is known
as such. Times are monotonic seconds.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from rapidfuzz import fuzz, process
from rapidfuzz.distance import Levenshtein

from edge.lexicon.words import words_of

THRESHOLD = 0.8
"""Own speech from here on. Of questions that take up the words just spoken none was above 0.78; of echoes
with every third word misheard nine in ten were above 0.8."""
TAIL_S = 1.0
"""Device latency and the room: what was spoken is still heard for so long."""
REMEMBER_S = 60.0
"""Longer than the longest utterance."""
MAX_WORDS = 120
"""Words of a transcript, and of the last that was spoken, that are compared."""
MAX_LETTERS = 500
"""The same in letters: the search for the most similar run takes more than the square of their number."""
FEW_LETTERS = 8
"""Shorter ones are compared by whole words: four letters in a row are found in any long sentence."""
ALIKE = 0.7
"""Two words that are so alike may be one word, heard twice."""

_alike = Levenshtein.normalized_similarity


class Echo(NamedTuple):
    """How much of a transcript is the guide's own speech."""

    similarity: float
    """0 … 1: the share of the transcript that had just been spoken."""
    is_own: bool
    rest: str
    """The words that had not. Speech over the guide's own may hide in it: a stop word, a call by name."""


class _Forms(NamedTuple):
    """One text, as it is said and as it is written."""

    spoken: str
    written: str


class OwnSpeech:
    """What the guide said lately, and when.

    Args:
        tail_s: how long after its end speech may still be heard.
    """

    def __init__(self, tail_s: float = TAIL_S) -> None:
        self._tail_s = tail_s
        self._ended: deque[tuple[_Forms, float, float]] = deque(maxlen=64)
        self._sounding: tuple[_Forms, float] | None = None

    def sounds(self, spoken: str | None, now: float, *, written: str | None = None) -> None:
        """What sounds from now on, a sentence or clause; None: nothing. Repeating the same is harmless."""
        forms = _Forms(spoken, written or spoken) if spoken else None
        if self._sounding is not None:
            if self._sounding[0] == forms:
                return
            self._ended.append((*self._sounding, now))
        self._sounding = (forms, now) if forms else None
        while self._ended and self._ended[0][2] < now - REMEMBER_S:
            self._ended.popleft()

    def judge(self, transcript: str, speech_start_mono: float, speech_end_mono: float) -> Echo:
        """Compare with what sounded between these times (and shortly before: ``tail_s``)."""
        heard_with = [
            forms
            for forms, begin, end in self._ended
            if begin <= speech_end_mono and end + self._tail_s >= speech_start_mono
        ]
        if self._sounding and self._sounding[1] <= speech_end_mono:
            heard_with.append(self._sounding[0])
        spoken = " ".join(forms.spoken for forms in heard_with)
        written = " ".join(forms.written for forms in heard_with)
        compared = [compare(transcript, text) for text in dict.fromkeys((spoken, written))]
        similarity, rest = max(compared, key=lambda each: each[0])
        return Echo(similarity, similarity >= THRESHOLD, rest)


def compare(transcript: str, spoken: str) -> tuple[float, str]:
    """How much of the transcript is in ``spoken`` (0 … 1), and the words that are not."""
    heard = words_of(transcript)[:MAX_WORDS]
    said = words_of(spoken)[-MAX_WORDS:]
    rest = [word for word in heard if not process.extractOne(word, said, scorer=_alike, score_cutoff=ALIKE)]
    letters, spoken_letters = "".join(heard)[:MAX_LETTERS], "".join(said)[-MAX_LETTERS:]
    if not letters or not spoken_letters:
        similarity = 0.0
    elif len(letters) < FEW_LETTERS:
        similarity = 1.0 - len("".join(rest)) / len(letters)
    elif len(letters) <= len(spoken_letters):
        similarity = fuzz.partial_ratio(letters, spoken_letters) / 100
    else:
        similarity = fuzz.ratio(letters, spoken_letters) / 100
    return similarity, " ".join(rest)
