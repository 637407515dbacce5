"""What an answer says only where its pages do: prices, promises and claims on health. Pure."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, NamedTuple

from edge.commentator.disguises import readings
from edge.commentator.word_patterns import WordPatterns
from edge.lexicon.words import PLAIN_WORD
from edge.package_tables import read_table

_AMOUNT = re.compile(r"\d+(?:[ .,\u00a0\u202f]\d{3})*(?:[.,]\d{1,2})?(?!\d)")
_SIGN_BEFORE = re.compile(r"(?:\$|€|£|¥|₽|\brp\.?|\bidr|\busd|\beur|\brub)\s?\Z")
_PRICED_BEFORE = re.compile(
    r"\b(?:сто[ия]т|обойдется(?: вам)? в|цена|стоимость|costs?|price(?: is)?|harga(?:nya)?|tarif(?:nya)?)"
    r"[ :—–-]{1,3}\Z"
)
_BEHIND_PRICES = frozenset(("за", "с", "на", "per", "each", "for", "a", "untuk"))
_NEXT_WORD = re.compile(r"\s{0,2}([$€£¥₽]|[^\W\d_]{1,20})")


class _Table(NamedTuple):
    scales: dict[str, int]
    """Word → what it multiplies with."""
    money: tuple[str, ...]
    """How words for money begin."""
    numbers: dict[str, int]
    claims: WordPatterns
    words_of_claims: dict[str, tuple[str, ...]]
    """Claim → beginnings of words of which a page must have one."""


def ungrounded(text: str, facts: str) -> str | None:
    """What the text claims that no page in ``facts`` does; None: nothing."""
    if wrong := _amounts(text) - _amounts(facts, money_only=False):
        return f"it names a price that no page has ({len(wrong)})"
    table = _table()
    for hit in table.claims.find(readings(text)):
        stems = table.words_of_claims[hit.name]
        if not any(form.startswith(stems) for word in readings(facts) for form in word.forms):
            return f"no page says what it claims ({hit.name})"
    return None


def _amounts(text: str, *, money_only: bool = True) -> set[float]:
    """Amounts of money that the text names; or all its numbers, each as it stands and with what follows."""
    small = text.casefold()
    found: set[float] = set()
    for match in _AMOUNT.finditer(small):
        value = _value(match[0])
        is_money = bool(_SIGN_BEFORE.search(small, max(0, match.start() - 5), match.start()))
        is_priced = bool(_PRICED_BEFORE.search(small, max(0, match.start() - 24), match.start()))
        scaled, is_named = _scaled(value, small, match.end(), is_priced)
        if is_money or is_named:
            found.add(scaled)
        if not money_only:
            found |= {value, scaled}
    return found | _spoken_amounts(small, money_only=money_only)


def _value(written: str) -> float:
    """ "50 000", "50.000", "3,5" as a number."""
    mark = max(written.rfind("."), written.rfind(","))
    decimals = written[mark + 1 :] if mark >= 0 and len(written) - mark <= 3 else ""
    whole = "".join(c for c in written[: mark if decimals else None] if c.isdecimal())
    return float(f"{whole or 0}.{decimals or 0}")


def _scaled(value: float, text: str, at: int, is_priced: bool) -> tuple[float, bool]:
    """The value with "thousand" and the like behind it, and whether it is money: named so behind it, or a
    price by what stands before it, which counts nothing ("стоит 60 тысяч", but "стоит 100 лет")."""
    table = _table()
    for _ in range(3):
        word = _NEXT_WORD.match(text, at)
        if word is None:
            return value, is_priced
        if word[1] in table.scales:
            value *= table.scales[word[1]]
            at = word.end() + (text[word.end() : word.end() + 1] == ".")
            continue
        is_named = word[1] in "$€£¥₽" or word[1].startswith(table.money)
        return value, is_named or (is_priced and word[1] in _BEHIND_PRICES)
    return value, False


def _spoken_amounts(text: str, *, money_only: bool) -> set[float]:
    """Amounts in words: "пятьдесят тысяч рупий"."""
    table = _table()
    found: set[float] = set()
    total = part = 0.0
    counted = False
    for match in [*PLAIN_WORD.finditer(text), None]:
        word = match[0] if match else ""
        if word in table.numbers:
            number = table.numbers[word]
            part = part * 100 if number == 100 and part else part + number
            counted = True
        elif word in table.scales and counted:
            total, part = total + max(part, 1) * table.scales[word], 0.0
        elif not (counted and word == "and"):
            if counted and (not money_only or word.startswith(table.money)):
                found.add(total + part)
            total, part, counted = 0.0, 0.0, False
    return found


@cache
def _table() -> _Table:
    source: dict[str, Any] = read_table(__package__, "grounds.toml")
    claims = WordPatterns()
    words: dict[str, tuple[str, ...]] = {}
    for name, claim in source["claims"].items():
        for line in claim["phrases"].splitlines():
            if line.strip():
                claims.add(name, line)
        words[name] = tuple(claim["page"].split())
    return _Table(
        scales={word: scale for scale in (1000, 1_000_000) for word in source["scales"][str(scale)].split()},
        money=tuple(source["money"].split()),
        numbers={word: int(number) for number, line in source["numbers"].items() for word in line.split()},
        claims=claims,
        words_of_claims=words,
    )
