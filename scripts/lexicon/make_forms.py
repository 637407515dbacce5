"""Write forms_*.toml (what is said) and heard_*.toml (what is understood) from lemmas.toml.

And described_*.toml (what things may be described with) from descriptions.toml.

``python -m scripts.lexicon.make_forms`` is a tool for developers. It needs pymorphy3 (Russian) and inflect
(English); the shuttle needs neither and reads only what was written.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import edge.lexicon
from scripts.lexicon import descriptions
from scripts.lexicon import russian as declined

SOURCES = Path(__file__).parent
FOLDER = Path(edge.lexicon.__file__).parent
"""Where the guide reads them."""
HEADER = "# Made by `python -m scripts.lexicon.make_forms` from lemmas.toml. Do not edit.\n"

Lemmas = dict[str, dict[str, Any]]
Tables = dict[str, Any]

# --- Russian -----------------------------------------------------------------------------------


def russian(lemmas: Lemmas) -> tuple[Tables, Tables]:
    """What is said, and what is understood."""
    forms = declined.numerals()
    forms["counters"] = {name: declined.noun(name) for name in declined.COUNTERS}
    forms["nouns"] = {label: declined.spoken(entry) for label, entry in lemmas.items()}
    heard = {label: declined.heard(entry) for label, entry in lemmas.items()}
    return forms, {"nouns": heard}


# --- English -----------------------------------------------------------------------------------


def english(lemmas: Lemmas) -> tuple[Tables, Tables]:
    """What is said, and what is understood."""
    import inflect  # checks its own types when imported, which takes seconds: only who makes forms waits

    grammar = inflect.engine()
    grammar.defnoun("gecko", "geckos")

    def plural(noun: str) -> str:
        head, of, rest = noun.partition(" of ")
        return f"{head}s" if head.isupper() else str(grammar.plural_noun(head)) + of + rest

    nouns, heard = {}, {}
    for label, entry in lemmas.items():
        spoken = entry["en"][0]
        if entry.get("pair"):
            nouns[label] = {"one": f"a pair of {spoken}", "many": f"pairs of {spoken}"}
            heard[label] = {"either": entry["en"]}
            continue
        nouns[label] = {"one": str(grammar.a(spoken)), "many": plural(spoken)}
        invariable = [noun for noun in entry["en"] if plural(noun) == noun]
        one = [noun for noun in entry["en"] if noun not in invariable]
        several = [*map(plural, one), *entry.get("en_only_plural", ())]
        heard[label] = {"either": invariable, "one": one, "several": several}
    numerals = {str(n): str(grammar.number_to_words(str(n))) for n in range(2, 100)} | {"100": "a hundred"}
    return {"numerals": numerals, "nouns": nouns}, {"nouns": heard}


# --- Indonesian --------------------------------------------------------------------------------

DEFAULT_CLASSIFIER = "buah"
SAID_AFTER_NUMERALS = {"ekor", "pasang", "petak", "potong"}
"""The others are left out in speech: "dua ekor anjing", but "dua mobil"."""
INDONESIAN_UNITS = ("", "satu", "dua", "tiga", "empat", "lima", "enam", "tujuh", "delapan", "sembilan")


def _indonesian_numeral(number: int) -> str:
    tens, unit = divmod(number, 10)
    match tens:
        case 0:
            return INDONESIAN_UNITS[unit]
        case 1:
            return {0: "sepuluh", 1: "sebelas"}.get(unit) or f"{INDONESIAN_UNITS[unit]} belas"
        case 10:
            return "seratus"
    return f"{INDONESIAN_UNITS[tens]} puluh {INDONESIAN_UNITS[unit]}".strip()


def indonesian(lemmas: Lemmas) -> tuple[Tables, Tables]:
    """What is said, and what is understood."""
    nouns, heard = {}, {}
    for label, entry in lemmas.items():
        spoken = entry["id"][0]
        classifier = entry.get("classifier", DEFAULT_CLASSIFIER)
        counted = f"{classifier} {spoken}" if classifier in SAID_AFTER_NUMERALS else spoken
        nouns[label] = {
            "one": entry.get("id_one", f"se{classifier} {spoken}"),
            "counted": counted,
            "many": spoken,
        }
        one = list(dict.fromkeys([*entry["id"], *([entry["id_one"]] if "id_one" in entry else [])]))
        # the plural is the word said twice: "anjing-anjing"
        heard[label] = {
            "either": one,
            "several": [f"{noun}-{noun}" for noun in entry["id"] if noun.isalpha()],
        }
    numerals = {str(n): _indonesian_numeral(n) for n in range(2, 101)}
    return {"numerals": numerals, "nouns": nouns}, {"nouns": heard}


# --- writing -----------------------------------------------------------------------------------


def _key(key: str) -> str:
    return key if key.isascii() and key.replace("_", "").isalnum() else json.dumps(key, ensure_ascii=False)


def _value(value: Any) -> str:
    if isinstance(value, dict):
        items = [f"{_key(key)} = {_value(item)}" for key, item in value.items() if item != []]
        return "{ " + ", ".join(items) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def _document(tables: Tables) -> str:
    """One line per noun, so that a change shows as one line in a review. Plain values come first."""
    lines = [HEADER]
    for name, table in tables.items():
        if isinstance(table, dict):
            lines += [f"[{name}]", *(f"{_key(key)} = {_value(value)}" for key, value in table.items()), ""]
        else:
            lines += [f"{_key(name)} = {_value(table)}", ""]
    return "\n".join(lines)


def documents() -> dict[str, str]:
    """File name → its whole text."""
    lemmas = tomllib.loads((SOURCES / "lemmas.toml").read_text(encoding="utf-8"))
    texts = {}
    for language, make in {"ru": russian, "en": english, "id": indonesian}.items():
        forms, heard = make(lemmas)
        heard = {"pairs": [label for label, entry in lemmas.items() if entry.get("pair")]} | heard
        texts[f"forms_{language}.toml"] = _document(forms)
        texts[f"heard_{language}.toml"] = _document(heard)
    return texts | descriptions.documents(SOURCES, lemmas)


def main() -> None:
    for name, text in documents().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
