"""``shuttle-guide cost``: what was asked of paid services, and what it costs."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys

from edge.bus import watching
from edge.bus.topology import NEWS, feed_path
from edge.cli.rights import rights_of_owner
from edge.cli.show import show_table
from edge.clock import Moment
from edge.config import Settings
from edge.messages import CostCeiling, ProcessName, Spending
from edge.meter import news_of
from edge.plain_file import read_plain_json
from edge.spending.books import Books
from edge.spending.ledger import Day
from edge.spending.ledger_file import LARGEST_BYTES, path_of
from edge.spending.price import prices_of
from edge.spending.report import HEAD, CostReport

LISTEN_S = 2.0
"""Running processes greet a new reader at once; a busy machine may take its time."""
PAYING: tuple[ProcessName, ...] = tuple(process for process, news in NEWS.items() if Spending in news)


def cost(options: argparse.Namespace, settings: Settings) -> int:
    """Exit code 0, also where nothing was spent."""
    books, today = Books(), Moment.now().date
    ceiling = asyncio.run(_ask_guide(settings, books))
    is_running = bool(books.tellers)
    for process in set(PAYING) - set(books.tellers):
        _read(settings, process, today, books)
    report = CostReport(books, prices_of(settings), today, ceiling)
    if options.as_json:
        print(json.dumps({"running": is_running} | report.as_dict(), ensure_ascii=False, indent=2))
    else:
        _show(report, is_running=is_running)
    return 0


async def _ask_guide(settings: Settings, books: Books) -> CostCeiling | None:
    """Have the running processes tell into ``books``."""
    ceiling: CostCeiling | None = None
    if not any(feed_path(settings.runtime_dir, process).exists() for process in PAYING):
        return None
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LISTEN_S), watching(settings.runtime_dir, Spending, CostCeiling) as news:
            async for message in news:
                if isinstance(message, CostCeiling):
                    ceiling = message
                elif isinstance(message, Spending):
                    books.take(message)
                if ceiling and len(books.tellers) == len(PAYING):
                    break
    return ceiling


def _read(settings: Settings, process: ProcessName, today: str, books: Books) -> None:
    """What a process that does not run has left."""
    path = path_of(settings, process)
    try:
        with rights_of_owner(path.parent):
            kept = read_plain_json(path, LARGEST_BYTES, dict[str, Day])
        books.take(news_of(process, kept, today))
    except FileNotFoundError:
        pass
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        print(f"cost: without what the {process} has spent: {path}: {reason}", file=sys.stderr)


def _show(report: CostReport, *, is_running: bool) -> None:
    title = report.title if is_running else f"No guide runs here.\n{report.title}"
    tables = (
        (title, ("service", "for"), report.of_today()),
        ("\nOne turn of today, with all that is paid for its sake", ("kind", "turns"), report.of_turns()),
        ("\nDays", ("date",), report.of_days()),
    )
    for name, first, rows in tables:
        if rows or name is title:
            show_table(name, (*first, *HEAD) if rows else (), rows)
