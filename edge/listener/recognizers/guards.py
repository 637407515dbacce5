"""Guards against hallucinations: what a recognizer writes when nobody said anything. Pure.

Whisper was trained on subtitles, so noise and silence become their credits and farewells, or one phrase
over and over again.
"""

from __future__ import annotations

import itertools
import math
import zlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from edge.lexicon.words import words_of
from edge.listener.recognizers.loops import says_twice, without_loops
from edge.listener.recognizers.subtitles import without_boilerplate
from edge.listener.segment import Transcript
from edge.messages import Language

MAX_NO_SPEECH_PROB = 0.6
MIN_AVG_LOGPROB = -1.0
MAX_COMPRESSION_RATIO = 2.4
"""Whisper's own thresholds. Above the first and below the second nobody speaks; above the third (bytes of the
text to bytes of its compressed form) it repeats itself."""
SURE_AVG_LOGPROB = -0.4
"""Above it, what was heard in a short window has no more wrong words than what was heard in a whole one:
chosen on the sentences of ``bench.asr`` that are not held out."""
TOLD_AVG_LOGPROB = -1.2
"""Below it a name may have been read in the hint. Of a hundred calls that were said, most in noise, one has
less and the next -1.1; of thirteen that nobody said twelve have -1.3 and less."""
MAX_CHARS = 2000
"""A transcript's limit. Nobody says so much in one segment; a service that went mad writes more."""
MAX_PIECES = 200
"""A transcript's limit: a segment has 30 s at most, and an engine's windows some seconds."""
HINT_WORDS = 4
"""Fewer may be a call ("Гид! Эй, гид!")."""


class DecodedText(NamedTuple):
    """What an engine made of one window of sound, with its own doubts where it tells them."""

    text: str
    avg_logprob: float | None = None
    """Mean of the natural logarithms of the tokens' probabilities."""
    no_speech_prob: float | None = None


def to_transcript(pieces: Iterable[DecodedText], language: Language | None, hint: str = "") -> Transcript:
    """Join what can be believed; an empty text when nothing can.

    Args:
        hint: that the engine was given.
    """
    written = list(_no_more_than_is_said(pieces))
    believed = [
        piece
        for piece in map(_without_loops, written)
        if not why_disbelieved(piece) and not repeats(hint, piece.text)
    ]
    texts = (without_boilerplate(piece.text) for piece in believed)
    text = " ".join(filter(None, texts))[:MAX_CHARS]
    logprobs = [piece.avg_logprob for piece in believed if piece.avg_logprob is not None]
    confidence = math.exp(min(0.0, sum(logprobs) / len(logprobs))) if logprobs and text else None
    is_rubbish = not text and any(piece.text.strip() for piece in written)
    return Transcript(text, language, confidence, is_rubbish=is_rubbish)


def why_disbelieved(piece: DecodedText) -> str:
    """The reason to drop the whole piece, or an empty text."""
    unsure = piece.avg_logprob is not None and piece.avg_logprob < MIN_AVG_LOGPROB
    if unsure and piece.no_speech_prob is not None and piece.no_speech_prob > MAX_NO_SPEECH_PROB:
        return "nobody speaks"
    if compression_ratio(piece.text) > MAX_COMPRESSION_RATIO:
        return "repeats itself"
    return ""


def is_doubtful(piece: DecodedText) -> bool:
    """Whether it is worth the time to hear the sound again, and better: unsure, or a phrase said twice."""
    return (piece.avg_logprob or 0.0) < SURE_AVG_LOGPROB or says_twice(piece.text)


def may_be_prompted(piece: DecodedText, hint: str) -> bool:
    """Whether it may be the hint that was read and not the sound that was heard: names, and little belief.

    Of laughter, coughs and an "uh-huh" Whisper makes the names that it was told to expect, mostly the last.
    """
    words = words_of(piece.text)
    told = set(words_of(hint))
    names = sum(word in told for word in words)
    return (piece.avg_logprob or 0.0) < TOLD_AVG_LOGPROB and 0 < len(words) <= 2 * names


def repeats(hint: str, text: str) -> bool:
    """Whether a text is names of the hint in order: of noise engines make what they are told to expect."""
    words = words_of(text)
    if len(words) < HINT_WORDS or any(_has(name, words) for name in hint.split(",")):
        return False
    return _has(hint, words)


def compression_ratio(text: str) -> float:
    """Bytes of UTF-8 by bytes after zlib, as Whisper counts it."""
    raw = text.strip().encode("utf-8", "replace")
    return len(raw) / len(zlib.compress(raw))


def _no_more_than_is_said(pieces: Iterable[DecodedText]) -> Iterator[DecodedText]:
    """The first ``MAX_PIECES``, and of their texts ``MAX_CHARS`` in all."""
    left = MAX_CHARS
    for piece in itertools.islice(pieces, MAX_PIECES):
        yield piece._replace(text=piece.text[:left])
        left -= len(piece.text[:left])


def _without_loops(piece: DecodedText) -> DecodedText:
    return piece._replace(text=without_loops(piece.text))


def _has(text: str, words: list[str]) -> bool:
    return f" {' '.join(words)} " in f" {' '.join(words_of(text))} "
