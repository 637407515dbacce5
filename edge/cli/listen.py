"""``shuttle-guide listen``: see what the guide hears, understands and answers, as it happens."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
import time

from rich.live import Live

from edge.bus import watching
from edge.cli.show import console
from edge.config import Settings
from edge.desk.conversation import NEWS, ConversationLog, ShownExchange
from edge.desk.conversation_screen import ConversationScreen, heard_lines, said_lines
from edge.messages import Caption, Turn
from edge.operator_error import OperatorError
from edge.tasks import cancel_and_wait

REFRESH_S = 0.125


def listen(options: argparse.Namespace, settings: Settings) -> int:
    """Exit code 0: the time was over or Ctrl-C came; 1: it cannot be, with the reason."""
    with contextlib.suppress(KeyboardInterrupt):
        if options.server is not None:
            from edge.cli.listen_to_server import listen_to_server

            return listen_to_server(options, settings)
        if not sys.stdout.isatty() and not settings.telemetry.answer_text:
            raise OperatorError(
                "what passengers say is shown on a terminal and kept nowhere; into a file or a pipe it goes "
                "only with telemetry.answer_text (docs/privacy.md)"
            )
        asyncio.run(_watch(options, settings))
    return 0


async def _watch(options: argparse.Namespace, settings: Settings) -> None:
    log = ConversationLog()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(options.seconds), watching(settings.runtime_dir, *NEWS) as messages:
            drawing = asyncio.create_task(_draw(log, _notes(settings))) if sys.stdout.isatty() else None
            try:
                async for news in messages:
                    exchange = log.take(news, time.monotonic())
                    if exchange is not None and drawing is None:
                        _print(exchange, news)
            finally:
                await cancel_and_wait(drawing)


def _print(exchange: ShownExchange, news: object) -> None:
    """What is whole by this news, a line each."""
    lines = heard_lines(exchange) if isinstance(news, Caption) and news.final else iter(())
    if isinstance(news, Turn):
        lines = said_lines(exchange)
    for line in lines:
        print(line.plain, flush=True)


async def _draw(log: ConversationLog, notes: tuple[str, ...]) -> None:
    """The terminal's other screen, so that nothing stays in what can be scrolled back to."""
    with Live(console=console, screen=True, auto_refresh=False) as live:
        while True:
            live.update(ConversationScreen(log, time.monotonic(), notes), refresh=True)
            await asyncio.sleep(REFRESH_S)


def _notes(settings: Settings) -> tuple[str, ...]:
    kept = "Ctrl-C ends it; nothing of it is kept"
    if settings.listener.captions:
        return (kept,)
    return (kept, "listener.captions is off: what is said is not told, only how it is answered")
