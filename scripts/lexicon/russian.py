"""Russian forms for the lexicon, declined with pymorphy3. Part of the developers' tool ``make_forms``."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

import pymorphy3
from pymorphy3.analyzer import Parse

CASES = ("nomn", "gent", "datv", "accs", "ablt", "loct")
"""pymorphy3's names, in the order of the forms: nom gen dat acc ins loc."""
GENDERS = {"masc": "m", "femn": "f", "neut": "n"}
NUMERALS = {
    3: "три", 4: "четыре", 5: "пять", 6: "шесть", 7: "семь", 8: "восемь", 9: "девять", 10: "десять",
    11: "одиннадцать", 12: "двенадцать", 13: "тринадцать", 14: "четырнадцать", 15: "пятнадцать",
    16: "шестнадцать", 17: "семнадцать", 18: "восемнадцать", 19: "девятнадцать", 20: "двадцать",
    30: "тридцать", 40: "сорок", 50: "пятьдесят", 60: "шестьдесят", 70: "семьдесят", 80: "восемьдесят",
    90: "девяносто", 100: "сто",
}  # fmt: skip
"""Numerals without gender; the words between them are compounds."""
COLLECTIVE_NUMERALS = {2: "двое", 3: "трое", 4: "четверо"}
COUNTERS = ("пара", "штука")

_morphology = pymorphy3.MorphAnalyzer(lang="ru")


def _parse(word: str, *tags: str) -> Parse:
    """The likeliest parse of ``word`` that has all ``tags``."""
    for parse in _morphology.parse(word):
        if all(tag in parse.tag for tag in tags):
            return parse
    raise ValueError(f"pymorphy3 knows no {word!r} with {tags}: correct it or its ru_tags in lemmas.toml")


def _inflect(parse: Parse, *tags: str) -> str:
    if "Fixd" in parse.tag:
        return str(parse.word)
    form = parse.inflect(frozenset(tags))
    if form is None:
        raise ValueError(f"pymorphy3 cannot put {parse.word!r} into {tags}")
    return str(form.word)


def _is_adjective(word: str) -> bool:
    return _morphology.parse(word)[0].tag.POS in {"ADJF", "PRTF"}


def noun(lemma: str, tags: Iterable[str] = (), *, animate: bool | None = None) -> dict[str, Any]:
    """Decline "adjectives noun the-rest-stays" into the forms that russian.py counts with."""
    words = lemma.split()
    head = next(i for i, word in enumerate(words) if i == len(words) - 1 or not _is_adjective(word))
    parse = _parse(words[head], "NOUN", "nomn", *tags)
    adjectives = [_morphology.parse(word)[0] for word in words[:head]]
    rest = words[head + 1 :]
    gender = parse.tag.gender
    animate = "anim" in parse.tag if animate is None else animate

    def phrase(number: str, case: str, noun_form: str) -> str:
        agreement = {number, case} | ({gender} if number == "sing" else set())
        if case == "accs" and (number == "plur" or gender == "masc"):
            agreement.add("anim" if animate else "inan")
        return " ".join([*(_inflect(word, *agreement) for word in adjectives), noun_form, *rest])

    def forms(number: str) -> list[str]:
        cases = [_inflect(parse, number, case) for case in CASES]
        if not animate and "anim" in parse.tag:
            cases[CASES.index("accs")] = cases[0]
        return [phrase(number, case, form) for case, form in zip(CASES, cases, strict=True)]

    if "Pltm" in parse.tag or "plur" in parse.tag:
        return {"gender": "p", "animate": animate, "singular": forms("plur"), "plural": forms("plur")}
    return {
        "gender": GENDERS[gender],
        "animate": animate,
        "singular": forms("sing"),
        "plural": forms("plur"),
        # две зубные щётки, but два пожарных гидранта
        "paucal": phrase("plur", "nomn" if gender == "femn" else "gent", _inflect(parse, "sing", "gent")),
    }


def _numeral(nominative: str, parse: Parse, *tags: str) -> list[str]:
    """Six cases; the accusative is the inanimate one, which equals the nominative."""
    return [nominative if case in ("nomn", "accs") else _inflect(parse, case, *tags) for case in CASES]


def numerals() -> dict[str, Any]:
    """The tables ``numerals`` (number → gender or "any" → six cases), ``collective`` and ``many``."""
    one, two = _parse("один", "ADJF", "nomn"), _parse("два", "NUMR")
    table: dict[str, Any] = {"1": {}, "2": {}}
    for name, gender in GENDERS.items():
        table["1"][gender] = _numeral(_inflect(one, "sing", "nomn", name), one, "sing", name)
        table["2"][gender] = _numeral(_inflect(two, "nomn", name), two)
    table["1"]["f"][CASES.index("accs")] = _inflect(one, "sing", "accs", "femn")
    table |= {str(n): {"any": _numeral(word, _parse(word, "NUMR"))} for n, word in NUMERALS.items()}
    collective = {str(n): _numeral(word, _parse(word, "Coll")) for n, word in COLLECTIVE_NUMERALS.items()}
    many = _numeral("много", _parse("многие", "ADJF", "plur"))
    return {"many": many, "numerals": table, "collective": collective}


def spoken(entry: dict[str, Any]) -> dict[str, Any]:
    """The declension of the name that the guide says."""
    lemma = entry["ru"][0]
    forms = noun(lemma, entry.get("ru_tags", {}).get(lemma, ()), animate=entry.get("ru_animate"))
    overrides = ("plural", "paucal", "counted", "counter", "collective")
    return forms | {key: entry[f"ru_{key}"] for key in overrides if f"ru_{key}" in entry}


def heard(entry: dict[str, Any]) -> dict[str, list[str]]:
    """Every form that names this label, by what it tells of the number ("either": nothing).

    The ``_oblique`` ones cannot be the subject of a sentence. A form that fits several roles has the first
    of them: "собаки" is several dogs, not "of a dog".
    """
    nouns = [noun(lemma, entry.get("ru_tags", {}).get(lemma, ())) for lemma in entry["ru"]]
    plurals = [spoken(entry)["plural"], *(forms["plural"] for forms in nouns)]
    plurals += [noun(lemma, ("plur",))["plural"] for lemma in entry.get("ru_only_plural", ())]
    roles = {
        "either": [forms["singular"][0] for forms in nouns if forms["singular"][0] == forms["plural"][0]],
        "one": [forms["singular"][0] for forms in nouns],
        "several": [plural[0] for plural in plurals],
        "one_oblique": [form for forms in nouns for form in forms["singular"][1:]],
        "several_oblique": [
            *(form for plural in plurals for form in plural[1:]),
            *(forms["paucal"] for forms in (spoken(entry), *nouns) if "paucal" in forms),
        ],
    }
    seen: set[str] = set()
    for role, words in roles.items():
        roles[role] = [word for word in dict.fromkeys(words) if word not in seen]
        seen.update(words)
    return roles


SHORT_CASES = {"nomn": "nom", "gent": "gen", "accs": "acc", "ablt": "ins", "loct": "loc", "loc2": "loc"}


def forms_by_case(lemma: str) -> dict[str, set[str]]:
    """Every form of a noun, by the cases that it may be; without those that are also an order ("печь").

    Of a lemma in the plural ("ворота") there is no singular.
    """
    parses = [parse for parse in _morphology.parse(lemma) if {"NOUN", "nomn"} <= parse.tag.grammemes]
    if not parses:
        raise ValueError(f"pymorphy3 knows no noun {lemma!r}")
    parse = next((parse for parse in parses if parse.tag.number == "sing"), parses[0])
    by_case: dict[str, set[str]] = {}
    for form in parse.lexeme:
        case = SHORT_CASES.get(
            str(form.tag.case)
        )  # what else there is, such as the old genitive, is nobody's
        if case and not _is_order(form.word) and form.tag.number in ("plur", parse.tag.number):
            by_case.setdefault(case, set()).add(str(form.word))
    return by_case


NO_ORDERS = {
    "утки", "голубь", "голубей", "тени", "чай", "пень", "струи", "пристань", "отмели", "матери", "зверей",
    "полей", "ушей", "осени",
}  # fmt: skip
"""Words that are an order in the dictionary only, or never begin a sentence as a noun."""


def adjective(lemma: str) -> set[str]:
    """Every full form of an adjective or a participle."""
    first = next((p for p in _morphology.parse(lemma) if p.tag.POS in {"ADJF", "PRTF"}), None)
    if first is None:
        raise ValueError(f"pymorphy3 knows no adjective {lemma!r}")
    return {
        str(form.word)
        for form in first.lexeme
        if (form.tag.POS, form.tag.tense, form.tag.voice) == (first.tag.POS, first.tag.tense, first.tag.voice)
        and "Supr" not in form.tag
        and not _is_order(form.word)
    }


@cache  # the cases of a word share most of their forms
def _is_order(word: str) -> bool:
    verbs = (parse for parse in _morphology.parse(word) if "impr" in parse.tag or "INFN" in parse.tag)
    return word not in NO_ORDERS and any(verbs)
