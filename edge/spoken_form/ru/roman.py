"""Russian Roman numerals, and centuries: "XIX век", "Пётр I", "18 в."."""

from __future__ import annotations

from edge.spoken_form.numbers import roman
from edge.spoken_form.ru import numerals
from edge.spoken_form.ru.agreement import Governor, governor, noun_behind
from edge.spoken_form.ru.morphology import Case, Form, decline, forms, gender_of, is_known
from edge.spoken_form.ru.ordinals import ENDINGS, ordinal_with_ending
from edge.spoken_form.ru.quantities import range_end
from edge.spoken_form.rules import Said
from edge.spoken_form.tokens import DASHES, TokenKind, Tokens

_HOMOGLYPHS = str.maketrans("ХІСМV", "XICMV")


_CENTURY = {
    "в": "век",
    "в.": "век",
    "вв": "век",
    "вв.": "век",
    "ст.": "столетие",
    "тыс.": "тысячелетие",
    "тыс": "тысячелетие",
}


_MAY_BE_LARGE = frozenset(("век", "столетие", "год", "глава", "том", "часть"))


_NUMBERED = _MAY_BE_LARGE | {"степень", "класс", "группа", "категория", "половина", "тысячелетие", "столетие"}
"""What has its number also behind a name: "орден Анны II степени", but "при Петре I город рос"."""


_ROMAN_LETTERS = frozenset("IVXLCDMХІСМ")


def roman_numeral(tokens: Tokens, index: int) -> Said | None:
    """ "XIX век", "Пётр I", "II группы", "XVIII–XIX вв."."""
    number = _roman_at(tokens, index)
    if number is None:
        return None
    end = index + 1
    if tokens[end].text in "-‑" and tokens[end + 1].text.lower() in ENDINGS:
        return ordinal_with_ending(tokens, index, number, tokens[end + 1].text.lower(), end + 2)
    if (
        tokens[end].kind is TokenKind.SIGN
        and tokens[end].text in DASHES
        and (last := _roman_at(tokens, end + 1))
    ):
        return _roman_range(tokens, index, number, last, end + 2)
    return (
        _before_noun(tokens, index, number, end)
        or _behind_name(tokens, index, number, end)
        or _before_later_century(tokens, index, number, end)
        or _behind_noun(tokens, index, number, end)
    )


def century_in_digits(tokens: Tokens, index: int) -> Said | None:
    """ "18 в.", "18–19 вв."."""
    if len(tokens[index].text) > 2 or tokens[index].text[0] == "0":
        return None
    if "тыс" in tokens.text(index, index + 7):
        return None
    number, end = int(tokens[index].text), index + 1
    if (second := range_end(tokens, end)) and not second.fraction:
        place = tokens.behind_space(second.end)
        return (
            _roman_range(tokens, index, number, second.value, second.end)
            if _century_at(tokens, place)
            else None
        )
    place = tokens.behind_space(end)
    return _before_noun(tokens, index, number, end) if place > end and _century_at(tokens, place) else None


def _roman_at(tokens: Tokens, index: int) -> int | None:
    text = tokens[index].text
    if tokens[index].kind is not TokenKind.WORD or not _ROMAN_LETTERS.issuperset(text):
        return None
    if tokens[index - 1].text == "-" or tokens[index + 1].text == "'":
        return None
    return roman(text.translate(_HOMOGLYPHS))


def _century_at(tokens: Tokens, index: int) -> tuple[int, str, bool] | None:
    """Index behind the abbreviation of a century, its word, and whether it is plural."""
    found = tokens.whole_of(index, _CENTURY)
    if found is None:
        return None
    end, word = found
    text = tokens.text(index, end)
    # "48 В" are volts.
    if text[0].isupper():
        return None
    if text == "в" and tokens[end].kind is TokenKind.SPACE and tokens[end + 1].kind is TokenKind.WORD:
        return None
    return end, word, text.startswith("вв")


def _before_noun(tokens: Tokens, index: int, number: int, end: int) -> Said | None:
    if tokens[end].kind is not TokenKind.SPACE:
        return None
    before = governor(tokens, index)
    if century := _century_at(tokens, end + 1):
        behind, word, plural = century
        case = _case_of_century(tokens, index, before)
        said = f"{numerals.ordinal(number, case, gender_of(word))} {decline(word, case, plural=plural)}"
        return Said(
            behind, said + ("." if tokens.ends_sentence(behind) and tokens[behind - 1].text == "." else "")
        )
    nouns = tuple(form for form in noun_behind(tokens, end + 1) if form.case and not form.is_name)
    if not _NUMBERED & {form.lemma for form in nouns} and _behind_name(tokens, index, number, end):
        return None
    if not nouns or (len(tokens[index].text) == 1 and tokens[index].text in "СМХ"):
        return None
    if not _MAY_BE_LARGE & {form.lemma for form in nouns} and set(tokens[index].text) & set("LCDMСМ"):
        return None
    previous = tokens[tokens.before_space(index)]
    behind_noun = previous.kind is TokenKind.WORD and forms(previous.text.lower())[0].pos == "NOUN"
    form = _best(before, nouns, behind_noun=behind_noun)
    assert form.case is not None
    # "На рубеже XIX и XX веков": each of them is one.
    plural = form.plural and form.lemma not in _CENTURY.values()
    return Said(end, numerals.ordinal(number, form.case, form.gender or "m", plural=plural))


def _best(before: Governor, nouns: tuple[Form, ...], *, behind_noun: bool = False) -> Form:
    """The form that the preposition asks for; one thing rather than many, and behind a noun the genitive."""
    cases = ("g", *before.cases) if behind_noun and not before.word else before.cases
    ordered = sorted(nouns, key=lambda form: form.plural)
    return next((form for case in cases for form in ordered if form.case == case), ordered[0])


def _case_of_century(tokens: Tokens, index: int, before: Governor) -> Case:
    if before.word in ("в", "во", "на"):
        return "p"
    if before.word:
        return before.cases[0]
    place = tokens.before_space(index)
    if tokens[place].text == "." and tokens[place - 1].text.lower() in ("сер", "кон", "нач", "пол", "четв"):
        return "g"
    word = tokens[place]
    if word.kind is TokenKind.WORD and forms(word.text.lower())[0].pos in ("NOUN", "PRTS", "PRTF", "ADJF"):
        return "g"
    return "n"


def _behind_name(tokens: Tokens, index: int, number: int, end: int) -> Said | None:
    """A monarch's number, in the form of the name before it."""
    name = tokens[tokens.before_space(index)]
    if (
        name.kind is not TokenKind.WORD
        or not name.text[0].isupper()
        or tokens[index - 1].kind is not TokenKind.SPACE
    ):
        return None
    if set(tokens[index].text) & set("LCDMСМ") or len(name.text) < 3:
        return None
    nouns = [form for form in forms(name.text.lower()) if form.case and form.pos == "NOUN"]
    named = [form for form in nouns if form.is_name]
    if not named and not is_known(name.text.lower()):
        named = [form for form in nouns if not form.plural]
    if not named:
        return None
    before = governor(tokens, tokens.before_space(index))
    form = _best(before, tuple(named)) if before.word else named[0]
    assert form.case is not None
    return Said(end, numerals.ordinal(number, form.case, form.gender or "m", animate=True))


def _before_later_century(tokens: Tokens, index: int, number: int, end: int) -> Said | None:
    """The first of "конец XIX — начало XX века": the word itself comes later."""
    for place in range(end, min(end + 12, len(tokens))):
        if _roman_at(tokens, place) and (
            _century_at(tokens, tokens.behind_space(place + 1))
            or tokens[tokens.behind_space(place + 1)].text.lower().startswith(("век", "столет"))
        ):
            return Said(
                end, numerals.ordinal(number, _case_of_century(tokens, index, governor(tokens, index)))
            )
    return None


def _behind_noun(tokens: Tokens, index: int, number: int, end: int) -> Said | None:
    """ "глава IV", "часть II", "терминал I"."""
    before = tokens[tokens.before_space(index)]
    if before.kind is not TokenKind.WORD or forms(before.text.lower())[0].pos != "NOUN":
        return None
    if set(tokens[index].text) & set("LCDMСМХ") or not "а" <= before.text[0].lower() <= "я":
        return None
    return Said(end, numerals.cardinal(number))


def _roman_range(tokens: Tokens, index: int, first: int, last: int, end: int) -> Said | None:
    before = governor(tokens, index)
    place = tokens.behind_space(end)
    if century := _century_at(tokens, place):
        behind, word, plural = century
        case = _case_of_century(tokens, index, before)
        tail = f" {decline(word, case, plural=plural)}"
        if tokens[behind - 1].text == "." and tokens.ends_sentence(behind):
            tail += "."
    else:
        nouns = tuple(form for form in noun_behind(tokens, end) if form.case)
        if not nouns:
            return None
        case, behind, tail = _best(before, nouns).case or "n", end, ""
    joint = " до " if before.word in ("с", "со") else " — "
    return Said(behind, numerals.ordinal(first, case) + joint + numerals.ordinal(last, case) + tail)
