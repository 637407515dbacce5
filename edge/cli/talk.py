"""``shuttle-guide talk``: type what the camera sees, hear the remark, see its time to first audio."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import threading
from collections.abc import AsyncGenerator, Sequence

from edge.cli.arguments import MODELS_OF_PRESET
from edge.cli.client import GuideClient
from edge.cli.own_guide import own_guide
from edge.cli.show import console, show_turn
from edge.config import ENV_PREFIX, Settings


def talk(options: argparse.Namespace, settings: Settings) -> int:
    """Ask until an empty line, ``q`` or Ctrl-D. Starts a guide of its own, so that ``--llm`` is used."""
    asyncio.run(_talk(options, settings))
    return 0


async def _talk(options: argparse.Namespace, settings: Settings) -> None:
    environment = {f"{ENV_PREFIX}COMMENTATOR__CHATTINESS": "unlimited"} | models_of(options.llm, settings)
    console.print("Starting the guide …")
    async with own_guide(environment, quiet=True) as (_, client), contextlib.aclosing(_lines()) as lines:
        console.print("What does the camera see? (an empty line ends)")
        async for line in lines:
            await _say(client, line)


def models_of(names: Sequence[str], settings: Settings) -> dict[str, str]:
    """The environment in which these write, best first: services, or presets before the configured order."""
    environment: dict[str, str] = {}
    order: list[str] = []
    for name in names:
        if model := MODELS_OF_PRESET.get(name):
            environment[f"{ENV_PREFIX}SERVICES__GROQ__MODEL"] = model
        else:
            order.append("openai" if name in MODELS_OF_PRESET else name)
    if order:
        behind = settings.commentator.models if MODELS_OF_PRESET.keys() & set(names) else ()
        environment[f"{ENV_PREFIX}COMMENTATOR__MODELS"] = ",".join(dict.fromkeys((*order, *behind)))
    return environment


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
