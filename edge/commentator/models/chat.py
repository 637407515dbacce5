"""A chat model behind an OpenAI-compatible service, as a rung of the model ladder."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncGenerator
from typing import Any

from edge.commentator.clauses import ClauseCutter
from edge.commentator.gate import Gate, Stopped
from edge.commentator.models.request import Clause, ModelRequest
from edge.commentator.reasoning import without_reasoning
from edge.ladder import RungError

log = logging.getLogger(__name__)

WARM_PERIOD_S = 15.0
"""How often an idle connection is used, so that a turn finds it open. Servers close after 30–90 s."""
REQUEST_TIMEOUT_S = 30.0
"""Beyond all budgets of the ladder; it only ends what everybody has given up."""
CONNECT_TIMEOUT_S = 3.0


class ChatModel:
    """
    Args:
        name: of the rung.
        client: an asynchronous client of the ``openai`` or ``groq`` SDK (they are alike), without retries:
            a retry inside the SDK would be dead air that nobody sees.
        options: extra parameters of each request (model, temperature, …).
        blocklist_dir: see ``Gate``.
    """

    def __init__(
        self,
        name: str,
        client: Any,
        options: dict[str, Any],
        *,
        paid: bool = True,
        local: bool = False,
        blocklist_dir: str | None = None,
    ) -> None:
        self.name = name
        self.paid = paid
        self.local = local
        self._client = client
        self._options = options
        self._blocklist_dir = blocklist_dir
        self._warmer: asyncio.Task[None] | None = None
        self._used_mono = 0.0

    async def start(self) -> None:
        self._warmer = asyncio.create_task(self._keep_warm(), name=f"warm {self.name}")

    async def close(self) -> None:
        if self._warmer:
            self._warmer.cancel()
            await asyncio.gather(self._warmer, return_exceptions=True)
        with contextlib.suppress(Exception):
            await self._client.close()

    async def open(self, request: ModelRequest) -> AsyncGenerator[Clause, None]:
        """Stream the reply clause by clause, cleaned by the output gate."""
        gate = Gate(
            request.language,
            prompt=request.system,
            max_chars=request.max_chars,
            blocklist_dir=self._blocklist_dir,
        )
        cutter = ClauseCutter()
        said = request.said
        first_token_mono = 0.0
        try:
            async with contextlib.aclosing(self._content(request)) as content:
                async for token in without_reasoning(content):
                    first_token_mono = first_token_mono or time.monotonic()
                    for clause in cutter.feed(token):
                        if clean := gate.clean(clause, said):
                            said = f"{said} {clean}"
                            yield Clause(clean, first_token_mono)
            if clean := gate.clean(cutter.rest(), said):
                yield Clause(clean, first_token_mono)
        except Stopped as reason:
            log.warning("%s: the reply was stopped: %s", self.name, reason, extra={"RUNG": self.name})

    async def probe(self) -> None:
        """One real, tiny request: a model that lists well may still not answer."""
        request = ModelRequest(language="en", system="Answer with one word.", user="Ready?")
        answered = False
        async with contextlib.aclosing(self._chunks(request)) as chunks:
            async for _ in chunks:
                answered = True  # and read on: a stream that is left early takes its connection with it
        if not answered:
            raise RungError("gave an empty stream")

    async def _content(self, request: ModelRequest) -> AsyncGenerator[str, None]:
        async with contextlib.aclosing(self._chunks(request)) as chunks:
            async for chunk in chunks:
                if text := _content_of(chunk):
                    yield text

    async def _chunks(self, request: ModelRequest) -> AsyncGenerator[Any, None]:
        self._used_mono = time.monotonic()
        try:
            stream = await self._client.chat.completions.create(
                messages=request.messages(), stream=True, **self._options
            )
            async with stream:
                async for chunk in stream:
                    if problem := getattr(getattr(chunk, "x_groq", None), "error", None):
                        raise RungError(f"broke off in mid-stream: {problem}")
                    yield chunk
        except (RungError, asyncio.CancelledError, GeneratorExit):
            raise
        except Exception as error:
            raise as_rung_error(error, str(self._options.get("model"))) from error
        finally:
            self._used_mono = time.monotonic()

    async def _keep_warm(self) -> None:
        """Open the connection at start and keep it open; a service that is away is the ladder's matter."""
        while True:
            if time.monotonic() - self._used_mono >= WARM_PERIOD_S:
                self._used_mono = time.monotonic()
                with contextlib.suppress(Exception):
                    async with asyncio.timeout(CONNECT_TIMEOUT_S * 2):
                        await self._client.models.with_raw_response.list()
            await asyncio.sleep(max(0.5, self._used_mono + WARM_PERIOD_S - time.monotonic()))


def _content_of(chunk: Any) -> str:
    """Text of the content; reasoning stands in fields of its own, which are not read."""
    choices = getattr(chunk, "choices", None)
    delta = getattr(choices[0], "delta", None) if choices else None
    content = getattr(delta, "content", None)
    return content if isinstance(content, str) else ""


def as_rung_error(error: Exception, model: str) -> RungError:
    """What an SDK raised, as one line for the journal with what to do about it."""
    status = getattr(error, "status_code", None)
    if status is None:
        return RungError(f"{type(error).__name__}: {str(error)[:200]}")
    headers = getattr(getattr(error, "response", None), "headers", {})
    if status == 401 or status == 403:
        return RungError(f"{status}: the key was refused; check the API key", permanent=True)
    if status == 404:
        return RungError(
            f"404: model {model!r} is not there; set another model in the configuration", permanent=True
        )
    if status == 429:
        return RungError("429: the rate limit is reached", retry_after_s=_seconds(headers.get("retry-after")))
    return RungError(f"{status}: {str(error)[:200]}", retry_after_s=_seconds(headers.get("retry-after")))


def _seconds(header: str | None) -> float | None:
    try:
        return min(max(float(header or ""), 0.0), 3600.0)
    except ValueError:
        return None
