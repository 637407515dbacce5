"""How a turn looks on a terminal."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

console = Console()

BAR_CELLS = 40


def show_turn(turn: dict[str, Any]) -> None:
    """One turn: what was said, by whom, and its stages as a small waterfall."""
    outcome = turn["outcome"] if not turn.get("reason") else f"{turn['outcome']} ({turn['reason']})"
    console.print(f"[bold]{turn.get('text') or '(nothing was heard)'}[/bold]", highlight=False)
    rungs = turn["rungs"]
    console.print(
        f"{turn['kind']}, {outcome}; "
        f"model: {rungs.get('model') or 'none needed'}, voice: {rungs.get('voice') or '-'}; "
        f"first sound after {_ms(turn.get('ttfa_ms'))}" + _content_behind_opener(turn)
    )
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
