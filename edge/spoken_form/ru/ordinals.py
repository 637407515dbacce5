"""Russian ordinals: with an ending ("2-й"), in Roman numerals ("XIX век"), and compounds ("5-минутный")."""

from __future__ import annotations

from edge.spoken_form.numbers import is_fraction_at
from edge.spoken_form.ru import numerals
from edge.spoken_form.ru.agreement import Governor, governor, noun_behind
from edge.spoken_form.ru.morphology import CASES, Case, Form, Gender, decline, forms, gender_of
from edge.spoken_form.ru.places import in_address
from edge.spoken_form.ru.quantities import range_end
from edge.spoken_form.ru.units import unit_at
from edge.spoken_form.rules import Said, closed
from edge.spoken_form.tokens import DASHES, TokenKind, Tokens

ENDINGS = {
    *("й", "ый", "ой", "ий", "я", "ая", "ья", "е", "ое", "ье", "ые", "го", "ого", "его", "му", "ому", "ему"),
    *("м", "ым", "им", "ом", "ем", "х", "ых", "их", "ми", "ыми", "ими", "ю", "ую", "ью", "ей"),
}
_CARDINAL_ENDINGS = {"ти", "ми", "и", "ю", "та", "мя", "ёх", "ех", "ёхсот", "ух"}
_BY_ENDING: dict[str, tuple[Case, Gender, bool]] = {
    **{"й": ("n", "m", False), "я": ("n", "f", False), "е": ("n", "n", False), "го": ("g", "m", False)},
    **{"му": ("d", "m", False), "м": ("p", "m", False), "х": ("g", "m", True), "ю": ("a", "f", False)},
    **{"ми": ("i", "m", True)},
}
"""Last letters → case, gender and whether plural, where no noun tells."""
_SAYINGS = {("24", "7"): "двадцать четыре на семь", ("50", "50"): "пятьдесят на пятьдесят"}


def with_ending(tokens: Tokens, index: int) -> Said | None:
    """ "2-й", "5-я", "80-х", "5-ти", "20-летний", "3-комнатная"."""
    if said := _range_with_ending(tokens, index):
        return said
    if tokens[index + 1].text not in "-‑‐" or tokens[index + 2].kind is not TokenKind.WORD:
        return None
    if tokens[index + 1].kind is not TokenKind.SIGN or len(tokens[index].text) > 9:
        return None
    number, ending = int(tokens[index].text), tokens[index + 2].text.lower()
    if ending in ENDINGS:
        if said := _with_unit(tokens, index, number, ending):
            return said
        said = ordinal_with_ending(tokens, index, number, ending, index + 3)
        return _with_years(tokens, index, said, ending)
    if ending in _CARDINAL_ENDINGS:
        if said := _joined(tokens, index + 3, number):
            return said
        case: Case = "i" if ending in ("ю", "мя") else "g"
        return Said(index + 3, numerals.cardinal(number, case))
    if _is_compound(ending):
        return Said(index + 3, numerals.stem(number) + ending)
    return None


def _range_with_ending(tokens: Tokens, index: int) -> Said | None:
    """ "в 50–60-х", "5–7-й классы": the ending stands at the second number alone."""
    dash, last, joint, ending = (tokens[index + offset] for offset in range(1, 5))
    if dash.kind is not TokenKind.SIGN or dash.text not in DASHES or last.kind is not TokenKind.NUMBER:
        return None
    if joint.text not in "-‑‐" or joint.kind is not TokenKind.SIGN or ending.text.lower() not in ENDINGS:
        return None
    if max(len(tokens[index].text), len(last.text)) > 4 or tokens[index - 1].text in DASHES:
        return None
    first, second = (
        ordinal_with_ending(tokens, index, int(number.text), ending.text.lower(), index + 5)
        for number in (tokens[index], last)
    )
    both = Said(index + 5, f"{first.text} — {second.text}")
    return _with_years(tokens, index, both, ending.text.lower())


def _with_unit(tokens: Tokens, index: int, number: int, ending: str) -> Said | None:
    """ "на 5-м км": the abbreviation of a unit that is numbered."""
    found = unit_at(tokens, tokens.behind_space(index + 3))
    if found is None or tokens[index + 3].kind is not TokenKind.SPACE:
        return None
    end, unit = found
    before = governor(tokens, index)
    preferred: tuple[Case, ...] = ("p",) if before.word in ("в", "во", "на") else ()
    for case in dict.fromkeys((*preferred, *before.cases, *CASES)):
        said = numerals.ordinal(number, case, gender_of(unit.noun))
        if said.endswith(ending):
            return closed(tokens, end, f"{said} {decline(unit.noun, case, plural=False)} {unit.tail}".strip())
    return None


def _with_years(tokens: Tokens, index: int, said: Said | None, ending: str) -> Said | None:
    """ "в 60-х гг.": the word that a decade takes."""
    if said is None or ending not in ("е", "ые", "х", "ых"):
        return said
    found = tokens.whole_of(tokens.behind_space(said.end), {"гг.": 1, "гг": 1, "г.": 1})
    if found is None:
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
    if tokens[index].text not in (" ", "-") or tokens[index + 1].kind is not TokenKind.WORD:
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


def ordinal_with_ending(tokens: Tokens, index: int, number: int, ending: str, end: int) -> Said:
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


def simple_fraction(tokens: Tokens, index: int) -> Said | None:
    """ "1/2", "3/4": a fraction of small numbers that is no date and no score."""
    if not is_fraction_at(tokens, index):
        return None
    if tokens[index + 3].text in ("/", "-", ".") and tokens[index + 4].kind is TokenKind.NUMBER:
        return None
    above, below = tokens[index].text, tokens[index + 2].text
    if len(above) > 2 or len(below) > 3 or range_end(tokens, index + 3):
        return None
    if (above, below) in _SAYINGS:
        return Said(index + 3, _SAYINGS[above, below])
    if not in_address(tokens, index) and 0 < int(above) < int(below) and int(below) >= 2 and above[0] != "0":
        case = governor(tokens, index).cases[0]
        return Said(index + 3, numerals.fraction(int(above), int(below), case))
    return Said(index + 3, f"{numerals.cardinal(int(above))} дробь {numerals.cardinal(int(below))}")
