"""English abbreviations, initials, Roman numerals, signs, addresses."""

from __future__ import annotations

from edge.spoken_form import cyrillic
from edge.spoken_form.en import numerals
from edge.spoken_form.en.quantities import read_number
from edge.spoken_form.en.tables import table
from edge.spoken_form.numbers import roman
from edge.spoken_form.rules import Said
from edge.spoken_form.telephone import telephone_at
from edge.spoken_form.tokens import Kind, Tokens
from edge.spoken_form.web import WebWords, address

_WEB = WebWords(
    {
        ".": "dot",
        "@": "at",
        "/": "slash",
        "-": "dash",
        "_": "underscore",
        "&": "and",
        "=": "equals",
        "?": "question mark",
    },
    lambda word: word,
    lambda digits: (
        numerals.digits(digits) if digits[0] == "0" or len(digits) > 4 else numerals.cardinal(int(digits))
    ),
)
_SIGNS = {
    **{"~": "about", "≈": "about", "=": "equals", "<": "less than", ">": "more than", "≥": "at least"},
    **{
        "≤": "at most",
        "×": "by",
        "&": "and",
        "+": "plus",
        "±": "plus or minus",
        "§": "section",
        "≠": "is not",
    },
    **{
        "÷": "divided by",
        "²": "squared",
        "³": "cubed",
        "°": "degrees",
        "%": "percent",
        "№": "number",
        "@": "at",
    },
    **{
        "$": "dollars",
        "€": "euros",
        "£": "pounds",
        "℃": "degrees Celsius",
        "→": "to",
        "•": "",
        "©": "",
        "®": "",
        "™": "",
    },
    **{"*": "", "^": "", "|": ",", "\\": " "},
    **dict(
        zip(
            "₀₁₂₃₄₅₆₇₈₉",
            (
                numerals_word
                for numerals_word in (
                    "zero",
                    "one",
                    "two",
                    "three",
                    "four",
                    "five",
                    "six",
                    "seven",
                    "eight",
                    "nine",
                )
            ),
            strict=True,
        )
    ),
}
_FORMULAS = {
    "CO2": "C O two",
    "CO₂": "C O two",
    "H2O": "H two O",
    "H₂O": "H two O",
    "WWI": "World War One",
    "WWII": "World War Two",
}
_NUMBERED = frozenset(
    (
        *(
            "war",
            "grade",
            "chapter",
            "part",
            "volume",
            "phase",
            "act",
            "type",
            "class",
            "level",
            "unit",
            "section",
        ),
        *(
            "terminal",
            "stage",
            "room",
            "gate",
            "zone",
            "article",
            "appendix",
            "book",
            "pier",
            "hall",
            "group",
            "tier",
        ),
        *(
            "category",
            "version",
            "mark",
            "episode",
            "season",
            "round",
            "division",
            "step",
            "sector",
            "building",
        ),
    )
)
_REGNAL = frozenset(
    (
        *(
            "Charles",
            "Henry",
            "Elizabeth",
            "James",
            "Edward",
            "George",
            "William",
            "Louis",
            "Peter",
            "Nicholas",
        ),
        *(
            "Alexander",
            "Catherine",
            "Francis",
            "Philip",
            "Napoleon",
            "Frederick",
            "Leopold",
            "Wilhelm",
            "Franz",
        ),
        *(
            "Paul",
            "John",
            "Pius",
            "Richard",
            "Ivan",
            "Ferdinand",
            "Otto",
            "Rama",
            "Willem",
            "Ramses",
            "Ramesses",
        ),
        *(
            "Benedict",
            "Leo",
            "Gregory",
            "Innocent",
            "Victor",
            "Umberto",
            "Joseph",
            "Constantine",
            "Theodosius",
        ),
        *("Hamengkubuwono", "Pakubuwono", "Mehmed", "Suleiman", "Selim", "Murad", "Albert", "Carl", "Gustav"),
    )
)
_TITLES = frozenset(
    (
        "King",
        "Queen",
        "Pope",
        "Emperor",
        "Empress",
        "Tsar",
        "Prince",
        "Princess",
        "Sultan",
        "Raja",
        "Kaiser",
        "Pharaoh",
    )
)
_STREETS = frozenset(
    ("Street", "St", "Avenue", "Ave", "Road", "Rd", "Boulevard", "Blvd", "Drive", "Lane", "Way", "Highway")
)


def web_address(tokens: Tokens, index: int) -> Said | None:
    return address(tokens, index, _WEB)


def web_handle(tokens: Tokens, index: int) -> Said | None:
    return web_address(tokens, index) if tokens[index].text == "@" else None


def phone(tokens: Tokens, index: int) -> Said | None:
    """A telephone number digit by digit, with a pause between its groups."""
    found = telephone_at(tokens, index)
    if found is None:
        return None
    said = ", ".join(numerals.digits(group) for group in found.groups)
    return Said(found.end, f"plus {said}" if found.international else said)


def phone_sign(tokens: Tokens, index: int) -> Said | None:
    return phone(tokens, index) if tokens[index].text in "+(" else None


def numbered(tokens: Tokens, index: int) -> Said | None:
    """ "#1", "№ 5", "No. 21"."""
    text = tokens[index].text
    if text in "#№":
        end = tokens.behind_space(index + 1)
        if text == "#" and tokens[index + 1].kind is Kind.WORD:
            return Said(index + 1, "hashtag ")
    elif text in ("No", "no", "NO", "Nos", "nos") and tokens[index + 1].text == ".":
        end = tokens.behind_space(index + 2)
    else:
        return None
    if tokens[end].kind is not Kind.NUMBER:
        return None
    number = read_number(tokens, end)
    assert number is not None
    if number.fraction or number.is_code:
        return Said(end, "number ")
    return Said(number.end, f"number {numerals.cardinal(number.value)}")


def house_number(tokens: Tokens, index: int) -> Said | None:
    """ "1666 K Street": four digits in pairs before a street's name."""
    if len(tokens[index].text) != 4 or tokens[index].text[0] == "0":
        return None
    place = index + 1
    for _ in range(3):
        if tokens[place].kind is not Kind.SPACE:
            return None
        word = tokens[place + 1]
        if word.text in _STREETS and place > index + 1:
            return Said(index + 1, numerals.pairs(int(tokens[index].text)))
        if word.kind is not Kind.WORD or not word.text[0].isupper():
            return None
        place += 2
    return None


def formula(tokens: Tokens, index: int) -> Said | None:
    found = tokens.longest_of(index, _FORMULAS)
    if found is None or tokens.is_word_or_number(found[0]) or tokens.is_word_or_number(index - 1):
        return None
    return Said(*found)


def roman_numeral(tokens: Tokens, index: int) -> Said | None:
    """ "World War II", "King Charles I", "the XIX century"."""
    text = tokens[index].text
    number = roman(text)
    if number is None or tokens[index - 1].text in ("'", "’", "-"):
        return None
    behind = tokens[tokens.behind_space(index + 1)]
    if behind.text.lower() in ("century", "centuries", "millennium") and tokens[index + 1].kind is Kind.SPACE:
        return Said(index + 1, numerals.ordinal(number))
    if (
        not set(text) <= set("IVX")
        or tokens[index - 1].kind is not Kind.SPACE
        or tokens[index + 1].text in ("'", "’", "-")
    ):
        return None
    place = tokens.before_space(index)
    before = tokens[place].text
    if before.lower() in _NUMBERED and (text != "I" or before[0].isupper()):
        return Said(
            index + 1,
            numerals.cardinal(number).capitalize() if before[0].isupper() else numerals.cardinal(number),
        )
    titled = tokens[tokens.before_space(place)].text in _TITLES
    if before in _REGNAL or (titled and before[:1].isupper()):
        if text == "I" and behind.kind is Kind.WORD and behind.text.lower() in _VERBS_OF_I:
            return None
        return Said(index + 1, f"the {numerals.ordinal(number).capitalize()}")
    if len(text) > 1 and text != "IV" and before[:1].isupper() and tokens[place].kind is Kind.WORD:
        return Said(index + 1, numerals.cardinal(number).capitalize())
    return None


_VERBS_OF_I = frozenset(
    ("am", "think", "know", "have", "will", "was", "would", "can", "see", "love", "like", "want", "do")
)


def abbreviation(tokens: Tokens, index: int) -> Said | None:
    """What the table of abbreviations says at this word, where its neighbours allow it."""
    if tokens.is_word_or_number(index - 1) or tokens[index - 1].text in ("'", "’"):
        return None
    return (
        _saint_or_street(tokens, index)
        or _title(tokens, index)
        or _fixed(tokens, index)
        or _direction(tokens, index)
    )


def _saint_or_street(tokens: Tokens, index: int) -> Said | None:
    text = tokens[index].text
    if text not in ("St", "Dr"):
        return None
    dotted = tokens[index + 1].text == "."
    end = index + 2 if dotted else index + 1
    behind = tokens[tokens.behind_space(end)]
    before = tokens[tokens.before_space(index)]
    named = before.kind is Kind.WORD and (before.text[0].isupper() or before.text in _ORDINAL_ENDINGS)
    named = named and before.text not in _NO_NAMES and tokens.before_space(index) >= 0
    saint = behind.kind is Kind.WORD and behind.text[0].isupper() and behind.text not in table("directions")
    if named and not (saint and not _ends_street(tokens, index)):
        if not dotted and behind.kind is Kind.WORD and behind.text[0].isupper():
            return None
        said = "Street" if text == "St" else "Drive"
        return Said(
            end,
            f"{said}."
            if dotted and tokens.ends_sentence(end) and behind.text not in table("directions")
            else said,
        )
    if saint:
        return Said(end, "Saint" if text == "St" else "Doctor")
    return None


_ORDINAL_ENDINGS = frozenset(("st", "nd", "rd", "th"))
_NO_NAMES = frozenset(
    ("The", "At", "In", "On", "From", "To", "Near", "Visit", "See", "By", "Of", "And", "Behind", "Next")
)


def _ends_street(tokens: Tokens, index: int) -> bool:
    """Whether a number or an ordinal stands before the name, as in an address."""
    place = tokens.before_space(tokens.before_space(index))
    return tokens[place].kind is Kind.NUMBER or tokens[tokens.before_space(index)].text in _ORDINAL_ENDINGS


def _title(tokens: Tokens, index: int) -> Said | None:
    found = tokens.longest_of(index, table("title"))
    if found is None or not tokens[index].text[0].isupper() or tokens.is_word_or_number(found[0]):
        return None
    end, said = found
    behind = tokens[tokens.behind_space(end)]
    if behind.kind is not Kind.WORD or not behind.text[0].isupper():
        return None
    return Said(end, said)


def _fixed(tokens: Tokens, index: int) -> Said | None:
    for name in ("before", "behind"):
        found = tokens.longest_of(index, table(name))
        if found is None or (tokens.is_word_or_number(found[0]) and tokens[found[0] - 1].kind is Kind.WORD):
            continue
        end, said = found
        text = tokens.text(index, end)
        if text.lower() in ("no.", "nos."):
            continue
        numbered_only = text.lower() in ("vol.", "ch.", "pp.", "fig.", "apt.", "rm.", "ste.")
        if numbered_only and tokens[tokens.behind_space(end)].kind is not Kind.NUMBER:
            continue
        if (
            name == "behind"
            and text[0].islower()
            and said[0].isupper()
            and len(text) <= 4
            and text[-1] != "."
        ):
            continue
        if (
            "." not in text
            and text.lower() in ("ave", "rd", "blvd", "hwy")
            and not tokens[index].text[0].isupper()
        ):
            continue
        closing = name == "behind" and tokens[end - 1].text == "." and tokens.ends_sentence(end)
        if said[0].islower() and text[0].isupper() and len(text) > 3:
            said = said[0].upper() + said[1:]
        return Said(end, f"{said}." if closing else said)
    return None


def _direction(tokens: Tokens, index: int) -> Said | None:
    said = table("directions").get(tokens[index].text)
    return Said(index + 1, said) if said and not tokens.is_word_or_number(index + 1) else None


def initials(tokens: Tokens, index: int) -> Said | None:
    """ "James E. Girard", "J. K. Rowling", "U.S.": letters without their full stops."""
    letters: list[str] = []
    end = index
    while len(letters) < 5 and _is_initial(tokens, end):
        letters.append(tokens[end].text)
        behind = tokens.behind_space(end + 2)
        end += 2
        if not _is_initial(tokens, behind):
            break
        end = behind
    if not letters or tokens.is_word_or_number(index - 1):
        return None
    name = tokens[tokens.behind_space(end)]
    named = name.kind is Kind.WORD and name.text[0].isupper() and tokens[end].kind is Kind.SPACE
    if len(letters) == 1 and (not named or letters[0] == "I"):
        return None
    said = " ".join(letters)
    closing = tokens.ends_sentence(end) and not named
    return Said(end, f"{said}." if closing else said)


def _is_initial(tokens: Tokens, index: int) -> bool:
    text = tokens[index].text
    return (
        tokens[index].kind is Kind.WORD
        and len(text) == 1
        and text.isupper()
        and tokens[index + 1].text == "."
    )


def times(tokens: Tokens, index: int) -> Said | None:
    """ "3x4 m": "by" between two numbers."""
    if tokens[index].text not in ("x", "X"):
        return None
    before, behind = tokens[tokens.before_space(index)], tokens[tokens.behind_space(index + 1)]
    return Said(index + 1, " by ") if before.kind is Kind.NUMBER and behind.kind is Kind.NUMBER else None


def sign(tokens: Tokens, index: int) -> Said | None:
    """A sign that is a word."""
    text = tokens[index].text
    if text == "/":
        both = tokens.is_word_or_number(index - 1) and tokens.is_word_or_number(index + 1)
        return Said(index + 1, " ") if both else None
    said = _SIGNS.get(text)
    if said is None:
        return None
    behind = tokens[tokens.behind_space(index + 1)]
    if text in "<>" and not (
        behind.kind is Kind.NUMBER
        or behind.text in ("$", "€", "£", "-", "−")
        or tokens[index + 1].kind is Kind.SPACE
    ):
        return None
    if (
        text == "+"
        and not tokens.is_word_or_number(index - 1)
        and behind.kind not in (Kind.WORD, Kind.NUMBER)
        and behind.text != "$"
    ):
        return None
    return Said(index + 1, said)


def foreign(tokens: Tokens, index: int) -> Said | None:
    """A word in Cyrillic letters."""
    text = tokens[index].text
    if not cyrillic.has_cyrillic(text):
        return None
    return Said(index + 1, cyrillic.mended(text) or cyrillic.in_latin(text))
