"""Russian quantities: numbers with a unit, a noun or nothing behind them, ranges and money."""

from __future__ import annotations

from edge.spoken_form.numbers import WrittenNumber, number_at, second_number
from edge.spoken_form.ru import numerals
from edge.spoken_form.ru.agreement import Agreement, Governor, agree, governor, noun_behind
from edge.spoken_form.ru.morphology import Case, Form, decline, forms, gender_of
from edge.spoken_form.ru.numbered import Counted, first_of_numbered, names_street, numbered, year
from edge.spoken_form.ru.tables import SCALES, CountedUnit, listed
from edge.spoken_form.ru.units import unit_at
from edge.spoken_form.rules import Said, closed
from edge.spoken_form.signs import is_of_number
from edge.spoken_form.tokens import DASHES, TokenKind, Tokens

_FROM = ("с", "со")
_ANIMATE = frozenset(("человек", "пассажир"))


def quantity(tokens: Tokens, index: int) -> Said | None:
    """What a number says, with a range's other end and the abbreviation of a unit behind it."""
    return said_quantity(tokens, index, index)


def read_number(tokens: Tokens, index: int) -> WrittenNumber | None:
    return number_at(tokens, index, groups=".", decimals=",.")


def said_quantity(tokens: Tokens, index: int, start: int) -> Said | None:
    """What ``quantity`` says, where at ``start`` is what belongs to the number before it (a sign)."""
    first = _with_part(tokens, read_number(tokens, index))
    if first is None:
        return None
    before = inherited_governor(tokens, start)
    if second := range_end(tokens, first.end):
        counted = Counted(first, second, before, start, second.end)
    else:
        counted = Counted(None, first, before, start, first.end)
    return _with_unit(tokens, counted) or _with_noun(tokens, counted)


def _with_part(tokens: Tokens, number: WrittenNumber | None) -> WrittenNumber | None:
    """The number with the half or quarter behind it: "5 ½"."""
    if number is None or number.fraction:
        return number
    place = tokens.behind_space(number.end)
    part = {"½": "5", "¼": "25", "¾": "75"}.get(tokens[place].text)
    return WrittenNumber(number.whole, part, place + 1) if part else number


def unit_behind_word(tokens: Tokens, index: int) -> Said | None:
    """ "пять тысяч км", "полтора км", "несколько мин.": behind a number in words, or alone ("в км")."""
    found = unit_at(tokens, index)
    if found is None or tokens.is_word_or_number(index - 1):
        return None
    end, unit = found
    text = tokens.text(index, end).rstrip(".")
    if len(text) < 2 or text not in listed("units_alone"):
        return None
    word = tokens[tokens.before_space(index)].text.lower()
    if word in listed("counts_few"):
        said = decline(unit.noun, "g", plural=False, gender=gender_of(unit.noun))
    elif word in listed("counts_many") or any(
        form.pos == "NUMR" or form.lemma in SCALES for form in forms(word)[:1]
    ):
        said = decline(unit.noun, "g", plural=True, counted=True)
    else:
        case: Case = "p" if word == "в" else governor(tokens, index).cases[0]
        said = decline(unit.noun, case, plural=word in ("в", "на"), gender=gender_of(unit.noun))
    return closed(tokens, end, f"{said} {unit.tail}".strip())


def range_end(tokens: Tokens, index: int) -> WrittenNumber | None:
    """The other end of a range, behind the dash at ``index``."""
    return second_number(tokens, index, read_number)


def inherited_governor(tokens: Tokens, index: int) -> Governor:
    """What governs the number at ``index``, also where it is a later one of several ("у 2 и 3 остановок")."""
    own = governor(tokens, index)
    for _ in range(6):
        if own.word or own.described:
            return own
        place = tokens.before_space(index)
        if tokens[place].text.lower() not in ("и", "или", ",", *DASHES) or place < 0:
            return own
        place = tokens.before_space(place)
        if tokens[place].kind is not TokenKind.NUMBER:
            return own
        index = place
        earlier = governor(tokens, index)
        if earlier.word:
            return earlier
    return own


def _with_unit(tokens: Tokens, counted: Counted) -> Said | None:
    place = tokens.behind_space(counted.behind)
    found = unit_at(tokens, place)
    if found is None:
        return None
    end, unit = found
    case = _case_before_unit(tokens, counted.before, end, unit)
    if unit.noun in SCALES:
        return _with_scale(tokens, counted, end, unit, case)
    return closed(tokens, end, measured(counted, unit, case))


def _with_scale(tokens: Tokens, counted: Counted, end: int, unit: CountedUnit, case: Case) -> Said:
    """ "5 тыс. руб.", "30 млн"."""
    said = measured(counted, unit, case)
    if found := unit_at(tokens, tokens.behind_space(end)):
        end, counted_unit = found
        of_them = decline(counted_unit.noun, "g", plural=True, counted=True)
        return closed(tokens, end, " ".join(filter(None, (said, of_them, counted_unit.tail))))
    return closed(tokens, end, said)


def _case_before_unit(tokens: Tokens, before: Governor, end: int, unit: CountedUnit) -> Case:
    behind = tokens[tokens.behind_space(end)].text.lower()
    if before.word in ("в", "во") and unit.noun in listed("lengths") and behind in listed("from_here"):
        return "p"
    if before.word in _FROM and behind not in ("до", "по") and unit.noun in ("килограмм", "литр", "человек"):
        return "i"
    return before.cases[0]


def for_unit(unit: CountedUnit, case: Case) -> Agreement:
    plural_only = any(form.plural_only for form in forms(unit.noun.split(" ")[-1])[:1])
    return Agreement(case, gender_of(unit.noun), unit.noun in _ANIMATE and case == "a", plural_only, True)


def counted_noun(noun: str, number: WrittenNumber, case: Case) -> str:
    """``noun`` behind ``number`` in ``case``: "метра", "метров", "квадратных метра"."""
    if number.fraction and not is_half(number):
        return decline(noun, "g", plural=False, gender=gender_of(noun))
    direct = case in "na"
    value = number.value
    if value == 1 and number.fraction:
        value = 2  # "полтора" governs as "два"
    if noun in _ANIMATE and case == "a" and (value <= 4 or numerals.takes_singular(value)):
        # "На двух человек".
        case = "g"
        direct = False
    if numerals.takes_singular(value):
        return decline(noun, case, plural=False, gender=gender_of(noun))
    if not direct:
        return decline(noun, case, plural=True, counted=case == "g")
    if numerals.is_few(value) and not forms(noun.split(" ")[-1])[0].plural_only:
        *adjectives, last = noun.split(" ")
        adjective_case = "n" if gender_of(noun) == "f" else "g"
        said = [decline(each, adjective_case, plural=True) for each in adjectives]
        return " ".join((*said, decline(last, "g", plural=False)))
    return decline(noun, "g", plural=True, counted=True)


def measured(counted: Counted, unit: CountedUnit, case: Case) -> str:
    """The number or range with its unit."""
    said = f"{number_words(counted, for_unit(unit, case))} {counted_noun(unit.noun, counted.number, case)}"
    return f"{said} {unit.tail}" if unit.tail else said


def number_words(counted: Counted, how: Agreement) -> str:
    """The number, or both of a range."""
    if counted.first is None:
        return one_number(counted.number, how)
    last = one_number(counted.number, how)
    first = one_number(counted.first, how)
    if counted.before.word in _FROM and how.case == "g":
        return f"{first} до {last}"
    if counted.before.word == "от":
        return f"{first} до {last}"
    return f"{first} — {last}"


def one_number(number: WrittenNumber, how: Agreement) -> str:
    if number.is_code:
        return numerals.digits(number.whole)
    if number.fraction:
        if how.has_noun and is_half(number):
            return numerals.and_a_half(number.value, how.case, how.gender)
        return numerals.decimal(number.value, number.fraction, how.case)
    if how.plural_only:
        if said := numerals.collective(number.value, how.case):
            return said
        if number.value == 1:
            return decline("один", how.case, plural=True)
    return numerals.cardinal(number.value, how.case, how.gender, animate=how.animate)


def is_half(number: WrittenNumber) -> bool:
    """Whether it is said "с половиной": "двадцать один с половиной метр" nobody says."""
    if number.fraction != "5" or not 0 < number.value < 1000:
        return False
    return number.value == 1 or not numerals.takes_singular(number.value)


def _with_noun(tokens: Tokens, counted: Counted) -> Said:
    number, behind = counted.number, counted.behind
    word = tokens[tokens.behind_space(behind)].text.lower()
    nouns = () if word in listed("parts_of_day") and counted.before.word else noun_behind(tokens, behind)
    half = is_half(number) and (number.value < 5 or any(_is_many(form) for form in nouns))
    # "Полтора" governs as "два"; "5,5 метра" is a decimal number, "5,5 метров" is none.
    counts = 0 if number.is_code else 2 if half and number.value == 1 else number.value
    how = agree(counts, counted.before, nouns, decimal=bool(number.fraction) and not half)
    how = how._replace(has_noun=how.has_noun and (half or not is_half(number)))
    if said := first_of_numbered(tokens, counted):
        return Said(behind, said)
    if said := numbered(counted, nouns):
        return Said(behind, said)
    if said := year(tokens, counted, nouns):
        return Said(behind, said)
    if _names_street(tokens, counted, nouns):
        how = how._replace(case="g")
    said = number_words(counted, how)
    if counted.before.word == "по" and not number.fraction and how.case == "a" and number.value == 1:
        said = numerals.cardinal(1, "d", how.gender)
    return Said(behind, said)


def _names_street(tokens: Tokens, counted: Counted, nouns: tuple[Form, ...]) -> bool:
    """ "ул. 50 лет Октября", "ул. 26 Бакинских Комиссаров": the whole name is in the genitive."""
    if not any(form.plural and form.case == "g" for form in nouns) or counted.before.word:
        return False
    named = nouns[0].lemma == "год" or tokens[tokens.behind_space(counted.behind)].text[0].isupper()
    return named and names_street(tokens, counted.start)


def _is_many(form: Form) -> bool:
    return form.plural and form.case not in ("n", "a")


def signed(tokens: Tokens, index: int) -> Said | None:
    """ "−5", "+5 °C", "±2": a sign that belongs to the number behind it."""
    said = said_quantity(tokens, index + 1, index) if is_of_number(tokens, index) else None
    word = {"+": "плюс", "±": "плюс-минус"}.get(tokens[index].text, "минус")
    return said and Said(said.end, f"{word} {said.text}")
