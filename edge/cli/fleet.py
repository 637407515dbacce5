"""``shuttle-guide fleet``: the fleet's shuttles, from the operator's machine."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator

import msgspec

from edge.cli.fleet_options import expected_of, moment, texts_of
from edge.cli.show import console, shortened, show_lines, show_table
from edge.config import Settings
from edge.config.fleet import is_fleet_word
from edge.fleet.announcing import FleetAnnouncement
from edge.fleet.announcing import announce as send_announcement
from edge.fleet.client import FleetClient
from edge.fleet.command_roll import SILENT, CommandOutcome, CommandRoll
from edge.fleet.reading import FleetMessage
from edge.fleet.recipients import ALL, GOOD, GROUP
from edge.fleet.roll import Roll, ShuttleRow
from edge.ingest.parsed import printable
from edge.operator_error import OperatorError

WAITS = "accepted"
ID_CHARS = 24


def status(options: argparse.Namespace, settings: Settings) -> int:
    """Exit code 0: all who were expected or heard of are there and ready; 1: not, or nobody was heard of."""
    rows = asyncio.run(_ask(options, settings))
    if options.as_json:
        print(json.dumps(msgspec.to_builtins(rows), ensure_ascii=False))
    elif not rows:
        console.print("no shuttle has answered")
    else:
        head = ("shuttle", "", "told", "version", "outbox", "lost")
        show_table(counted(len(rows)), head, [_cells(row) for row in rows])
    return 0 if rows and all(row.online and row.ready for row in rows) else 1


def watch(options: argparse.Namespace, settings: Settings) -> int:
    """Exit code 0: the time was over or Ctrl-C came."""
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_watch(options, settings, ("turn", "receipt", "status", "birth", "alarm")))
    return 0


def receipts(options: argparse.Namespace, settings: Settings) -> int:
    """Show what becomes of commands, from now on."""
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_watch(options, settings, ("receipt",), command=options.id))
    return 0


def announce(options: argparse.Namespace, settings: Settings) -> int:
    """Exit code 0: all who were expected or have answered have played it, one at least; 1: not in time."""
    answers = asyncio.run(_announce(options, settings, scope_of(options)))
    if options.as_json:
        print(json.dumps(answers, ensure_ascii=False))
    else:
        show_lines(
            (_sign(answer), f"{printable(shuttle)}: {_state_text(answer)}")
            for shuttle, answer in answers.items()
        )
        if all(answer.state == SILENT for answer in answers.values()):
            console.print("no shuttle has accepted it")
    return 0 if answers and all(answer.state in GOOD for answer in answers.values()) else 1


def scope_of(options: argparse.Namespace) -> str:
    """Whom a command is for, as it stands in its topic. Raises OperatorError."""
    if options.all:
        return ALL
    name = str(options.to if options.group is None else options.group)
    if not is_fleet_word(name):
        raise OperatorError(f"expected the name of a shuttle or a group, got {name!r}")
    return name if options.group is None else GROUP + name


async def _ask(options: argparse.Namespace, settings: Settings) -> list[ShuttleRow]:
    roll = Roll(expected_of(options.expect))
    async with FleetClient(settings.fleet) as client:
        await client.ask_report()
        async for message in within(client, options.within):
            roll.take(message)
    return roll.rows


async def _watch(
    options: argparse.Namespace, settings: Settings, leaves: tuple[str, ...], command: str | None = None
) -> None:
    async with FleetClient(settings.fleet) as client:
        async for message in within(client, options.seconds):
            body = message.frame.body
            if message.leaf.partition("/")[0] not in leaves or (command and body.get("command") != command):
                continue
            if options.as_json:
                print(json.dumps(msgspec.to_builtins(message), ensure_ascii=False), flush=True)
            else:
                clock = time.strftime("%H:%M:%S", time.localtime(min(max(message.frame.ts, 0), 1e11)))
                late = " (late)" if message.frame.late else ""
                line = f"{clock} {message.shuttle} {message.leaf}{late}: {_told(message)}"
                console.print(printable(line), highlight=False, markup=False)


async def _announce(options: argparse.Namespace, settings: Settings, scope: str) -> dict[str, CommandOutcome]:
    texts = texts_of(options)
    expected = [options.to] if options.to else expected_of(options.expect)
    now_at = time.time()
    said = FleetAnnouncement(
        options.text,
        texts,
        options.language,
        safety=options.safety,
        chime=options.chime,
        ttl_s=options.ttl,
        not_before=moment(options.not_before, now_at),
    )
    async with FleetClient(settings.fleet) as client:
        command = await send_announcement(client, scope, said, now_at)
        if not options.as_json:
            console.print(f"command {command}", highlight=False)
        answers = CommandRoll(command, expected)
        async for message in within(client, options.within):
            answers.take(message)
            if answers.complete:
                break
    return answers.states


async def within(client: FleetClient, seconds: float | None) -> AsyncIterator[FleetMessage]:
    """What comes until the time is over; None: for ever."""
    until_mono = None if seconds is None else time.monotonic() + seconds
    while True:
        left_s = None if until_mono is None else until_mono - time.monotonic()
        try:
            async with asyncio.timeout(left_s):
                message = await client.next()
        except TimeoutError:
            return
        yield message


def counted(shuttles: int) -> str:
    """How many, in words."""
    return f"{shuttles} shuttle{'' if shuttles == 1 else 's'}"


def _cells(row: ShuttleRow) -> tuple[str, ...]:
    there = {True: "there", False: "away", None: "?" if row.told_at else SILENT}[row.online]
    marks = [there, *(["not ready"] if row.ready is False else []), *(["muted"] if row.muted else [])]
    marks += [shortened(printable(name.replace("_", " ")), ID_CHARS) for name in row.alarms]
    ago_s = max(0, round(time.time() - row.told_at))
    told = "-" if not row.told_at else f"{ago_s} s" if ago_s < 600 else f"{ago_s // 60} min"
    numbers = ("-" if number is None else str(number) for number in (row.waiting, row.lost))
    return (
        shortened(row.shuttle, ID_CHARS),
        ", ".join(marks),
        told,
        printable(row.version or "-")[:12],
        *numbers,
    )


def _told(message: FleetMessage) -> str:
    body = message.frame.body
    match message.leaf:
        case "turn":
            reason = f" ({body['reason']})" if body.get("reason") else ""
            return f"{body.get('kind')}, {body.get('outcome')}{reason}: {body.get('text') or '…'}"
        case "receipt":
            state = CommandOutcome(str(body.get("state")), body.get("reason"))
            return f"{body.get('name')} {body.get('command')} {_state_text(state)}"
        case leaf if leaf.startswith("alarm/"):
            return f"{'raised' if body.get('raised') is True else 'over'}: {body.get('reason')}"
        case "status":
            return "there" if body.get("online") is True else "away"
    return f"version {body.get('version')}"


def _sign(answer: CommandOutcome) -> str:
    if answer.state == WAITS:
        return "waits"
    return "ok" if answer.state in GOOD else "failed"


def _state_text(answer: CommandOutcome) -> str:
    return printable(answer.state + (f": {answer.reason}" if answer.reason else ""))
