"""Links, handles and numbers to call, however they are spelled. Pure; linear in the length."""

from __future__ import annotations

import re
from collections.abc import Iterator

from edge.config import GateClass
from edge.lexicon.words import PLAIN_WORD

_HANDLE = re.compile(r"(?<![\w@.])@[^\W\d_]\w{2,}")
_SPELLED_LINK = re.compile(
    r"\. (?:com|net|org)\b"
    r"|(?: \. ?|\s?[\[({]\s?(?:\.|dot|точка|titik)\s?[\])}]\s?)(?:com|net|org|info|ru|рф|id|io|xyz|site)\b"
    r"|\b(?:dot|точка|тчк|titik)\s(?:com|net|org|info|ru|рф|ком|ру|орг|нет|инфо|id|ай|io|xyz|co|app"
    r"|city|club|shop|store|online|travel|link|бай|сити|клуб)\b"
    r"|\b(?:dot|точка|titik)\s\w{1,20}\s(?:slash|слэш|слеш|garis miring)\b|\.\sрф\b"
    r"|\b(?:at|собака|собачка)\s\w{1,30}\s(?:underscore|андерскор|нижнее подчеркивание|garis bawah)\b"
    r"|\. ?(?:c o ?m|n e ?t|o r ?g|r u)\b"
    r"|\bh\s?(?:t\s?t|x\s?x)\s?p\b(?!:)|\bw\s?w\s?w\b(?!\.\S)"
)
_PATH = re.compile(r"(?<![\w/.-])[a-z0-9-]{1,30}(?:\.[a-z0-9-]{1,30}){0,3}\.[a-z]{2,10}/[^\s/]")
_DIGITS = re.compile(r"\+?\d(?:[ ()-]{0,2}\d){6,24}")
_GROUPED = re.compile(r"\d{1,3}(?: \d{3})+\Z")
_ONE_BY_ONE = re.compile(r"\d(?: \d)+\Z")
_YEARS = re.compile(r"(?:19|20)\d\d ?- ?(?:19|20)\d\d\Z")
_SPOKEN_DIGITS = """
zero oh one two three four five six seven eight nine double
ноль один два три четыре пять шесть семь восемь девять
nol kosong satu dua tiga empat lima enam tujuh delapan sembilan
"""
_DIGIT_WORDS = frozenset(_SPOKEN_DIGITS.split())
FEWEST_DIGITS = 7
FEWEST_CALLED = 3


def contacts_in(text: str, facts: str = "", said_before: str = "") -> Iterator[tuple[GateClass, str]]:
    """Class and kind of each contact in the text that does not stand in ``facts``."""
    small, known = text.casefold(), facts.casefold()
    if (handle := _HANDLE.search(text)) and handle[0].casefold() not in known:
        yield "orders", "a handle"
    link = _SPELLED_LINK.search(f"{said_before.casefold()} {small}")
    # The cutter parts a Cyrillic domain, which a page may have.
    if link and not (link[0] == ". рф" and ".рф" in known):
        yield "orders", "a link that is spelled out"
    if (path := _PATH.search(small)) and path[0] not in known:
        yield "orders", "a link"
    digits = _only_digits(facts)
    for number in _DIGITS.findall(text):
        if (kind := _kind_of(number)) and _only_digits(number) not in digits:
            yield "personal_data", kind
    if _spoken_digits(small) >= FEWEST_DIGITS:
        yield "personal_data", "a number that is spelled out"


def names_known_number(text: str, facts: str) -> bool:
    """Whether the text tells a number to call that stands in ``facts``."""
    known, digits = _only_digits(facts), _only_digits(text)
    return len(digits) >= FEWEST_CALLED and digits in known


def _spoken_digits(text: str) -> int:
    """The most digits that are said one behind another in words."""
    most = run = 0
    for word in PLAIN_WORD.findall(text):
        run = run + 1 if word in _DIGIT_WORDS else 0
        most = max(most, run)
    return most


def _kind_of(number: str) -> str | None:
    """What a row of digits is; None: a quantity."""
    digits = _only_digits(number)
    if len(digits) < FEWEST_DIGITS or _GROUPED.match(number) or _YEARS.match(number):
        return None
    if len(digits) >= 16:
        return "the number of a card"
    if _ONE_BY_ONE.match(number):
        return "a number that is spelled out"
    is_long = len(digits) >= 9 and number[0] in "+0786"
    return "a telephone number" if is_long or number[0] == "+" or "-" in number or "(" in number else None


def _only_digits(text: str) -> str:
    return "".join(c for c in text if c.isdecimal())
