"""The committed tables are what the tool makes of lemmas.toml, and what the reviewers saw."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from edge.lexicon.labels import known_labels
from scripts.lexicon import make_forms
from tests.unit.grammar import regenerate


def test_the_forms_are_made_from_the_lemmas(monkeypatch: pytest.MonkeyPatch) -> None:
    # inflect has each of its functions compiled anew to check types: seconds, for a package that is not ours.
    monkeypatch.setattr("typeguard.typechecked", lambda function: function)
    for name, text in make_forms.documents().items():
        committed = (make_forms.FOLDER / name).read_text(encoding="utf-8")
        assert committed == text, f"{name} is stale: run `python -m scripts.lexicon.make_forms`"


def test_every_label_has_its_lemmas_in_the_same_order() -> None:
    lemmas = tomllib.loads((make_forms.SOURCES / "lemmas.toml").read_text(encoding="utf-8"))
    assert tuple(lemmas) == known_labels()


@pytest.mark.parametrize("language", ["ru", "en", "id"])
def test_a_word_names_one_label_only(language: str) -> None:
    table = make_forms.FOLDER / f"heard_{language}.toml"
    label_of: dict[str, str] = {}
    for label, roles in tomllib.loads(table.read_text(encoding="utf-8"))["nouns"].items():
        for form in {form for forms in roles.values() for form in forms}:
            assert label_of.setdefault(form, label) == label, f"{form!r} names {label} and {label_of[form]}"


@pytest.mark.parametrize("name", ["ru.tsv", "remarks_ru.txt", "remarks_en.txt", "remarks_id.txt"])
def test_the_grammar_matrix_is_the_reviewed_one(name: str) -> None:
    path: Path = regenerate.FOLDER / name
    reviewed = path.read_text(encoding="utf-8").splitlines()
    now = regenerate.documents()[name].splitlines()
    changed = sorted(set(now) - set(reviewed))[:5]
    assert now == reviewed, f"run `{regenerate.COMMAND}`, review the change and commit it: {changed}"
