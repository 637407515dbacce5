"""``shuttle-guide trigger``: send an event over MQTT and watch its turn."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from edge.bus import watching
from edge.cli.client import GuideClient
from edge.cli.show import console, show_turn
from edge.config import Settings
from edge.messages import Progress
from edge.operator_error import OperatorError
from edge.tasks import cancel_and_wait
from edge.text_file import text_of

LARGEST_EVENT_BYTES = 64 * 1024
"""The guide itself takes a smaller one and says why; this bounds what is read."""


def trigger(options: argparse.Namespace, settings: Settings) -> int:
    """Exit code 0: spoken; 1: it was not, with the reason."""
    turn = asyncio.run(_send(options, settings, _event(options)))
    if turn is None:
        return 1
    if options.as_json:
        print(json.dumps(turn, ensure_ascii=False))
    else:
        show_turn(turn)
    return 0 if turn["outcome"] == "spoken" else 1


def _event(options: argparse.Namespace) -> dict[str, Any]:
    if options.json_file is None:
        if not options.text.strip():
            raise OperatorError("expected what the camera sees, got an empty text")
        return {"text": options.text}
    try:
        event = json.loads(text_of(_content(options.json_file), options.json_file))
    except (ValueError, RecursionError) as error:
        raise OperatorError(f"{options.json_file}: expected a JSON object: {error}") from error
    if not isinstance(event, dict):
        raise OperatorError(f"expected a JSON object in {options.json_file}, got {type(event).__name__}")
    return event


def _content(name: str) -> bytes:
    """What the file holds, which may be a pipe; ``-`` is the standard input."""
    if name == "-":
        content = sys.stdin.buffer.read(LARGEST_EVENT_BYTES + 1)
    else:
        with Path(name).open("rb") as file:
            content = file.read(LARGEST_EVENT_BYTES + 1)
    if len(content) > LARGEST_EVENT_BYTES:
        raise OperatorError(f"{name}: expected an event of at most {LARGEST_EVENT_BYTES} bytes, came more")
    return content


async def _send(
    options: argparse.Namespace, settings: Settings, event: dict[str, Any]
) -> dict[str, Any] | None:
    watch = None if options.as_json else asyncio.create_task(_watch(settings))
    try:
        async with GuideClient(settings) as client:
            await client.wait_ready(5.0)
            dropped_before = client.state.get("dropped", {})
            try:
                return await client.ask(event, leaf=options.topic, timeout_s=options.timeout)
            except TimeoutError:
                dropped = client.state.get("dropped", {})
                news = [reason for reason, count in dropped.items() if count > dropped_before.get(reason, 0)]
                print(
                    f"trigger: no turn within {options.timeout:.0f} s; "
                    f"dropped since then: {', '.join(news) or 'nothing'} (see the guide's journal)",
                    file=sys.stderr,
                )
                return None
    finally:
        await cancel_and_wait(watch)


async def _watch(settings: Settings) -> None:
    """Print the stages as they are reached, where the guide runs on this machine (its feeds are local)."""
    async with watching(settings.runtime_dir, Progress) as messages:
        async for message in messages:
            console.print(f"[dim]{message.since_received_ms:8.1f} ms  {message.stage}[/dim]", highlight=False)
