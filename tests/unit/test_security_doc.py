"""What docs/security.md promises has a test, and the tests that it and docs/boards.md name are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text("utf-8")
BOARDS = (ROOT / "docs" / "boards.md").read_text("utf-8")
NAMED = sorted(set(re.findall(r"`((?:unit|service|sound|roles|system)/\w+\.py)(?:::(\w+))?`", PAGE + BOARDS)))


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_a_test_that_is_named_is_there(file: str, name: str) -> None:
    path = ROOT / "tests" / file
    assert path.is_file()
    assert not name or re.search(rf"^(?:async )?def {name}\(", path.read_text("utf-8"), re.MULTILINE)


def test_each_row_of_a_table_names_one() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith("| who |")]
    assert rows
    assert [row for row in rows if not re.search(r"`(?:unit|service|sound|roles|system)/\w+\.py", row)] == []
