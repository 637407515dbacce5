"""Indonesian times of the day and dates."""

from __future__ import annotations

from edge.spoken_form.clock_time import clock_time_at
from edge.spoken_form.id import numerals
from edge.spoken_form.id.tables import MONTHS, listed, months, table
from edge.spoken_form.rules import Said
from edge.spoken_form.tokens import TokenKind, Tokens


def clock_time(tokens: Tokens, index: int) -> Said | None:
    """ "pukul 07.30", "08.00–15.30", "07:56", "18.00 WITA"."""
    first = _time_at(tokens, index)
    if first is None:
        return None
    hour, minute, end, mark = first
    place = tokens.behind_space(end)
    last = None
    if tokens.is_dash(place):
        last = _time_at(tokens, tokens.behind_space(place + 1))
    if mark == "." and not (last or _is_time(tokens, index, end)):
        return None
    if last:
        return Said(last[2], f"{_clock(hour, minute)} sampai {_clock(last[0], last[1])}")
    return Said(end, _clock(hour, minute))


def _is_time(tokens: Tokens, index: int, end: int) -> bool:
    """Whether "07.30" is a time: by the word before or behind it, or as the second one of a range."""
    before = tokens.before_space(index)
    if tokens[before].text == ".":
        before -= 1
    word = tokens[before].text.lower()
    if word in listed("before_times") or tokens[tokens.behind_space(end)].text in listed("zones"):
        return True
    if word not in listed("links"):
        return False
    earlier = range(max(0, index - 12), index - 2)
    return any(
        tokens[place].text.lower() in listed("before_times") or tokens[place].text in listed("zones")
        for place in earlier
    )


def _time_at(tokens: Tokens, index: int) -> tuple[int, int, int, str] | None:
    found = clock_time_at(tokens, index, ".:", goes_on=".:")
    return None if found and tokens[found[2]].kind is TokenKind.WORD else found


def _clock(hour: int, minute: int) -> str:
    said = numerals.cardinal(hour)
    return f"{said} lewat {numerals.cardinal(minute)} menit" if minute else said


def in_digits(tokens: Tokens, index: int) -> Said | None:
    """ "13/10/2023", "24-12-2024", "2024-12-24"; "24/8" behind a weekday."""
    mark = tokens[index + 1].text
    if mark not in ("/", ".", "-") or tokens[index - 1].text in ("/", "-", "."):
        return None
    texts = [tokens[index].text]
    place = index + 1
    while len(texts) < 4 and tokens[place].text == mark and tokens[place + 1].kind is TokenKind.NUMBER:
        texts.append(tokens[place + 1].text)
        place += 2
    if len(texts) == 3 and len(texts[0]) == 4:
        texts.reverse()
    if len(texts) not in (2, 3) or any(len(text) > 2 for text in texts[:2]):
        return None
    if not (0 < int(texts[0]) <= 31 and 0 < int(texts[1]) <= 12):
        return None
    said = f"{numerals.cardinal(int(texts[0]))} {MONTHS[int(texts[1]) - 1]}"
    if len(texts) == 2:
        before = tokens.before_space(index)
        if tokens[before].text == "(":
            before = tokens.before_space(before)
        return Said(place, said) if mark == "/" and tokens[before].text.lower() in listed("days") else None
    if len(texts[2]) not in (2, 4) or (mark == "-" and len(texts[2]) != 4):
        return None
    year = int(texts[2]) + (2000 if len(texts[2]) == 2 else 0)
    return Said(place, f"{said} {numerals.cardinal(year)}")


def month(tokens: Tokens, index: int) -> Said | None:
    """ "14 Agt. 1958": a short name behind a day or before a year."""
    found = tokens.whole_of(index, months())
    if found is None or tokens.is_word_or_number(index - 1):
        return None
    end, name = found
    before, behind = tokens[tokens.before_space(index)], tokens[tokens.behind_space(end)]
    if before.kind is not TokenKind.NUMBER and not (
        behind.kind is TokenKind.NUMBER and len(behind.text) == 4
    ):
        return None
    return Said(end, name) if name != tokens.text(index, end) else None


def weekday(tokens: Tokens, index: int) -> Said | None:
    """ "Senin–Jumat", "Sen–Jum": to."""
    days = table("weekdays")
    names = {key: name for key, name in days.items()} | {name.lower(): name for name in days.values()}
    day = names.get(tokens[index].text.lower())
    if day is None or not tokens[index].text[0].isupper():
        return None
    place = tokens.behind_space(index + 1)
    if not tokens.is_dash(place):
        return None
    last = tokens.behind_space(place + 1)
    other = names.get(tokens[last].text.lower())
    return Said(last + 1, f"{day} sampai {other}") if other else None
