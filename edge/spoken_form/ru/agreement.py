"""Which case and gender a Russian number takes from the words around it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from edge.spoken_form.ru.morphology import CASES, Case, Form, Gender, forms, is_known
from edge.spoken_form.ru.numerals import is_few, takes_singular
from edge.spoken_form.ru.tables import listed
from edge.spoken_form.tokens import TokenKind, Tokens

MOST_ADJECTIVES = 3
"""Between a number and its noun, or a preposition and its number."""

_GOVERNS: dict[str, tuple[Case, ...]] = {
    **dict.fromkeys(
        (
            *("от", "до", "из", "без", "для", "после", "кроме", "вместо", "против", "среди", "ради", "возле"),
            *(
                "мимо",
                "вокруг",
                "около",
                "свыше",
                "у",
                "более",
                "менее",
                "больше",
                "меньше",
                "старше",
                "младше",
            ),
            *(
                "выше",
                "ниже",
                "дороже",
                "дешевле",
                "дальше",
                "ближе",
                "длиннее",
                "короче",
                "дольше",
                "порядка",
            ),
            *("вдоль", "позже", "позднее", "раньше", "ранее", "внутри", "накануне", "течение", "пределах"),
            *("протяжении", "ото", "изо", "тяжелее", "легче", "быстрее", "медленнее", "глубже"),
            *("тише", "громче", "холоднее", "теплее", "жарче", "моложе", "напротив", "возрасте", "возраста"),
            *("высоте", "высоты", "расстоянии", "расстояния", "глубине", "глубины", "радиусе", "размере"),
            *("количестве", "уровне", "площади", "отметке", "отметки", "течении", "итогам", "вместимостью"),
        ),
        ("g",),
    ),
    **dict.fromkeys(
        ("к", "ко", "благодаря", "согласно", "вопреки", "равен", "равна", "равно", "равны"), ("d",)
    ),
    **dict.fromkeys(("через", "про", "сквозь", "спустя"), ("a",)),
    **dict.fromkeys(("над", "надо", "между", "перед", "передо"), ("i",)),
    "при": ("p",),
    "о": ("p", "a"),
    "об": ("p", "a"),
    "по": ("a", "d", "p"),
    "на": ("a", "p"),
    "в": ("a", "p"),
    "во": ("a", "p"),
    "за": ("a", "i"),
    "под": ("a", "i"),
    "с": ("g", "i", "a"),
    "со": ("g", "i", "a"),
}
_ABBREVIATED: dict[str, tuple[str, tuple[Case, ...]]] = {"ок": ("около", ("g",)), "см": ("смотри", ("a",))}
_ANY: tuple[Case, ...] = ("n", "a", "g", "d", "i", "p")
_OBJECT: tuple[Case, ...] = ("a", "n", "g", "d", "i", "p")
_ADJECTIVES = {"ADJF", "PRTF"}
_GOVERNORS = frozenset(_GOVERNS)


class Governor(NamedTuple):
    """What stands before a number and decides its case."""

    word: str
    """A preposition, or a word that works like one; empty: there is none."""
    cases: tuple[Case, ...]
    """Cases that it allows, the likeliest first."""
    described: tuple[Form, ...] = ()
    """The forms of an adjective between it and the number ("за последние 5 лет")."""


class Agreement(NamedTuple):
    """How a number is said before its noun."""

    case: Case
    gender: Gender
    animate: bool
    plural_only: bool
    has_noun: bool


def governor(tokens: Tokens, index: int) -> Governor:
    """What governs the number that begins at ``index``."""
    described: tuple[Form, ...] = ()
    place = tokens.before_space(index)
    for _ in range(MOST_ADJECTIVES):
        token = tokens[place]
        if token.text == "." and (known := _ABBREVIATED.get(tokens[place - 1].text.lower())):
            return Governor(*known, described)
        if token.text in ("<", ">", "≥", "≤"):
            return Governor(token.text, ("g",), described)
        if token.text in '«"“(' and token.kind is TokenKind.SIGN:
            place = tokens.before_space(place)
            continue
        if token.kind is not TokenKind.WORD:
            break
        word = token.text.lower()
        if word in _GOVERNORS:
            return Governor(word, _GOVERNS[word], described)
        if len(word) < 3 or tokens[place - 1].text == "-":
            break
        if forms(word)[0].lemma in listed("take_genitive"):
            return Governor(word, ("g",), described)
        found = tuple(form for form in forms(word) if form.pos in _ADJECTIVES)
        if not found or forms(word)[0].pos not in _ADJECTIVES:
            break
        described = described or found
        place = tokens.before_space(place)
    return Governor("", _OBJECT if _takes_object(tokens, place) else _ANY, described)


def _takes_object(tokens: Tokens, place: int) -> bool:
    """Whether the word at ``place`` is a verb that a number may follow as its object."""
    if tokens[place].kind is not TokenKind.WORD:
        return False
    form = forms(tokens[place].text.lower())[0]
    return form.pos in ("VERB", "INFN", "GRND", "PRTF") and (
        form.transitive or form.lemma in listed("measures")
    )


def noun_behind(tokens: Tokens, index: int) -> tuple[Form, ...]:
    """The forms of the noun that a number before ``index`` counts; empty: none is there."""
    adjective: tuple[Form, ...] = ()
    for _ in range(MOST_ADJECTIVES + 1):
        index = _behind_letter(tokens, tokens.behind_space(index))
        token = tokens[index]
        if token.kind is not TokenKind.WORD or not _is_cyrillic(token.text):
            break
        word = token.text.lower()
        if word in _GOVERNORS or len(word) < 2 or _is_abbreviation(tokens, index):
            break
        found = forms(word)
        nouns = tuple(form for form in found if form.pos == "NOUN" and form.case)
        if nouns and not nouns[0].plural_only:
            # Lakes rather than the town of Озёры.
            nouns = tuple(form for form in nouns if not form.plural_only)
        adjectives = tuple(form for form in found if form.pos in _ADJECTIVES and form.case)
        if nouns and not (adjectives and adjective_before_noun(tokens, index)):
            return nouns
        if not adjectives:
            break
        adjective = adjectives
        index += 1
        if tokens[index].text == "-" and tokens[index + 1].kind is TokenKind.WORD:
            index += 2
    return adjective


def _behind_letter(tokens: Tokens, index: int) -> int:
    """Index behind a letter in quotes, as a class has it: "в 3 «А» классе"."""
    quoted = tokens[index].text in ("«", '"') and tokens[index + 2].text in ("»", '"')
    return tokens.behind_space(index + 3) if quoted and len(tokens[index + 1].text) == 1 else index


def adjective_before_noun(tokens: Tokens, index: int) -> bool:
    """Whether the word behind the one at ``index`` may be its noun."""
    behind = tokens[tokens.behind_space(index + 1)]
    return behind.kind is TokenKind.WORD and any(
        form.pos in ("NOUN", *_ADJECTIVES) for form in forms(behind.text.lower())[:2]
    )


def agree(number: int, before: Governor, nouns: Sequence[Form], *, decimal: bool = False) -> Agreement:
    """The case and gender in which ``number`` stands before one of ``nouns``.

    The preposition says which cases are possible, the noun's own form which of them it is.
    """
    cases = before.cases
    if before.described and not before.word:
        # "Первые 5 дней", "последних 3 дней".
        told = [form.case for form in before.described if form.case]
        cases = tuple(dict.fromkeys((*(case for case in cases if case in told), *cases)))
    for case in dict.fromkeys((*cases, *CASES)):
        for form in nouns:
            if fits(number, case, form, decimal):
                # "Вижу двух человек", but "по два человека".
                animate = form.animate and case == "a" and (form.plural or takes_singular(number))
                return Agreement(case, form.gender or "m", animate, form.plural_only, True)
        if not nouns:
            break
    first = nouns[0] if nouns else None
    return Agreement(cases[0], (first and first.gender) or "m", False, False, bool(nouns))


def fits(number: int, case: Case, form: Form, decimal: bool) -> bool:
    """Whether a noun in this form can stand behind ``number`` in ``case``."""
    if decimal:
        return not form.plural and form.case == "g"
    if form.plural_only and takes_singular(number):
        return form.case == case
    if form.plural_only:
        return form.case == ("g" if case in "na" else case)
    if takes_singular(number):
        if case == "a" and form.gender == "m" and form.case == "a":
            return not form.plural
        return not form.plural and form.case == case
    if case not in "na":
        return form.plural and form.case == case
    if not is_few(number):
        return form.plural and form.case == "g"
    if form.animate and case == "a" and number <= 4 and form.plural and form.case in ("g", "a"):
        return True
    if form.pos in _ADJECTIVES or any(each.pos in _ADJECTIVES for each in forms(form.lemma)):
        # "Два взрослых", "три столовых".
        return form.plural and form.case in ("g", "n")
    return not form.plural and form.case == "g"


def _is_abbreviation(tokens: Tokens, index: int) -> bool:
    """Whether the short word at ``index`` has a full stop that does not end the sentence."""
    return (
        len(tokens[index].text) < 6
        and tokens[index + 1].text == "."
        and not tokens.ends_sentence(index + 2)
        and not is_known(tokens[index].text.lower())
    )


def _is_cyrillic(word: str) -> bool:
    return "а" <= word[0].lower() <= "я" or word[0] in "ёЁ"
