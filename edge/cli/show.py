"""How findings and turns look on a terminal, however narrow: words stay whole, and none counts as markup."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

console = Console()

BAR_CELLS = 40
COLUMN_GAP = 2
NAME_CHARS = 10
"""Characters of a name that are shown in any case."""
COLOURS = {
    **dict.fromkeys(("missing", "failed", "incomplete", "void"), "red"),
    **dict.fromkeys(("absent", "not there", "not had", "waits"), "yellow"),
    **dict.fromkeys(("ok", "passed", "yes", "known"), "green"),
}
"""Sign in front of a line → its colour. What is wrong is shown first, in this order."""


def show_lines(lines: Iterable[tuple[str, str]]) -> None:
    """Print each text behind its sign, wrapped between words; a word longer than a line stays whole."""
    worst = tuple(COLOURS.values())
    signed = sorted(lines, key=lambda line: worst.index(COLOURS.get(line[0], "green")))
    indent = " " * (max((len(sign) for sign, _ in signed), default=0) + 2)
    for sign, text in signed:
        wrapped = "\n".join(
            textwrap.fill(
                line,
                console.width,
                initial_indent=indent,
                subsequent_indent=indent,
                break_long_words=False,
                break_on_hyphens=False,
            )
            for line in text.splitlines()
        )
        console.print(Text.assemble((sign, COLOURS.get(sign, "")), wrapped[len(sign) :]), soft_wrap=True)


def shortened(name: str, most: int) -> str:
    """A name in so many characters: its middle goes, since names of one kind differ at their ends."""
    if len(name) <= most:
        return name
    behind = (most - 1) // 2
    return f"{name[: most - 1 - behind]}…{name[-behind:]}"


def show_table(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table whose first column is names, and whose others are figures or a few words.

    Words stay whole: of names only so much is shown as the others leave room for.
    """
    table, cells = Table(box=None, pad_edge=False), [[*row] for row in rows]
    columns = [*zip(head, *cells, strict=True)]
    widths = [max(map(len, column)) for column in columns]
    excess = sum(widths) + COLUMN_GAP * (len(head) - 1) - console.width
    if excess > 0 and widths[0] - excess < NAME_CHARS:
        spare = [0, *(widths[at] - max(map(_longest_word, columns[at])) for at in range(1, len(head)))]
        wordiest = spare.index(max(spare))
        widths[wordiest] -= min(excess, spare[wordiest])
        excess -= min(excess, spare[wordiest])
    if excess > 0:
        widths[0] = max(NAME_CHARS, widths[0] - excess)
    for at, column in enumerate(head):
        table.add_column(column, justify="right" if at else "left", width=widths[at])
    for name, *others in cells:
        table.add_row(*map(Text, (shortened(name, widths[0]), *others)))
    console.print(title, highlight=False, markup=False)
    if head:
        console.print(table)


def _longest_word(cell: str) -> int:
    return max(map(len, cell.split()), default=0)


def show_turn(turn: dict[str, Any]) -> None:
    """One turn: what was said, by whom, and its stages as a small waterfall."""
    outcome = turn["outcome"] if not turn.get("reason") else f"{turn['outcome']} ({turn['reason']})"
    console.print(Text(turn.get("text") or "(nothing was heard)", "bold"))
    rungs = turn["rungs"]
    console.print(
        f"{turn['kind']}, {outcome}; "
        f"model: {rungs.get('model') or 'none needed'}, voice: {rungs.get('voice') or '-'}; "
        f"first sound after {_ms(turn.get('ttfa_ms'))}" + _content_behind_opener(turn),
        markup=False,
    )
    if merged := turn.get("merged"):
        since_s = turn["received_at"] - merged["since"]
        console.print(f"the newest of {merged['count']} sightings; the oldest came {since_s:.1f} s before it")
    for refusal in turn.get("refused", ()):
        console.print(f"not said: {refusal}", highlight=False, markup=False)
    table = Table(box=None, pad_edge=False, show_header=False)
    stages: dict[str, float] = turn["stages_ms"]
    longest = max([*stages.values(), 1.0])
    for stage, at_ms in stages.items():
        table.add_row(stage, f"{at_ms:8.1f} ms", "·" * round(at_ms / longest * BAR_CELLS) + "●")
    console.print(table)


def _content_behind_opener(turn: dict[str, Any]) -> str:
    sound_ms, content_ms = turn.get("ttfa_ms"), turn.get("first_content_ms")
    return (
        "" if content_ms is None or content_ms == sound_ms else f", the remark itself after {_ms(content_ms)}"
    )


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f} ms"
