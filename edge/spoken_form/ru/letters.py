"""Russian initials and acronyms: the names of letters."""

from __future__ import annotations

from edge.spoken_form.initials import initials_at
from edge.spoken_form.ru import latin
from edge.spoken_form.ru.morphology import forms, is_known
from edge.spoken_form.ru.places import ISLANDS
from edge.spoken_form.ru.tables import sayings
from edge.spoken_form.rules import Said
from edge.spoken_form.tokens import TokenKind, Tokens

_ACRONYMS = {
    **{"США": "сэ шэ а", "ФРГ": "фэ эр гэ", "МКАД": "мкад", "ЕС": "е эс", "ВОВ": "вэ о вэ", "ОК": "окей"},
}
_INITIALS = {"Дж": "джей"}
_VOWELS = "аеёиоуыэюя"
_LONGEST_ACRONYM = 6


def initials(tokens: Tokens, index: int) -> Said | None:
    """ "А. С. Пушкин", "Пушкин А. С.": the names of the letters."""
    if _is_city(tokens, index):
        return None
    letters, end = initials_at(tokens, index, 3, long="Дж")
    if not letters:
        return None
    name = tokens[tokens.behind_space(end)]
    before = tokens[tokens.before_space(index)]
    has_name = name.kind is TokenKind.WORD and name.text[0].isupper() and len(name.text) > 2
    behind_name = len(letters) > 1 and before.kind is TokenKind.WORD and before.text[0].isupper()
    if not (has_name or behind_name):
        return None
    said = " ".join(
        _INITIALS.get(letter) or sayings("letters").get(letter.lower()) or latin.spelled(letter)
        for letter in letters
    )
    return Said(end, said + (" " if has_name else ""))


def _is_city(tokens: Tokens, index: int) -> bool:
    """ "Г. Черкесск": not an initial, but the beginning of an address."""
    name = tokens[tokens.behind_space(index + 2)]
    if tokens[index].text not in ("Г", "О") or name.kind is not TokenKind.WORD:
        return False
    found = forms(name.text.lower())
    if name.text in ISLANDS:
        return True
    if any(form.is_name for form in found):
        return False
    return any(form.is_place for form in found) or (
        tokens[index].text == "О" and tokens.before_space(index) < 0
    )


def acronym(tokens: Tokens, index: int) -> Said | None:
    """ "МЧС", "США": spelled where it cannot be read, or is no word."""
    text = tokens[index].text
    if not text.isupper() or not 2 <= len(text) <= _LONGEST_ACRONYM or text.isascii():
        return None
    if text in _ACRONYMS:
        return Said(index + 1, _ACRONYMS[text])
    lower = text.lower()
    if any(letter not in sayings("letters") for letter in lower):
        return None
    if any(letter in _VOWELS for letter in lower) and (
        is_known(lower) or _is_readable(lower) or _shouts(tokens, index)
    ):
        return None
    return Said(index + 1, " ".join(sayings("letters")[letter] for letter in lower))


def letter_behind_number(tokens: Tokens, index: int) -> Said | None:
    """ "57в", "3А": the name of the letter."""
    if tokens[index - 1].kind is not TokenKind.NUMBER or tokens[index].text.lower() not in sayings("letters"):
        return None
    return Said(index + 1, sayings("letters")[tokens[index].text.lower()])


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
        token.kind is TokenKind.WORD and token.text.isupper() and len(token.text) > _LONGEST_ACRONYM
        for token in beside
    )
