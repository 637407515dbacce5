"""Do words ask something of a guide, or are they for a neighbour? By their form alone. Pure.

A question or a request asks, unless its words tell that it is for somebody else: a mother, a child, the
driver, a telephone, whoever sits beside. What has neither form asks nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from itertools import pairwise
from typing import NamedTuple

from edge.lexicon.words import Word, placed_words
from edge.messages import Language
from edge.package_tables import phrases, read_table

_PREPOSITIONS = frozenset(["di", "ke", "dari", "untuk", "buat", "kalau", "itu", "ini", "sih", "ya"])
SUBJECTS = frozenset(["it", "you", "we", "they", "there", "this", "these", "those", "i", "he", "she"])
LONGEST_REQUEST = 3
"""Words of a request before the name that only says what is wanted behind it."""
RECIPIENTS: dict[Language, frozenset[str]] = {
    "ru": frozenset({"нам", "мне"}),
    "en": frozenset({"us", "me"}),
    "id": frozenset({"dong", "kami"}),
}
_BEGIN_ANEW: dict[Language, tuple[frozenset[str], int]] = {
    "ru": (frozenset({"а", "и"}), 1000),
    "en": (frozenset({"and"}), 3),
    "id": (frozenset({"kalau"}), 3),
}
"""What "and the temple" begins with where it asks, and how many words it has at most."""
_NO_COPULA = frozenset({"do", "does", "did", "any"})
"""Behind a name they hardly begin what is said of who bears it."""
_RU_ADJECTIVE = ("ый", "ий", "ой", "ая", "яя", "ое", "ее", "ые", "ие", "ого")
_RU_YOU = ("ешь", "ишь", "ешься", "ишься")
"""Endings of verbs in the second person; "ё" is written "е"."""
_RU_YOU_ALL = ("ете", "ите", "етесь", "итесь")
"""The same of the plural. Nouns end so, too: only a clause's first word counts."""
_RU_NO_VERB = frozenset({"лишь", "мышь", "тишь"})
_ID_MINE = ("ku",)


class Clause(NamedTuple):
    """Words between two pauses, and the mark behind them."""

    words: tuple[str, ...]
    mark: str
    """``?``, ``!``, ``.``, ``,`` or nothing."""


class _Forms:
    """The words of one language's table."""

    def __init__(self, language: Language) -> None:
        table: dict[str, str] = read_table(__package__, "asking.toml")[language]
        self.language = language
        self._kinds = {kind: frozenset(phrases(listed)) for kind, listed in table.items()}
        self._longest = {kind: max(map(len, entries), default=0) for kind, entries in self._kinds.items()}

    def at(self, kind: str, words: Sequence[str], at: int = 0) -> int:
        """How many words from there on make an entry of this kind; 0: none do."""
        for length in range(self._longest[kind], 0, -1):
            if tuple(words[at : at + length]) in self._kinds[kind]:
                return length
        return 0

    def among(self, kind: str, words: Sequence[str]) -> bool:
        return any(self.at(kind, words, at) for at in range(len(words)))


class QuestionForms:
    """Tells whether an utterance asks something of a guide.

    Args:
        languages: that the guide understands; an utterance may be in any of them.
    """

    def __init__(self, languages: Sequence[Language]) -> None:
        self._forms = [_forms(language) for language in languages]

    def asks(self, text: str, *, behind_name: bool = False) -> bool:
        """Whether one of the clauses asks.

        Args:
            behind_name: a name stands right before the text, and might be its subject ("guide is …").
        """
        said = clauses(text)
        return any(self._asks(forms, said[:1] if behind_name else said, behind_name) for forms in self._forms)

    def opens_asking(self, text: str) -> bool:
        """Whether its very first words are those of a question."""
        said = clauses(text)[:1]
        return any(
            bool(forms.at("question_words", clause.words))
            or (forms.at("yes_no", clause.words) > 0 and _may_invert(forms, clause, clause.words, True))
            for forms in self._forms
            for clause in said
        )

    def is_light(self, word: str) -> bool:
        """Whether it may stand before what is asked, and asks nothing itself."""
        return any(forms.at("light", (word,)) for forms in self._forms)

    def is_request_for(self, words: Sequence[str]) -> bool:
        """Whether they are a request up to for whom it is: "tell us", "расскажи нам"."""
        return any(
            len(words) <= LONGEST_REQUEST
            and words[-1] in RECIPIENTS[forms.language]
            and _requests(forms, words)
            for forms in self._forms
        )

    def is_said_to_somebody(self, text: str) -> bool:
        """Whether it begins as one speaks to another: about oneself, or in the second person."""
        said = clauses(text)[:1]
        return any(
            bool(forms.at("speakers", _without_light(forms, clause.words) or clause.words))
            for forms in self._forms
            for clause in said
        )

    def is_to_others(self, text: str) -> bool:
        """Whether it tells that somebody else is spoken to, whatever it asks."""
        said = clauses(text)
        return any(
            _is_to_others(forms, clause, _asks_for_something(forms, said))
            for forms in self._forms
            for clause in said
        )

    def _asks(self, forms: _Forms, said: Sequence[Clause], behind_name: bool) -> bool:
        ends_asking = bool(said) and said[-1].mark == "?"
        before = 0
        for clause in said:
            rest = _without_light(forms, clause.words)
            is_first = before == 0
            if rest:
                before += 1
            if _clause_asks(forms, clause, rest, is_first, ends_asking, behind_name and clause is said[0]):
                return True
        return len(said) == 1 and said[0].mark == "?" and len(said[0].words) == 1 and before > 0


def clauses(text: str) -> list[Clause]:
    """The text cut at its pauses."""
    words = placed_words(text)
    cuts = [index for index, word in enumerate(words) if word.after_pause] + [len(words)]
    return [
        Clause(tuple(word.text for word in words[begin:end]), _mark_behind(text, words, end))
        for begin, end in pairwise(cuts)
    ]


def _mark_behind(text: str, words: Sequence[Word], end: int) -> str:
    behind = text[words[end - 1].end : words[end].start if end < len(words) else len(text)]
    return next((mark for mark in "?!.," if mark in behind), "." if "…" in behind else "")


def _without_light(forms: _Forms, words: Sequence[str]) -> tuple[str, ...]:
    at = 0
    while at < len(words) and (length := forms.at("light", words, at)):
        if forms.at("question_words", words, at) or forms.at("yes_no", words, at) > length:
            break
        at += length
    return tuple(words[at:])


def _clause_asks(
    forms: _Forms, clause: Clause, rest: Sequence[str], is_first: bool, ends_asking: bool, behind_name: bool
) -> bool:
    if not rest:
        return False
    if forms.among("repairs", rest) or forms.among("particles", rest):
        return True
    if _requests(forms, rest):
        return True
    is_question = clause.mark == "?"
    if forms.at("question_words", rest) and (is_first or is_question or ends_asking):
        return is_question or not _marvels(forms, clause, rest)
    if forms.language == "id" and forms.among("question_words", rest) and is_first:
        return True
    if forms.at("yes_no", rest) and not forms.among("first_person", rest[:1]):
        return is_question or (is_first and _may_invert(forms, clause, rest, behind_name))
    if clause.mark not in (".", "!") and any(
        forms.at("alternatives", rest, at) for at in range(1, len(rest) - 1)
    ):
        return not (forms.among("first_person", rest) or (behind_name and forms.language == "id"))
    if any(_asked_last(forms, rest, at) for at in range(len(rest))):
        return not forms.among("first_person", rest)
    if is_question and not behind_name:  # who writes the mark would have set the name apart, too
        return not forms.among("first_person", rest)
    begin, at_most = _BEGIN_ANEW[forms.language]
    begins_anew = is_first and clause.words[0] in begin and 1 < len(clause.words) <= at_most
    return begins_anew and not clause.mark and not forms.among("first_person", rest)


def _may_invert(forms: _Forms, clause: Clause, rest: Sequence[str], behind_name: bool) -> bool:
    """Whether a verb before its subject makes a question here, without a question mark."""
    if clause.mark in ("!", ".") or (rest[0] == "don't" and not {*rest[1:2]} & SUBJECTS):
        return False
    if forms.language != "en" or not behind_name or rest[0] in _NO_COPULA:
        return True
    return len(rest) > 1 and rest[1] in SUBJECTS | {"that"}


def _requests(forms: _Forms, rest: Sequence[str]) -> bool:
    if forms.language != "en":
        return forms.among("requests", rest)
    return any(
        forms.at("requests", rest, at) and (at == 0 or forms.at("requests_behind", rest, at - 1))
        for at in range(len(rest))
    )


def _asked_last(forms: _Forms, rest: Sequence[str], at: int) -> bool:
    if not at or not forms.at("asked_last", rest, at):
        return False
    return at == len(rest) - 1 or rest[at + 1] in _PREPOSITIONS


def _marvels(forms: _Forms, clause: Clause, rest: Sequence[str]) -> bool:
    """ "What a view", "как красиво", "какая огромная": no question, although they begin with its word."""
    if clause.mark == "!":
        return True
    if len(rest) < 2:
        return False
    behind = rest[1]
    if forms.at("marvels", rest, 1) and not (forms.language == "en" and rest[0] != "what"):
        return True
    if forms.language == "en":
        return rest[0] == "how" and not forms.at("measures", rest, 1) and len(rest) <= 3
    if forms.language == "ru" and rest[0] == "как":
        return behind.endswith("о") and not forms.at("measures", rest, 1)
    if forms.language == "ru" and rest[0].startswith("как"):
        return behind.endswith(_RU_ADJECTIVE) and not forms.at("selecting", rest, 1)
    return False


def _asks_for_something(forms: _Forms, said: Sequence[Clause]) -> bool:
    return any(_requests(forms, _without_light(forms, clause.words)) for clause in said)


def _is_to_others(forms: _Forms, clause: Clause, asks_for_something: bool) -> bool:
    words = clause.words
    if forms.among("to_others", words) or _is_for_third(forms, words):
        return True
    if forms.among("whereabouts", words) and (forms.among("belongings", words) or _is_mine(forms, words)):
        return True
    if asks_for_something and forms.among("first_person", words[:1]):
        return False  # why it is asked for: "I didn't get that, repeat it"
    return _PERSONAL[forms.language](forms, clause)


def _is_for_third(forms: _Forms, words: Sequence[str]) -> bool:
    """ "Tell her", "скажи это маме"."""
    requests = [at for at in range(len(words)) if forms.at("requests", words, at)]
    return any(forms.among("third_person", words[at + 1 : at + 3]) for at in requests)


def _is_mine(forms: _Forms, words: Iterable[str]) -> bool:
    return forms.language == "id" and any(len(word) > 4 and word.endswith(_ID_MINE) for word in words)


def _is_personal_ru(forms: _Forms, clause: Clause) -> bool:
    """Something that is asked or told in the second person, and no guide is asked or told."""
    words = clause.words
    rest = _without_light(forms, words)
    addresses = forms.among("you", words) or any(
        word.endswith(_RU_YOU) and word not in _RU_NO_VERB for word in words
    )
    commands = bool(rest) and rest[0].endswith(_RU_YOU_ALL) and not _requests(forms, rest)
    return (addresses or commands) and not (forms.among("you_may", words) or _requests(forms, rest))


def _is_personal_en(forms: _Forms, clause: Clause) -> bool:
    words = _without_light(forms, clause.words)
    if not words:
        return False
    if forms.among("first_person", words[:1]) and not forms.among("repairs", words):
        return True
    if words[:1] in (("can",), ("could",), ("may",)) and words[1:2] == ("i",):
        return not forms.among("requests", words) and not {"ask", "get", "see", "go", "swim"} & {*words}
    at = next((at for at in range(len(words)) if forms.at("you", words, at)), None)
    if at is None or (at and words[at - 1] == "thank"):
        return False
    if forms.among("you_may", words):
        return False
    if not forms.at("question_words", words):
        return True
    return at == 0 or words[at - 1] not in ("do", "can", "would", "could", "should")


def _is_personal_id(forms: _Forms, clause: Clause) -> bool:
    words = _without_light(forms, clause.words)
    if not words:
        return False
    asks = forms.among("question_words", words) or _requests(forms, words)
    if forms.among("first_person", words) and not (forms.among("repairs", words) or asks):
        return True
    if words[0] == "mau":
        return not {"tahu", "tanya", "dengar"} & {*words}
    if forms.at("yes_no", words) and forms.among("belongings", words):
        return True
    return forms.among("you", words) and not (forms.among("you_may", words) or _requests(forms, words))


_PERSONAL: dict[Language, Callable[[_Forms, Clause], bool]] = {
    "ru": _is_personal_ru,
    "en": _is_personal_en,
    "id": _is_personal_id,
}


@cache
def _forms(language: Language) -> _Forms:
    return _Forms(language)
