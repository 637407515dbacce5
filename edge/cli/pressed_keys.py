"""Single keys of a terminal, while something is drawn there."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import termios
import tty
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def pressed_keys(on_key: Callable[[str], None]) -> Iterator[None]:
    """Each key that is pressed, at once and without being shown; Ctrl-C is still a signal.

    Nothing where the standard input is no terminal. To be used in an event loop.
    """
    if not sys.stdin.isatty():
        yield
        return
    terminal, loop = sys.stdin.fileno(), asyncio.get_running_loop()

    def read() -> None:
        pressed = os.read(terminal, 1024).decode("utf-8", "replace")
        if not pressed:  # the terminal is gone
            loop.remove_reader(terminal)
        for key in pressed:
            on_key(key)

    before = termios.tcgetattr(terminal)
    tty.setcbreak(terminal)
    loop.add_reader(terminal, read)
    try:
        yield
    finally:
        loop.remove_reader(terminal)
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)
