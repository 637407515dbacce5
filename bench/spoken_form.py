"""How long a clause takes from its written to its spoken form, and what the rules add to the memory."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from typing import NamedTuple

from bench.statistics import Summary, summarize
from edge.messages import LANGUAGES, Language
from edge.spoken_form.spell import spoken_form
from tests.support.spoken_form_table import rows

TIMES = 5
_MEMORY = """
import sys
def resident_mb():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 2**20
import edge.messages
before = resident_mb()
from edge.spoken_form.spell import spoken_form
for line in sys.stdin.read().splitlines():
    for language in ("ru", "en", "id"):
        spoken_form(line, language)
print(resident_mb() - before)
"""


class Spelling(NamedTuple):
    """A language's clauses, with the rules loaded."""

    language: Language
    first_ms: Summary
    """With words that were not looked up before."""
    again_ms: Summary
    """The best of five tries."""


def measure(tell: Callable[[str], None]) -> tuple[list[Spelling], float]:
    """The sentences of the table, warm; and the megabytes that all languages' rules add."""
    found = []
    for language in LANGUAGES:
        tell(f"spoken form: {language}")
        spoken_form("1 дом", language)
        clauses = [row.written for row in rows(language, held_out=False)]
        first = summarize([1000 * _seconds(clause, language) for clause in clauses])
        again = summarize(
            [1000 * min(_seconds(clause, language) for _ in range(TIMES)) for clause in clauses]
        )
        assert first is not None
        assert again is not None
        found.append(Spelling(language, first, again))
    return found, _memory_mb()


def _seconds(clause: str, language: Language) -> float:
    """Processor time: whoever else works on this machine takes none of it."""
    begin = time.thread_time()
    spoken_form(clause, language)
    return time.thread_time() - begin


def _memory_mb() -> float:
    text = "\n".join(row.written for row in rows("ru", held_out=False))
    done = subprocess.run(
        [sys.executable, "-c", _MEMORY], input=text, capture_output=True, text=True, check=True, timeout=60
    )
    return float(done.stdout)
