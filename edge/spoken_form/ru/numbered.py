"""Russian numbers that number rather than count: "на 5 этаже", years, "ул. 50 лет Октября"."""

from __future__ import annotations

from typing import NamedTuple

from edge.spoken_form.numbers import WrittenNumber
from edge.spoken_form.ru import numerals
from edge.spoken_form.ru.agreement import Agreement, Governor, agree, fits, noun_behind
from edge.spoken_form.ru.morphology import Case, Form, forms
from edge.spoken_form.ru.tables import listed
from edge.spoken_form.tokens import DASHES, TokenKind, Tokens


class Counted(NamedTuple):
    """A number with what it counts, as read from the tokens."""

    first: WrittenNumber | None
    """The first of a range; None: there is one number."""
    number: WrittenNumber
    before: Governor
    start: int
    behind: int
    """Index behind the number, without white space."""


_YEARS = range(1000, 2200)


def names_street(tokens: Tokens, index: int) -> bool:
    """Whether the number at ``index`` begins a name ("ул. 50 лет Октября")."""
    place = tokens.before_space(index)
    if tokens[place].text == ".":
        return tokens[place - 1].text.lower() in ("ул", "пр", "пл", "пер", "просп", "бул", "наб")
    word = tokens[place]
    return word.kind is TokenKind.WORD and forms(word.text.lower())[0].lemma in listed("streets")


def numbered(counted: Counted, nouns: tuple[Form, ...]) -> str | None:
    """An ordinal, where the noun behind is in a form that the number cannot count ("на 5 этаже")."""
    number = counted.number
    if number.fraction or number.is_code or not nouns or number.value == 0:
        return None
    if counted.before.word == "на" and counted.first is None and _is_line(nouns):
        return numerals.ordinal(number.value, "p", "f")
    before = counted.before
    singular = [form for form in nouns if not form.plural and form.case and form.pos == "NOUN"]
    if singular and before.word and _begins_sentence_part(number.value, before, singular):
        return None
    if not singular:
        return _several_numbered(counted, nouns)
    is_year = singular[0].lemma == "год" and number.value in _YEARS
    is_numbered = singular[0].lemma in listed("ordinal_nouns") and numerals.takes_singular(number.value)
    if not (is_year or is_numbered):
        how = agree(number.value, counted.before, nouns)
        if how.case in counted.before.cases and _agrees(number.value, how, nouns):
            return None
    cases = [*counted.before.cases, *(form.case for form in singular if form.case)]
    form = next(
        (form for case in cases for form in singular if form.case == case),
        singular[0],
    )
    if numerals.takes_singular(number.value) and not (is_year or is_numbered):
        return None
    gender = form.gender or "m"
    assert form.case is not None
    last = numerals.ordinal(number.value, form.case, gender)
    if counted.first is None:
        return last
    return f"{numerals.ordinal(counted.first.value, form.case, gender)} — {last}"


def _is_line(nouns: tuple[Form, ...]) -> bool:
    """ "На 2 линии" from the sea, where a town has lines; it counts none."""
    return nouns[0].lemma == "линия" and any(form.case == "p" and not form.plural for form in nouns)


def first_of_numbered(tokens: Tokens, counted: Counted) -> str | None:
    """The first of "со 2 по 4 этаж", "с 1 до 3 этажа": the noun stands behind the last of them."""
    link = tokens.behind_space(counted.behind)
    last = tokens.behind_space(link + 1)
    number = counted.number
    if counted.before.word not in ("с", "со") or counted.first or number.fraction or number.is_code:
        return None
    case = {"по": "a", "до": "g"}.get(tokens[link].text)
    if case is None or tokens[last].kind is not TokenKind.NUMBER:
        return None
    if numerals.takes_singular(int(tokens[last].text[-9:])):
        return None
    nouns = noun_behind(tokens, last + 1)
    form = next((form for form in nouns if form.case == case and not form.plural), None)
    if form is None or any(form.plural and form.case == "g" for form in nouns):
        return None
    return numerals.ordinal(number.value, "g", form.gender or "m")


def _begins_sentence_part(number: int, before: Governor, nouns: list[Form]) -> bool:
    """Whether nothing numbers the noun behind a year: "в 1812 Наполеон вошёл в Москву"."""
    return (
        number in _YEARS
        and nouns[0].lemma != "год"
        and all(form.is_name or form.case not in _cases_of_year(before) for form in nouns)
    )


def _cases_of_year(before: Governor) -> tuple[Case, ...]:
    """The cases of a noun behind it that a year could number: "в 2019 музей открылся" numbers none."""
    return ("p",) if before.word in ("в", "во") else before.cases


def _agrees(number: int, how: Agreement, nouns: tuple[Form, ...]) -> bool:
    return any(fits(number, how.case, form, False) for form in nouns)


def _several_numbered(counted: Counted, nouns: tuple[Form, ...]) -> str | None:
    """ "в 1870–1871 годах", "5–9 классы"."""
    is_year = nouns[0].lemma == "год" and counted.number.value in _YEARS
    number = counted.number.value
    if not is_year and (
        counted.first is None or _agrees(number, agree(number, counted.before, nouns), nouns)
    ):
        return None
    told = [form.case for form in nouns if form.case]
    if not told or (told[0] == "g" and counted.first is None and not counted.before.word):
        return None
    case = next((case for case in counted.before.cases if case in told), told[0])
    gender = nouns[0].gender or "m"
    last = numerals.ordinal(counted.number.value, case, gender)
    if counted.first is None:
        return last if told[0] != "g" else None
    return f"{numerals.ordinal(counted.first.value, case, gender)} — {last}"


def follows_noun(tokens: Tokens, index: int) -> bool:
    """Whether a year at ``index`` has a part of it before it: "осень 2020", "в конце 2023"."""
    word = tokens[tokens.before_space(index)]
    return word.kind is TokenKind.WORD and bool(
        listed("times") & {form.lemma for form in forms(word.text.lower())}
    )


def _may_count(counted: Counted, nouns: tuple[Form, ...]) -> bool:
    """Whether the number can count the noun behind it: "в 1990 домах", but not "в 1812 Наполеон"."""
    before, number = counted.before, counted.number.value
    if not before.word:
        return bool(nouns)
    cases = _cases_of_year(before) if numerals.takes_singular(number) else before.cases
    return any(fits(number, case, form, False) for case in cases for form in nouns)


def year(tokens: Tokens, counted: Counted, nouns: tuple[Form, ...]) -> str | None:
    """A year without its word: "в 2019", "с 2019 по 2024"."""
    number = counted.number
    if _may_count(counted, nouns) or number.grouped or number.fraction or not 1600 <= number.value < 2100:
        return None
    case: Case | None = {
        **{"в": "p", "с": "g", "до": "g", "после": "g", "к": "d", "по": "a", "на": "a", "около": "g"},
        **{"от": "g", "между": "i"},
    }.get(counted.before.word)  # type: ignore[assignment]
    answers = counted.start == 0 and tokens[tokens.behind_space(counted.behind)].text in (".", *DASHES)
    if follows_noun(tokens, counted.start) and case is None and not counted.before.word:
        case = "g"
    spans = counted.first is not None and 1000 <= counted.first.value < number.value
    if case is None and (answers or spans) and not counted.before.word:
        case = "n"
    if case is None:
        return None
    last = numerals.ordinal(number.value, case)
    if counted.first is None:
        return last
    return f"{numerals.ordinal(counted.first.value, case)} — {last}"
