"""All rules for Russian, in the order in which they are tried."""

from __future__ import annotations

from edge.spoken_form.ru import dates, ordinals, quantities, times, words
from edge.spoken_form.rules import Rules
from edge.spoken_form.tokens import Kind

RULES: Rules = {
    Kind.NUMBER: (
        words.web_address,
        words.phone,
        dates.in_digits,
        times.clock_time,
        ordinals.with_ending,
        dates.day_and_month,
        dates.month_and_year,
        dates.year_with_word,
        ordinals.century_in_digits,
        ordinals.simple_fraction,
        quantities.quantity,
    ),
    Kind.WORD: (
        words.formula,
        words.web_address,
        quantities.money_before,
        words.initials,
        words.abbreviation,
        words.times,
        ordinals.roman_numeral,
        words.letter_behind_number,
        words.acronym,
        words.foreign,
    ),
    Kind.SIGN: (
        words.numbered_sign,
        words.web_handle,
        words.phone_sign,
        quantities.money_before,
        quantities.signed,
        quantities.per_sign,
        words.sign,
    ),
}
