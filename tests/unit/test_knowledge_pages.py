"""A Markdown page is cut into sections that can be spoken about."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.commentator.knowledge.files import UnusablePage
from edge.commentator.knowledge.pages import MAX_SECTION_CHARS, MAX_TITLE_CHARS, PageSection, sections

PAGE = """---
author: someone
---
<!-- for editors
only -->
Before all headings.

# Café *Lotus*

By the [pond](https://example.com), <b>opposite</b> the ![picture](a.png) hothouse.

## Opening hours

| Day | From | To |
|---|---|---|
| Monday | 7 | 22 |

### Kitchen

- last order
  at nine

Menu
----

`Coffee` and

```
cake
```

# Tower
## Empty
"""


def test_each_heading_has_its_text_under_those_above_it() -> None:
    assert sections(PAGE) == [
        PageSection("", "Before all headings."),
        PageSection("Café Lotus", "By the pond, opposite the hothouse."),
        PageSection("Café Lotus › Opening hours", "Day — From — To\nMonday — 7 — 22"),
        PageSection("Café Lotus › Opening hours › Kitchen", "last order at nine"),
        PageSection("Café Lotus › Menu", "Coffee and\ncake"),
    ]


def test_tags_that_never_end_cost_no_time() -> None:
    assert sections("# Tower\n\n" + "<a" * 100_000)


def test_front_matter_ends_with_the_next_such_line_or_is_none() -> None:
    assert sections("---\na: b\n---  \nText") == [PageSection("", "Text")]
    assert sections("---\n\n---\nText") == [PageSection("", "Text")]
    assert sections("---\n" + "\n" * 200_000 + "Text") == [PageSection("", "Text")]
    assert sections("Text\n\n---\na: b\n\n---") == [PageSection("", "Text\na: b")]


def test_a_table_that_grows_beyond_all_pages_is_refused() -> None:
    table = "|a" * 256 + "|\n" + "|-" * 256 + "|\n" + "a\n" * 64
    assert sections(table)
    with pytest.raises(UnusablePage, match="split it"):
        sections(f"{table}\n" * 8)


def test_a_heading_of_any_length_makes_no_section_large() -> None:
    found = sections("# " + "a" * 100_000 + "\n" + "## b\n\nText.\n\n" * 100)
    assert max(len(section.heading) for section in found) < 2 * MAX_TITLE_CHARS


def test_a_long_section_is_cut_between_sentences() -> None:
    sentence = "The tower is high and made of bamboo."
    pieces = sections("# Tower\n\n" + f"{sentence} " * 100)
    assert len(pieces) > 3
    for piece in pieces:
        assert piece.heading == "Tower"
        assert len(piece.text) <= MAX_SECTION_CHARS
        assert piece.text.endswith("bamboo.")


def test_text_without_an_end_is_cut_all_the_same() -> None:
    assert "".join(piece.text for piece in sections("x" * 5000)) == "x" * 5000


@given(st.text(max_size=300))
def test_any_text_is_a_page(text: str) -> None:
    assert all(len(section.text) <= MAX_SECTION_CHARS for section in sections(text))
