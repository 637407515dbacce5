"""What docs/security.md promises has a test, and the tests that it and docs/boards.md name are there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text("utf-8")
BOARDS = (ROOT / "docs" / "boards.md").read_text("utf-8")
NAMED = sorted(set(re.findall(r"`((?:unit|service|sound|roles|system)/\w+\.py)(?:::(\w+))?`", PAGE + BOARDS)))


def test_each_test_that_is_named_is_there() -> None:
    assert len(NAMED) > 100
    texts = {file: (ROOT / "tests" / file).read_text("utf-8") for file, _ in NAMED}
    assert [
        f"{file}::{name}"
        for file, name in NAMED
        if name and not re.search(rf"^(?:async )?def {name}\(", texts[file], re.MULTILINE)
    ] == []


def test_each_row_of_a_table_names_one() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith("| who |")]
    assert rows
    assert [row for row in rows if not re.search(r"`(?:unit|service|sound|roles|system)/\w+\.py", row)] == []
