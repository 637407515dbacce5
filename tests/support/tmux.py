"""A command in a real terminal of a given size: tmux, its screen, its keys and mouse, and its clipboard."""

from __future__ import annotations

import asyncio
import contextlib
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import pytest

PATIENCE_S = 40.0
LOOK_S = 0.05


class TmuxTerminal:
    """One window of a tmux server of its own."""

    def __init__(self, folder: Path) -> None:
        self._socket = folder / "tmux"
        self._exit = folder / "exit"

    def start(self, command: str, environment: Mapping[str, str], size: tuple[int, int], cwd: Path) -> None:
        """Run a command, of which the screen stays when it has ended."""
        columns, rows = size
        own = {**environment, "TERM": "xterm-256color", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
        # A status line would take a row of the window.
        self._tmux(
            *("-f", "/dev/null", "new-session", "-d", "-x", str(columns), "-y", str(rows), "-c", str(cwd)),
            "sleep 1000",
            environment=own,
        )
        for setting in (
            "set -g status off",
            "set -s set-clipboard on",
            "set -g mouse on",
        ):
            self._tmux(*setting.split())
        self._tmux("set", "-g", "default-terminal", "tmux-256color")
        # tmux itself does not always hear of the end.
        told = f"{command}; echo $? > {self._exit}.new; mv {self._exit}.new {self._exit}; sleep 1000"
        self._tmux("respawn-window", "-k", "-c", str(cwd), told)

    def keys(self, *keys: str) -> None:
        """Keys by tmux's names: ``F1``, ``C-a``, ``Enter``."""
        self._tmux("send-keys", *keys)

    def type(self, text: str) -> None:
        self._tmux("send-keys", "-l", text)

    def mouse(self, kind: str, column: int, row: int) -> None:
        """What a terminal sends for ``press``, ``drag`` and ``release`` of the left button; from 0 on."""
        button = {"press": 0, "drag": 32, "release": 0}[kind]
        self.type(f"\x1b[<{button};{column + 1};{row + 1}{'m' if kind == 'release' else 'M'}")

    def resize(self, columns: int, rows: int) -> None:
        self._tmux("resize-window", "-x", str(columns), "-y", str(rows))

    @property
    def screen(self) -> list[str]:
        """Its lines, without blanks at their ends."""
        return [line.rstrip() for line in self._tmux("capture-pane", "-p").stdout.split("\n")[:-1]]

    @property
    def words(self) -> str:
        """The screen as one line, with one blank between its words."""
        return " ".join(" ".join(self.screen).split())

    @property
    def colours(self) -> str:
        """The screen with its colours, as escape sequences."""
        return self._tmux("capture-pane", "-p", "-e").stdout

    @property
    def clipboard(self) -> str:
        """What the command has put there by OSC 52 last; empty: nothing."""
        return self._tmux("show-buffer", check=False).stdout

    @property
    def history(self) -> str:
        """What can be scrolled back to, with the screen."""
        return self._tmux("capture-pane", "-p", "-S", "-").stdout

    @property
    def exit_code(self) -> int | None:
        """None: it still runs."""
        return int(self._exit.read_text() or -1) if self._exit.exists() else None

    async def until(self, fulfilled: Callable[[], bool], what: str = "") -> None:
        """Wait for what the screen, the clipboard or the end shows."""
        deadline = time.monotonic() + PATIENCE_S
        while not fulfilled():
            if time.monotonic() > deadline:
                raise AssertionError(f"waited in vain for {what}:\n" + "\n".join(self.screen))
            await asyncio.sleep(LOOK_S)

    async def until_shown(self, text: str) -> None:
        """Wait for words that may stand on several lines."""
        await self.until(lambda: text in self.words, repr(text))

    def stop(self) -> None:
        self._tmux("kill-server", check=False)

    def _tmux(
        self, *arguments: str, check: bool = True, environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["tmux", "-u", "-S", str(self._socket), *arguments],
            check=check,
            capture_output=True,
            text=True,
            env=None if environment is None else dict(environment),
            timeout=60,
        )


@contextlib.asynccontextmanager
async def in_tmux(
    *arguments: str, environment: Mapping[str, str], folder: Path, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[TmuxTerminal]:
    """Run ``shuttle-guide`` with these arguments; skips the test where there is no tmux."""
    if shutil.which("tmux") is None:
        pytest.skip("no tmux on this machine (Debian and Ubuntu: apt-get install tmux)")
    with tempfile.TemporaryDirectory(prefix="tmux-") as own:
        terminal = TmuxTerminal(Path(own))
        try:
            terminal.start(shlex.join([sys.executable, "-m", "edge", *arguments]), environment, size, folder)
            yield terminal
        finally:
            terminal.stop()
