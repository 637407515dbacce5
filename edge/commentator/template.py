"""The little language in which the phrasebook's remarks are written.

``{np}``               the noun phrase with its number, in Russian also ``{np:gen}``, ``dat acc ins loc``
``{side}``             where it is; nothing, with the space before it, when that is unknown
``{Side}``             the same at the start of a sentence; "Nearby" when unknown
``{text}``             what a person typed
``[waits|wait]``       the first for one (in Russian also 21, 31, …), the second for any other count

A slot that begins a sentence is capitalised.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Literal, NamedTuple, cast

from edge.lexicon import russian
from edge.lexicon.noun_phrase import noun_phrase
from edge.lexicon.russian import CASES, NounCase
from edge.messages import Language, Side
from edge.package_tables import read_table

_SLOT = re.compile(
    r"\{(?P<name>np|side|Side|text)(?::(?P<case>\w+))?\}|\[(?P<one>[^][{}|]*)\|(?P<more>[^][{}|]*)\]"
)
_OPENING_MARKS = "«„“\"'("
_SENTENCE_END = (".", "!", "?")


class TemplateError(ValueError):
    """A template is malformed; the message says what was expected."""


class _Literal(NamedTuple):
    text: str


class _Slot(NamedTuple):
    name: Literal["np", "side", "Side", "text"]
    case: NounCase


class _ByCount(NamedTuple):
    one: str
    more: str


@dataclass(frozen=True)
class Thing:
    """What fills a template: a known label with its count, or a text."""

    label: str | None = None
    count: int | Literal["several"] = 1
    side: Side | None = None
    text: str = ""


@dataclass(frozen=True)
class Template:
    """One remark, checked and ready to be filled."""

    language: Language
    source: str
    parts: tuple[_Literal | _Slot | _ByCount, ...]

    @classmethod
    def parse(cls, source: str, language: Language, *, about: Literal["np", "text"]) -> Template:
        """Check ``source``, which must name its subject exactly once. Raises TemplateError."""
        parts: list[_Literal | _Slot | _ByCount] = []
        end = 0
        for match in _SLOT.finditer(source):
            parts += [_Literal(source[end : match.start()]), _part(match, language)]
            end = match.end()
        parts.append(_Literal(source[end:]))
        for part in parts:
            if isinstance(part, _Literal) and (stray := re.search(r"[][{}|]", part.text)):
                raise TemplateError(
                    f"expected {{np}}, {{np:case}}, {{side}}, {{Side}}, {{text}} or [one|more], "
                    f"came a stray {stray.group()!r}"
                )
        names = [part.name for part in parts if isinstance(part, _Slot)]
        if names.count(about) != 1:
            raise TemplateError(f"expected exactly one {{{about}}}, came {names.count(about)}")
        if foreign := set(names) - {about, "side", "Side"}:
            raise TemplateError(f"expected no {{{foreign.pop()}}} in a remark about {{{about}}}")
        if sum(name in ("side", "Side") for name in names) > 1:
            raise TemplateError("expected at most one {side} or {Side}")
        return cls(language, source, tuple(parts))

    def render(self, thing: Thing) -> str:
        """The remark about ``thing``, as it is spoken."""
        spoken = ""
        for part in self.parts:
            match part:
                case _Literal(text):
                    spoken += text if spoken else text.lstrip()
                case _ByCount(one, more):
                    spoken += one if self._is_singular(thing) else more
                case _Slot():
                    words = self._fill(part, thing)
                    if not words:
                        spoken = spoken.rstrip()
                    elif part.name == "Side" or _begins_sentence(spoken):
                        words = words[0].upper() + words[1:]
                    spoken += words
        return spoken

    def _is_singular(self, thing: Thing) -> bool:
        if thing.count != 1:
            return False
        return self.language != "ru" or thing.label is None or not russian.is_plural_only(thing.label)

    def _fill(self, slot: _Slot, thing: Thing) -> str:
        said = said_words(self.language)
        match slot.name:
            case "np" if self.language == "ru":
                return russian.noun_phrase_in_sentence(thing.label or "", thing.count, slot.case)
            case "np":
                return noun_phrase(self.language, thing.label or "", thing.count)
            case "text":
                return thing.text
            case "side":
                return said[thing.side] if thing.side else ""
            case "Side":
                return said[thing.side or "nearby"]


@cache
def said_words(language: Language) -> dict[str, str]:
    """What the guide says for each side, for "nearby" and for "something"."""
    words: dict[str, str] = read_table("edge.lexicon", f"words_{language}.toml")["said"]
    return words


def _part(match: re.Match[str], language: Language) -> _Slot | _ByCount:
    if match["name"] is None:
        return _ByCount(match["one"], match["more"])
    case = match["case"] or "nom"
    if case not in CASES or (case != "nom" and (language != "ru" or match["name"] != "np")):
        raise TemplateError(f"expected a case of {{np}} that the language has, came {match.group()!r}")
    return _Slot(cast('Literal["np", "side", "Side", "text"]', match["name"]), cast(NounCase, case))


def _begins_sentence(spoken: str) -> bool:
    before = spoken.rstrip(_OPENING_MARKS).rstrip()
    return not before or before.endswith(_SENTENCE_END)
