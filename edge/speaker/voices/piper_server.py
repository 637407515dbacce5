"""One ``piper.http_server`` process: started, watched, restarted, and ended with us.

Piper is GPL-3.0-or-later, so it stays at arm's length: a program of its own, asked over HTTP on loopback.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import sys
from asyncio.subprocess import Process
from collections.abc import Callable
from pathlib import Path

import httpx

from edge.clouds.bounded_answers import PLAIN
from edge.error_lines import reason_of
from edge.free_port import free_port
from edge.ladder.rung import RungError
from edge.messages import Language
from edge.speaker.voices.clausewise import SoundBytes
from edge.speaker.voices.kept_program import KeptProgram, LastLines, running

HOST = "127.0.0.1"
LOAD_TIMEOUT_S = 60.0
"""Loading a model takes seconds on a Jetson with a cold disk."""
POLL_S = 0.1
SYNTHESIS_TIMEOUT_S = 20.0
HIGHEST_SAMPLE_RATE = 48_000
"""Hz, of Piper voices; most have 22,050."""
MISSING_PACKAGE = "Piper is not installed: pip install 'shuttle-guide[piper]'"
WARM_UP_TEXT = "1."
"""The first inference is slow, so it is one that nobody hears."""


class PiperServer:
    """Serves one model at any free port, chosen anew at each start."""

    def __init__(self, model: Path, *, speed: float) -> None:
        self._model = model
        self._options = {} if speed == 1.0 else {"length_scale": 1.0 / speed}
        self._program: KeptProgram[str] = KeptProgram(
            "Piper's server", self._run_once, self.require_installed
        )
        self._turn = asyncio.Lock()
        """One inference uses all cores already; a second beside it would only delay the first."""
        self._http = httpx.AsyncClient(timeout=SYNTHESIS_TIMEOUT_S, trust_env=False)

    def start(self) -> None:
        """Begin to keep the process running; does nothing when it already is."""
        self._program.start()

    async def close(self) -> None:
        await self._program.close()
        await self._http.aclose()

    async def ready(self) -> str:
        """Give its address once it answers. Raises ``RungError`` when it is known that it cannot."""
        return await self._program.ready()

    def require_installed(self) -> None:
        """Raises ``RungError`` when the package or the model is missing."""
        if any(importlib.util.find_spec(name) is None for name in ("piper", "flask")):
            raise RungError(MISSING_PACKAGE, permanent=True)
        for path in (self._model, Path(f"{self._model}.json")):
            if not path.is_file():
                raise RungError(f"Piper voice not found: {path} (piper.voices names it)", permanent=True)

    async def synthesize(self, text: str, language: Language) -> bytes:
        """The WAV file of ``text``; raises ``RungError``."""
        url = await self.ready()
        body = SoundBytes("Piper", text, language, HIGHEST_SAMPLE_RATE)
        try:
            async with self._turn, self._ask(f"{url}/synthesize", text) as response:
                async for part in response.aiter_bytes():
                    body.add(part)
        except httpx.HTTPError as error:
            raise RungError(f"Piper did not answer: {reason_of(error)}") from error
        if response.status_code != 200:
            raise RungError(f"Piper answered {response.status_code}")
        return body.whole

    def _ask(self, url: str, text: str) -> contextlib.AbstractAsyncContextManager[httpx.Response]:
        return self._http.stream("POST", url, json={"text": text, **self._options}, headers=PLAIN)

    async def _run_once(self, answers: Callable[[str], None]) -> None:
        """Start the process and return when it has ended; raises when it never answered."""
        url = f"http://{HOST}:{(port := free_port())}"
        command = (sys.executable, "-P", "-m", "piper.http_server", "--host", HOST, "--port", str(port))
        async with running(
            *command, "--model", str(self._model.absolute()), cwd=self._model.parent
        ) as started:
            process, last_words = started
            await self._wait_until_loaded(process, url, last_words)
            answers(url)
            await process.wait()

    async def _wait_until_loaded(self, process: Process, url: str, last_words: LastLines) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOAD_TIMEOUT_S):
                while process.returncode is None:
                    with contextlib.suppress(httpx.HTTPError):
                        async with self._ask(f"{url}/synthesize", WARM_UP_TEXT) as answer:
                            loaded = answer.status_code == 200 and process.returncode is None
                        if loaded:
                            return
                    await asyncio.sleep(POLL_S)
        said = str(last_words)
        raise RungError(f"Piper's server did not start with {self._model}: {said or 'no answer'}")
