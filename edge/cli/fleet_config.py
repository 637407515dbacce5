"""``shuttle-guide fleet config diff|apply DIR``: has shuttles configured as a folder says."""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from pathlib import Path

import msgspec

from edge.cli.fleet import ID_CHARS, counted, within
from edge.cli.show import console, shortened, show_lines, show_table
from edge.config import Settings
from edge.fleet.client import FleetClient
from edge.fleet.compliance import Compliance, ComplianceRoll
from edge.fleet.desired_folder import DesiredFolder
from edge.ingest.parsed import printable

HEAR_S = 6.0
"""Shuttles answer within 3 s."""
SEND_AGAIN_S = 30.0
MOST_SHOWN = 6


def config(options: argparse.Namespace, settings: Settings) -> int:
    """Exit code 0: every shuttle that was heard of follows, and one at least; 1: not, or not in time."""
    roll = ComplianceRoll(DesiredFolder(Path(options.folder)))
    asyncio.run(_follow(options, settings, roll))
    rows = roll.rows
    if options.as_json:
        print(json.dumps(msgspec.to_builtins(rows), ensure_ascii=False))
    elif not rows:
        console.print("no shuttle has answered")
    else:
        _show(rows)
    return 0 if rows and all(row.state == "follows" for row in rows) else 1


async def _follow(options: argparse.Namespace, settings: Settings, roll: ComplianceRoll) -> None:
    until_mono = time.monotonic() + options.within
    async with FleetClient(settings.fleet) as client:
        await client.ask_report()
        async for message in within(client, min(HEAR_S, options.within)):
            roll.take(message)
        while options.action == "apply" and (left_s := until_mono - time.monotonic()) > 0:
            for shuttle, desired in roll.to_send(time.time()):
                await client.desire(shuttle, desired)
            async for message in within(client, min(SEND_AGAIN_S, left_s)):
                roll.take(message)
                if roll.settled:
                    return
            if roll.settled:
                return


def _show(rows: list[Compliance]) -> None:
    head = ("shuttle", "", "there", "desired", "reported")
    show_table(counted(len(rows)), head, [_cells(row) for row in rows])
    lines = []
    for row in rows:
        shuttle = shortened(row.shuttle, ID_CHARS)
        lines += [(shuttle, reason) for reason in row.reasons]
        for name, (desired, reported) in [*row.differs.items()][:MOST_SHOWN]:
            lines.append((shuttle, f"{name}: {_json(desired)} is desired, {_json(reported)} in force"))
        if (more := len(row.differs) - MOST_SHOWN) > 0:
            lines.append((shuttle, f"and {more} more settings"))
    show_lines((shuttle, printable(text)) for shuttle, text in lines)


def _cells(row: Compliance) -> tuple[str, ...]:
    there = {True: "yes", False: "away", None: "?"}[row.online]
    return (
        shortened(row.shuttle, ID_CHARS),
        row.state,
        there,
        row.version or "-",
        printable(row.reported or "-")[:16],
    )


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
