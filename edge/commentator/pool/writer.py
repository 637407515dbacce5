"""Asks a language model for several remarks at once, on connections of its own."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import NamedTuple

from edge.clock import monotonic
from edge.clouds.causes import Asked
from edge.clouds.json_answer import field, first, json_answer, whole_characters
from edge.clouds.sdk_errors import as_rung_error, without_result
from edge.clouds.usage import usage_of
from edge.commentator.models.chat import ChatService
from edge.commentator.models.chat_chunk import text_and_thoughts
from edge.ladder import RungError
from edge.spending.lines import Note, estimated_tokens, not_counted

TEMPERATURE = 0.9
"""At least: variations are wanted, unlike on the live way, and some models take nothing but 1."""
MAX_TOKENS = 1200
"""Thoughts included."""
LONGEST_REPLY = 24_000
"""Characters, thoughts included: five times what so many tokens have."""
REST_S = 300.0
"""A service that failed is left alone so long, where another one can do the work."""


class Written(NamedTuple):
    """A reply."""

    text: str
    model: str
    """Rung and model."""
    tokens_in: int
    tokens_out: int


class Writer:
    """Asks the first service that works for several remarks at once.

    Args:
        services: best first; never those of the live turns.
        rests: service → why it is left out at present; empty: it is not.
        note: told what each request has used, where it is paid for.
    """

    def __init__(
        self,
        services: Sequence[ChatService],
        rests: Callable[[str], str] = lambda name: "",
        note: Note = not_counted,
    ) -> None:
        self._services = services
        self._rests = rests
        self._note = note
        self._rested_mono: dict[str, float] = {}

    @property
    def can_write(self) -> bool:
        return bool(self._services)

    def wake_all(self) -> None:
        """Try those that rest again."""
        self._rested_mono.clear()

    async def write(self, system: str, user: str) -> Written:
        """The reply of the first service that gives one.

        Raises:
            RungError: none does, or all of them rest.
        """
        error = RungError("all language models rest")
        for service in self._services:
            if self._rests(service.name) or self._rested_mono.get(service.name, 0.0) > monotonic():
                continue
            try:
                return await self._ask(service, system, user)
            except RungError as failure:
                error = failure
                if len(self._services) > 1:
                    self._rested_mono[service.name] = monotonic() + max(REST_S, failure.retry_after_s or 0.0)
        raise error

    async def _ask(self, service: ChatService, system: str, user: str) -> Written:
        temperature = max(TEMPERATURE, service.options.get("temperature", 0.0))
        options = service.options | {"temperature": temperature, service.limit: MAX_TOKENS}
        messages = [{"role": "system", "content": system}, {"role": "user", "content": user}]
        asked = estimated_tokens(len(system) + len(user))
        create = service.client.chat.completions.with_raw_response.create
        try:
            answer = await create(messages=messages, **options)
        except asyncio.CancelledError:
            self._count(service, asked, 0)  # what it had cost by then is not told
            raise
        except Exception as error:
            raise as_rung_error(error, str(options.get("model"))) from error
        reply = json_answer(answer.http_response.content, "a reply")
        content = field(field(first(reply.get("choices")), "message"), "content")
        text = None if content is None else text_and_thoughts(content)[0]
        counted = usage_of(reply.get("usage"))
        tokens_in = counted.tokens_in or asked
        tokens_out = counted.tokens_out or estimated_tokens(len(text or ""))
        self._count(service, tokens_in, tokens_out)
        if text is None:
            told = f"{service.name}: expected a reply with content, got none"
            raise without_result(told, reply, Asked(str(options.get("model"))))
        if len(text) > LONGEST_REPLY:
            raise RungError(f"{service.name}: the reply does not end: {len(text)} characters")
        model = f"{service.name} {options.get('model')}"
        return Written(whole_characters(text), model, tokens_in, tokens_out)

    def _count(self, service: ChatService, tokens_in: int, tokens_out: int) -> None:
        if not service.local:
            self._note(service.name, "ahead", {"tokens_in": tokens_in, "tokens_out": tokens_out})

    async def close(self) -> None:
        for service in self._services:
            with contextlib.suppress(Exception):
                await service.client.close()
