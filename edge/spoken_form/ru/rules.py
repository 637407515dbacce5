"""All rules for Russian, in the order in which they are tried."""

from __future__ import annotations

from edge.spoken_form.ru import dates, letters, money, ordinals, places, quantities, roman, times, words
from edge.spoken_form.rules import Rules, where
from edge.spoken_form.tokens import TokenKind

RULES: Rules = {
    TokenKind.NUMBER: (
        words.WEB.address,
        words.phone,
        dates.in_digits,
        times.clock_time,
        ordinals.with_ending,
        ordinals.decimal_compound,
        dates.day_and_month,
        dates.month_and_year,
        dates.year_with_word,
        money.money_behind,
        roman.century_in_digits,
        dates.school_year,
        ordinals.simple_fraction,
        words.WEB.dotted_numbers,
        quantities.quantity,
    ),
    TokenKind.WORD: (
        words.formula,
        words.WEB.address,
        money.money_before,
        places.large_or_small,
        letters.initials,
        words.abbreviation,
        words.times,
        roman.roman_numeral,
        quantities.unit_behind_word,
        letters.letter_behind_number,
        letters.acronym,
        words.foreign,
    ),
    TokenKind.SIGN: (
        words.numbered_sign,
        where("@", words.WEB.address),
        where("+(", words.phone),
        money.money_before,
        quantities.signed,
        money.per_sign,
        words.sign,
    ),
}
