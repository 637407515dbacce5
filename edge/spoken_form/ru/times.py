"""Russian times of the day: "10:30", "с 9:00 до 18:00", "в 6.35"."""

from __future__ import annotations

from edge.spoken_form.clock_time import clock_time_at
from edge.spoken_form.ru import numerals
from edge.spoken_form.ru.agreement import governor
from edge.spoken_form.ru.morphology import Case, decline
from edge.spoken_form.ru.tables import listed
from edge.spoken_form.ru.units import unit_at
from edge.spoken_form.rules import Said
from edge.spoken_form.tokens import TokenKind, Tokens

_PARTS_OF_DAY = {"утра", "вечера", "ночи", "дня"}


def clock_time(tokens: Tokens, index: int) -> Said | None:
    """One time, or the two ends of a range."""
    first = _time_at(tokens, index)
    if first is None:
        return None
    hour, minute, end, mark = first
    before = governor(tokens, index)
    last = _range_end(tokens, end)
    if mark == "." and not (before.word in listed("before_times") or last or _is_part_of_day(tokens, end)):
        return None
    if mark == "." and not last and unit_at(tokens, tokens.behind_space(end)):
        return None
    case: Case = before.cases[0]
    if last is None:
        return Said(end, _said(hour, minute, case, with_hours=not _is_part_of_day(tokens, end)))
    _, _, behind, _ = last
    from_there = before.word in ("с", "со", "от")
    if before.word and not from_there:
        ends = (_said(*each, case, with_hours=True) for each in ((hour, minute), last[:2]))
        return Said(behind, " — ".join(ends))
    opening = "" if from_there else "с "
    begin = _said(hour, minute, "g", with_hours=bool(last[1]))
    return Said(behind, f"{opening}{begin} до {_said(last[0], last[1], 'g', with_hours=True)}")


def _time_at(tokens: Tokens, index: int) -> tuple[int, int, int, str] | None:
    mark = tokens[index + 1].text
    found = clock_time_at(tokens, index, ".:-", goes_on=mark)
    if found is None or (mark == "-" and not _is_time_with_dash(tokens, index)):
        return None
    hour, minute, end, _ = found
    if tokens[end].kind is TokenKind.WORD and tokens[end].text.lower() != "ч":
        return None
    # "10:30 ч."
    place = tokens.behind_space(end)
    if tokens[place].text.lower() == "ч" and not tokens.is_word_or_number(place + 1):
        end = place + 1
        if tokens[end].text == "." and not tokens.ends_sentence(end + 1):
            end += 1
    return hour, minute, end, mark


def _is_time_with_dash(tokens: Tokens, index: int) -> bool:
    """ "в 8-00", "в 20-30": no range of numbers."""
    if tokens[index + 3].text in ("-", ".") and tokens[index + 4].kind is TokenKind.NUMBER:
        return False
    if tokens[index - 1].text in ("-", "."):
        return False
    minutes = tokens[index + 2].text
    timed = tokens[tokens.before_space(index)].text.lower() in listed("before_times")
    behind = tokens[tokens.behind_space(index + 3)]
    alone = behind.kind is TokenKind.END or behind.text in ".,;:!?)" or behind.text in _PARTS_OF_DAY
    return timed and (minutes == "00" or (minutes in ("15", "30", "45") and alone))


def _range_end(tokens: Tokens, end: int) -> tuple[int, int, int, str] | None:
    place = tokens.behind_space(end)
    if not tokens.is_dash(place):
        return None
    return _time_at(tokens, tokens.behind_space(place + 1))


def _is_part_of_day(tokens: Tokens, end: int) -> bool:
    return tokens[tokens.behind_space(end)].text.lower() in _PARTS_OF_DAY


def _said(hour: int, minute: int, case: Case, *, with_hours: bool) -> str:
    said = numerals.cardinal(hour, case)
    if minute == 0:
        if not with_hours:
            return said
        return f"{said} {_hours(hour, case)}"
    minutes = numerals.cardinal(minute, case)
    return f"{said} {'ноль ' if minute < 10 else ''}{minutes}"


def _hours(hour: int, case: Case) -> str:
    if numerals.takes_singular(hour):
        return decline("час", case, plural=False)
    if case not in "na":
        return decline("час", case, plural=True)
    return "часа" if numerals.is_few(hour) else "часов"
