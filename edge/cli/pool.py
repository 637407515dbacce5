"""``shuttle-guide pool …``: what is voiced ahead, and taking it from one shuttle to others."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from edge.bus import watching
from edge.bus.topology import feed_path
from edge.cli.rights import give_up_rights, rights_of_owner
from edge.cli.show import show_table
from edge.commentator.forbidden import load_blocklists
from edge.commentator.pool.admission import make_admission
from edge.config import Settings
from edge.messages import PoolEntry, PoolHoldings
from edge.plain_file import open_plain
from edge.signature import ALLOWED_SIGNERS, check_signature, sign
from edge.site.lexicon_file import LexiconFile
from edge.speaker.pool import files
from edge.speaker.pool.archive import (
    LARGEST_ARCHIVE_BYTES,
    NAMESPACE,
    ArchiveError,
    export_pool,
    headers,
    import_pool,
)
from edge.speaker.pool.fingerprint import pool_voice
from edge.speaker.pool.pool import folder_of
from edge.speaker.speller import Speller
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
    """Exit code 0, also where it is empty: that is a state."""
    give_up_rights(folder_of(settings))
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
    give_up_rights(folder)
    removed = failed = 0
    for entry_id in list(files.entry_ids(folder)):
        try:
            files.path_of(folder, entry_id).unlink(missing_ok=True)
            removed += 1
        except OSError as error:
            print(f"pool: {error.filename}: {error.strerror}", file=sys.stderr)
            failed += 1
    print(f"pool: {removed} entries removed from {folder}")
    return 1 if failed else 0


def export(options: argparse.Namespace, settings: Settings) -> int:
    """Exit code 0 when the archive was written."""
    folder = folder_of(settings)
    key = Path(options.sign).expanduser() if options.sign else None
    done = export_pool(
        folder,
        Path(options.file),
        sign=(lambda manifest: sign(manifest, key, NAMESPACE)) if key else None,
        rights=rights_of_owner(folder),  # the archive and the key are the caller's own
    )
    for line in done.left_out:
        print(f"pool: left out {line}", file=sys.stderr)
    print(f"pool: {done.written} entries in {options.file}")
    return 0


def import_archive(options: argparse.Namespace, settings: Settings) -> int:
    """Exit code 0 when every entry was taken or is known already, 1 when any was refused."""
    folder = folder_of(settings)
    admission = make_admission(
        settings, load_blocklists(settings.commentator.blocklist_dir, settings.commentator.gate_classes_off)
    )
    try:
        with open_plain(Path(options.file), LARGEST_ARCHIVE_BYTES, follow=True) as archive:
            give_up_rights(folder)  # before anything of the archive is looked at
            voice = asyncio.run(_wanted_voice(settings))
            if voice is None:
                line = "pool: no voice is configured here, so whether they fit is seen by the guide"
                print(line, file=sys.stderr)
            done = import_pool(
                archive,
                folder,
                voice=voice,
                max_bytes=settings.pool.max_mb * 1_000_000,
                check_signature=None if options.unsigned else _check_signature(options),
                objection=admission.objection,
            )
    except ArchiveError as error:
        raise ArchiveError(f"{options.file}: {error}") from error
    for line in done.refused:
        print(f"pool: refused {line}", file=sys.stderr)
    print(f"pool: {done.brought} entries imported, {done.known} known already, {len(done.refused)} refused")
    return 1 if done.refused else 0


def _check_signature(options: argparse.Namespace) -> Callable[[bytes, bytes], None]:
    signers = Path(options.signers).expanduser() if options.signers else ALLOWED_SIGNERS
    return partial(check_signature, namespace=NAMESPACE, signers=signers)


async def _wanted_voice(settings: Settings) -> str | None:
    """The running guide knows best: it has the keys."""
    if (news := await _ask_guide(settings)) and news.voice:
        return news.voice
    speller = Speller(LexiconFile(settings.shuttle.site_dir))
    best = make_voices(settings, speller)[0]
    name = pool_voice(settings, best.name, speller.fingerprint, local=best.local)
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
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LISTEN_S), watching(settings.runtime_dir, PoolHoldings) as news:
            return await anext(news)
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
    found = f"{len(held.entries)} entries, {held.stored_bytes / 1e6:.1f} MB in {folder}"
    if held.news is None:
        title = f"No guide runs here. {found}"
    elif not held.news.voice:
        title = "The pool is off: it needs a cloud voice, and pool.enabled"
    else:
        news = held.news
        left = f"{news.characters_left} left" if news.characters_left else "none left"
        title = (
            f"{found}; voice: {news.voice}\n"
            f"{news.waiting} texts wait to be voiced; {news.characters_today} characters today, {left}"
        )
    head = ("use and language", "held") if counts else ()
    show_table(title, head, ([" ".join(text), str(count)] for text, count in sorted(counts.items())))
