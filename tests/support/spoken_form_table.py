"""The measured table of spoken forms: rows of written text, what a newsreader says, class and source.

A third of the rows, chosen by a hash of the written text, is held out: nobody looks at it while rules are written."""

import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "spoken_form"
LANGUAGES = ("ru", "en", "id")
COLUMNS = ("written", "spoken", "class", "source")
CLASSES = frozenset(
    "number decimal thousands ordinal roman range fraction negative percent degree unit money date time duration phone"
    " number_sign address abbreviation initials acronym web symbol script agreement plain".split()
)


@dataclass(frozen=True)
class Row:
    """One sentence. `spoken` holds every reading that counts, the best first; a cell separates them by " | "."""

    language: str
    written: str
    spoken: tuple[str, ...]
    kind: str
    source: str


def is_held_out(written: str) -> bool:
    return hashlib.sha256(written.encode()).digest()[0] % 3 == 0


def file_of(language: str, held_out: bool) -> Path:
    return FOLDER / (f"{language}.held_out.tsv" if held_out else f"{language}.tsv")


def rows(language: str, *, held_out: bool) -> list[Row]:
    with file_of(language, held_out).open(encoding="utf-8", newline="") as file:
        read = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [
            Row(language, row["written"], tuple(row["spoken"].split(" | ")), row["class"], row["source"])
            for row in read
        ]
