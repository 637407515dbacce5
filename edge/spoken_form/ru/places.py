"""Russian abbreviations of places and titles, declined as their place in the sentence asks."""

from __future__ import annotations

from edge.spoken_form.ru.agreement import governor, noun_behind
from edge.spoken_form.ru.morphology import Case, Form, decline, forms, gender_of
from edge.spoken_form.ru.tables import listed, table
from edge.spoken_form.rules import Said
from edge.spoken_form.tokens import TokenKind, Tokens


def city(tokens: Tokens, index: int) -> Said | None:
    if tokens[index].text not in ("г", "Г") or tokens[index + 1].text != ".":
        return None
    name = tokens[tokens.behind_space(index + 2)]
    if (
        name.kind is not TokenKind.WORD
        or not name.text[0].isupper()
        or tokens[tokens.before_space(index)].kind is TokenKind.NUMBER
    ):
        return None
    return Said(
        index + 2,
        f"{with_capital(decline('город', _case_of_place(tokens, index), plural=False), tokens[index].text)} ",
    )


def with_capital(said: str, written: str) -> str:
    return said[0].upper() + said[1:] if written[:1].isupper() else said


def _case_of_place(tokens: Tokens, index: int) -> Case:
    before = governor(tokens, index)
    if before.word in ("на", "в", "во"):
        return "p" if not _is_direction(tokens, index) else "a"
    if before.word == "по":
        return "d"
    if not before.word:
        place = tokens.before_space(index)
        word = tokens[place]
        if word.kind is TokenKind.WORD and forms(word.text.lower())[0].lemma in listed("has_place"):
            return "g"
        if tokens[place].text == "." and tokens[place - 1].text.lower() in ("наб", "бер"):
            return "g"
        if tokens[place].text == "и" and (earlier := _place_before(tokens, place)) is not None:
            return _case_of_place(tokens, earlier)
    if before.word in ("за", "под"):
        return "i"
    return before.cases[0]


def _place_before(tokens: Tokens, index: int) -> int | None:
    """The abbreviation of the place that "и" at ``index`` joins to the next one."""
    for place in range(index - 1, max(-1, index - 8), -1):
        if tokens[place].kind is TokenKind.WORD and tokens.longest_of(place, table("noun_before")):
            return place
    return None


def _is_direction(tokens: Tokens, index: int) -> bool:
    """Whether the word before the preposition is a verb of motion ("выйдет на ул. 9 Мая")."""
    place = tokens.before_space(index)
    verb = tokens[tokens.before_space(place)]
    if verb.kind is not TokenKind.WORD:
        return False
    lemma = forms(verb.text.lower())[0].lemma
    return lemma in listed("motions") or (
        lemma.endswith(("ехать", "йти", "ходить", "езжать", "вернуть", "ворачивать"))
    )


def noun_before(tokens: Tokens, index: int) -> Said | None:
    found = tokens.longest_of(index, table("noun_before"))
    if found is None or (tokens.is_word_or_number(found[0]) and tokens[found[0] - 1].text != "."):
        return None
    end, noun = found
    text = tokens.text(index, end)
    behind = tokens[tokens.behind_space(end)]
    names = (
        behind.kind is TokenKind.NUMBER
        or behind.text in '«"№'
        or (behind.kind is TokenKind.WORD and behind.text[0].isupper())
    )
    if behind.kind is TokenKind.END or (not names and len(text.rstrip(".")) < 3 and noun != "уровень"):
        return None
    alone = behind.kind is not TokenKind.WORD or tokens[tokens.before_space(index)].kind is TokenKind.NUMBER
    if not names and alone and noun not in ("телефон", "остановка", "улица", "уровень"):
        return None
    if noun == "дом" and behind.kind is TokenKind.WORD and behind.text[0].isupper():
        noun = "деревня"
    if noun == "проспект" and not names and tokens[tokens.before_space(index)].text.lower() == "и":
        return None
    page = behind.kind is TokenKind.NUMBER and (text == "с." or governor(tokens, index).word in ("на", "со"))
    if (noun == "строение" and (page or not in_address(tokens, index))) or (noun == "село" and page):
        noun = "страница"
    if noun == "остров" and _is_priest(tokens, end):
        noun = "отец"
    said = decline(noun, _case_of_place(tokens, index), plural=False)
    return Said(end, with_capital(said, tokens[index].text))


def noun_behind_adjective(tokens: Tokens, index: int) -> Said | None:
    """ "Невский пр.", "на Тверской ул.": the abbreviation behind its name agrees with that."""
    found = tokens.longest_of(index, table("noun_before"))
    place = tokens.before_space(index)
    name = tokens[place]
    if found is None or name.kind is not TokenKind.WORD or not name.text[0].isupper():
        return None
    end, noun = found
    if noun not in listed("named") or tokens.is_word_or_number(end):
        return None
    gender = gender_of(noun)
    adjectives = [
        form
        for form in forms(name.text.lower())
        if form.pos == "ADJF" and form.case and not form.plural and form.gender == gender
    ]
    if not adjectives:
        return None
    form = _form_in(tokens, place, adjectives)
    said = decline(noun, form.case or "n", plural=False)
    return Said(end, f"{said}." if tokens[end - 1].text == "." and tokens.ends_sentence(end) else said)


def _form_in(tokens: Tokens, index: int, told: list[Form]) -> Form:
    """The one of several forms that the words before ``index`` ask for."""
    before = governor(tokens, index)
    cases: tuple[Case, ...] = (_case_of_place(tokens, index), *before.cases)
    return next((form for case in cases for form in told if form.case == case), told[0])


def large_or_small(tokens: Tokens, index: int) -> Said | None:
    """ "Б. Никитская ул.": no initial, but "Большая"."""
    adjective = {"Б": "большой", "М": "малый", "В": "верхний", "Н": "нижний", "Ст": "старый"}.get(
        tokens[index].text
    )
    if adjective is None or tokens[index + 1].text != ".":
        return None
    place = tokens.behind_space(index + 2)
    name = tokens[place]
    if name.kind is not TokenKind.WORD or not name.text[0].isupper() or len(name.text) < 4:
        return None
    told = [form for form in forms(name.text.lower()) if form.pos == "ADJF" and form.case and not form.plural]
    if not told or any(form.is_name for form in forms(name.text.lower())):
        return None
    street = tokens.longest_of(tokens.behind_space(place + 1), table("noun_before"))
    if street:
        told = [form for form in told if form.gender == gender_of(street[1])] or told
    form = _form_in(tokens, index, told)
    said = decline(adjective, form.case or "n", plural=False, gender=form.gender)
    return Said(index + 2, said[0].upper() + said[1:])


def in_address(tokens: Tokens, index: int) -> bool:
    """Whether a street or a house stands a few words before ``index``."""
    return any(
        tokens[place].text.lower() in listed("of_address") for place in range(max(0, index - 9), index)
    )


ISLANDS = frozenset(("Бали", "Ява"))
"""Islands that the dictionary takes for people."""


def _is_priest(tokens: Tokens, end: int) -> bool:
    name = tokens[tokens.behind_space(end)]
    return (
        name.kind is TokenKind.WORD
        and name.text not in ISLANDS
        and any(form.is_name for form in forms(name.text.lower())[:1])
    )


def adjective_before(tokens: Tokens, index: int) -> Said | None:
    found = tokens.whole_of(index, table("adjective_before"))
    if found is None:
        return None
    end, adjective = found
    nouns = noun_behind(tokens, end)
    if not nouns:
        return None
    before = governor(tokens, index)
    told = [form for form in nouns if form.case and not (form.plural and form.is_name)] or list(nouns)
    cases = before.cases
    word = tokens[tokens.before_space(index)]
    if not before.word and word.kind is TokenKind.WORD and forms(word.text.lower())[0].pos == "NOUN":
        cases = ("g", *cases)
    form = next((form for case in cases for form in told if form.case == case), told[0])
    said = decline(adjective, form.case or "n", plural=form.plural, gender=form.gender)
    return Said(end, with_capital(said, tokens[index].text))
