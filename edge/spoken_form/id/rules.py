"""All rules for Indonesian, in the order in which they are tried."""

from __future__ import annotations

from edge.spoken_form import cyrillic
from edge.spoken_form.id import letters, quantities, times, words
from edge.spoken_form.rules import Rules, where
from edge.spoken_form.tokens import TokenKind

RULES: Rules = {
    TokenKind.NUMBER: (
        words.WEB.address,
        words.phone,
        times.in_digits,
        times.clock_time,
        quantities.decades,
        quantities.simple_fraction,
        words.WEB.dotted_numbers,
        quantities.quantity,
    ),
    TokenKind.WORD: (
        quantities.money_before,
        letters.formula,
        words.WEB.address,
        quantities.ordinal,
        quantities.doubled,
        words.numbered,
        times.weekday,
        times.month,
        words.roman_numeral,
        letters.initials,
        words.abbreviation,
        words.times,
        letters.letter_behind_number,
        letters.acronym,
        cyrillic.foreign,
    ),
    TokenKind.SIGN: (
        words.numbered,
        where("@", words.WEB.address),
        where("+(", words.phone),
        quantities.money_before,
        quantities.vulgar_fraction,
        quantities.to_range,
        quantities.signed,
        quantities.per,
        words.sign,
    ),
}
