"""A program that answers HTTP on a port of loopback, for as long as a test wants it."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

PATIENCE_S = 30.0


class Served:
    """Runs while it is entered; ready when its path answers.

    Args:
        command: its output goes into ``log``.
        ready: path that answers 200 when it is; empty: whoever listens is ready.
    """

    def __init__(self, command: Sequence[str | Path], port: int, ready: str, log: Path) -> None:
        self._command, self._port, self._ready, self._log = command, port, ready, log
        self.url = f"http://127.0.0.1:{port}"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        until(self._is_ready, "it to be ready", self.log)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def kill(self) -> None:
        """As by SIGKILL; leaving it is harmless then."""
        assert self._process
        self._process.kill()
        self._process.wait()

    def get(self, path: str, **parameters: Any) -> Any:
        """What it answers, as JSON."""
        return httpx.get(f"{self.url}{path}", params=parameters, timeout=20, trust_env=False).json()

    def text(self, path: str) -> str:
        return httpx.get(f"{self.url}{path}", timeout=20, trust_env=False).text

    def log(self) -> str:
        """What it has written."""
        return self._log.read_text("utf-8", errors="replace")

    def _is_ready(self) -> bool:
        assert self._process
        assert self._process.poll() is None, f"it ended:\n{self.log()[-3000:]}"
        if not self._ready:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._port), timeout=1):
                return True
            return False
        with contextlib.suppress(httpx.HTTPError):
            return httpx.get(f"{self.url}{self._ready}", timeout=5, trust_env=False).status_code == 200
        return False


def until(fulfilled: Any, what: str, log: Any = str, within_s: float = PATIENCE_S) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + within_s
    while not fulfilled():
        time.sleep(0.1)
        assert time.monotonic() < deadline, f"waited in vain for {what}\n{log()[-3000:]}"
