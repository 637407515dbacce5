"""Draws what passengers and the guide say, into as many lines as a terminal has. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from edge.desk.conversation import ConversationLog, ShownExchange
from edge.ingest.parsed import printable
from edge.listener.level import FLOOR_DBFS
from edge.messages import Stage

INTERIM, FINAL, GUIDE, SIDE, TROUBLE = "bright_black", "bright_white", "cyan", "bright_black", "yellow"
"""Styles: what may still change is grey, what was said is white."""
BAR_CELLS = 16
QUIETEST_DBFS = -60.0
"""Below it the meter shows nothing; a microphone's own noise is about there."""
SHOWN_STAGES: tuple[Stage, ...] = ("transcript", "verified", "first_token", "first_text", "first_sample")
"""What is shown of an exchange; the others are told by ``shuttle-guide trigger`` and the journal."""


def meter(level_dbfs: float, cells: int = BAR_CELLS) -> Text:
    """A bar of so many cells."""
    share = min(1.0, max(0.0, 1 - level_dbfs / QUIETEST_DBFS))
    full = round(share * cells)
    colour = "red" if level_dbfs > -3 else "yellow" if level_dbfs > -12 else "green"
    return Text.assemble(("█" * full, colour), ("·" * (cells - full), SIDE))


def level_line(level_dbfs: float | None, note: str = "") -> Text:
    """The meter with its figure, and what else is to be said about the microphone."""
    level = FLOOR_DBFS if level_dbfs is None else level_dbfs
    figure = " silent" if level <= FLOOR_DBFS else f"{level:4.0f} dB"
    return Text.assemble(meter(level), f"{figure}  ", note)


class ConversationScreen:
    """One state of the log as the lines of a screen, the newest at the bottom.

    Args:
        log: what has come so far.
        now_mono: what was not told for long before that counts no more.
        notes: what is to be known about this screen, one line each.
    """

    def __init__(self, log: ConversationLog, now_mono: float, notes: tuple[str, ...] = ()) -> None:
        self._log = log
        self._now_mono = now_mono
        self._notes = notes

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        height = options.height or console.height
        head = [line for text in self._head() for line in wrapped(console, text, options.max_width)]
        body: list[Text] = []
        width = options.max_width
        for exchange in reversed(self._log.exchanges):
            if len(body) >= height - len(head):
                break
            lines = [line for text in exchange_lines(exchange) for line in wrapped(console, text, width)]
            body = lines + body
        room = max(0, height - len(head))
        yield Text("\n").join([*head[:height], *(body[-room:] if room else [])])

    def _head(self) -> Iterator[Text]:
        hearing, listener = self._log.hearing(self._now_mono), self._log.listener(self._now_mono)
        if hearing is None:
            yield Text("nobody tells what is heard: does a guide run here? (shuttle-guide doctor)", TROUBLE)
        else:
            marks = [
                *(["somebody speaks"] if hearing.speaking else []),
                *(["over the guide"] if hearing.barge_in else []),
                *(["the microphone hears nothing of the guide"] if hearing.guide_heard is False else []),
            ]
            yield level_line(hearing.level_dbfs, ", ".join(marks))
        if listener is not None:
            yield Text(printable(listener.status), SIDE if listener.ready else TROUBLE)
        for note in self._notes:
            yield Text(note, SIDE)


def exchange_lines(exchange: ShownExchange) -> Iterator[Text]:
    """What was said, who was meant, what was answered, and when."""
    yield from heard_lines(exchange)
    yield from said_lines(exchange)


def heard_lines(exchange: ShownExchange) -> Iterator[Text]:
    """What a passenger said, and who was meant; nothing where nobody did."""
    if not exchange.heard:
        return
    meant = ""
    if exchange.final:
        meant = "  → guide" if exchange.addressed else "  not for the guide"
        meant += f" ({exchange.occasion})" if exchange.occasion else ""
    yield Text.assemble(
        (f"{exchange.language or '??'} ", SIDE),
        (printable(exchange.heard), FINAL if exchange.final else INTERIM),
        (meant, GUIDE if exchange.addressed else SIDE),
    )


def said_lines(exchange: ShownExchange) -> Iterator[Text]:
    """What the guide says, and when which stage was reached."""
    if exchange.said or exchange.ended:
        who = "" if exchange.kind in ("", "answer") else f"{exchange.kind}: "
        end = "" if exchange.ended in ("", "spoken") else f"  {exchange.ended}"
        words = (printable(exchange.said) or "(nothing was heard)", GUIDE)
        yield Text.assemble(("   guide ", SIDE), (who, SIDE), words, (printable(end), TROUBLE))
    if (exchange.addressed or exchange.said) and (told := stages_line(exchange)):
        yield Text(f"   {told}", SIDE)


def stages_line(exchange: ShownExchange) -> str:
    """When it reached its stages, in whole milliseconds."""
    reached = exchange.stages_ms
    return "  ".join(f"{stage} {reached[stage]:.0f}" for stage in SHOWN_STAGES if stage in reached)


def wrapped(console: Console, text: Text, width: int) -> list[Text]:
    """The lines that a text takes on a screen of this width; at least one."""
    if cell_len(text.plain) <= width:
        return [text]
    return list(text.wrap(console, width))
