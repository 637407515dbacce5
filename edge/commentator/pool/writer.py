"""Asks a language model for several remarks at once, on connections of its own."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from edge.clock import monotonic
from edge.clouds.json_answer import field, first, json_answer, whole_characters
from edge.clouds.sdk_errors import as_rung_error
from edge.commentator.models.chat import ChatService
from edge.foreign_numbers import finite
from edge.ladder import RungError

TEMPERATURE = 0.9
"""Variations are wanted, unlike on the live way."""
MAX_TOKENS = 1200
"""Thoughts included."""
LONGEST_REPLY = 24_000
"""Characters, thoughts included: five times what so many tokens have."""
REST_S = 300.0
"""A service that failed is left alone so long, where another one can do the work."""
MOST_TOKENS = 10_000_000
"""A reply's limit. A service that counts more has not counted."""
CHARS_PER_TOKEN = 3
"""For what a service does not count; fewer than usual, so that more is counted than was used."""


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
    """

    def __init__(
        self, services: Sequence[ChatService], rests: Callable[[str], str] = lambda name: ""
    ) -> None:
        self._services = services
        self._rests = rests
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
                return await _ask(service, system, user)
            except RungError as failure:
                error = failure
                if len(self._services) > 1:
                    self._rested_mono[service.name] = monotonic() + max(REST_S, failure.retry_after_s or 0.0)
        raise error

    async def close(self) -> None:
        for service in self._services:
            with contextlib.suppress(Exception):
                await service.client.close()


def estimated_tokens(*texts: str) -> int:
    """The tokens of texts where nobody has counted them."""
    return sum(len(text) for text in texts) // CHARS_PER_TOKEN


def _counted(usage: Any, name: str) -> int:
    """What a service counted; 0: nothing that could be."""
    tokens = finite(field(usage, name))
    return int(tokens) if tokens is not None and 0 < tokens <= MOST_TOKENS else 0


async def _ask(service: ChatService, system: str, user: str) -> Written:
    options = service.options | {"temperature": TEMPERATURE, service.limit: MAX_TOKENS}
    messages = [{"role": "system", "content": system}, {"role": "user", "content": user}]
    try:
        answer = await service.client.chat.completions.with_raw_response.create(messages=messages, **options)
    except Exception as error:
        raise as_rung_error(error, str(options.get("model"))) from error
    reply = json_answer(answer.http_response.content, "a reply")
    text = field(field(first(reply.get("choices")), "message"), "content")
    if not isinstance(text, str):
        raise RungError(f"{service.name}: expected a reply with content, got none")
    if len(text) > LONGEST_REPLY:
        raise RungError(f"{service.name}: the reply does not end: {len(text)} characters")
    usage = reply.get("usage")
    return Written(
        whole_characters(text),
        f"{service.name} {options.get('model')}",
        _counted(usage, "prompt_tokens") or estimated_tokens(system, user),
        _counted(usage, "completion_tokens") or estimated_tokens(text),
    )
