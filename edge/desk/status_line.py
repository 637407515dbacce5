"""The desk's status line, as much of it as the window has room for. Pure."""

from __future__ import annotations

from typing import NamedTuple

from rich.cells import cell_len
from rich.text import Text

from edge.desk.conversation_screen import SIDE, TROUBLE, meter
from edge.dictation.link_state import LinkState
from edge.sound.device_state import DeviceState

AUTO = "auto"
"""The server finds the language out."""
METER_CELLS = 6
KEYS = "F1 dictate  F2 language  F3 copy  F5 send  ^Q quit"
KEYS_SHORT = "F1 F2 F3 F5 ^Q"


class DeskStatus(NamedTuple):
    """What the line tells."""

    dictating: bool
    link: LinkState
    microphone: DeviceState
    level_dbfs: float
    note: str = ""
    """What has just happened; it goes before the keys."""
    language: str = AUTO
    """What is dictated."""
    language_trouble: str = ""
    """Why it does not count."""


def trouble_of(status: DeskStatus) -> str:
    """Why nothing is understood, or in another language, in words; empty: it is, or nobody dictates."""
    if status.dictating and status.link.name != "connected":
        return f"server {status.link.told}"
    if status.dictating and status.microphone.name != "open" and status.microphone.reason:
        return f"microphone: {status.microphone.reason}"
    return f"{status.language}: {status.language_trouble}" if status.language_trouble else ""


def status_line(status: DeskStatus, width: int) -> Text:
    """One line of at most ``width`` cells: dictation, trouble or note, and the keys where there is room."""
    line = Text(no_wrap=True, overflow="ellipsis")
    if status.dictating:
        line.append("● ", "bold red").append_text(meter(status.level_dbfs, METER_CELLS)).append(" ")
    else:
        line.append("○ off ", SIDE)
    trouble = trouble_of(status)
    if not trouble or status.language != AUTO:  # where little room is the reason needs it
        line.append(f"{status.language} ", SIDE)
    line.append(trouble or status.note, TROUBLE if trouble else "")
    for keys in (KEYS, KEYS_SHORT):
        gap = width - cell_len(line.plain) - cell_len(keys)
        if gap >= 1:
            line.append(" " * gap).append(keys, SIDE)
            break
    line.truncate(width, overflow="ellipsis")
    return line


def newest_words(text: str, width: int) -> str:
    """The end of what is being said, on a line: what was said last is looked at."""
    if cell_len(text) <= width:
        return text
    while text and cell_len(text) > width - 1:
        text = text[1:]
    return f"…{text}"
