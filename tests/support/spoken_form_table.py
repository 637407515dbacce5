"""The measured table of spoken forms: rows of written text, what a newsreader says, class and source."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path

from edge.messages import Language
from tests.support.measured_rows import read_rows

FOLDER = Path(__file__).parents[1] / "spoken_form"
LANGUAGES: tuple[Language, ...] = ("ru", "en", "id")
COLUMNS = ("written", "spoken", "class", "source")
CLASSES = frozenset(
    (
        *("number", "decimal", "thousands", "ordinal", "roman", "range", "fraction", "negative", "percent"),
        *("degree", "unit", "money", "date", "time", "duration", "phone", "number_sign", "address"),
        *("abbreviation", "initials", "acronym", "web", "symbol", "script", "agreement", "plain"),
    )
)


@dataclass(frozen=True)
class WrittenRow:
    """One sentence. ``spoken`` is a pattern of all readings that count, as README.md explains."""

    language: Language
    written: str
    spoken: str
    kind: str
    source: str

    @property
    def readings(self) -> list[str]:
        return [reading for pattern in self.spoken.split(" | ") for reading in _expanded(pattern)]


def file_of(language: Language, *, held_out: bool) -> Path:
    return FOLDER / (f"{language}.held_out.tsv" if held_out else f"{language}.tsv")


def rows(language: Language, *, held_out: bool) -> list[WrittenRow]:
    read = read_rows(file_of(language, held_out=held_out))
    return [WrittenRow(language, row["written"], row["spoken"], row["class"], row["source"]) for row in read]


def _expanded(pattern: str) -> list[str]:
    """Every text that ``pattern`` stands for: ``[a/b]`` is a or b, ``(a)`` is a or nothing; they may nest."""
    readings, rest = _alternatives(pattern, "")
    if rest:
        raise ValueError(f"a closing bracket without its beginning, before {rest!r}, in {pattern!r}")
    return readings


def _alternatives(pattern: str, closing: str) -> tuple[list[str], str]:
    """Readings up to ``closing``, and what stands behind it. Only inside ``[`` a slash parts alternatives."""
    done: list[str] = []
    parts: list[list[str]] = []
    while pattern:
        head, pattern = pattern[0], pattern[1:]
        if head == closing:
            return done + _joined(parts), pattern
        if head in "[(":
            inner, pattern = _alternatives(pattern, "]" if head == "[" else ")")
            parts.append(inner if head == "[" else [*inner, ""])
        elif head in "])":
            raise ValueError(f"{head!r} closes nothing, before {pattern!r}")
        elif head == "/" and closing == "]":
            done += _joined(parts)
            parts = []
        else:
            parts.append([head])
    if closing:
        raise ValueError(f"{closing!r} is missing")
    return done + _joined(parts), ""


def _joined(parts: list[list[str]]) -> list[str]:
    return ["".join(choice) for choice in itertools.product(*parts)]
