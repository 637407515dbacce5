"""One ``piper.http_server`` process: started, watched, restarted, and ended with us.

Piper is GPL-3.0-or-later, so it stays at arm's length: a program of its own, asked over HTTP on loopback.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import importlib.util
import os
import socket
import sys
from collections.abc import Iterable
from pathlib import Path

import httpx

from edge.backoff import Backoff
from edge.clouds.bounded_answers import PLAIN
from edge.config.child_environment import without_secrets
from edge.error_lines import one_line, reason_of
from edge.ladder.rung import RungError
from edge.messages import Language
from edge.speaker.voices import die_with_parent
from edge.speaker.voices.clausewise import SoundBytes
from edge.tasks import cancel_and_wait

HOST = "127.0.0.1"
LOAD_TIMEOUT_S = 60.0
"""Loading a model takes seconds on a Jetson with a cold disk."""
POLL_S = 0.1
SYNTHESIS_TIMEOUT_S = 20.0
RESTART_FIRST_S = 0.5
RESTART_MAX_S = 60.0
HIGHEST_SAMPLE_RATE = 48_000
"""Hz, of Piper voices; most have 22,050."""
MISSING_PACKAGE = "Piper is not installed: pip install 'shuttle-guide[piper]'"
WARM_UP_TEXT = "1."
"""The first inference is slow, so it is one that nobody hears."""


class PiperServer:
    """Serves one model at any free port, chosen anew at each start."""

    def __init__(self, model: Path, *, speed: float = 1.0) -> None:
        self._model = model
        self._options = {} if speed == 1.0 else {"length_scale": 1.0 / speed}
        self._keeper: asyncio.Task[None] | None = None
        self._url: str | None = None
        self._failure: RungError | None = None
        self._changed = asyncio.Event()
        self._turn = asyncio.Lock()
        """One inference uses all cores already; a second beside it would only delay the first."""
        self._http = httpx.AsyncClient(timeout=SYNTHESIS_TIMEOUT_S, trust_env=False)

    def start(self) -> None:
        """Begin to keep the process running; does nothing when it already is."""
        if self._keeper is None:
            self._keeper = asyncio.create_task(self._keep_running())

    async def close(self) -> None:
        await cancel_and_wait(self._keeper)
        self._keeper = None
        await self._http.aclose()

    async def ready(self) -> None:
        """Return when it answers. Raises ``RungError`` when it is known that it cannot be started."""
        self.require_installed()
        self.start()
        while self._url is None:
            if self._failure:
                raise self._failure.with_traceback(None)
            await self._changed.wait()

    def require_installed(self) -> None:
        """Raises ``RungError`` when the package or the model is missing."""
        if any(importlib.util.find_spec(name) is None for name in ("piper", "flask")):
            raise RungError(MISSING_PACKAGE, permanent=True)
        for path in (self._model, Path(f"{self._model}.json")):
            if not path.is_file():
                raise RungError(f"Piper voice not found: {path} (piper.voices names it)", permanent=True)

    async def synthesize(self, text: str, language: Language) -> bytes:
        """The WAV file of ``text``; raises ``RungError``."""
        await self.ready()
        body = SoundBytes("Piper", text, language, HIGHEST_SAMPLE_RATE)
        try:
            async with self._turn, self._ask(f"{self._url}/synthesize", text) as response:
                async for part in response.aiter_bytes():
                    body.add(part)
        except httpx.HTTPError as error:
            raise RungError(f"Piper did not answer: {reason_of(error)}") from error
        if response.status_code != 200:
            raise RungError(f"Piper answered {response.status_code}")
        return body.whole

    def _ask(self, url: str, text: str) -> contextlib.AbstractAsyncContextManager[httpx.Response]:
        return self._http.stream("POST", url, json={"text": text, **self._options}, headers=PLAIN)

    async def _keep_running(self) -> None:
        backoff = Backoff(RESTART_FIRST_S, RESTART_MAX_S)
        while True:
            try:
                self.require_installed()
                await self._run_once()
                backoff.reset()
                failure = RungError("Piper's server has ended and is being restarted")
            except (RungError, OSError) as error:
                failure = error if isinstance(error, RungError) else RungError(f"Piper: {reason_of(error)}")
            self._tell(None, failure)
            await asyncio.sleep(backoff.next_s())

    async def _run_once(self) -> None:
        """Start the process and return when it has ended; raises when it never answered."""
        port = _free_port()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", die_with_parent.__file__, str(os.getpid())),
            *(sys.executable, "-P", "-m", "piper.http_server", "--host", HOST, "--port", str(port)),
            *("--model", str(self._model.absolute())),
            cwd=self._model.parent,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env=without_secrets(),
        )
        assert process.stderr is not None
        last_words: collections.deque[str] = collections.deque(maxlen=3)
        listening = asyncio.create_task(_read_lines(process.stderr, last_words))
        try:
            await self._wait_until_loaded(process, f"http://{HOST}:{port}", last_words)
            await process.wait()
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
            listening.cancel()

    async def _wait_until_loaded(
        self, process: asyncio.subprocess.Process, url: str, last_words: Iterable[str]
    ) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOAD_TIMEOUT_S):
                while process.returncode is None:
                    with contextlib.suppress(httpx.HTTPError):
                        async with self._ask(f"{url}/synthesize", WARM_UP_TEXT) as answer:
                            loaded = answer.status_code == 200 and process.returncode is None
                        if loaded:
                            self._tell(url, None)
                            return
                    await asyncio.sleep(POLL_S)
        said = one_line(" | ".join(last_words))
        raise RungError(f"Piper's server did not start with {self._model}: {said or 'no answer'}")

    def _tell(self, url: str | None, failure: RungError | None) -> None:
        self._url, self._failure = url, failure
        self._changed.set()
        self._changed = asyncio.Event()


async def _read_lines(stream: asyncio.StreamReader, last_words: collections.deque[str]) -> None:
    """Keep the process's last words, and its pipe empty."""
    while data := await stream.read(4096):
        last_words.extend(line for line in data.decode("utf-8", "replace").splitlines() if line.strip())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
