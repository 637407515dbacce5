"""Indonesian initials and acronyms: the names of letters."""

from __future__ import annotations

from edge.spoken_form.id.tables import sayings, table
from edge.spoken_form.initials import initials_at
from edge.spoken_form.rules import Said
from edge.spoken_form.tokens import TokenKind, Tokens

_VOWELS = "aeiou"


_LONGEST_ACRONYM = 6


def letter_behind_number(tokens: Tokens, index: int) -> Said | None:
    """ "76B": the name of the letter."""
    text = tokens[index].text.lower()
    if tokens[index - 1].kind is not TokenKind.NUMBER or text not in sayings("letters"):
        return None
    return Said(index + 1, sayings("letters")[text])


def initials(tokens: Tokens, index: int) -> Said | None:
    """ "N. Adi Wiryatama", "B. J. Habibie": the names of the letters."""
    letters, end = initials_at(tokens, index, 4)
    name = tokens[tokens.behind_space(end)]
    if not letters or tokens.is_word_or_number(index - 1):
        return None
    if letters == ["H"] and name.kind is TokenKind.WORD and len(name.text) > 2:
        return None
    if len(letters) == 1 and name.text in _PLACES.get(letters[0], ()):
        return None
    if len(letters) == 1 and not (name.kind is TokenKind.WORD and name.text[0].isupper()):
        return None
    return Said(end, " ".join(sayings("letters").get(letter.lower(), letter) for letter in letters))


_PLACES = {
    "P": frozenset(
        (
            *("Bali", "Jawa", "Lombok", "Nusa", "Sumatra", "Sumatera", "Kalimantan", "Sulawesi", "Flores"),
            *("Komodo", "Serangan", "Menjangan", "Sumba", "Sumbawa", "Timor", "Papua", "Madura"),
        )
    ),
    "D": frozenset(("Batur", "Toba", "Bratan", "Beratan", "Buyan", "Tamblingan")),
}
"""Islands and lakes, before whose names the letter is no initial."""


def formula(tokens: Tokens, index: int) -> Said | None:
    found = tokens.whole_of(index, table("acronyms"))
    return Said(*found) if found and not tokens.is_word_or_number(index - 1) else None


def acronym(tokens: Tokens, index: int) -> Said | None:
    """ "BMKG", "RT", "WNI": spelled where it cannot be read."""
    text = tokens[index].text
    if not text.isupper() or not text.isascii() or not 2 <= len(text) <= _LONGEST_ACRONYM:
        return None
    lower = text.lower()
    if any(letter in _VOWELS for letter in lower) and (_is_readable(lower) or _shouts(tokens, index)):
        return None
    return Said(index + 1, " ".join(sayings("letters")[letter] for letter in lower))


def _is_readable(word: str) -> bool:
    """No more than one consonant in a row, or two inside, and a vowel between consonants: "PURA", "ASEAN"."""
    vowels = [letter in _VOWELS for letter in word]
    if len(word) < 4 or sum(vowels) < 2:
        return len(word) == 3 and vowels == [False, True, False]
    pairs = sum(not vowels[place] and not vowels[place + 1] for place in range(len(word) - 1))
    return pairs <= 1 and vowels[:2] != [False, False] and not (vowels[-1] is False and vowels[-2] is False)


def _shouts(tokens: Tokens, index: int) -> bool:
    """Whether a word beside is written in capital letters too, and longer than acronyms are."""
    beside = (tokens[tokens.before_space(index)], tokens[tokens.behind_space(index + 1)])
    return any(token.text.isupper() and len(token.text) > _LONGEST_ACRONYM for token in beside)
