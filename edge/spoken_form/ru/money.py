"""Russian prices: "$5", "Rp 50.000", "12,50 €", "/чел."."""

from __future__ import annotations

from edge.spoken_form.numbers import WrittenNumber, number_at
from edge.spoken_form.ru.agreement import agree, noun_behind
from edge.spoken_form.ru.morphology import Case, decline, forms
from edge.spoken_form.ru.numbered import Counted
from edge.spoken_form.ru.quantities import (
    counted_noun,
    for_unit,
    inherited_governor,
    measured,
    number_words,
    one_number,
    range_end,
    read_number,
)
from edge.spoken_form.ru.tables import HUNDREDTHS, SCALES, CountedUnit, currencies, table
from edge.spoken_form.ru.units import unit_at
from edge.spoken_form.rules import Said, closed
from edge.spoken_form.tokens import TokenKind, Tokens


def money_before(tokens: Tokens, index: int) -> Said | None:
    """ "$5", "Rp 50.000", "€12,50", "US$100 млн"."""
    found = tokens.longest_of(index, currencies())
    if found is None or tokens[index - 1].kind is TokenKind.WORD:
        return None
    end, unit = found
    place = tokens.behind_space(end)
    number = money_number(tokens, place)
    if number is None:
        return None
    before = inherited_governor(tokens, index)
    counted = Counted(None, number, before, index, number.end)
    if second := range_end(tokens, number.end):
        counted = Counted(number, second, before, index, second.end)
    case = before.cases[0]
    scale = unit_at(tokens, tokens.behind_space(counted.behind))
    if scale and scale[1].noun in SCALES:
        return Said(
            scale[0],
            f"{measured(counted, scale[1], case)} {decline(unit.noun, 'g', plural=True, counted=True)}",
        )
    behind = tokens[tokens.behind_space(counted.behind)]
    if behind.kind is TokenKind.WORD and forms(behind.text.lower())[0].lemma in SCALES:
        how = agree(
            counted.number.value, before, noun_behind(tokens, counted.behind), decimal=bool(number.fraction)
        )
        said = f"{number_words(counted, how)} {behind.text} {decline(unit.noun, 'g', plural=True)}"
        return Said(tokens.behind_space(counted.behind) + 1, said)
    if counted.first is None and (priced := _with_hundredths(number, unit, case)):
        return Said(number.end, priced)
    return Said(counted.behind, measured(counted, unit, case))


def _with_hundredths(number: WrittenNumber, unit: CountedUnit, case: Case) -> str | None:
    """ "двенадцать долларов пятьдесят центов"; None: there are none, or they are no hundredths."""
    hundredth = HUNDREDTHS.get(unit.noun)
    if hundredth is None or len(number.fraction) != 2:
        return None
    return " ".join(
        f"{one_number(part, for_unit(of_it, case))} {counted_noun(of_it.noun, part, case)}"
        for digits, of_it in ((number.whole, unit), (number.fraction.lstrip("0"), CountedUnit(hundredth, "")))
        if digits
        for part in (WrittenNumber(digits, "", number.end),)
    )


def money_behind(tokens: Tokens, index: int) -> Said | None:
    """ "3 000,50 руб.": a price with its hundredths."""
    number = read_number(tokens, index)
    found = unit_at(tokens, tokens.behind_space(number.end)) if number and len(number.fraction) == 2 else None
    if number is None or found is None:
        return None
    end, unit = found
    said = _with_hundredths(number, unit, inherited_governor(tokens, index).cases[0])
    return closed(tokens, end, said) if said else None


def money_number(tokens: Tokens, index: int) -> WrittenNumber | None:
    return number_at(tokens, index, groups=".,", decimals=",.")


def per_sign(tokens: Tokens, index: int) -> Said | None:
    """ "/чел." behind a price or unit."""
    if tokens[index].text != "/":
        return None
    found = tokens.longest_of(index + 1, table("per"))
    if found is None or not (tokens[index - 1].kind is TokenKind.WORD or tokens[index - 1].text in ".²³₽€$"):
        return None
    end, said = found
    if tokens.is_word_or_number(end):
        return None
    return closed(tokens, end, f" {said}")
