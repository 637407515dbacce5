"""Write described_*.toml from descriptions.toml. Part of the developers' tool ``make_forms``."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from scripts.lexicon import russian as declined

HEADER = (
    "# Made by `python -m scripts.lexicon.make_forms` from descriptions.toml and lemmas.toml. Do not edit.\n"
)
WIDTH = 108
PEOPLE_LABELS = {
    "person", "woman", "man", "child", "baby", "cyclist", "motorcyclist", "surfer", "musician",
}  # fmt: skip
GROUPS = ("people", "trades", "things")

Forms = dict[str, set[str]]
"""Case (``any`` where the language has none) → forms."""


def documents(folder: Path, lemmas: dict[str, dict[str, Any]]) -> dict[str, str]:
    """File name → its whole text."""
    source = tomllib.loads((folder / "descriptions.toml").read_text(encoding="utf-8"))
    return {
        f"described_{language}.toml": _document(language, source[language], lemmas) for language in source
    }


def _document(language: str, source: dict[str, Any], lemmas: dict[str, dict[str, Any]]) -> str:
    words = {group: source[group].split() for group in GROUPS}
    left_out = set(source["not_heard"].split())
    for label, entry in lemmas.items():
        group = words["people" if label in PEOPLE_LABELS else "things"]
        taken = {*words["people"], *words["trades"], *words["things"], *left_out}
        # A name of several words ("fire hydrant") is none of ours: each word alone may be another thing.
        group += [name for name in entry[language] if name.isalpha() and name not in taken]
    decline = {"ru": _russian, "en": _english, "id": _indonesian}[language]
    tables: dict[str, Forms] = {}
    for group in GROUPS:
        plural = source.get({"people": "only_plural_people", "things": "only_plural"}.get(group, ""), "")
        tables[group] = decline(words[group], plural.split())
    adjectives = ("of_all", "of_people", "of_things", "done", "doing")
    inflect_adjective = declined.adjective if language == "ru" else lambda word: [word]
    lines = [HEADER]
    for name in adjectives:
        forms = {form for word in source[name].split() for form in inflect_adjective(word)}
        lines.append(f"{name} = {_text(forms)}")
    for name in ("articles", "also_verbs"):
        lines.append(f"{name} = {_text(source[name].split())}")
    lines += [f"{name} = {_phrases(source[name])}" for name in ("places", "not_of_people")]
    for group, by_case in tables.items():
        lines += ["", f"[{group}]", *(f"{case} = {_text(forms)}" for case, forms in by_case.items())]
    lines += ["", "[prepositions]"]
    lines += [f"{case} = {_phrases(text)}" for case, text in source["prepositions"].items()]
    return "\n".join(lines) + "\n"


def _russian(lemmas: Iterable[str], only_plural: Iterable[str]) -> Forms:
    forms: Forms = {}
    for lemma in (*lemmas, *only_plural):
        for case, found in declined.forms_by_case(lemma).items():
            forms.setdefault(case, set()).update(found)
    return forms


def _english(lemmas: Iterable[str], only_plural: Iterable[str]) -> Forms:
    import inflect  # as in make_forms: it takes seconds

    grammar = inflect.engine()
    grammar.defnoun("gecko", "geckos")
    plurals = {str(grammar.plural_noun(word)) for word in lemmas}
    return {"any": {*lemmas, *plurals, *only_plural}}


def _indonesian(lemmas: Iterable[str], only_plural: Iterable[str]) -> Forms:
    return {"any": {part for word in lemmas for part in word.split("-")}}


def _text(words: Iterable[str]) -> str:
    """One string, on lines of a bearable length."""
    lines, line = [], ""
    for word in sorted({word.replace("ё", "е") for word in words}):
        if len(line) + 1 + len(word) > WIDTH:
            lines.append(line)
            line = ""
        line += f" {word}" if line else word
    text = "\n".join([*lines, line])
    return f'"""\n{text}\n"""' if lines else json.dumps(text, ensure_ascii=False)


def _phrases(text: str) -> str:
    phrases = sorted(" ".join(phrase.replace("ё", "е").split()) for phrase in text.split("|"))
    return json.dumps(phrases, ensure_ascii=False)
