"""``shuttle-guide pool …``: what is voiced ahead, and taking it from one shuttle to others."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import zmq.asyncio
from rich.table import Table

from edge.bus import FeedSubscriber
from edge.bus.topology import feed_path
from edge.cli.show import console
from edge.config import Settings
from edge.messages import PoolEntry, PoolHoldings
from edge.speaker.pool import files
from edge.speaker.pool.archive import ArchiveError, export_pool, headers, import_pool
from edge.speaker.pool.fingerprint import pool_voice
from edge.speaker.pool.pool import folder_of
from edge.speaker.voices import make_voices

LISTEN_S = 2.0
"""A running speaker greets a new reader at once; a busy machine may take its time."""


class Holdings(NamedTuple):
    """What there is, told by the running guide or read from the folder."""

    news: PoolHoldings | None
    """None: no guide runs."""
    entries: tuple[PoolEntry, ...]
    stored_bytes: int


def status(options: argparse.Namespace, settings: Settings) -> int:
    """Always 0: an empty pool is a state."""
    held = asyncio.run(_holdings(settings))
    if options.as_json:
        print(json.dumps(_as_dict(held), ensure_ascii=False, indent=2))
    else:
        _show(held, folder_of(settings))
    return 0


def clear(options: argparse.Namespace, settings: Settings) -> int:
    """Remove all entries; a running guide notices. What was used up and today's budget stay known."""
    del options
    folder = folder_of(settings)
    count = 0
    try:
        for entry_id in list(files.entry_ids(folder)):
            files.path_of(folder, entry_id).unlink(missing_ok=True)
            count += 1
    except OSError as error:
        print(f"pool: {error}", file=sys.stderr)
        return 1
    print(f"pool: {count} entries removed from {folder}")
    return 0


def export(options: argparse.Namespace, settings: Settings) -> int:
    """0 when the archive was written."""
    try:
        count = export_pool(folder_of(settings), Path(options.file))
    except ArchiveError as error:
        print(f"pool: {error}", file=sys.stderr)
        return 1
    print(f"pool: {count} entries in {options.file}")
    return 0


def import_archive(options: argparse.Namespace, settings: Settings) -> int:
    """0 when every entry was taken or is known already, 1 when any was refused."""
    voice = asyncio.run(_wanted_voice(settings))
    if voice is None:
        print("pool: no voice is configured here, so whether they fit is seen by the guide", file=sys.stderr)
    try:
        done = import_pool(
            Path(options.file),
            folder_of(settings),
            voice=voice,
            max_bytes=settings.pool.max_mb * 1_000_000,
        )
    except ArchiveError as error:
        print(f"pool: {error}", file=sys.stderr)
        return 1
    for line in done.refused:
        print(f"pool: refused {line}", file=sys.stderr)
    print(f"pool: {done.brought} entries imported, {done.known} known already, {len(done.refused)} refused")
    return 1 if done.refused else 0


async def _wanted_voice(settings: Settings) -> str | None:
    """The running guide knows best: it has the keys."""
    if (news := await _ask_guide(settings)) and news.voice:
        return news.voice
    best = make_voices(settings)[0]
    name = pool_voice(settings, best.name, local=best.local)
    return name.fingerprint if name else None


async def _holdings(settings: Settings) -> Holdings:
    if news := await _ask_guide(settings):
        return Holdings(news, news.entries, news.stored_bytes)
    found = list(headers(folder_of(settings)))
    return Holdings(None, tuple(header.news for header, _ in found), sum(size for _, size in found))


async def _ask_guide(settings: Settings) -> PoolHoldings | None:
    """What the running speaker says; None: there is none."""
    if not feed_path(settings.runtime_dir, "speaker").exists():
        return None
    feed = FeedSubscriber(settings.runtime_dir, {"speaker": [PoolHoldings]})
    context = zmq.asyncio.Context()
    try:
        async with (
            asyncio.timeout(LISTEN_S),
            contextlib.aclosing(feed.messages(context)) as news,
        ):
            async for message in news:
                if isinstance(message, PoolHoldings):
                    return message
    except TimeoutError:
        pass
    finally:
        context.destroy(linger=0)
    return None


def _as_dict(held: Holdings) -> dict[str, Any]:
    news = held.news
    return {
        "running": news is not None,
        "voice": news.voice if news else None,
        "stored_bytes": held.stored_bytes,
        "waiting": news.waiting if news else None,
        "characters_today": news.characters_today if news else None,
        "characters_left": news.characters_left if news else None,
        "entries": msgspec.to_builtins(held.entries),
    }


def _show(held: Holdings, folder: Path) -> None:
    counts = Counter((entry.text.use, entry.text.language) for entry in held.entries)
    size = f"{held.stored_bytes / 1e6:.1f} MB in {folder}"
    if held.news is None:
        console.print(f"No guide runs here. {len(held.entries)} entries, {size}", highlight=False)
    elif not held.news.voice:
        console.print("The pool is off: it needs a cloud voice, and pool.enabled", highlight=False)
    else:
        news = held.news
        console.print(f"{len(held.entries)} entries, {size}; voice: {news.voice}", highlight=False)
        left = f"{news.characters_left} left" if news.characters_left else "none left"
        console.print(
            f"{news.waiting} texts wait to be voiced; {news.characters_today} characters today, {left}",
            highlight=False,
        )
    if counts:
        table = Table(box=None, pad_edge=False)
        for column in ("use", "language", "held"):
            table.add_column(column)
        for (use, language), count in sorted(counts.items()):
            table.add_row(use, language, str(count))
        console.print(table)
