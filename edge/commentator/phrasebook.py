"""The phrasebook: ready remarks, the rung of the language-model ladder that cannot fail."""

from __future__ import annotations

import random
from functools import cache

from edge.commentator.forbidden import Forbidden
from edge.commentator.template import Template, TemplateError, Thing, said_words
from edge.lexicon.labels import canonical, known_labels, parent_of
from edge.lexicon.plain_description import is_plain_description, warm_up
from edge.messages import Language, Sighting
from edge.package_tables import read_table

ANY_THING = "_thing"
"""Remarks that fit every known label."""
ANY_TEXT = "_text"
"""Remarks around a text that names no known label."""
AVOIDED = 3
"""The last remarks that are not said again when all have been said and it starts again."""


class PhrasebookError(ValueError):
    """A phrase file cannot be used; the message names the file, the label and the remark."""


class Phrasebook:
    """Picks a remark for a sighting and fills it; none comes twice before all have come."""

    def __init__(
        self,
        language: Language,
        *,
        forbidden: Forbidden | None = None,
        rng: random.Random | None = None,
    ) -> None:
        """Read the remarks of ``language``. Raises PhrasebookError.

        ``forbidden``: what is not quoted; None: all is.

        """
        self._remarks = load_remarks(language)
        warm_up()
        self._forbidden = forbidden
        self._something = said_words(language)["something"]
        self._rng = rng or random.Random()
        self._said: dict[str, list[int]] = {}

    def remark(self, sighting: Sighting) -> str:
        """A remark for any valid sighting. Never raises.

        A known label has its own remarks, or its parent's, or those for any thing. Everything else is quoted
        where it is a plain description, and else "something interesting".
        """
        if sighting.label is not None and (label := canonical(sighting.label)) is not None:
            template = self._pick(self._whose_remarks(label))
            return template.render(Thing(label=label, count=sighting.count, side=sighting.side))
        quoted = (_quotable(words, self._forbidden) for words in (sighting.text, sighting.label) if words)
        text = next(filter(None, quoted), self._something)
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
            avoided = min(AVOIDED, len(remarks) - 1)
            said[:] = said[len(said) - avoided :]
            unsaid = [index for index in range(len(remarks)) if index not in said]
        chosen = self._rng.choice(unsaid)
        said.append(chosen)
        return remarks[chosen]


@cache
def load_remarks(language: Language) -> dict[str, tuple[Template, ...]]:
    """Label (or ``_thing``, ``_text``) → its remarks; read once. Raises PhrasebookError."""
    name = f"phrases/{language}.toml"
    try:
        tables = read_table(__package__, name)
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


def _quotable(text: str, forbidden: Forbidden | None) -> str | None:
    """Foreign words as they may be said aloud without a model between: a plain description, else nothing."""
    line = " ".join(text.replace("_", " ").split(" ")).strip().rstrip(".")
    if not is_plain_description(line) or (forbidden and not forbidden.is_free(line)):
        return None
    return line
