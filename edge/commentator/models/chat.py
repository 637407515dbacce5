"""A chat model behind an OpenAI-compatible service, as a rung of the model ladder."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

from edge.clock import monotonic
from edge.clouds.causes import Asked
from edge.clouds.sdk_errors import as_rung_error, refusal, url_of
from edge.clouds.warm_connection import WarmClient
from edge.commentator.aside import AsideMark
from edge.commentator.clauses import ClauseCutter
from edge.commentator.forbidden import Forbidden
from edge.commentator.gate import Gate, Stopped
from edge.commentator.list_marks import without_list_marks
from edge.commentator.models.chat_chunk import Chunk
from edge.commentator.models.chat_events import StreamEnd, chunks_of
from edge.commentator.models.chat_usage import StreamUsage
from edge.commentator.models.endings import ENDINGS, ends_sentence
from edge.commentator.models.request import ModelRequest, WrittenClause
from edge.commentator.opener_overlap import OpenerOverlap
from edge.commentator.reasoning import without_reasoning
from edge.commentator.repetition import without_repetition
from edge.ladder import RungError
from edge.spending.lines import Note, Purpose, not_counted

log = logging.getLogger(__name__)

PROBE_TOKENS = 16
LONGEST_REPLY = 4000
"""Characters, thoughts and blank space with them; 180 tokens have some 900. A service that keeps no limit is
left there."""
SHORTEST_TOKEN = 4
"""Characters that a token counts as at least, one of a thought too: each costs time."""
CUT_OFF = ("length", "content_filter", "max_tokens", "max_output", "model_length", "safety")
"""How values of ``finish_reason`` begin behind which more would have come."""


class ChatService(NamedTuple):
    """A chat service, with connections of its own."""

    name: str
    client: Any
    """Asynchronous, of the ``openai`` or ``groq`` SDK (they are alike), without retries."""
    options: dict[str, Any]
    """Extra parameters of each request (model, temperature, …)."""
    limit: str = "max_tokens"
    """Name of the option that bounds the output."""
    local: bool = False
    thinks_first: bool = False
    """Replies begin with thoughts that only a closing tag ends."""


class ChatModel:
    """A rung of the model ladder that streams a chat model's reply in clauses.

    Args:
        service: whom to ask. Retries inside its SDK would be dead air that nobody sees.
        forbidden: see ``Gate``.
        note: told what each reply has used, where it is paid for.
    """

    def __init__(
        self,
        service: ChatService,
        forbidden: Forbidden,
        note: Note = not_counted,
    ) -> None:
        self.name = service.name
        self.local = service.local
        self.paid = not service.local
        self._note = note
        self._service = service
        self._client = service.client
        self._forbidden = forbidden
        self._connection = WarmClient(self.name, service.client)

    async def start(self) -> None:
        self._connection.start()

    async def close(self) -> None:
        await self._connection.close()

    async def open(self, request: ModelRequest) -> AsyncGenerator[WrittenClause | None, None]:
        """Stream the reply clause by clause, cleaned by the output gate; between them signs of life.

        A reply that is cut off (by the gate, at the limit of tokens, by the service's own filter) is given a
        proper ending. Whole is what the service says is over, and what HTTP's framing shows as whole. With
        neither, where only the connection's close ends the body, one that stops in mid-sentence has broken
        off.
        """
        gate = Gate(
            self._forbidden,
            prompt=request.system,
            language=request.language,
            facts=request.facts if request.is_answer else None,
        )
        cutter = ClauseCutter()
        said = request.said
        overlap = OpenerOverlap(request.opener if not said else "")
        first_token_mono = 0.0
        ending = _Ending()
        mark = AsideMark()
        try:
            async with contextlib.aclosing(self._content(request, ending)) as content:
                reply = without_reasoning(content, thinking=self._service.thinks_first)
                spoken = without_list_marks(mark.without(reply) if request.may_be_aside else reply)
                heard = f"{request.opener} {said}" if said else ""
                async for token in without_repetition(spoken, heard):
                    first_token_mono = first_token_mono or monotonic()
                    for clause in cutter.feed(token):
                        if clean := overlap.behind(gate.clean(clause, said)):
                            said = f"{said} {clean}"
                            yield WrittenClause(clean, first_token_mono)
                    yield None
            if mark.told:
                if not said:
                    yield WrittenClause("", first_token_mono, is_aside=True)
                return
            clean = "" if ending.cut_off else overlap.behind(gate.clean(cutter.rest(), said))
            if not ending.told and first_token_mono and not ends_sentence(clean or said):
                raise RungError("broke off in mid-sentence without a finish_reason")
            if clean:
                said = f"{said} {clean}"
                yield WrittenClause(clean, first_token_mono)
        except Stopped as reason:
            ending.cut_off = True
            request.refused.append(f"{self.name}: {reason}")
            log.warning("%s: the reply was stopped: %s", self.name, reason, extra={"RUNG": self.name})
        if ending.cut_off and said != request.said and not ends_sentence(said):
            yield WrittenClause(ENDINGS[request.language], first_token_mono)

    async def probe(self) -> None:
        """One real, tiny request: a model that lists well may still not answer."""
        request = ModelRequest(language="en", system="Answer with one word.", user="Ready?")
        answered = False
        limit = {self._service.limit: PROBE_TOKENS}
        async with contextlib.aclosing(self._chunks(request, "probe", limit)) as chunks:
            async for chunk in chunks:
                answered |= chunk != Chunk()  # and read on: one left early takes its connection with it
        if not answered:
            raise RungError("gave an empty stream")

    async def _content(self, request: ModelRequest, ending: _Ending) -> AsyncGenerator[str, None]:
        left = LONGEST_REPLY
        async with contextlib.aclosing(self._chunks(request, request.purpose, ending=ending)) as chunks:
            async for chunk in chunks:
                text = chunk.text
                left -= max(len(text), SHORTEST_TOKEN)
                if left < 0:
                    what = f"more than {LONGEST_REPLY} characters, its thoughts with them"
                    raise RungError(f"the reply does not end: {what}")
                ending.cut_off |= (chunk.finish_reason or "").startswith(CUT_OFF)
                if text:
                    yield text

    async def _chunks(
        self,
        request: ModelRequest,
        purpose: Purpose,
        options: Mapping[str, Any] = MappingProxyType({}),
        ending: _Ending | None = None,
    ) -> AsyncGenerator[Chunk, None]:
        self._connection.used()
        model = str(self._service.options.get("model"))
        end = StreamEnd()
        cancelled = False
        body: dict[str, Any] = {"messages": request.messages()}
        if self.paid:
            body["stream_options"] = {"include_usage": True}
        usage = StreamUsage(sum(len(message["content"]) for message in body["messages"]))
        try:
            # What is given as ``messages`` the SDK compares with each kind of message that there is, which is
            # a quarter of the time until the request leaves. The extra body is taken as it is.
            stream = await self._client.chat.completions.create(
                messages=[],
                stream=True,
                extra_body=body,
                **{**self._service.options, **options},
            )
            async with (
                stream,
                contextlib.aclosing(chunks_of(stream.response.aiter_bytes(), end)) as chunks,
            ):
                async for chunk in chunks:
                    usage.take(chunk)
                    if (problem := chunk.problem) and not end.told:
                        asked = Asked(model, url=url_of(stream.response))
                        raise refusal("broke off in mid-stream", {"error": problem}, asked, None)
                    yield chunk
                    await asyncio.sleep(0)  # many may lie ready, and others shall get their turn
            if ending:
                ending.told = end.told or _is_framed(stream.response)
        except RungError:
            raise
        except (asyncio.CancelledError, GeneratorExit):
            cancelled = True
            raise
        except Exception as error:
            raise as_rung_error(error, model) from error
        finally:
            self._connection.used()
            if not end.is_read:
                self._connection.lost()
            if self.paid and (amounts := usage.amounts(cancelled=cancelled)):
                request.trail.beside(self._note)(self.name, purpose, amounts)


def _is_framed(response: Any) -> bool:
    """True where HTTP tells a body's end, so that one that was cut is not taken for a whole one."""
    headers = getattr(response, "headers", {})
    return "content-length" in headers or "chunked" in headers.get("transfer-encoding", "").lower()


@dataclass
class _Ending:
    """How the reply ended."""

    told: bool = False
    """By the service, or by HTTP."""
    cut_off: bool = False
    """Before its own end."""
