"""``shuttle-guide doctor``: is everything there that is needed, and is what was asked for really used?"""

from __future__ import annotations

import argparse
import asyncio
import json

from rich.table import Table

from edge.cli.show import console
from edge.config import Settings
from edge.doctor.check import Check
from edge.doctor.examination import examine


def doctor(options: argparse.Namespace, settings: Settings) -> int:
    """0 when nothing that is needed is missing; optional things may be absent."""
    checks = asyncio.run(examine(settings))
    if options.as_json:
        print(json.dumps([check._asdict() for check in checks], ensure_ascii=False, indent=2))
    else:
        _show(checks)
    return 1 if any(check.verdict == "missing" for check in checks) else 0


def _show(checks: list[Check]) -> None:
    table = Table(title="shuttle-guide doctor", box=None, pad_edge=False, expand=True)
    table.add_column("", no_wrap=True)
    for column, ratio in (("what", 3), ("requested", 3), ("actual", 6), ("what to do", 4)):
        table.add_column(column, ratio=ratio, overflow="fold")
    signs = {"ok": "[green]ok[/green]", "absent": "[yellow]absent[/yellow]", "missing": "[red]missing[/red]"}
    for check in checks:
        table.add_row(signs[check.verdict], check.name, check.requested, check.actual, check.advice)
    console.print(table)
