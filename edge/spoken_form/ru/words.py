"""Russian abbreviations, initials and acronyms, signs, and words in Latin letters."""

from __future__ import annotations

from edge.spoken_form.ru import latin, numerals
from edge.spoken_form.ru.agreement import governor, noun_behind
from edge.spoken_form.ru.morphology import Case, decline, forms, is_known
from edge.spoken_form.ru.quantities import read_number
from edge.spoken_form.ru.tables import MONTHS, month_abbreviations, table
from edge.spoken_form.rules import Said
from edge.spoken_form.telephone import telephone_at
from edge.spoken_form.tokens import DASHES, Kind, Tokens
from edge.spoken_form.web import WebWords, address

LETTERS = {
    **{
        "а": "а",
        "б": "бэ",
        "в": "вэ",
        "г": "гэ",
        "д": "дэ",
        "е": "е",
        "ё": "ё",
        "ж": "жэ",
        "з": "зэ",
        "и": "и",
    },
    **{
        "й": "и краткое",
        "к": "ка",
        "л": "эл",
        "м": "эм",
        "н": "эн",
        "о": "о",
        "п": "пэ",
        "р": "эр",
        "с": "эс",
    },
    **{
        "т": "тэ",
        "у": "у",
        "ф": "эф",
        "х": "ха",
        "ц": "цэ",
        "ч": "чэ",
        "ш": "ша",
        "щ": "ща",
        "ъ": "твёрдый знак",
    },
    **{"ы": "ы", "ь": "мягкий знак", "э": "э", "ю": "ю", "я": "я"},
}
_ACRONYMS = {"ВОВ": "вэ о вэ", "США": "сэ шэ а", "ФРГ": "фэ эр гэ", "МКАД": "мкад", "ЕС": "е эс"}
_VOWELS = "аеёиоуыэюя"
_LONGEST_ACRONYM = 6
_DOMAINS = {"рф": "эр эф", "рус": "рус"}
_WEB = WebWords(
    {".": "точка", "@": "собака", "/": "слэш", "-": "дефис", "_": "подчёркивание", "&": "и", "=": "равно"},
    lambda word: latin.said(word) if word.isascii() else _DOMAINS.get(word.lower(), word),
    lambda digits: (
        numerals.digits(digits) if digits[0] == "0" or len(digits) > 6 else numerals.cardinal(int(digits))
    ),
)
_FORMULAS = {
    "CO2": "цэ о два",
    "CO₂": "цэ о два",
    "H2O": "аш два о",
    "H₂O": "аш два о",
    "O2": "о два",
    "O₂": "о два",
}
_CITY_BEFORE = ("г.",)
_SIGNS = {
    **{"~": "примерно", "≈": "примерно", "=": "равно", "<": "меньше", ">": "больше", "≥": "не меньше"},
    **{
        "≤": "не больше",
        "×": "на",
        "&": "и",
        "+": "плюс",
        "±": "плюс-минус",
        "§": "параграф",
        "≠": "не равно",
    },
    **{"÷": "разделить на", "²": "в квадрате", "³": "в кубе", "°": "градус", "%": "процент", "№": "номер"},
    **{
        "½": "половина",
        "¼": "одна четвёртая",
        "¾": "три четвёртых",
        "⅓": "одна третья",
        "→": "—",
        "@": "собака",
    },
    **{
        "$": "доллар",
        "€": "евро",
        "₽": "рубль",
        "℃": "градус",
        "⅔": "две третьих",
        "•": "",
        "©": "",
        "®": "",
        "™": "",
    },
    **{
        sub: numerals_word
        for sub, numerals_word in zip(
            "₀₁₂₃₄₅₆₇₈₉",
            ["ноль", "один", "два", "три", "четыре", "пять", "шесть", "семь", "восемь", "девять"],
            strict=True,
        )
    },
}


def web_address(tokens: Tokens, index: int) -> Said | None:
    return address(tokens, index, _WEB)


def phone(tokens: Tokens, index: int) -> Said | None:
    """A telephone number in its groups: those with more than three digits digit by digit."""
    found = telephone_at(tokens, index)
    if found is None:
        return None
    said = [
        numerals.digits(group) if len(group) > 3 or group[0] == "0" else numerals.cardinal(int(group))
        for group in found.groups
    ]
    return Said(found.end, ("плюс " if found.international else "") + " ".join(said))


def numbered(tokens: Tokens, index: int) -> Said | None:
    """ "№ 7", "#7", "№№ 3 и 5": the number behind is only named."""
    end = index + 1
    plural = tokens[end].text == tokens[index].text
    end = tokens.behind_space(end + 1 if plural else end)
    case = governor(tokens, index).cases[0]
    word = decline("номер", case, plural=plural)
    number = read_number(tokens, end) if tokens[end].kind is Kind.NUMBER else None
    if tokens[index].text == "#" and number is None:
        return Said(index + 1, "хэштег ") if tokens[index + 1].kind is Kind.WORD else None
    if number is None or number.fraction:
        return Said(index + 1, f"{word} ")
    said = numerals.digits(number.whole) if number.is_code else numerals.cardinal(number.value)
    return Said(number.end, f"{word} {said}")


def numbered_sign(tokens: Tokens, index: int) -> Said | None:
    return numbered(tokens, index) if tokens[index].text in "№#" else None


def web_handle(tokens: Tokens, index: int) -> Said | None:
    return web_address(tokens, index) if tokens[index].text == "@" else None


def phone_sign(tokens: Tokens, index: int) -> Said | None:
    return phone(tokens, index) if tokens[index].text in "+(" else None


def times(tokens: Tokens, index: int) -> Said | None:
    """ "3x4 м", "2 х 3": "на" between two numbers."""
    if tokens[index].text.lower() not in ("x", "х"):
        return None
    before, behind = tokens[tokens.before_space(index)], tokens[tokens.behind_space(index + 1)]
    if before.kind is Kind.NUMBER and behind.kind is Kind.NUMBER:
        return Said(index + 1, "на ")
    if (
        before.kind is Kind.NUMBER
        and tokens.before_space(index) == index - 1
        and not tokens.is_word_or_number(index + 1)
    ):
        return Said(index + 1, "икс")
    return None


def sign(tokens: Tokens, index: int) -> Said | None:
    """A sign that is a word."""
    text = tokens[index].text
    if text == "/":
        return _slash(tokens, index)
    said = _SIGNS.get(text)
    if said is None:
        return None
    if text in "<>" and not _compares(tokens, index):
        return None
    if text == "+" and not (
        tokens.is_word_or_number(index - 1) or tokens.is_word_or_number(tokens.behind_space(index + 1))
    ):
        return None
    return Said(index + 1, f" {said} " if said else "")


def _compares(tokens: Tokens, index: int) -> bool:
    behind = tokens[tokens.behind_space(index + 1)]
    return behind.kind is Kind.NUMBER or behind.text in "+-−$€₽" or tokens[index + 1].kind is Kind.SPACE


def _slash(tokens: Tokens, index: int) -> Said | None:
    if tokens.is_word_or_number(index - 1) and tokens.is_word_or_number(index + 1):
        return Said(index + 1, " " if tokens[index - 1].kind is Kind.WORD else " дробь ")
    return None


def formula(tokens: Tokens, index: int) -> Said | None:
    found = tokens.longest_of(index, _FORMULAS)
    return (
        Said(*found)
        if found and not tokens.is_word_or_number(found[0]) and not tokens.is_word_or_number(index - 1)
        else None
    )


def abbreviation(tokens: Tokens, index: int) -> Said | None:
    """What the table of abbreviations says at this word, where its neighbours allow it."""
    if tokens.is_word_or_number(index - 1):
        return None
    return (
        _city(tokens, index)
        or _noun_before(tokens, index)
        or _adjective_before(tokens, index)
        or _fixed(tokens, index)
        or _weekday(tokens, index)
        or _month(tokens, index)
    )


def _capital(said: str, written: str) -> str:
    return said[0].upper() + said[1:] if written[:1].isupper() else said


def _city(tokens: Tokens, index: int) -> Said | None:
    if tokens[index].text not in ("г", "Г") or tokens[index + 1].text != ".":
        return None
    name = tokens[tokens.behind_space(index + 2)]
    if (
        name.kind is not Kind.WORD
        or not name.text[0].isupper()
        or tokens[tokens.before_space(index)].kind is Kind.NUMBER
    ):
        return None
    return Said(
        index + 2,
        f"{_capital(decline('город', _case_of_place(tokens, index), plural=False), tokens[index].text)} ",
    )


def _case_of_place(tokens: Tokens, index: int) -> Case:
    before = governor(tokens, index)
    if before.word in ("на", "в", "во"):
        return "p" if not _is_direction(tokens, index) else "a"
    if before.word == "по":
        return "d"
    if before.word in ("за", "под"):
        return "i"
    return before.cases[0]


def _is_direction(tokens: Tokens, index: int) -> bool:
    """Whether the word before the preposition is a verb of motion ("выйдет на ул. 9 Мая")."""
    place = tokens.before_space(index)
    verb = tokens[tokens.before_space(place)]
    if verb.kind is not Kind.WORD:
        return False
    lemma = forms(verb.text.lower())[0].lemma
    return lemma in _MOTIONS or (
        lemma.endswith(("ехать", "йти", "ходить", "езжать", "вернуть", "ворачивать"))
    )


_MOTIONS = frozenset(
    (
        *(
            "выйти",
            "повернуть",
            "поворачивать",
            "свернуть",
            "ехать",
            "идти",
            "вход",
            "выход",
            "въезд",
            "выезд",
        ),
        *(
            "поворот",
            "направить",
            "направляться",
            "отправиться",
            "отправляться",
            "прибыть",
            "прибывать",
            "дорога",
        ),
        *(
            "переход",
            "путь",
            "вернуться",
            "попасть",
            "подняться",
            "спуститься",
            "следовать",
            "переехать",
            "войти",
        ),
    )
)


def _noun_before(tokens: Tokens, index: int) -> Said | None:
    found = tokens.longest_of(index, table("noun_before"))
    if found is None or (tokens.is_word_or_number(found[0]) and tokens[found[0] - 1].text != "."):
        return None
    end, noun = found
    text = tokens.text(index, end)
    behind = tokens[tokens.behind_space(end)]
    names = (
        behind.kind is Kind.NUMBER
        or behind.text in '«"№'
        or (behind.kind is Kind.WORD and behind.text[0].isupper())
    )
    if behind.kind is Kind.END or (not names and len(text.rstrip(".")) < 3):
        return None
    if not names and (behind.kind is not Kind.WORD or tokens[tokens.before_space(index)].kind is Kind.NUMBER):
        if noun not in ("телефон", "остановка", "улица"):
            return None
    if noun in ("дом", "пункт", "строение") and behind.kind is not Kind.NUMBER:
        if noun != "дом" or behind.text[:1].isupper():
            noun = {"дом": "деревня"}.get(noun, noun)
    if noun == "остров" and _is_priest(tokens, end):
        noun = "отец"
    said = decline(noun, _case_of_place(tokens, index), plural=False)
    return Said(end, _capital(said, tokens[index].text) + ("" if tokens[end].kind is Kind.SPACE else " "))


def _is_priest(tokens: Tokens, end: int) -> bool:
    name = tokens[tokens.behind_space(end)]
    return name.kind is Kind.WORD and any(form.is_name for form in forms(name.text.lower())[:1])


def _adjective_before(tokens: Tokens, index: int) -> Said | None:
    found = tokens.longest_of(index, table("adjective_before"))
    if found is None or tokens.is_word_or_number(found[0]):
        return None
    end, adjective = found
    nouns = noun_behind(tokens, end)
    if not nouns:
        return None
    before = governor(tokens, index)
    told = [form for form in nouns if form.case and not (form.plural and form.is_name)] or list(nouns)
    cases = before.cases
    word = tokens[tokens.before_space(index)]
    if not before.word and word.kind is Kind.WORD and forms(word.text.lower())[0].pos == "NOUN":
        cases = ("g", *cases)
    form = next((form for case in cases for form in told if form.case == case), told[0])
    said = decline(adjective, form.case or "n", plural=form.plural, gender=form.gender)
    return Said(end, _capital(said, tokens[index].text))


def _fixed(tokens: Tokens, index: int) -> Said | None:
    for name in ("before", "behind"):
        found = tokens.longest_of(index, table(name))
        if found is None or (tokens.is_word_or_number(found[0]) and tokens[found[0] - 1].text != "."):
            continue
        end, said = found
        said = _capital(said, tokens[index].text)
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
    if tokens[place].kind is Kind.SIGN and tokens[place].text in DASHES:
        last = tokens.behind_space(place + 1)
        if other := days.get(tokens[last].text.lower()):
            opening = "" if governor(tokens, index).word in ("с", "со") else "с "
            said = f"{opening}{decline(day, 'g', plural=False)} по {decline(other, 'a', plural=False)}"
            return Said(_behind_full_stop(tokens, last + 1), _capital(said, tokens[index].text))
    before = tokens[tokens.before_space(index)]
    beside = {tokens[place].text, before.text}
    if not (beside & {",", ":", ".", "и", "(", ")", "/"} or tokens[place].kind in (Kind.NUMBER, Kind.END)):
        return None
    if tokens[index].text.islower() and tokens[index].text == "ср" and tokens[place].text == ".":
        return None
    case = governor(tokens, index).cases[0]
    return Said(
        _behind_full_stop(tokens, end), _capital(decline(day, case, plural=False), tokens[index].text)
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
        index + 2, _capital(said, tokens[index].text) + ("." if tokens.ends_sentence(index + 2) else "")
    )


def initials(tokens: Tokens, index: int) -> Said | None:
    """ "А. С. Пушкин", "Пушкин А. С.": the names of the letters."""
    if _is_city(tokens, index):
        return None
    letters: list[str] = []
    end = index
    while len(letters) < 3 and _is_initial(tokens, end):
        letters.append(tokens[end].text)
        behind = tokens.behind_space(end + 2)
        if not _is_initial(tokens, behind):
            end += 2
            break
        end = behind
    if not letters:
        return None
    name = tokens[tokens.behind_space(end)]
    before = tokens[tokens.before_space(index)]
    has_name = name.kind is Kind.WORD and name.text[0].isupper() and len(name.text) > 2
    behind_name = len(letters) > 1 and before.kind is Kind.WORD and before.text[0].isupper()
    if not (has_name or behind_name):
        return None
    said = " ".join(LETTERS.get(letter.lower()) or latin.spelled(letter) for letter in letters)
    return Said(end, said + (" " if has_name else ""))


def _is_city(tokens: Tokens, index: int) -> bool:
    """ "Г. Черкесск": not an initial, but the beginning of an address."""
    name = tokens[tokens.behind_space(index + 2)]
    if tokens[index].text not in ("Г", "О") or name.kind is not Kind.WORD:
        return False
    found = forms(name.text.lower())
    if any(form.is_name for form in found):
        return False
    return any(form.is_place for form in found) or (
        tokens[index].text == "О" and tokens.before_space(index) < 0
    )


def _is_initial(tokens: Tokens, index: int) -> bool:
    text = tokens[index].text
    return (
        tokens[index].kind is Kind.WORD
        and len(text) == 1
        and text.isupper()
        and tokens[index + 1].text == "."
    )


def acronym(tokens: Tokens, index: int) -> Said | None:
    """ "МЧС", "США": spelled where it cannot be read, or is no word."""
    text = tokens[index].text
    if not text.isupper() or not 2 <= len(text) <= _LONGEST_ACRONYM or text.isascii():
        return None
    if text in _ACRONYMS:
        return Said(index + 1, _ACRONYMS[text])
    lower = text.lower()
    if any(letter not in LETTERS for letter in lower):
        return None
    if any(letter in _VOWELS for letter in lower) and (
        is_known(lower) or _is_readable(lower) or _shouts(tokens, index)
    ):
        return None
    return Said(index + 1, " ".join(LETTERS[letter] for letter in lower))


def letter_behind_number(tokens: Tokens, index: int) -> Said | None:
    """ "57в", "3А": the name of the letter."""
    if tokens[index - 1].kind is not Kind.NUMBER or tokens[index].text.lower() not in LETTERS:
        return None
    return Said(index + 1, LETTERS[tokens[index].text.lower()])


def _is_readable(word: str) -> bool:
    """A vowel between consonants, and no three consonants side by side: "ГУМ", "МИД", "НАТО"."""
    vowels = [letter in _VOWELS for letter in word]
    if len(word) < 3 or not any(vowels[1:-1]) or sum(vowels) > (len(word) + 1) // 2:
        return False
    return not any(not any(vowels[index : index + 3]) for index in range(len(word) - 2)) and not any(
        all(vowels[index : index + 2]) for index in range(len(word) - 1)
    )


def _shouts(tokens: Tokens, index: int) -> bool:
    """Whether a word beside is written in capital letters too, and longer than acronyms are."""
    beside = (tokens[tokens.before_space(index)], tokens[tokens.behind_space(index + 1)])
    return any(
        token.kind is Kind.WORD and token.text.isupper() and len(token.text) > _LONGEST_ACRONYM
        for token in beside
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
