"""Indonesian abbreviations, Roman numerals, signs, addresses."""

from __future__ import annotations

from edge.spoken_form import telephone
from edge.spoken_form.id import numerals
from edge.spoken_form.id.quantities import read_number
from edge.spoken_form.id.tables import listed, sayings, table
from edge.spoken_form.numbers import roman, short_number
from edge.spoken_form.rules import Said
from edge.spoken_form.signs import adds, compares, joins, joins_numbers, subtracts
from edge.spoken_form.tokens import TokenKind, Tokens
from edge.spoken_form.web import WebWords

WEB = WebWords(
    {
        ".": "titik",
        "@": "et",
        "/": "garis miring",
        "-": "strip",
        "_": "garis bawah",
        "&": "dan",
        "=": "sama dengan",
    },
    lambda word: word,
    lambda digits: short_number(digits, numerals, most=4),
)


def phone(tokens: Tokens, index: int) -> Said | None:
    return telephone.digit_by_digit(tokens, index, numerals.digits)


def numbered(tokens: Tokens, index: int) -> Said | None:
    """ "No. 5", "№ 5", "#5"."""
    text = tokens[index].text
    if text in "#№":
        end = tokens.behind_space(index + 1)
        if text == "#" and tokens[index + 1].kind is TokenKind.WORD:
            return Said(index + 1, "tagar ")
    elif text in ("No", "no", "NO") and not tokens.is_word_or_number(index - 1):
        end = tokens.behind_space(index + 2 if tokens[index + 1].text == "." else index + 1)
    else:
        return None
    if tokens[end].kind is not TokenKind.NUMBER:
        return None
    number = read_number(tokens, end)
    word = "Nomor" if text[0].isupper() else "nomor"
    if number is None or number.fraction or number.is_code:
        return Said(end, f"{word} ")
    return Said(number.end, f"{word} {numerals.cardinal(number.value)}")


def roman_numeral(tokens: Tokens, index: int) -> Said | None:
    """ "abad XIX" → "abad kesembilan belas", "kelas II" → "kelas dua"."""
    text = tokens[index].text
    number = roman(text)
    if (
        number is None
        or (
            tokens[index - 1].kind not in (TokenKind.SPACE, TokenKind.END)
            and tokens[index - 1].text not in "/("
        )
        or tokens[index + 1].text in ("'", "’", "-")
    ):
        return None
    before = tokens[tokens.before_space(index)].text
    if len(text) > 1 and set(text) <= set("IVX") and (not before or before in ",/("):
        # "II dan III", "kelas X, XI dan XII".
        return Said(index + 1, numerals.cardinal(number))
    if before.lower() in ("abad", "milenium", "dinasti", "muktamar", "kongres", "pon", "olimpiade"):
        return Said(index + 1, numerals.ordinal(number) if number > 1 else "kesatu")
    if (
        not set(text) <= set("IVX")
        or not before
        or tokens[tokens.before_space(index)].kind is not TokenKind.WORD
    ):
        return None
    if len(text) == 1 and before.isupper():
        return None
    if before in listed("regnal"):
        return Said(index + 1, f"ke{numerals.cardinal(number)}" if number > 1 else "pertama")
    return Said(index + 1, numerals.cardinal(number))


def abbreviation(tokens: Tokens, index: int) -> Said | None:
    """What the table of abbreviations says at this word, where its neighbours allow it."""
    if tokens.is_word_or_number(index - 1):
        return None
    for name in ("title", "before", "behind"):
        found = tokens.longest_of(index, table(name))
        if found is None or (
            tokens.is_word_or_number(found[0]) and tokens[found[0] - 1].kind is TokenKind.WORD
        ):
            continue
        end, said = found
        behind = tokens[tokens.behind_space(end)]
        written = tokens.text(index, end)
        dotted = "." in written
        if name == "title":
            named = behind.kind is TokenKind.NUMBER or (
                behind.kind is TokenKind.WORD and behind.text[0].isupper()
            )
            if (
                not (written[0].isupper() or written == "dr.")
                or not named
                or (not dotted and written.isupper() and len(written) > 2)
            ):
                continue
            if said in ("PT", "CV"):
                said = "pe te" if said == "PT" else "ce ve"
        elif (
            (not dotted and len(written) > 1 and written.isupper() and written not in table(name))
            or written.lower() in ("no.", "no")
            or (name == "before" and behind.kind is TokenKind.END)
        ):
            continue
        if said[0].islower() and written[0].isupper() and not written.isupper():
            said = said[0].upper() + said[1:]
        closing = name == "behind" and tokens[end - 1].text == "." and tokens.ends_sentence(end)
        return Said(end, f"{said}." if closing else f"{said} " if tokens.is_word_or_number(end) else said)
    return None


def times(tokens: Tokens, index: int) -> Said | None:
    """ "3x4 m": "kali" between two numbers."""
    if tokens[index].text not in ("x", "X"):
        return None
    before, behind = tokens[tokens.before_space(index)], tokens[tokens.behind_space(index + 1)]
    if before.kind is not TokenKind.NUMBER or behind.kind not in (TokenKind.NUMBER, TokenKind.WORD):
        return None
    return Said(index + 1, " kali " if behind.kind is TokenKind.NUMBER else " kali")


def sign(tokens: Tokens, index: int) -> Said | None:
    """A sign that is a word."""
    text = tokens[index].text
    if subtracts(tokens, index):
        return Said(index + 1, " dikurangi ")
    if text == ":" and joins_numbers(tokens, index):
        return Said(index + 1, " ")
    if text == "/":
        return Said(index + 1, " ") if joins(tokens, index) else None
    if text in "<>" and not compares(tokens, index, ("$", "€", "-", "−")):
        return None
    if text == "+" and not adds(tokens, index):
        return None
    said = sayings("signs").get(text)
    return None if said is None else Said(index + 1, said)
