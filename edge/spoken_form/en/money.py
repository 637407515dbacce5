"""English prices: "$5", "US$100 million", "50.000 IDR"."""

from __future__ import annotations

from edge.spoken_form.en import numerals
from edge.spoken_form.en.quantities import describes, read_number
from edge.spoken_form.en.tables import Currency, table
from edge.spoken_form.en.units import currency_at
from edge.spoken_form.numbers import WrittenNumber, number_at, second_number
from edge.spoken_form.rules import Said
from edge.spoken_form.tokens import TokenKind, Tokens


def money_before(tokens: Tokens, index: int) -> Said | None:
    """ "$5", "$3.50", "US$100 million", "Rp 7,500", "$5-10"."""
    found = currency_at(tokens, index)
    if found is None or tokens[index - 1].kind is TokenKind.WORD:
        return None
    end, currency = found
    number = money_number(tokens, tokens.behind_space(end), currency)
    if number is None:
        return None
    second = second_number(tokens, number.end, read_number) or _second_money(tokens, number.end, currency)
    said, last = number.in_words(numerals), number
    if second:
        said, last = f"{said} to {second.in_words(numerals)}", second
    if scale := tokens.whole_of(tokens.behind_space(last.end), table("scales")):
        return Said(scale[0], f"{said} {scale[1]} {currency.many}")
    if second is None and len(number.fraction) == 2 and currency.hundredth:
        return Said(number.end, _with_hundredths(tokens, index, number, currency))
    if second is None and number.fraction in ("00", "000"):
        said = numerals.cardinal(number.value)
    one = second is None and (
        (number.value == 1 and number.fraction in ("", "00")) or describes(tokens, index, last.end)
    )
    return Said(last.end, f"{said} {currency.one if one else currency.many}")


def money_number(tokens: Tokens, index: int, currency: Currency) -> WrittenNumber | None:
    """Read an amount; full stops are groups, too, where nobody counts hundredths ("Rp 50.000")."""
    groups = ",." if not currency.hundredth else ","
    return number_at(tokens, index, groups=groups, decimals=".,")


def _second_money(tokens: Tokens, index: int, currency: Currency) -> WrittenNumber | None:
    """ "$5–$10"."""
    place = tokens.behind_space(index)
    if not tokens.is_dash(place):
        return None
    found = currency_at(tokens, tokens.behind_space(place + 1))
    if found is None or found[1] != currency:
        return None
    return money_number(tokens, tokens.behind_space(found[0]), currency)


def _with_hundredths(tokens: Tokens, index: int, number: WrittenNumber, currency: Currency) -> str:
    parts = int(number.fraction)
    one = number.value == 1 or (parts == 0 and describes(tokens, index, number.end))
    said = f"{numerals.cardinal(number.value)} {currency.one if one else currency.many}"
    if number.value == 0 and parts:
        return f"{numerals.cardinal(parts)} {currency.hundredth if parts == 1 else currency.hundredths}"
    if parts == 0:
        return said
    return (
        f"{said} and {numerals.cardinal(parts)} {currency.hundredth if parts == 1 else currency.hundredths}"
    )


def money_behind(tokens: Tokens, index: int) -> Said | None:
    """ "5€", "50.000 IDR": groups as in the country of the money."""
    for groups in (",", ".,"):
        number = number_at(tokens, index, groups=groups, decimals=".,")
        found = currency_at(tokens, tokens.behind_space(number.end)) if number else None
        if number and found and (groups == "," or not found[1].hundredth):
            if number.fraction and not found[1].hundredth and groups == ",":
                continue
            if number.fraction and len(number.fraction) == 2 and found[1].hundredth:
                return Said(found[0], _with_hundredths(tokens, index, number, found[1]))
            said = number.in_words(numerals)
            return Said(
                found[0],
                f"{said} {found[1].one if number.value == 1 and not number.fraction else found[1].many}",
            )
    return None
