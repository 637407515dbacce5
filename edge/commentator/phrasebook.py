"""The phrasebook: ready remarks, the rung of the language-model ladder that cannot fail."""

from __future__ import annotations

import random
import re
import tomllib
from importlib.resources import files

from edge.commentator.template import Template, TemplateError, Thing, said_words
from edge.lexicon.labels import canonical, known_labels, parent_of
from edge.messages import Language, Sighting

ANY_THING = "_thing"
"""Remarks that fit every known label."""
ANY_TEXT = "_text"
"""Remarks around a text that names no known label."""

_LONGEST_SPOKEN_TEXT = 120
"""Characters; longer typed text is cut at a word, a remark being short."""
_WORDS = re.compile(r"[^\W\d_]{2,}(?:[ '’-][^\W\d_]+)*")


class PhrasebookError(ValueError):
    """A phrase file cannot be used; the message names the file, the label and the remark."""


class Phrasebook:
    """Picks a remark for a sighting and fills it; says none twice before it has said all of them."""

    def __init__(self, language: Language, *, rng: random.Random | None = None, avoid_last: int = 3) -> None:
        """Read the remarks of ``language``. Raises PhrasebookError.

        ``avoid_last``: so many of the last remarks are still avoided when all have been said and it starts
        again; at least one, so that no remark is heard twice in a row.
        """
        self._remarks = load_remarks(language)
        self._something = said_words(language)["something"]
        self._rng = rng or random.Random()
        self._avoid_last = max(1, avoid_last)
        self._said: dict[str, list[int]] = {}

    def remark(self, sighting: Sighting) -> str:
        """A remark for any valid sighting. Never raises.

        A known label has its own remarks, or its parent's, or those for any thing; everything else is spoken
        as text.
        """
        if sighting.label is not None and (label := canonical(sighting.label)) is not None:
            template = self._pick(self._whose_remarks(label))
            return template.render(Thing(label=label, count=sighting.count, side=sighting.side))
        text = _speakable_text(sighting.text) or _speakable_label(sighting.label) or self._something
        return self._pick(ANY_TEXT).render(Thing(text=text, side=sighting.side))

    def _whose_remarks(self, label: str) -> str:
        for name in (label, parent_of(label)):
            if name is not None and name in self._remarks:
                return name
        return ANY_THING

    def _pick(self, name: str) -> Template:
        remarks = self._remarks[name]
        said = self._said.setdefault(name, [])
        unsaid = [index for index in range(len(remarks)) if index not in said]
        if not unsaid:
            avoided = min(self._avoid_last, len(remarks) - 1)
            said[:] = said[len(said) - avoided :]
            unsaid = [index for index in range(len(remarks)) if index not in said]
        chosen = self._rng.choice(unsaid)
        said.append(chosen)
        return remarks[chosen]


def load_remarks(language: Language) -> dict[str, tuple[Template, ...]]:
    """Label (or ``_thing``, ``_text``) → its remarks. Raises PhrasebookError."""
    name = f"phrases/{language}.toml"
    try:
        tables = tomllib.loads((files(__package__) / name).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise PhrasebookError(f"{name}: expected a readable TOML file, came: {error}") from error
    known = {*known_labels(), ANY_THING, ANY_TEXT}
    remarks = {}
    for label, table in tables.items():
        if label not in known:
            raise PhrasebookError(f"{name}: expected a label of the lexicon, came [{label}]")
        sources = table.get("remarks") if isinstance(table, dict) else None
        if not isinstance(sources, list) or not sources:
            raise PhrasebookError(f"{name}: [{label}]: expected a list `remarks` that is not empty")
        remarks[label] = tuple(_parse(str(source), language, name, label) for source in sources)
    for label in (ANY_THING, ANY_TEXT):
        if label not in remarks:
            raise PhrasebookError(f"{name}: expected a table [{label}]: nothing else fits every sighting")
    return remarks


def _parse(source: str, language: Language, name: str, label: str) -> Template:
    try:
        return Template.parse(source, language, about="text" if label == ANY_TEXT else "np")
    except TemplateError as error:
        raise PhrasebookError(f"{name}: [{label}]: {source!r}: {error}") from error


def _speakable_text(text: str | None) -> str | None:
    """The text on one line, without control characters and its final stop; None if it has no words."""
    if text is None:
        return None
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    if len(line) > _LONGEST_SPOKEN_TEXT:
        line = line[: _LONGEST_SPOKEN_TEXT + 1].rpartition(" ")[0] or line[:_LONGEST_SPOKEN_TEXT]
    line = line.rstrip(" .,;:!?…-—")
    return line if _WORDS.search(line) else None


def _speakable_label(label: str | None) -> str | None:
    """A detector's unknown label, if it looks like words ("hand_truck") and not like a code ("cls_17")."""
    if label is None:
        return None
    words = " ".join(label.replace("_", " ").split())
    return words if _WORDS.fullmatch(words) else None
