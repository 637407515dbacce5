"""What subtitles left in a recognizer: credits, descriptions of sounds, farewells of videos. Pure.

A sentence is one of these when a word marks its kind and every other word is at home in that kind too. So a
form that was never seen before is told by its words, and a sentence with a word of its own stays.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple

from edge.lexicon.words import Word, composed, placed_words
from edge.listener.asking import QuestionForms
from edge.messages import LANGUAGES
from edge.package_tables import read_table

LONGEST_SOUND = 6
"""Words of a description of a sound."""
ADDRESSES = ("www", "http", "https")
"""A sentence that begins with one was read, not heard."""
READ = ("http://", "https://", "amara.org")
"""The same, wherever they stand: who speaks of them says them otherwise."""
FOREIGN_SHARE = 0.25
"""The share of a sentence's letters that may be of other scripts: a name may hold a few."""
_SENTENCE_END = re.compile(r"(?<=[.!?…])(?<!\b\w\.)\s+(?!»(?:\s|$))")
"""The border between two sentences; an initial's full stop makes none."""
_NOTES = re.compile(r"♪(?:\s*+♪)++")
_SOUND_ENDS = "])*♪"
_SOUND = re.compile(r"[\[(*♪][^\])*♪]*+[\])*♪]")
"""Descriptions of sounds: ``[Music]``, ``(laughs)``, ``*sigh*``. Only for a text that ends with a closing
mark: behind the last one each opening mark would be searched for its end in vain."""
_OWN_LETTER = re.compile(r"[0-9A-Za-z\u00c0-\u024f\u0400-\u04ff]")
"""Latin and Cyrillic. Engines that are told no language write farewells in Japanese or Korean, too."""


class _Kind(NamedTuple):
    """Words that mark one kind of sentence, and words that may stand beside them; stems end with ``*``."""

    marks: Callable[[str], bool]
    beside: Callable[[str], bool]
    phrases: frozenset[str]
    """Whole sentences that nobody says in a cabin, although no word marks them."""
    said: frozenset[str]
    """Whole sentences that somebody may say all the same."""


def without_boilerplate(text: str) -> str:
    """``text`` without sound descriptions and without the sentences that come from subtitles."""
    text = _NOTES.sub("♪", text)
    closed = max(map(text.rfind, _SOUND_ENDS)) + 1
    sentences = _SENTENCE_END.split((_SOUND.sub(_said_between, text[:closed]) + text[closed:]).strip(" ♪"))
    return " ".join(sentence for sentence in sentences if not is_boilerplate(sentence))


def _said_between(sound: re.Match[str]) -> str:
    """A question between notes is no song."""
    return f" {sound[0].strip('♪ ')} " if sound[0].startswith("♪") and "?" in sound[0] else " "


def is_boilerplate(sentence: str) -> bool:
    """Whether nobody said this."""
    letters = [char for char in sentence if char.isalnum()]
    foreign = len(letters) - len(_OWN_LETTER.findall("".join(letters)))
    if not letters or foreign > FOREIGN_SHARE * len(letters):
        return True
    text = composed(sentence)
    words = placed_words(text)
    if not words or "?" in text:
        return False
    kinds = _kinds()
    return (
        words[0].text in ADDRESSES
        or any(each in text.casefold() for each in READ)
        or _is_of(kinds["credits"], words, lambda word: _is_name(text, word))
        or _is_of(kinds["farewells"], words)
        or _is_sound(kinds["sounds"], text, words)
    )


def _is_of(kind: _Kind, words: Sequence[Word], is_name: Callable[[Word], bool] = lambda word: False) -> bool:
    plain = " ".join(word.text for word in words)
    if plain in kind.said:
        return False
    return plain in kind.phrases or (
        any(kind.marks(word.text) for word in words)
        and all(kind.marks(word.text) or kind.beside(word.text) or is_name(word) for word in words)
    )


def _is_name(text: str, word: Word) -> bool:
    """A name, an initial or a number: a capital letter that does not only begin the sentence, or a digit."""
    first = text[word.start]
    return first.isdecimal() or (first.isupper() and (word.start > 0 or word.end - word.start == 1))


def _is_sound(kind: _Kind, text: str, words: Sequence[Word]) -> bool:
    if len(words) > LONGEST_SOUND:
        return False
    if text.upper() == text:  # as subtitles write what is no speech
        # Some engines write all they hear in capital letters.
        return any(kind.marks(word.text) for word in words) and not QuestionForms(LANGUAGES).asks(text)
    return _is_of(kind, words)


@cache
def _kinds() -> dict[str, _Kind]:
    table = read_table(__package__, "subtitles.toml")
    return {
        name: _Kind(
            _among(rows["marks"]),
            _among(rows["beside"]),
            frozenset(rows["phrases"]),
            frozenset(rows["said"]),
        )
        for name, rows in table.items()
    }


def _among(listed: str) -> Callable[[str], bool]:
    """Whether a word is one of those listed, or begins with one that ends with ``*``."""
    words = listed.split()
    stems = tuple(word[:-1] for word in words if word.endswith("*"))
    whole = frozenset(word for word in words if not word.endswith("*"))
    return lambda word: word in whole or (bool(stems) and word.startswith(stems))
