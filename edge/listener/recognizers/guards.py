"""Guards against hallucinations: what a recognizer writes when nobody said anything. Pure.

Whisper was trained on subtitles, so noise and silence become their credits and farewells, or one phrase
over and over again.
"""

from __future__ import annotations

import itertools
import math
import re
import zlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from edge.lexicon.words import words_of
from edge.listener.segment import Transcript
from edge.messages import Language

MAX_NO_SPEECH_PROB = 0.6
MIN_AVG_LOGPROB = -1.0
MAX_COMPRESSION_RATIO = 2.4
"""Whisper's own thresholds. Above the first and below the second nobody speaks; above the third (bytes of the
text to bytes of its compressed form) it repeats itself."""
MAX_CHARS = 2000
"""A transcript's limit. Nobody says so much in one segment; a service that went mad writes more."""
MAX_PIECES = 200
"""A transcript's limit: a segment has 30 s at most, and an engine's windows some seconds."""
HINT_WORDS = 4
"""Fewer may be a call ("Гид! Эй, гид!")."""
CREDITS = (
    *("субтитры сделал", "субтитры созда", "субтитры делал", "субтитры подог", "субтитры подготов"),
    *("субтитры предостав", "субтитры добав", "субтитры и перевод", "редактор субтитров", "корректор"),
    "спасибо за субтитры",
    *("смотрите продолжение в", "с вами был игорь негода", "игорь негода", "dimatorzok"),
    *("subtitles by", "subtitled by", "captions by", "captioned by", "translated by", "amara org", "www "),
    *("transcribed by", "transcription by", "transcript by", "transcript emily"),
    *("terjemahan oleh", "diterjemahkan oleh", "teks oleh", "subtitle oleh"),
)
"""A sentence that begins like this was never said in a cabin."""
FAREWELLS = frozenset(
    {
        *("продолжение следует", "спасибо за просмотр", "спасибо за просмотр видео", "спасибо за внимание"),
        *("подписывайтесь", "подписывайтесь на канал", "подписывайтесь на мой канал"),
        *("подписывайтесь на наш канал", "подпишись на канал", "ставьте лайки", "ставьте лайк"),
        *("добро пожаловать на канал", "не забудьте подписаться на канал", "жмите на колокольчик"),
        *("до новых встреч", "до скорых встреч", "увидимся в следующем видео", "девушки отдыхают"),
        *("thanks for watching", "thank you for watching", "thank you so much for watching"),
        *("please subscribe", "please subscribe to my channel", "subscribe to my channel"),
        *("like and subscribe", "like share and subscribe", "dont forget to subscribe"),
        *("see you next time", "see you in the next video", "ill see you in the next video", "you"),
        *("terima kasih telah menonton", "terima kasih sudah menonton", "terima kasih sudah menyaksikan"),
        *("jangan lupa subscribe", "jangan lupa like dan subscribe", "jangan lupa like share dan subscribe"),
        *("sampai jumpa", "sampai jumpa lagi", "sampai jumpa di video selanjutnya"),
        "sampai jumpa di video berikutnya",
    }
)
"""What videos end with, as ``_plain`` writes it. Two of them joined by a comma or an "and" are one, too."""
PARTING = frozenset({"see you next time", "sampai jumpa", "sampai jumpa lagi"})
"""Phrases that somebody may say who gets off: alone they stay."""
SOUNDS = re.compile(r"(?:\w+(?:ая|ое|ые) )?(?:музыка|аплодисменты|смех)|music|applause|laughter")
"""What subtitles write where nobody speaks, by itself and often in capitals ("СПОКОЙНАЯ МУЗЫКА")."""
_JOINTS = re.compile(r"[,;]\s*+(?:(?:и|and|dan)\s++)?|(?<!\s)\s++(?:и|and|dan)\s++")
_OWN_LETTER = re.compile(r"[0-9A-Za-z\u00c0-\u024f\u0400-\u04ff]")
"""Latin and Cyrillic. Engines that are told no language write farewells in Japanese or Korean, too."""
_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+")
_SOUND_ENDS = "])*♪"
_SOUND = re.compile(r"[\[(*♪][^\])*♪]*+[\])*♪]")
"""Descriptions of sounds: ``[Music]``, ``(laughs)``, ``*sigh*``. Only for a text that ends with a closing
mark: behind the last one each opening mark would be searched for its end in vain."""


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
    believed = [
        piece
        for piece in _no_more_than_is_said(pieces)
        if not why_disbelieved(piece) and not repeats(hint, piece.text)
    ]
    texts = (without_boilerplate(piece.text) for piece in believed)
    text = " ".join(filter(None, texts))[:MAX_CHARS]
    logprobs = [piece.avg_logprob for piece in believed if piece.avg_logprob is not None]
    confidence = math.exp(min(0.0, sum(logprobs) / len(logprobs))) if logprobs and text else None
    return Transcript(text, language, confidence)


def why_disbelieved(piece: DecodedText) -> str:
    """The reason to drop the whole piece, or an empty text."""
    unsure = piece.avg_logprob is not None and piece.avg_logprob < MIN_AVG_LOGPROB
    if unsure and piece.no_speech_prob is not None and piece.no_speech_prob > MAX_NO_SPEECH_PROB:
        return "nobody speaks"
    if compression_ratio(piece.text) > MAX_COMPRESSION_RATIO:
        return "repeats itself"
    return ""


def repeats(hint: str, text: str) -> bool:
    """Whether a text is names of the hint in order: of noise engines make what they are told to expect."""
    words = words_of(text)
    if len(words) < HINT_WORDS or any(_has(name, words) for name in hint.split(",")):
        return False
    return _has(hint, words)


def without_boilerplate(text: str) -> str:
    """``text`` without sound descriptions and without the sentences that come from subtitles."""
    closed = max(map(text.rfind, _SOUND_ENDS)) + 1
    sentences = _SENTENCE_END.split((_SOUND.sub(" ", text[:closed]) + text[closed:]).strip())
    kept = " ".join(sentence for sentence in sentences if not _is_boilerplate(sentence))
    letters = sum(char.isalnum() for char in kept)
    return kept if letters and 2 * len(_OWN_LETTER.findall(kept)) >= letters else ""


def compression_ratio(text: str) -> float:
    """As Whisper counts it: bytes of UTF-8 by bytes after zlib."""
    raw = text.strip().encode("utf-8", "replace")
    return len(raw) / len(zlib.compress(raw))


def _no_more_than_is_said(pieces: Iterable[DecodedText]) -> Iterator[DecodedText]:
    """The first ``MAX_PIECES``, and of their texts ``MAX_CHARS`` in all."""
    left = MAX_CHARS
    for piece in itertools.islice(pieces, MAX_PIECES):
        yield piece._replace(text=piece.text[:left])
        left -= len(piece.text[:left])


def _has(text: str, words: list[str]) -> bool:
    return f" {' '.join(words)} " in f" {' '.join(words_of(text))} "


def _is_boilerplate(sentence: str) -> bool:
    plain = _plain(sentence)
    if plain.startswith(CREDITS) or (SOUNDS.fullmatch(plain) and "?" not in sentence):
        return True
    parts = [_plain(part) for part in _JOINTS.split(sentence)]
    return plain in FAREWELLS - PARTING or (set(parts) <= FAREWELLS and not set(parts) <= PARTING)


def _plain(sentence: str) -> str:
    """Lower-case words, one space apart."""
    return " ".join(re.findall(r"\w+", sentence.lower().replace("ё", "е").replace("'", "").replace("’", "")))
