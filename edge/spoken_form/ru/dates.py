"""Russian dates: "24 декабря", "24.12.2024", "с 24 по 28 мая", and years with their word."""

from __future__ import annotations

from edge.spoken_form.ru import numerals
from edge.spoken_form.ru.agreement import Governor, governor, noun_behind
from edge.spoken_form.ru.morphology import Case, decline, forms
from edge.spoken_form.ru.numbered import follows_noun
from edge.spoken_form.ru.quantities import inherited_governor, range_end
from edge.spoken_form.ru.tables import MONTHS, listed, month_abbreviations
from edge.spoken_form.rules import Said
from edge.spoken_form.tokens import DASHES, TokenKind, Tokens

_FARTHEST_MONTH = 14
"""Tokens between a day and the month that several days share."""
_IS_THE_DAY = {"сегодня", "завтра", "вчера", "послезавтра", "это", "дата"}
_CASE_OF_DAY: dict[str, Case] = {
    **dict.fromkeys(("с", "со", "от", "до", "после", "для", "около", "кроме", "из", "ранее", "позднее"), "g"),
    **dict.fromkeys(("на", "по", "за", "под", "через", "в"), "a"),
    **dict.fromkeys(("к", "ко"), "d"),
    **dict.fromkeys(("перед", "между", "над"), "i"),
    **dict.fromkeys(("о", "об", "при"), "p"),
}
_YEAR_ABBREVIATIONS = {"г.р.": 3, "г. р.": 3, "г.": 1, "гг.": 2, "г": 1, "гг": 2}


def day_and_month(tokens: Tokens, index: int) -> Said | None:
    """A day before its month, or before other days with that month behind them."""
    day = _day(tokens, index)
    if day is None:
        return None
    if (
        tokens[index + 1].text == "."
        and tokens[index + 2].kind is TokenKind.SPACE
        and tokens[index + 3].text in MONTHS
    ):
        # "12. декабря".
        return Said(index + 2, numerals.ordinal(day, _case(tokens, index), "n"))
    if not (found := _month_behind(tokens, index + 1)):
        return None
    place, month = found
    if second := range_end(tokens, index + 1):
        if not 0 < second.value <= 31 or second.fraction:
            return None
        case = _case(tokens, index)
        first, last = (numerals.ordinal(each, case, "n") for each in (day, second.value))
        if governor(tokens, index).word in ("с", "со"):
            said = f"{first} по {numerals.ordinal(second.value, 'a', 'n')}"
        else:
            said = f"{first} — {last}"
        return _with_month(tokens, second.end, place, month, said)
    return _with_month(tokens, index + 1, place, month, numerals.ordinal(day, _case(tokens, index), "n"))


def _with_month(tokens: Tokens, end: int, place: int, month: str, said: str) -> Said:
    """The month is taken in where it follows at once, and a year behind it."""
    if tokens.behind_space(end) != place:
        return Said(end, said)
    behind = _behind_month(tokens, place)
    said = f"{said} {month if tokens[place].text.lower() != month else tokens[place].text}"
    if year := year_behind(tokens, behind):
        return Said(year.end, f"{said}{year.text}")
    if tokens[behind - 1].text == "." and tokens.ends_sentence(behind):
        said += "."
    return Said(behind, said)


def _day(tokens: Tokens, index: int) -> int | None:
    text = tokens[index].text
    if tokens[index].kind is not TokenKind.NUMBER or len(text) > 2 or not 0 < int(text) <= 31:
        return None
    return int(text)


def _month_behind(tokens: Tokens, index: int) -> tuple[int, str] | None:
    """Index and genitive of the month that the days before ``index`` share."""
    for place in range(index, min(index + _FARTHEST_MONTH, len(tokens))):
        token = tokens[place]
        if token.kind is TokenKind.SPACE or (token.kind is TokenKind.NUMBER and len(token.text) <= 2):
            continue
        text = token.text.lower()
        if token.kind is TokenKind.WORD and (month := _month_of(text)):
            return (place, month) if tokens[place - 1].kind is TokenKind.SPACE else None
        if text not in ("и", "или", "по", "до", ",", *DASHES):
            return None
    return None


def _month_of(text: str) -> str | None:
    return text if text in MONTHS else month_abbreviations().get(text)


def _behind_month(tokens: Tokens, place: int) -> int:
    abbreviated = tokens[place].text.lower() not in MONTHS and tokens[place + 1].text == "."
    return place + 2 if abbreviated else place + 1


def year_behind(tokens: Tokens, index: int) -> Said | None:
    """ " 2024", " 2024 г." behind a month, in the genitive."""
    place = tokens.behind_space(index)
    if place == index or tokens[place].kind is not TokenKind.NUMBER or len(tokens[place].text) != 4:
        return None
    if tokens[place + 1].text == ":" or tokens[place].text[0] == "0":
        return None
    said = f" {numerals.ordinal(int(tokens[place].text), 'g')}"
    word = tokens.whole_of(tokens.behind_space(place + 1), _YEAR_ABBREVIATIONS)
    if word is None:
        return Said(place + 1, said)
    closing = "." if tokens[word[0] - 1].text == "." and tokens.ends_sentence(word[0]) else ""
    return Said(word[0], f"{said} года{closing}")


def _case(tokens: Tokens, index: int) -> Case:
    """Nominative where the date stands alone, the genitive of "when" elsewhere."""
    before = inherited_governor(tokens, index)
    if before.word in _CASE_OF_DAY:
        return _CASE_OF_DAY[before.word]
    place = tokens.before_space(index)
    if place >= 0 and tokens[place].text.lower() in _IS_THE_DAY:
        return "n"
    words = sum(
        token.kind is TokenKind.WORD for token in (tokens[place] for place in range(min(len(tokens), 40)))
    )
    alone = words <= 1 or (
        words <= 2 and any(tokens[place].text.lower() in ("г", "года") for place in range(40))
    )
    return "n" if alone else "g"


def in_digits(tokens: Tokens, index: int) -> Said | None:
    """ "24.12.2024", "24/12/24", "2024-12-24", and "24.12" where it can be nothing else."""
    parts, mark, place = [tokens[index].text], tokens[index + 1].text, index + 1
    if mark not in (".", "/", "-", "‑") or tokens[index - 1].text in (".", "/"):
        return None
    if tokens[index - 1].text == "-" and mark == "-":
        return None
    while len(parts) < 4 and tokens[place].text == mark and tokens[place + 1].kind is TokenKind.NUMBER:
        parts.append(tokens[place + 1].text)
        place += 2
    if len(parts) == 3 and len(parts[0]) == 4:
        parts.reverse()
    elif mark == "-" and not (len(parts) == 3 and len(parts[2]) == 4):
        return None
    if len(parts) not in (2, 3) or any(len(part) > 2 for part in parts[:2]):
        return None
    day, month = int(parts[0]), int(parts[1])
    if not (0 < day <= 31 and 0 < month <= 12 and len(parts[1]) == 2):
        return None
    if len(parts) == 2 and not _is_date(tokens, index, place, parts, mark):
        return None
    said = f"{numerals.ordinal(day, _case(tokens, index), 'n')} {MONTHS[month - 1]}"
    if len(parts) == 3:
        if len(parts[2]) not in (2, 4):
            return None
        year = int(parts[2]) if len(parts[2]) == 4 else 2000 + int(parts[2])
        if year == 0:
            return None
        said += f" {numerals.ordinal(year, 'g')} года"
        if word := tokens.whole_of(tokens.behind_space(place), _YEAR_ABBREVIATIONS | {"года": 0}):
            closing = "." if tokens[word[0] - 1].text == "." and tokens.ends_sentence(word[0]) else ""
            return Said(word[0], said + closing)
    return Said(place, said)


def _is_date(tokens: Tokens, index: int, place: int, parts: list[str], mark: str) -> bool:
    """Whether two numbers are a day and a month rather than a time, a decimal number or a fraction."""
    if mark != ".":
        return False
    before = governor(tokens, index).word
    linked = any(
        tokens[each].text.lower() in ("по", "от", "дата")
        for each in range(max(0, index - 4), min(place + 4, len(tokens)))
    )
    dated = before in ("с", "со", "до", "на", "к", "после", "по", "от")
    if len(parts[0]) != 2:
        return False
    if int(parts[0]) > 24 and ((place >= len(tokens) and index == 0) or tokens[index - 1].text in DASHES[:4]):
        return tokens[index - 1].text != "-" or tokens[index - 2].kind is TokenKind.NUMBER
    if tokens[place].text in DASHES and tokens[place + 2].text == "." and tokens[place + 4].text != ".":
        # "01.06–31.08".
        last, month = _day(tokens, place + 1), _day(tokens, place + 3)
        return last is not None and last > 24 and month is not None and month <= 12
    if parts[0][0] == "0" or int(parts[0]) > 24:
        return before != "" and (dated or linked)
    return linked and dated


def year_with_word(tokens: Tokens, index: int) -> Said | None:
    """ "в 2019 г.", "2010–2015 гг.", "1812 г. до н.э."."""
    text = tokens[index].text
    if not 1 <= len(text) <= 4 or text[0] == "0":
        return None
    first, end = int(text), index + 1
    second = range_end(tokens, end)
    if second and (second.fraction or second.grouped or second.value < first):
        return None
    if second:
        end = second.end
    place = tokens.behind_space(end)
    found = tokens.whole_of(place, _YEAR_ABBREVIATIONS)
    if found is None:
        return None
    behind, many = found
    if tokens[behind - 1].text != "." and len(text) < 4:
        return None
    before = governor(tokens, index)
    era = tokens[tokens.behind_space(behind)].text.lower() in ("до", "н")
    if not era and many == 1 and (_weighs(tokens, index, before) or not _dates(text, before)):
        return None
    case = {"в": "p", "во": "p", "на": "a", "по": "a"}.get(before.word) or before.cases[0]
    if not before.word and (_follows_month(tokens, index) or follows_noun(tokens, index) or many == 3):
        case = "g"
    word = decline("год", case, plural=many == 2) if not (many == 2 and case == "g") else "годов"
    first_said = numerals.ordinal(first, case)
    if second:
        joint = "по" if before.word in ("с", "со") else "—"
        last_case = "a" if joint == "по" else case
        first_said = f"{first_said} {joint} {numerals.ordinal(second.value, last_case)}"
        if joint == "по":
            word = "годы" if many == 2 else "год"
    if many == 3:
        word = "года рождения"
    closing = "." if tokens[behind - 1].text == "." and tokens.ends_sentence(behind) else ""
    return Said(behind, f"{first_said} {word}{closing}")


def _dates(text: str, before: Governor) -> bool:
    """Whether "988 г." is a year: shorter numbers, and those that nothing dates, are grams."""
    return len(text) > 3 or (len(text) == 3 and before.word in listed("dating"))


def _weighs(tokens: Tokens, index: int, before: Governor) -> bool:
    """Whether a few words before ``index`` speak of a weight: "1 кг = 1000 г", "весит 1200 г."."""
    return before.word not in ("в", "во") and any(
        token.text in listed("weights")
        or (token.kind is TokenKind.WORD and forms(token.text.lower())[0].lemma in listed("weights"))
        for token in (tokens[place] for place in range(max(0, index - 6), index))
    )


def school_year(tokens: Tokens, index: int) -> Said | None:
    """ "в 2023/24 учебном году", "сезон 2023/24"."""
    first, last = tokens[index].text, tokens[index + 2].text
    if tokens[index + 1].text != "/" or len(first) != 4 or first[0] not in "12" or not last.isdecimal():
        return None
    if len(last) not in (2, 4) or (int(first) + 1) % 100 != int(last) % 100:
        return None
    years = (int(first), int(last))
    nouns = noun_behind(tokens, index + 3)
    if not nouns or nouns[0].lemma != "год":
        return Said(index + 3, " ".join(numerals.cardinal(year) for year in years))
    before = governor(tokens, index)
    allowed = ("p",) if before.word in ("в", "во") else before.cases
    case = next((case for case in allowed if any(form.case == case for form in nouns)), "n")
    return Said(index + 3, " — ".join(numerals.ordinal(year, case) for year in years))


def _follows_month(tokens: Tokens, index: int) -> bool:
    return _month_of(tokens[tokens.before_space(index)].text.lower()) is not None


def month_and_year(tokens: Tokens, index: int) -> Said | None:
    """ "мая 2019", "в мае 2019": the year behind a month, where no other rule took it in."""
    before = tokens[tokens.before_space(index)]
    if (
        before.kind is not TokenKind.WORD
        or before.text.lower()[:3] not in _MONTH_BEGINS
        or len(before.text) > 8
    ):
        return None
    if len(tokens[index].text) != 4 or tokens[index].text[0] not in "12":
        return None
    said = year_behind(tokens, index - 1)
    return said and Said(said.end, said.text.strip())


_MONTH_BEGINS = frozenset(month[:3] for month in MONTHS) | {"май", "мае"}
