"""Each decision in docs/decisions.md has a date and a status."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs/decisions.md"
STATUS = re.compile(r"\*\(\d{4}-\d\d-\d\d, (holds|(amended|replaced) \d{4}-\d\d-\d\d)\)\*$")


def test_each_decision_has_a_date_and_a_status() -> None:
    blocks = re.split(r"\n(?=- )|\n\n", PAGE.read_text("utf-8"))
    decisions = [block.strip() for block in blocks if block.startswith(("- **", "**"))]
    assert len(decisions) > 90
    assert [decision for decision in decisions if not STATUS.search(decision)] == []
