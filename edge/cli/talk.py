"""``shuttle-guide talk``: type what the camera sees, hear the remark, see its time to first audio."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import threading
from collections.abc import AsyncGenerator

from edge.cli.client import GuideClient
from edge.cli.main import MODELS_OF_PRESET
from edge.cli.own_guide import own_guide
from edge.cli.show import console, show_turn
from edge.config import ENV_PREFIX, Settings


def talk(options: argparse.Namespace, settings: Settings) -> int:
    """Until an empty line, ``q`` or Ctrl-D. Starts a guide of its own, so that ``--llm`` is really used."""
    asyncio.run(_talk(options, settings))
    return 0


async def _talk(options: argparse.Namespace, settings: Settings) -> None:
    environment = {f"{ENV_PREFIX}COMMENTATOR__CHATTINESS": "unlimited"}
    model = MODELS_OF_PRESET[options.llm]
    if model is None:
        environment[f"{ENV_PREFIX}COMMENTATOR__MODELS"] = "openai,groq,local"
    else:
        environment[f"{ENV_PREFIX}GROQ__MODEL"] = model
    console.print("Starting the guide …")
    async with own_guide(environment, quiet=True) as (_, client), contextlib.aclosing(_lines()) as lines:
        console.print("What does the camera see? (an empty line ends)")
        async for line in lines:
            await _say(client, line)


async def _say(client: GuideClient, line: str) -> None:
    try:
        show_turn(await client.ask({"text": line}, timeout_s=20.0))
    except TimeoutError:
        console.print(f"(nothing came of it; dropped so far: {client.state.get('dropped', {})})")


async def _lines() -> AsyncGenerator[str, None]:
    """Lines from the terminal, read in a thread that Ctrl-C need not wait for."""
    loop = asyncio.get_running_loop()
    while True:
        line: asyncio.Future[str] = loop.create_future()
        threading.Thread(target=_read_line, args=(loop, line), daemon=True).start()
        if (text := await line) in ("", "q", "quit", "exit"):
            return
        yield text


def _read_line(loop: asyncio.AbstractEventLoop, line: asyncio.Future[str]) -> None:
    try:
        text = input("> ").strip()
    except EOFError:
        text = ""
    with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
        loop.call_soon_threadsafe(_settle, line, text)


def _settle(line: asyncio.Future[str], text: str) -> None:
    if not line.done():
        line.set_result(text)
