"""Russian abbreviations, initials and acronyms, signs, and words in Latin letters."""

from __future__ import annotations

from edge.spoken_form.numbers import short_number
from edge.spoken_form.ru import latin, numerals, places
from edge.spoken_form.ru.agreement import governor
from edge.spoken_form.ru.morphology import Case, decline
from edge.spoken_form.ru.places import with_capital
from edge.spoken_form.ru.quantities import read_number
from edge.spoken_form.ru.tables import MONTHS, month_abbreviations, sayings, table
from edge.spoken_form.rules import Said
from edge.spoken_form.signs import adds, compares, joins, joins_numbers, subtracts
from edge.spoken_form.telephone import telephone_at
from edge.spoken_form.tokens import DASHES, TokenKind, Tokens
from edge.spoken_form.web import WebWords

_DOMAINS = {
    **{"рф": "эр эф", "рус": "рус", "id": "ай ди", "io": "ай о", "ai": "эй ай", "uk": "ю кей", "au": "эй ю"},
    **{"us": "ю эс", "eu": "и ю", "sg": "эс джи", "tv": "ти ви", "me": "ми", "de": "дэ", "js": "джей эс"},
}
WEB = WebWords(
    {".": "точка", "@": "собака", "/": "слэш", "-": "дефис", "_": "подчёркивание", "&": "и", "=": "равно"},
    lambda word: (
        _DOMAINS.get(word.lower()) or latin.said(word) if word.isascii() else _DOMAINS.get(word.lower(), word)
    ),
    lambda digits: short_number(digits, numerals, most=6),
)


def phone(tokens: Tokens, index: int) -> Said | None:
    """A telephone number in its groups: those with more than three digits digit by digit."""
    found = telephone_at(tokens, index)
    if found is None:
        return None
    said = [short_number(group, numerals, most=3) for group in found.groups]
    return Said(found.end, ("плюс " if found.international else "") + " ".join(said))


def numbered(tokens: Tokens, index: int) -> Said | None:
    """ "№ 7", "#7", "№№ 3 и 5": the number behind is only named."""
    end = index + 1
    plural = tokens[end].text == tokens[index].text
    end = tokens.behind_space(end + 1 if plural else end)
    case = governor(tokens, index).cases[0]
    word = decline("номер", case, plural=plural)
    number = read_number(tokens, end) if tokens[end].kind is TokenKind.NUMBER else None
    if tokens[index].text == "#" and number is None:
        return Said(index + 1, "хэштег ") if tokens[index + 1].kind is TokenKind.WORD else None
    if number is None or number.fraction:
        return Said(index + 1, f"{word} ")
    said = numerals.digits(number.whole) if number.is_code else numerals.cardinal(number.value)
    return Said(number.end, f"{word} {said}")


def numbered_sign(tokens: Tokens, index: int) -> Said | None:
    return numbered(tokens, index) if tokens[index].text in "№#" else None


def times(tokens: Tokens, index: int) -> Said | None:
    """ "3x4 м", "2 х 3": "на" between two numbers."""
    if tokens[index].text.lower() not in ("x", "х"):
        return None
    before, behind = tokens[tokens.before_space(index)], tokens[tokens.behind_space(index + 1)]
    if before.kind is TokenKind.NUMBER and behind.kind is TokenKind.NUMBER:
        return Said(index + 1, "на ")
    if (
        before.kind is TokenKind.NUMBER
        and tokens.before_space(index) == index - 1
        and not tokens.is_word_or_number(index + 1)
    ):
        return Said(index + 1, "икс")
    return None


def sign(tokens: Tokens, index: int) -> Said | None:
    """A sign that is a word."""
    text = tokens[index].text
    if subtracts(tokens, index):
        return Said(index + 1, " минус ")
    if text == "×" and tokens[tokens.behind_space(tokens.behind_space(index + 1) + 1)].text == "=":
        return Said(index + 1, " умножить на ")
    if text == "/":
        dash = " " if tokens[index - 1].kind is TokenKind.WORD else " дробь "
        return Said(index + 1, dash) if joins(tokens, index) else None
    if text == ":" and joins_numbers(tokens, index):
        return Said(index + 1, " ")
    if text in "<>" and not compares(tokens, index, ("+", "-", "−", "$", "€", "₽", "")):
        return None
    if text == "+" and not adds(tokens, index):
        return None
    said = sayings("signs").get(text)
    return None if said is None else Said(index + 1, said)


def formula(tokens: Tokens, index: int) -> Said | None:
    found = tokens.whole_of(index, sayings("formulas"))
    return Said(*found) if found and not tokens.is_word_or_number(index - 1) else None


def abbreviation(tokens: Tokens, index: int) -> Said | None:
    """What the table of abbreviations says at this word, where its neighbours allow it."""
    if tokens.is_word_or_number(index - 1):
        return None
    return (
        places.city(tokens, index)
        or places.noun_behind_adjective(tokens, index)
        or places.noun_before(tokens, index)
        or places.adjective_before(tokens, index)
        or _fixed(tokens, index)
        or _weekday(tokens, index)
        or _month(tokens, index)
    )


def _fixed(tokens: Tokens, index: int) -> Said | None:
    for name in ("before", "behind"):
        found = tokens.longest_of(index, table(name))
        if found is None or (tokens.is_word_or_number(found[0]) and tokens[found[0] - 1].text != "."):
            continue
        end, said = found
        if said == "прочее" and tokens[tokens.before_space(index)].text.lower() != "и":
            continue
        if said in ("минимум", "максимум") and tokens[tokens.behind_space(end)].kind is not TokenKind.NUMBER:
            continue
        said = with_capital(said, tokens[index].text)
        if tokens[end - 1].text == "." and tokens.ends_sentence(end) and name == "behind":
            said += "."
        return Said(end, said)
    return None


def _weekday(tokens: Tokens, index: int) -> Said | None:
    days = table("weekdays")
    day = days.get(tokens[index].text.lower())
    if day is None:
        return None
    end = index + 1
    place = tokens.behind_space(end)
    if tokens.is_dash(place):
        last = tokens.behind_space(place + 1)
        if other := days.get(tokens[last].text.lower()):
            opening = (
                "" if governor(tokens, index).word in ("с", "со") else "со " if day == "вторник" else "с "
            )
            said = f"{opening}{decline(day, 'g', plural=False)} по {decline(other, 'a', plural=False)}"
            return Said(_behind_full_stop(tokens, last + 1), with_capital(said, tokens[index].text))
    before = tokens[tokens.before_space(index)]
    beside = {tokens[place].text, before.text}
    if not (
        beside & {",", ":", ".", "и", "(", ")", "/"}
        or tokens[place].kind in (TokenKind.NUMBER, TokenKind.END)
    ):
        return None
    if tokens[index].text.islower() and tokens[index].text == "ср" and tokens[place].text == ".":
        return None
    case = governor(tokens, index).cases[0]
    return Said(
        _behind_full_stop(tokens, end), with_capital(decline(day, case, plural=False), tokens[index].text)
    )


def _behind_full_stop(tokens: Tokens, end: int) -> int:
    return end + 1 if tokens[end].text == "." and not tokens.ends_sentence(end + 1) else end


def _month(tokens: Tokens, index: int) -> Said | None:
    month = month_abbreviations().get(tokens[index].text.lower())
    if month is None or tokens[index + 1].text != "." or tokens[index].text.lower() in ("мар", "июн", "июл"):
        return None
    name = next(full for full in table("months").values() if full[:3] == month[:3] or month == "мая")
    assert month in MONTHS
    before = governor(tokens, index)
    case: Case = "p" if before.word in ("в", "во") else before.cases[0]
    said = decline(name, case, plural=False)
    return Said(
        index + 2, with_capital(said, tokens[index].text) + ("." if tokens.ends_sentence(index + 2) else "")
    )


def foreign(tokens: Tokens, index: int) -> Said | None:
    """A word in Latin letters."""
    text = tokens[index].text
    if not any("a" <= char <= "z" or "\u00c0" <= char <= "\u024f" for char in text.lower()):
        return None
    if any("а" <= char <= "я" for char in text.lower()):
        mended = latin.in_russian_letters(text)
        return Said(index + 1, mended) if mended else None
    if (
        text.lower() in ("wi", "hi")
        and tokens[index + 1].text in DASHES
        and tokens[index + 2].text.lower() == "fi"
    ):
        return Said(index + 3, "вай-фай" if text.lower() == "wi" else "хай-фай")
    if (text.lower(), tokens[index + 1].text, tokens[index + 2].text.lower()) == ("e", "-", "mail"):
        return Said(index + 3, "имейл")
    end = index + 1
    if tokens[end].text == "." and text.lower() in ("jl", "jln", "st", "mt"):
        end += 1
        return Said(end, {"st": "Сент", "mt": "Маунт"}.get(text.lower(), "Джалан"))
    if tokens[end].text in "'’" and tokens[end + 1].text == "s" and tokens[end].text:
        return Said(end + 2, latin.said(text) + "с")
    return Said(end, latin.said(text))
