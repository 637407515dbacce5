"""Words as they are searched: inflected forms of one word become one term.

Russian words are lemmatised (pymorphy3) and then stemmed, English and Indonesian ones stemmed (Snowball). Of
43 inflected questions about the example pages 41 find theirs so, 39 with stems alone and 29 with neither. A
word that the dictionary does not know is stemmed alone: its guesses at two forms of one word differ.
"""

from __future__ import annotations

import logging
import re
import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any, NamedTuple

import snowballstemmer

from edge.commentator.function_words import topicless_words
from edge.lexicon.words import words_of
from edge.messages import Language

log = logging.getLogger(__name__)

MAX_TERM_CHARS = 40
_SNOWBALL = {"ru": "russian", "en": "english", "id": "indonesian"}
_CYRILLIC = re.compile(r"[а-я]")


def terms(text: str, language: Language) -> list[str]:
    """The terms of a page's text, in order, without words that carry no topic."""
    return [term for word in _topic_words(text) if (term := _term(word, _written_in(word, language)))]


class QuestionWord(NamedTuple):
    """A word of a question that carries a topic."""

    word: str
    terms: frozenset[str]
    """What it may be a form of."""


def question_words(question: str, at_most: int) -> list[QuestionWord]:
    """The words of a question that carry a topic, each once; ``at_most`` of them."""
    wanted: dict[frozenset[str], QuestionWord] = {}
    for word in _topic_words(question):
        if len(wanted) >= at_most:
            break
        if found := alternatives(word):
            wanted.setdefault(found, QuestionWord(word, found))
    return list(wanted.values())


def alternatives(word: str) -> frozenset[str]:
    """The terms that a word of a question may be a form of.

    A word in Latin letters may be English or Indonesian, whatever language surrounds it.
    """
    languages: tuple[Language, ...] = ("ru",) if _CYRILLIC.search(word) else ("en", "id")
    return frozenset(term for language in languages if (term := _term(word, language)))


def is_name_of_a_thing(word: str) -> bool:
    """Whether a Russian word is a noun, or may be one."""
    morphology = _morphology()
    return morphology is None or morphology.parse(word)[0].tag.POS in ("NOUN", None)


def load(languages: Iterable[Language]) -> None:
    """Load what is slow to load now, so that no question waits for it."""
    if "ru" in languages:
        _morphology()


def scheme() -> str:
    """Names how terms are made and kept: an index that was made otherwise is of no use."""
    russian = "lemmas" if find_spec("pymorphy3") else "stems"
    return f"2, {russian}, snowballstemmer {version('snowballstemmer')}"


def _topic_words(text: str) -> list[str]:
    words = [part.removesuffix("'s") for word in words_of(text) for part in word.split("-")]
    topicless = topicless_words("ru") | topicless_words("en") | topicless_words("id")
    return [word for word in words if word not in topicless and word.isalnum()]


def _written_in(word: str, language: Language) -> Language:
    if _CYRILLIC.search(word):
        return "ru"
    return "en" if language == "ru" else language


@lru_cache(maxsize=8192)
def _term(word: str, language: Language) -> str:
    """Empty for a word that carries no topic (the form of a pronoun, a letter)."""
    word = word[:MAX_TERM_CHARS].removesuffix("'s").replace("'", "")
    if language != "ru":
        word = _without_accents(word)
    elif (morphology := _morphology()) and morphology.word_is_known(word):
        word = str(morphology.parse(word)[0].normal_form).replace("ё", "е")
        if word in topicless_words("ru"):
            return ""
    stem = str(_stemmer(language).stemWord(word))
    return stem if len(stem) > 1 or stem.isdigit() else ""


@cache
def _stemmer(language: Language) -> snowballstemmer.stemmer:
    return snowballstemmer.stemmer(_SNOWBALL[language])


@cache
def _morphology() -> Any:
    """pymorphy3's analyser, None where it is not installed. It takes 28 MB and 0.5 s: it is loaded only where
    Russian is spoken or written.
    """
    try:
        import pymorphy3
    except ImportError:
        log.warning("pymorphy3 is not installed: Russian questions find fewer pages; install it")
        return None
    return pymorphy3.MorphAnalyzer(lang="ru")


def _without_accents(word: str) -> str:
    """ "café" as it is said without knowing how it is written."""
    if word.isascii():
        return word
    parts = unicodedata.normalize("NFKD", word)  # of a word of bounded length
    return "".join(char for char in parts if not unicodedata.combining(char))
