"""Russian ordinals: with an ending ("2-й"), in Roman numerals ("XIX век"), and compounds ("5-минутный")."""

from __future__ import annotations

from edge.spoken_form.numbers import roman
from edge.spoken_form.ru import numerals
from edge.spoken_form.ru.agreement import Governor, governor, noun_behind
from edge.spoken_form.ru.morphology import CASES, Case, Form, Gender, decline, forms
from edge.spoken_form.ru.quantities import range_end
from edge.spoken_form.rules import Said
from edge.spoken_form.tokens import DASHES, Kind, Tokens

_ENDINGS = {
    *("й", "ый", "ой", "ий", "я", "ая", "ья", "е", "ое", "ье", "ые", "го", "ого", "его", "му", "ому", "ему"),
    *("м", "ым", "им", "ом", "ем", "х", "ых", "их", "ми", "ыми", "ими", "ю", "ую", "ью", "ей"),
}
_CARDINAL_ENDINGS = {"ти", "ми", "и", "ю", "та", "мя", "ёх", "ех", "ёхсот", "ух"}
_LARGEST = 10**9
_GENDERS: tuple[Gender, ...] = ("m", "f", "n")
_BY_ENDING: dict[str, tuple[Case, Gender, bool]] = {
    **{"й": ("n", "m", False), "я": ("n", "f", False), "е": ("n", "n", False), "го": ("g", "m", False)},
    **{"му": ("d", "m", False), "м": ("p", "m", False), "х": ("g", "m", True), "ю": ("a", "f", False)},
    **{"ми": ("i", "m", True)},
}
"""Last letters → case, gender and whether plural, where no noun tells."""
_HOMOGLYPHS = str.maketrans("ХІСМV", "XICMV")
_CENTURY = {"в": "век", "в.": "век", "вв": "век", "вв.": "век", "ст.": "столетие"}
_MAY_BE_LARGE = frozenset(("век", "столетие", "год", "глава", "том", "часть"))
_SAYINGS = {("24", "7"): "двадцать четыре на семь", ("50", "50"): "пятьдесят на пятьдесят"}
_ROMAN_LETTERS = frozenset("IVXLCDMХІСМ")


def with_ending(tokens: Tokens, index: int) -> Said | None:
    """ "2-й", "5-я", "80-х", "5-ти", "20-летний", "3-комнатная"."""
    if tokens[index + 1].text not in "-‑‐" or tokens[index + 2].kind is not Kind.WORD:
        return None
    if tokens[index + 1].kind is not Kind.SIGN or len(tokens[index].text) > 9:
        return None
    number, ending = int(tokens[index].text), tokens[index + 2].text.lower()
    if ending in _ENDINGS:
        said = _ordinal(tokens, index, number, ending, index + 3)
        return _with_years(tokens, index, said, ending)
    if ending in _CARDINAL_ENDINGS:
        if said := _joined(tokens, index + 3, number):
            return said
        case: Case = "i" if ending in ("ю", "мя") else "g"
        return Said(index + 3, numerals.cardinal(number, case))
    if _is_compound(ending):
        return Said(index + 3, numerals.stem(number) + ending)
    return None


def _with_years(tokens: Tokens, index: int, said: Said | None, ending: str) -> Said | None:
    """ "в 60-х гг.": the word that a decade takes."""
    if said is None or ending not in ("е", "ые", "х", "ых"):
        return said
    found = tokens.longest_of(tokens.behind_space(said.end), {"гг.": 1, "гг": 1, "г.": 1})
    if found is None or tokens.is_word_or_number(found[0]):
        return said
    word = "годы" if ending in ("е", "ые") else "годах" if governor(tokens, index).word == "в" else "годов"
    closing = "." if tokens[found[0] - 1].text == "." and tokens.ends_sentence(found[0]) else ""
    return Said(found[0], f"{said.text} {word}{closing}")


def decimal_compound(tokens: Tokens, index: int) -> Said | None:
    """ "1,5-часовой", "20%-ный"."""
    if tokens.text(index, index + 3) in ("1,5", "1.5") and tokens[index + 3].text == "-":
        word = tokens[index + 4].text.lower()
        return Said(index + 5, f"полутора{word}") if _is_compound(word) else None
    if tokens[index + 1].text == "%" and tokens[index + 2].text == "-" and len(tokens[index].text) < 4:
        ending = tokens[index + 3].text.lower()
        if ending.startswith("н") or ending in ("й", "я", "е", "го", "му"):
            full = (
                ending
                if ending.startswith("н")
                else {"й": "ный", "я": "ная", "е": "ное", "го": "ного", "му": "ному"}[ending]
            )
            return Said(index + 4, f"{numerals.stem(int(tokens[index].text))}процент{full}")
    return None


def _joined(tokens: Tokens, index: int, number: int) -> Said | None:
    """ "5-ти этажный", "2-х комнатная": two words for one, with a space or hyphen."""
    if tokens[index].text not in (" ", "-") or tokens[index + 1].kind is not Kind.WORD:
        return None
    word = tokens[index + 1].text.lower()
    if _is_compound(word) and forms(word)[0].pos == "ADJF" and word.endswith(_JOINED):
        return Said(index + 2, numerals.stem(number) + word)
    return None


_JOINED = tuple(
    f"{stem}{ending}"
    for stem in (
        *(
            "этажн",
            "комнатн",
            "местн",
            "дневн",
            "часов",
            "минутн",
            "разов",
            "звёздочн",
            "метров",
            "километров",
        ),
    )
    for ending in ("ый", "ая", "ое", "ые", "ого", "ой", "ому", "ым", "ом", "ую", "ых", "ыми")
)


def _is_compound(word: str) -> bool:
    return len(word) >= 4 and "а" <= word[0] <= "я"


def _ordinal(tokens: Tokens, index: int, number: int, ending: str, end: int) -> Said | None:
    before = governor(tokens, index)
    nouns = tuple(form for form in noun_behind(tokens, end) if form.case)
    if (ending in ("х", "ми", "м") and number < 5) or (ending == "х" and number == 2):
        # "2-х", "3-х", "4-х": cardinals.
        if said := _joined(tokens, end, number):
            return said
        case: Case = {"х": "g", "ми": "i", "м": "d"}[ending]  # type: ignore[assignment]
        if ending != "м" or (nouns and nouns[0].plural):
            return Said(end, numerals.cardinal(number, case))
    for case, gender, plural, animate in _candidates(before, nouns):
        words = numerals.ordinal(number, case, gender, plural=plural, animate=animate)
        if words.endswith(ending):
            return Said(end, words)
    for letters, (case, gender, plural) in _BY_ENDING.items():
        if ending.endswith(letters):
            if letters == "е" and number % 10 == 0 and number % 100 >= 10:
                plural = True
            if letters == "м" and before.cases[0] not in "pa":
                case = "i"
            return Said(end, numerals.ordinal(number, case, gender, plural=plural))
    return Said(end, numerals.ordinal(number))


def _candidates(before: Governor, nouns: tuple[Form, ...]) -> list[tuple[Case, Gender, bool, bool]]:
    """Forms that the noun behind may ask for, those that the preposition allows first."""
    found = []
    for case in dict.fromkeys((*before.cases, *CASES)):
        for form in nouns:
            if form.case == case:
                found.append((case, form.gender or "m", form.plural, form.animate))
    return found


def roman_numeral(tokens: Tokens, index: int) -> Said | None:
    """ "XIX век", "Пётр I", "II группы", "XVIII–XIX вв."."""
    number = _roman_at(tokens, index)
    if number is None:
        return None
    end = index + 1
    if tokens[end].text in "-‑" and tokens[end + 1].text.lower() in _ENDINGS:
        return _ordinal(tokens, index, number, tokens[end + 1].text.lower(), end + 2)
    if tokens[end].kind is Kind.SIGN and tokens[end].text in DASHES and (last := _roman_at(tokens, end + 1)):
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
    if tokens[index].kind is not Kind.WORD or not _ROMAN_LETTERS.issuperset(text):
        return None
    if tokens[index - 1].text == "-" or tokens[index + 1].text == "'":
        return None
    return roman(text.translate(_HOMOGLYPHS))


def _century_at(tokens: Tokens, index: int) -> tuple[int, str, bool] | None:
    """Index behind the abbreviation of a century, its word, and whether it is plural."""
    found = tokens.longest_of(index, _CENTURY)
    if found is None or tokens.is_word_or_number(found[0]):
        return None
    end, word = found
    text = tokens.text(index, end)
    if text == "в" and tokens[end].kind is Kind.SPACE and tokens[end + 1].kind is Kind.WORD:
        return None
    return end, word, text.startswith("вв")


def _before_noun(tokens: Tokens, index: int, number: int, end: int) -> Said | None:
    if tokens[end].kind is not Kind.SPACE:
        return None
    before = governor(tokens, index)
    if century := _century_at(tokens, end + 1):
        behind, word, plural = century
        case = _case_of_century(tokens, index, before)
        said = f"{numerals.ordinal(number, case)} {decline(word, case, plural=plural)}"
        return Said(
            behind, said + ("." if tokens.ends_sentence(behind) and tokens[behind - 1].text == "." else "")
        )
    nouns = tuple(form for form in noun_behind(tokens, end + 1) if form.case and not form.is_name)
    if not nouns or (len(tokens[index].text) == 1 and tokens[index].text in "СМХ"):
        return None
    if not _MAY_BE_LARGE & {form.lemma for form in nouns} and set(tokens[index].text) & set("LCDMСМ"):
        return None
    previous = tokens[tokens.before_space(index)]
    behind_noun = previous.kind is Kind.WORD and forms(previous.text.lower())[0].pos == "NOUN"
    form = _best(before, nouns, behind_noun=behind_noun)
    assert form.case is not None
    said = numerals.ordinal(number, form.case, form.gender or "m", plural=form.plural)
    return Said(end, said)


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
    if word.kind is Kind.WORD and forms(word.text.lower())[0].pos in ("NOUN", "PRTS", "PRTF", "ADJF"):
        return "g"
    return "n"


def _behind_name(tokens: Tokens, index: int, number: int, end: int) -> Said | None:
    """A monarch's number, in the form of the name before it."""
    name = tokens[tokens.before_space(index)]
    if name.kind is not Kind.WORD or not name.text[0].isupper() or tokens[index - 1].kind is not Kind.SPACE:
        return None
    if set(tokens[index].text) & set("LCDMСМ") or len(name.text) < 3:
        return None
    nouns = [form for form in forms(name.text.lower()) if form.case and form.pos == "NOUN"]
    named = [form for form in nouns if form.is_name] or [form for form in nouns if not form.plural]
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
    if before.kind is not Kind.WORD or forms(before.text.lower())[0].pos != "NOUN":
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


def simple_fraction(tokens: Tokens, index: int) -> Said | None:
    """ "1/2", "3/4": a fraction of small numbers that is no date and no score."""
    if tokens[index + 1].text != "/" or tokens[index + 2].kind is not Kind.NUMBER:
        return None
    if tokens[index - 1].text == "/" or (
        tokens[index + 3].text in ("/", "-", ".") and tokens[index + 4].kind is Kind.NUMBER
    ):
        return None
    above, below = tokens[index].text, tokens[index + 2].text
    if len(above) > 2 or len(below) > 3 or range_end(tokens, index + 3):
        return None
    if (above, below) in _SAYINGS:
        return Said(index + 3, _SAYINGS[above, below])
    if 0 < int(above) < int(below) and int(below) >= 2 and above[0] != "0":
        case = governor(tokens, index).cases[0]
        return Said(index + 3, numerals.fraction(int(above), int(below), case))
    if int(above) < _LARGEST:
        return Said(index + 3, f"{numerals.cardinal(int(above))} дробь {numerals.cardinal(int(below))}")
    return None
