"""Replays a drive that somebody has sent, in a process of its own; nobody hears it."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import msgspec

from edge.config.child_environment import without_secrets
from edge.drive.lines import DECIDING
from edge.programs import kill_and_wait

WITHIN_S = 120.0
LARGEST_OUTPUT = 4 << 20


class ReplayRefusedError(Exception):
    """A drive cannot be replayed; the text is one line, ``status`` that of HTTP."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class Replays:
    """One replay at a time: each takes a whole core."""

    def __init__(self) -> None:
        self._busy = asyncio.Lock()

    async def play(self, drive: bytes) -> dict[str, Any]:
        """The figures (as ``shuttle-guide replay --json``), and what was said or dropped (``outcomes``).

        Raises:
            ReplayRefusedError: it is no drive, takes too long, or another one is being replayed.
        """
        _check(drive)
        if self._busy.locked():
            raise ReplayRefusedError(503, "another drive is being replayed; wait for it")
        async with self._busy:
            with tempfile.TemporaryDirectory(prefix="shuttle-guide-replay-") as folder:
                came, played = Path(folder) / "drive.jsonl", Path(folder) / "played.jsonl"
                came.write_bytes(drive)
                figures = await _replay(came, played)
                lines = [json.loads(line) for line in played.read_text("utf-8").splitlines()]
        return figures | {"outcomes": [line for line in lines if line.get("what") in ("turn", "dropped")]}


def _check(drive: bytes) -> None:
    """A drive may set what decides, and nothing else: a setting can name folders and services."""
    try:
        begin = msgspec.json.decode(drive.partition(b"\n")[0], type=_Settings)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ReplayRefusedError(422, f"line 1: expected the beginning of a drive: {error}") from error
    if unknown := sorted(begin.settings.keys() - set(DECIDING)):
        raise ReplayRefusedError(
            422, f"line 1: expected settings of {', '.join(DECIDING)}, got {unknown[0][:80]!r}"
        )


class _Settings(msgspec.Struct):
    settings: dict[str, Any] = {}


async def _replay(came: Path, played: Path) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "edge", "replay", str(came), "--json", "--write", str(played)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=without_secrets(),
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(WITHIN_S):
            output, errors = await process.communicate()
    except TimeoutError as error:
        raise ReplayRefusedError(422, f"it was not replayed within {WITHIN_S:.0f} s") from error
    finally:
        if process.returncode is None:
            await kill_and_wait(process, group=True)
    if process.returncode != 0:
        told = errors.decode("utf-8", errors="replace").strip().splitlines()
        why = told[-1].replace(str(came), "the drive") if told else "no reason was told"
        raise ReplayRefusedError(422, f"it cannot be replayed: {why.removeprefix('replay: ')[:300]}")
    figures: dict[str, Any] = json.loads(output[:LARGEST_OUTPUT])
    return figures
