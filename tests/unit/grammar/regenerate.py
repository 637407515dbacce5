"""The grammar matrix: every noun phrase and every remark, written out for people to review.

``python -m tests.unit.grammar.regenerate`` writes them; a test compares them with what the code says now.
"""

from __future__ import annotations

import functools
import itertools
from pathlib import Path

from edge.commentator.phrasebook import ANY_TEXT, ANY_THING, load_remarks
from edge.commentator.template import Thing
from edge.lexicon.labels import known_labels, parent_of
from edge.lexicon.russian import CASES, noun_phrase
from edge.messages import Language

FOLDER = Path(__file__).parent
COMMAND = "python -m tests.unit.grammar.regenerate"
LANGUAGES: tuple[Language, ...] = ("ru", "en", "id")
SIDES = ("left", "right", "ahead", "behind", None)
TEXTS = {
    "ru": ("женщина с коляской слева", "закат над рисовым полем", "что-то интересное"),
    "en": ("a woman with a stroller on the left", "sunset over the rice field", "something interesting"),
    "id": ("perempuan dengan kereta bayi di kiri", "matahari terbenam di atas sawah", "sesuatu yang menarik"),
}


@functools.cache
def documents() -> dict[str, str]:
    """File name → its whole text."""
    return {"ru.tsv": _russian_noun_phrases()} | {
        f"remarks_{language}.txt": _remarks(language) for language in LANGUAGES
    }


def _russian_noun_phrases() -> str:
    rows = ["\t".join(["label", "count", *CASES])]
    for label in known_labels():
        for count in (1, 2, 5, 11, 21, "several"):
            rows.append("\t".join([label, str(count), *(noun_phrase(label, count, c) for c in CASES)]))
    return "\n".join(rows) + "\n"


def _remarks(language: Language) -> str:
    """Every remark for one, two, five and several; labels that borrow their parent's remarks too."""
    remarks = load_remarks(language)
    sides = itertools.cycle(SIDES)
    lines: list[str] = []
    for label in known_labels():
        templates = remarks.get(label) or remarks.get(parent_of(label) or "", ())
        lines += ["", f"[{label}]"]
        for template in templates:
            for count in (1, 2, 5, "several"):
                lines.append(template.render(Thing(label=label, count=count, side=next(sides))))
    lines += ["", f"[{ANY_THING}]"]
    for template, label in zip(itertools.cycle(remarks[ANY_THING]), known_labels(), strict=False):
        for count in (1, 2, 5, "several"):
            lines.append(template.render(Thing(label=label, count=count, side=next(sides))))
    lines += ["", f"[{ANY_TEXT}]"]
    for template in remarks[ANY_TEXT]:
        for text in TEXTS[language]:
            lines.append(template.render(Thing(text=text, side=next(sides))))
    return "\n".join(lines).lstrip() + "\n"


def main() -> None:
    for name, text in documents().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
