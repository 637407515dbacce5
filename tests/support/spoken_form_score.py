"""How many rows of the measured table the guide says right: ``python -m tests.support.spoken_form_score``.

Prints scores by language and class of the part that may be looked at and of the part that is held out, and
the failing rows of the first part alone.
"""

from __future__ import annotations

import functools
import re
import shutil
import subprocess
import sys
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from edge.messages import Language
from edge.spoken_form.spell import spoken_form
from tests.support.spoken_form_table import LANGUAGES, WrittenRow, rows

LETTER_LEFT = re.compile(r"\b[^\W\d_]\.(?=.)")
"""An initial or an abbreviation of one letter; an English voice says its letter as it stands."""

Say = Callable[[str, Language], str]
"""Text and language → its spoken form."""


@dataclass
class SpokenFormScore:
    """Rows and right rows, all of them and by class; and what was said of the wrong ones."""

    rows: Counter[str] = field(default_factory=Counter)
    right: Counter[str] = field(default_factory=Counter)
    wrong: list[tuple[WrittenRow, str]] = field(default_factory=list)

    @property
    def share(self) -> float:
        return self.right.total() / max(1, self.rows.total())


def score(language: Language, say: Say, *, held_out: bool) -> SpokenFormScore:
    result = SpokenFormScore()
    said = [(row, say(row.written, language)) for row in rows(language, held_out=held_out)]
    for row, spoken in said:
        result.rows[row.kind] += 1
        if is_right(row, spoken):
            result.right[row.kind] += 1
        else:
            result.wrong.append((row, spoken))
    return result


def is_right(row: WrittenRow, spoken: str) -> bool:
    """The same words as one of the readings, or words that espeak-ng says just so. Signs are never right."""
    if not _is_words(spoken) or (row.language != "en" and LETTER_LEFT.search(spoken)):
        return False
    words = _words(spoken)
    readings = {_words(reading) for reading in row.readings}
    return words in readings or any(
        _phonemes(words, row.language) == _phonemes(reading, row.language)
        for reading in readings
        if abs(len(reading) - len(words)) <= len(words) // 3
    )


def _is_words(spoken: str) -> bool:
    """True where nothing is left that a voice would have to interpret: no digit, no sign, no other script's
    mark; punctuation is."""
    return not any(
        unicodedata.category(char)[0] in "NS" or char in "%№#&@*/\\" or not char.isprintable()
        for char in unicodedata.normalize("NFKC", spoken)
    )


def _words(text: str) -> str:
    """Its words in small letters, one space between them: punctuation and hyphens do not count."""
    plain = unicodedata.normalize("NFC", text).casefold().replace("’", "'")
    letters = "".join(char if char.isalpha() or char == "'" or char == "\u0301" else " " for char in plain)
    return " ".join(letters.split())


@functools.cache
def _phonemes(words: str, language: str) -> str:
    if shutil.which("espeak-ng") is None:
        return words
    found = subprocess.run(
        ["espeak-ng", "-q", "-x", "-v", language, "--stdin"],
        input=words,
        capture_output=True,
        text=True,
        check=True,
        timeout=10,
    )
    return "".join(found.stdout.split())


def _table(name: str, scores: Mapping[Language, SpokenFormScore]) -> Iterable[str]:
    kinds = sorted({kind for one in scores.values() for kind in one.rows})
    yield f"{name:<14}" + "".join(f"{language:>14}" for language in scores)
    for kind in kinds:
        cells = [f"{one.right[kind]}/{one.rows[kind]}" if one.rows[kind] else "" for one in scores.values()]
        yield f"  {kind:<12}" + "".join(f"{cell:>14}" for cell in cells)
    yield "  all         " + "".join(
        f"{f'{one.right.total()}/{one.rows.total()} {one.share:.1%}':>14}" for one in scores.values()
    )


def say(text: str, language: Language) -> str:
    """What the guide says for ``text``, of no particular site."""
    return spoken_form(text, language).text


def main(arguments: Sequence[str] = ()) -> None:
    for held_out in (False, True):
        scores = {language: score(language, say, held_out=held_out) for language in LANGUAGES}
        print("\n".join(_table("held out" if held_out else "seen", scores)), end="\n\n")
        if held_out:
            continue
        for language, one in scores.items():
            for row, spoken in one.wrong if not arguments or language in arguments else ():
                print(f"{language} {row.kind}: {row.written}\n    said:  {spoken}\n    right: {row.spoken}")
        print()


if __name__ == "__main__":
    main(sys.argv[1:])
