"""Rungs of both SDKs that ask a server of a test's, and the streams that it sends."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable, Coroutine, Iterator, Sequence
from typing import Any

import pytest

from edge.clouds.clients import groq_client, openai_client
from edge.commentator.forbidden import Forbidden
from edge.commentator.models.chat import ChatModel, ChatService
from edge.commentator.models.request import ModelRequest
from edge.ladder import RungError
from tests.support.raw_http import Answer, RawServer

REQUEST = ModelRequest(language="ru", system="s", user="собака")
DONE = "data: [DONE]\n\n"


class Rungs:
    """Both SDKs' rungs, asking a server of ours."""

    def __init__(self, server: RawServer) -> None:
        self.server = server
        self._clients = {
            "groq": groq_client("key", server.url),
            "openai": openai_client("key", f"{server.url}/v1"),
        }

    async def reply(self, sdk: str, answer: Answer) -> tuple[str, RungError | None]:
        """What is spoken, and how the rung failed."""
        self.server.answer = answer
        spoken: list[str] = []
        try:
            async with asyncio.timeout(20):
                async for clause in self.model(sdk).open(REQUEST):
                    spoken += [clause.text] if clause else []
        except RungError as error:
            return " ".join(spoken), error
        return " ".join(spoken), None

    async def probe(self, sdk: str, answer: Answer) -> None:
        self.server.answer = answer
        await self.model(sdk).probe()

    def model(self, sdk: str, name: str = "") -> ChatModel:
        return ChatModel(
            ChatService(name or sdk, self._clients[sdk], {"model": "m"}, local=True), Forbidden()
        )

    async def close(self) -> None:
        for client in self._clients.values():
            await client.close()


Run = Callable[[Callable[[Rungs], Coroutine[Any, Any, Any]]], Any]


EACH_SDK = pytest.mark.parametrize("sdk", ["groq", "openai"])


@contextlib.contextmanager
def running_rungs() -> Iterator[Run]:
    """Runs work with the rungs, in one event loop for all examples."""
    with asyncio.Runner() as runner:
        stack = contextlib.AsyncExitStack()
        server = runner.run(stack.enter_async_context(RawServer().running()))
        rungs = Rungs(server)
        yield lambda work: runner.run(work(rungs))
        runner.run(rungs.close())
        runner.run(stack.aclose())


def cut_in(body: bytes, sizes: Sequence[int]) -> list[bytes]:
    """The body in pieces of these sizes, again and again."""
    pieces: list[bytes] = []
    at = 0
    while at < len(body):
        size = sizes[len(pieces) % len(sizes)]
        pieces.append(body[at : at + size])
        at += size
    return pieces


def chunk(content: object, reason: object = None, **more: object) -> str:
    choice = {"index": 0, "delta": {"content": content}, "finish_reason": reason} | more
    return f"data: {json.dumps({'choices': [choice]})}\n\n"


def streamed(*tokens: str) -> str:
    return "".join(map(chunk, tokens)) + chunk(None, "stop") + DONE
