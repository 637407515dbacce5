"""Russian words: their possible forms, and other forms of them. The first one asked for loads pymorphy3."""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache
from typing import Any, Literal, NamedTuple

Case = Literal["n", "g", "d", "a", "i", "p"]
CASES: tuple[Case, ...] = ("n", "g", "d", "a", "i", "p")
Gender = Literal["m", "f", "n"]

_CASE_OF: dict[str, Case] = {
    **{"nomn": "n", "gent": "g", "datv": "d", "accs": "a", "ablt": "i", "loct": "p"},
    **{"gen2": "g", "loc2": "p", "acc2": "a", "gen1": "g"},
}
_TAG_OF = {"n": "nomn", "g": "gent", "d": "datv", "a": "accs", "i": "ablt", "p": "loct"}
_GENDER_OF: dict[str | None, Gender] = {"masc": "m", "femn": "f", "neut": "n"}
_COUNTED = {
    **{
        "человек": "человек",
        "год": "лет",
        "ватт": "ватт",
        "киловатт": "киловатт",
        "килограмм": "килограммов",
        "мегаватт": "мегаватт",
    },
    **{"вольт": "вольт", "киловольт": "киловольт", "ампер": "ампер", "герц": "герц", "килогерц": "килогерц"},
    **{"мегагерц": "мегагерц", "гигагерц": "гигагерц", "байт": "байт", "килобайт": "килобайт"},
    **{"мегабайт": "мегабайт", "гигабайт": "гигабайт", "терабайт": "терабайт", "децибел": "децибел"},
    **{"мегабит": "мегабит", "гигабит": "гигабит", "килобит": "килобит", "гигаватт": "гигаватт"},
    **{"кельвин": "кельвинов"},
}
"""Lemma → its form behind five and more where that is not the usual plural."""


class Form(NamedTuple):
    """One way to understand a word."""

    pos: str
    """pymorphy3's part of speech; empty: none."""
    lemma: str
    case: Case | None
    plural: bool
    gender: Gender | None
    animate: bool
    is_name: bool
    abbreviation: bool
    plural_only: bool
    is_place: bool
    """A town, an island or the like."""
    transitive: bool


_NO_WORD = Form("", "", None, False, None, False, False, False, False, False, False)


@cache
def _analyzer() -> Any:
    import pymorphy3

    return pymorphy3.MorphAnalyzer(lang="ru")


@lru_cache(maxsize=4096)
def forms(word: str) -> tuple[Form, ...]:
    """Every way to understand ``word``, the likeliest first; what has no letters is understood in none.

    At least one form is returned.
    """
    if not _is_text(word):
        return (_NO_WORD,)
    return tuple(
        Form(
            str(parse.tag.POS or ""),
            parse.normal_form,
            _CASE_OF.get(parse.tag.case or ""),
            parse.tag.number == "plur",
            _GENDER_OF.get(parse.tag.gender),
            parse.tag.animacy == "anim",
            bool({"Name", "Surn", "Patr"} & set(parse.tag.grammemes)),
            "Abbr" in parse.tag.grammemes,
            "Pltm" in parse.tag.grammemes,
            "Geox" in parse.tag.grammemes,
            "tran" in parse.tag.grammemes,
        )
        for parse in _analyzer().parse(word)
    )


def _is_text(word: str) -> bool:
    """Whether the dictionary can be asked: half a surrogate pair and letters without a name make it raise."""
    return bool(word) and all(char == "-" or (char.isalpha() and unicodedata.name(char, "")) for char in word)


@lru_cache(maxsize=4096)
def is_known(word: str) -> bool:
    """Whether the dictionary has it as more than an abbreviation."""
    analyzer = _analyzer()
    return bool(analyzer.word_is_known(word)) and any(not form.abbreviation for form in forms(word))


@lru_cache(maxsize=4096)
def decline(
    lemma: str, case: Case, *, plural: bool, gender: Gender | None = None, counted: bool = False
) -> str:
    """A noun or adjective (or several, agreeing) in another form; what has none stays as it is.

    Args:
        gender: of an adjective in the singular.
        counted: the form behind five and more, in place of the genitive plural.
    """
    return " ".join(_decline(word, case, plural, gender, counted) for word in lemma.split(" "))


def _decline(word: str, case: Case, plural: bool, gender: Gender | None, counted: bool) -> str:
    if word == "год" and case == "p" and not plural:
        return "году"
    if counted and word in _COUNTED:
        return _COUNTED[word]
    if "-" in word:
        first, _, last = word.rpartition("-")
        return f"{first}-{_decline(last, case, plural, gender, counted)}"
    if not _is_text(word):
        return word
    parses = [parse for parse in _analyzer().parse(word) if parse.tag.POS in ("NOUN", "ADJF", "PRTF")]
    parses.sort(key=lambda parse: (parse.normal_form != word, "Fixd" in parse.tag.grammemes))
    wanted = {_TAG_OF[case], "plur" if plural else "sing"}
    for parse in parses:
        if parse.tag.POS != "NOUN" and gender and not plural:
            wanted = wanted | {{"m": "masc", "f": "femn", "n": "neut"}[gender]}
        if parse.tag.POS != "NOUN" and case == "a":
            wanted = wanted | {"inan"} if plural or gender == "m" else wanted
        if inflected := parse.inflect(wanted):
            return str(inflected.word)
    return word


@lru_cache(maxsize=4096)
def gender_of(lemma: str) -> Gender:
    """The gender of a phrase's last word."""
    word = lemma.split(" ")[-1].rpartition("-")[2]
    return next((form.gender for form in forms(word) if form.lemma == word and form.gender), "m")
