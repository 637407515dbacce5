"""Tables of sentences that something is measured by. A third of each is held out, chosen by a hash of the
sentence: nobody looks at it while rules are written.
"""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path


def is_held_out(sentence: str) -> bool:
    return hashlib.sha256(sentence.encode()).digest()[0] % 3 == 0


def read_rows(path: Path) -> list[dict[str, str]]:
    """Each row of a file with tabs between its columns, by the columns' names."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
