"""English times of the day and dates."""

from __future__ import annotations

from edge.spoken_form.en import numerals
from edge.spoken_form.en.tables import MONTHS, ORDINAL_ENDINGS, months, table
from edge.spoken_form.rules import Said
from edge.spoken_form.tokens import DASHES, TokenKind, Tokens

_HALVES = {"am": "a.m.", "pm": "p.m.", "a.m.": "a.m.", "p.m.": "p.m.", "a.m": "a.m.", "p.m": "p.m."}


def clock_time(tokens: Tokens, index: int) -> Said | None:
    """ "10:30", "9.30am", "17:00", "5 p.m."."""
    found = _time_at(tokens, index)
    if found is None:
        return _hours_with_one_half(tokens, index)
    hour, minute, half, end = found
    if half:
        said = f"{_clock(hour, minute)} {half}"
        # The full stop of "p.m." may be the sentence's own.
        return Said(end, said)
    if hour >= 13 and hour < 24:
        return Said(end, f"{_clock(hour - 12, minute)} p.m.")
    if minute == 0:
        if hour == 12:
            return Said(end, "twelve noon")
        if hour in (0, 24):
            return Said(end, "midnight")
        return Said(end, f"{numerals.cardinal(hour)} {_half_or_clock(tokens, hour, end)}".rstrip())
    if hour in (0, 24):
        return Said(end, f"{_clock(12, minute)} a.m.")
    return Said(end, _clock(hour, minute))


def _hours_with_one_half(tokens: Tokens, index: int) -> Said | None:
    """ "8–10 a.m.": the half of the day stands at the second alone."""
    text = tokens[index].text
    place = tokens.behind_space(index + 1)
    if len(text) > 2 or not 1 <= int(text) <= 12 or tokens[place].text not in DASHES:
        return None
    last = _time_at(tokens, tokens.behind_space(place + 1))
    if tokens[place].kind is not TokenKind.SIGN or last is None or not last[2]:
        return None
    return Said(last[3], f"{numerals.cardinal(int(text))} to {_clock(last[0], last[1])} {last[2]}")


def _half_or_clock(tokens: Tokens, hour: int, end: int) -> str:
    """ "a.m." where the time begins a range that ends in the afternoon; nothing if both are in one half."""
    place = tokens.behind_space(end)
    if tokens[place].text in ("to", "and", "until", "till", *DASHES):
        last = _time_at(tokens, tokens.behind_space(place + 1))
        if last and last[2] and tokens[place].text in DASHES and hour % 12 < last[0] % 12:
            return ""
        if last and (last[0] >= 12 or last[2]):
            return last[2] if last[2] and last[0] != 12 and last[2] == "a.m." else "a.m."
    return "o'clock"


def _clock(hour: int, minute: int) -> str:
    said = numerals.cardinal(hour)
    if minute == 0:
        return said
    return f"{said} {'oh ' if minute < 10 else ''}{numerals.cardinal(minute)}"


def _time_at(tokens: Tokens, index: int) -> tuple[int, int, str, int] | None:
    """Hour, minute, half of the day and the index behind."""
    hours = tokens[index]
    if hours.kind is not TokenKind.NUMBER or len(hours.text) > 2 or int(hours.text) > 24:
        return None
    if tokens[index - 1].text in (":", ".", ",") and tokens[index - 2].kind is TokenKind.NUMBER:
        return None
    mark, minutes = tokens[index + 1].text, tokens[index + 2]
    if (
        mark in (":", ".")
        and minutes.kind is TokenKind.NUMBER
        and len(minutes.text) == 2
        and int(minutes.text) < 60
    ):
        end = index + 3
        if tokens[end].text == mark and tokens[end + 1].kind is TokenKind.NUMBER:
            if mark == "." or len(tokens[end + 1].text) != 2:
                return None
            end += 2
        half = _half_at(tokens, end)
        if mark == "." and half is None and not _is_time_with_dot(tokens, index, end):
            return None
        if half is None and tokens[end].kind is TokenKind.WORD:
            return None
        return int(hours.text), int(minutes.text), half[1] if half else "", half[0] if half else end
    half = _half_at(tokens, index + 1)
    if half is None and tokens[tokens.behind_space(index + 1)].text in ("noon", "midnight"):
        return None
    if half is None or not 1 <= int(hours.text) <= 12:
        return None
    return int(hours.text), 0, half[1], half[0]


def _is_time_with_dot(tokens: Tokens, index: int, end: int) -> bool:
    """ "at 9.30", "from 9.30 to 17.30": no decimal number."""
    timed = tokens[tokens.before_space(index)].text.lower() in ("at", "from", "until", "till")
    timed = timed or any(
        tokens[place].text in DASHES and tokens[place + 2].text == "." and len(tokens[place + 3].text) == 2
        for place in (end, index - 4)
        if tokens[place].kind is TokenKind.SIGN
    )
    timed = timed or (tokens[index - 1].text in DASHES and tokens[index - 3].text == ".")
    if not timed and tokens[tokens.before_space(index)].text.lower() in ("to", "and", *DASHES):
        timed = any(
            tokens[place].text.lower() in ("at", "from", "between")
            for place in range(max(0, index - 9), index)
        )
    behind = tokens[tokens.behind_space(end)]
    counted = behind.kind is TokenKind.WORD and behind.text.lower() not in (
        "to",
        "and",
        "or",
        "on",
        "until",
        "every",
        "daily",
    )
    return timed and not counted and behind.text not in ("%", "°", "$", "€", "/")


def _half_at(tokens: Tokens, index: int) -> tuple[int, str] | None:
    found = tokens.whole_of(tokens.behind_space(index), _HALVES)
    if found is None:
        return None
    end, said = found
    written = tokens.text(tokens.behind_space(index), end)
    return end, said if written[-1] == "." or tokens[end].text != "." else said[:-1]


def minutes_alone(tokens: Tokens, index: int) -> Said | None:
    """ ":20" past the hour."""
    minutes = tokens[index + 1]
    if tokens[index].text != ":" or minutes.kind is not TokenKind.NUMBER or len(minutes.text) != 2:
        return None
    if tokens[index - 1].kind not in (TokenKind.SPACE, TokenKind.END):
        return None
    return Said(index + 2, f" {numerals.cardinal(int(minutes.text))}")


def range_of_times(tokens: Tokens, index: int) -> Said | None:
    """The dash between two times."""
    if tokens[index].text not in DASHES:
        return None
    if _time_at(tokens, tokens.behind_space(index + 1)) is None:
        return None
    before = tokens.before_space(index)
    text = tokens[before].text.lower()
    timed = text in ("am", "pm") or (text == "." and tokens[before - 1].text.lower() == "m")
    if timed or (tokens[before].kind is TokenKind.NUMBER and tokens[before - 1].text in (":", ".")):
        return Said(index + 1, " to ")
    return None


def day_first(tokens: Tokens, index: int) -> Said | None:
    """ "19 July 2025", "20th August", "1–5 July"."""
    day, end = _day_at(tokens, index)
    if not day:
        return None
    last = 0
    place = tokens.behind_space(end)
    if tokens.is_dash(place):
        last, end = _day_at(tokens, tokens.behind_space(place + 1))
        if not last:
            return None
    place = tokens.behind_space(end)
    if tokens[place].text == "of":
        place = tokens.behind_space(place + 1)
    found = tokens.whole_of(place, months())
    if found is None or place == end:
        return None
    month_end, month = found
    before = tokens[tokens.before_space(index)].text.lower()
    article = "" if before in ("the", "this", "every") else "the "
    said = f"{article}{numerals.ordinal(day)}"
    if last:
        said += f" to the {numerals.ordinal(last)}"
    return _with_year(tokens, month_end, f"{said} of {month}")


def month_first(tokens: Tokens, index: int) -> Said | None:
    """ "July 1, 2019", "Apr 26", "October 1–5", "September 2013"."""
    found = tokens.whole_of(index, months())
    if found is None or tokens.is_word_or_number(index - 1):
        return None
    end, month = found
    place = tokens.behind_space(end)
    if place == end:
        ranged = tokens[end].text in DASHES and tokens.longest_of(end + 1, months())
        return Said(end, month) if ranged or tokens[index - 1].text in (*DASHES,) else None
    day, day_end = _day_at(tokens, place)
    if not day:
        if _is_year(tokens, place):
            return Said(place + 1, f"{month} {numerals.year(int(tokens[place].text))}")
        return Said(end, month) if month != tokens.text(index, end) else None
    said = f"{month} {numerals.ordinal(day)}"
    dash = tokens.behind_space(day_end)
    if tokens.is_dash(dash):
        last, last_end = _day_at(tokens, tokens.behind_space(dash + 1))
        if last:
            said, day_end = f"{said} to {numerals.ordinal(last)}", last_end
    return _with_year(tokens, day_end, said)


def _day_at(tokens: Tokens, index: int) -> tuple[int, int]:
    """A day and the index behind it; 0: there is none."""
    text = tokens[index].text
    if tokens[index].kind is not TokenKind.NUMBER or len(text) > 2 or not 0 < int(text) <= 31:
        return 0, index
    if tokens[index + 1].text in (":", ".") and tokens[index + 2].kind is TokenKind.NUMBER:
        return 0, index
    if tokens[index + 1].text.lower() in ORDINAL_ENDINGS:
        return int(text), index + 2
    return (
        (0, index)
        if tokens[index + 1].kind is TokenKind.WORD or tokens[index + 1].text == "%"
        else (int(text), index + 1)
    )


def _is_year(tokens: Tokens, index: int) -> bool:
    text = tokens[index].text
    return (
        tokens[index].kind is TokenKind.NUMBER
        and len(text) == 4
        and text[0] in "12"
        and not (tokens[index + 1].text in (":", ",") and tokens[index + 2].kind is TokenKind.NUMBER)
    )


def _with_year(tokens: Tokens, end: int, said: str) -> Said:
    comma = tokens[end].text == ","
    place = tokens.behind_space(end + 1 if comma else end)
    if place > end and _is_year(tokens, place):
        return Said(place + 1, f"{said}{',' if comma else ''} {numerals.year(int(tokens[place].text))}")
    return Said(end, said)


def in_digits(tokens: Tokens, index: int) -> Said | None:
    """ "24/12/2024", "12/24/2024", "24.12.2024", "2024-12-24"."""
    mark = tokens[index + 1].text
    if (
        mark not in ("/", ".", "-")
        or tokens[index + 3].text != mark
        or tokens[index - 1].text in ("/", ".", "-")
    ):
        return None
    parts = [tokens[index + offset] for offset in (0, 2, 4)]
    if any(part.kind is not TokenKind.NUMBER for part in parts) or tokens[index + 5].text in ("/", "-"):
        return None
    texts = [part.text for part in parts]
    if len(texts[0]) == 4:
        texts.reverse()
    elif mark == "-" and len(texts[2]) != 4:
        return None
    if len(texts[0]) > 2 or len(texts[1]) > 2 or len(texts[2]) not in (2, 4):
        return None
    day, month = int(texts[0]), int(texts[1])
    if month > 12 >= day:
        day, month = month, day
    if not (0 < day <= 31 and 0 < month <= 12) or (
        tokens[index + 5].text == "." and tokens[index + 6].kind is TokenKind.NUMBER
    ):
        return None
    year = int(texts[2]) + (2000 if len(texts[2]) == 2 else 0)
    article = "" if tokens[tokens.before_space(index)].text.lower() == "the" else "the "
    return Said(index + 5, f"{article}{numerals.ordinal(day)} of {MONTHS[month - 1]} {numerals.year(year)}")


def weekday(tokens: Tokens, index: int) -> Said | None:
    """ "Mon–Fri", "Sat, Sun", "Wed." beside another one, a time or a comma."""
    days = table("weekdays")
    day = days.get(tokens[index].text.lower())
    if day is None or not tokens[index].text[0].isupper() or tokens.is_word_or_number(index + 1):
        return None
    end = index + 1
    if tokens[end].text == "." and not tokens.ends_sentence(end + 1):
        end += 1
    place = tokens.behind_space(end)
    if tokens.is_dash(place):
        last = tokens.behind_space(place + 1)
        if other := days.get(tokens[last].text.lower()):
            return Said(last + 1, f"{day} to {other}")
    ambiguous = (
        tokens[index].text.lower() in ("sun", "sat", "mon", "wed", "thu")
        and tokens[place].kind is TokenKind.WORD
    )
    if ambiguous and tokens[place].text.lower() not in ("and", "to", "at", "from"):
        return None
    if tokens[index].text.lower() in ("sun", "sat", "wed") and tokens[place].kind is not TokenKind.NUMBER:
        beside = {tokens[place].text.lower(), tokens[tokens.before_space(index)].text.lower()}
        if "and" in beside:
            beside |= {
                tokens[tokens.behind_space(place + 1)].text.lower(),
                tokens[max(-1, index - 5)].text.lower(),
            }
        if not any(each in days for each in beside) and not beside & {",", "&", "/"}:
            return None
    return Said(end, day)
