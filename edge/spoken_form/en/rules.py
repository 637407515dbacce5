"""All rules for English, in the order in which they are tried."""

from __future__ import annotations

from edge.spoken_form import cyrillic
from edge.spoken_form.en import fractions, money, names, quantities, times, words
from edge.spoken_form.rules import Rules, where
from edge.spoken_form.tokens import TokenKind

RULES: Rules = {
    TokenKind.NUMBER: (
        words.WEB.address,
        words.phone,
        times.in_digits,
        times.clock_time,
        times.day_first,
        quantities.feet_and_inches,
        quantities.ordinals,
        money.money_behind,
        fractions.simple_fraction,
        words.house_number,
        words.WEB.dotted_numbers,
        quantities.quantity,
    ),
    TokenKind.WORD: (
        words.formula,
        words.WEB.address,
        money.money_before,
        words.numbered,
        times.month_first,
        times.weekday,
        names.initials,
        words.abbreviation,
        words.times,
        names.roman_numeral,
        cyrillic.foreign,
    ),
    TokenKind.SIGN: (
        words.numbered,
        where("@", words.WEB.address),
        words.times,
        where("+(", words.phone),
        money.money_before,
        fractions.vulgar_fraction,
        quantities.decimal_alone,
        times.minutes_alone,
        times.range_of_times,
        quantities.to_range,
        quantities.signed,
        quantities.per,
        words.sign,
    ),
}
