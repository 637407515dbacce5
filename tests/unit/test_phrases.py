"""What the phrase files promise: enough remarks, all different, short, and clean in every number and side."""

from __future__ import annotations

import itertools
import re

import pytest

from edge.commentator.phrasebook import ANY_TEXT, ANY_THING, load_remarks
from edge.commentator.template import Template, Thing
from edge.lexicon.labels import known_labels, parent_of
from edge.messages import Language

LANGUAGES: tuple[Language, ...] = ("ru", "en", "id")
ENOUGH = {"ru": 8, "en": 4, "id": 4}
SIDES = ("left", "right", "ahead", "behind", None)
COUNTS = (1, 2, 5, "several")
LONGEST_REMARK = 120
"""Characters, at the usual counts."""

_UNCLEAN = re.compile(
    r"""
    \s\s | ^\s | \s$ | \s[,.!?;:…] | [,;:][,.!?;:] | [([«]\s | [—–-]\s*[,.!?] | [—–]\s*[—–] | ^[,.!?;:—–-]
    | [^\w\s,.!?;:…«»()'’"“”–—-] | \d
    """,
    re.VERBOSE,
)


def _renderings(template: Template, label: str) -> list[str]:
    return [
        template.render(Thing(label=label, count=count, side=side))
        for count, side in itertools.product(COUNTS, SIDES)
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_there_are_enough_different_remarks(language: Language) -> None:
    remarks = load_remarks(language)
    for label in known_labels():
        if parent_of(label) not in remarks:
            sources = {template.source for template in remarks.get(label, ())}
            assert len(sources) >= ENOUGH[language], label
    assert len(remarks[ANY_THING]) >= 12
    assert len(remarks[ANY_TEXT]) >= 12


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_remark_occurs_twice(language: Language) -> None:
    sources = [template.source for templates in load_remarks(language).values() for template in templates]
    assert sorted(sources) == sorted(set(sources))


@pytest.mark.parametrize("language", LANGUAGES)
def test_remarks_of_a_label_do_not_all_open_alike_and_most_tell_the_side(language: Language) -> None:
    for label, templates in load_remarks(language).items():
        openings = {template.source.split()[0] for template in templates}
        assert len(openings) > 1, label
        if label != ANY_TEXT:
            sided = sum("side}" in template.source.lower() for template in templates)
            assert 3 * sided >= 2 * len(templates), label


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_rendering_is_short_and_clean(language: Language) -> None:
    remarks = load_remarks(language)
    for label in known_labels():
        templates = remarks.get(label) or remarks.get(parent_of(label) or "", ())
        for rendered in (
            text for each in (*templates, *remarks[ANY_THING]) for text in _renderings(each, label)
        ):
            assert len(rendered) <= LONGEST_REMARK, rendered
            assert not _UNCLEAN.search(rendered), rendered
            assert rendered[0].isupper() or rendered[0] in "«“\"'", rendered
            assert rendered[-1] in ".!?…»”", rendered
            if language == "ru":
                assert not re.search("[A-Za-z]", rendered), rendered


@pytest.mark.parametrize("language", LANGUAGES)
def test_text_is_spoken_in_a_clean_sentence(language: Language) -> None:
    for template in load_remarks(language)[ANY_TEXT]:
        rendered = template.render(Thing(text="закат над рисовым полем"))
        assert not _UNCLEAN.search(rendered), rendered
        assert len(rendered) <= LONGEST_REMARK, rendered
