"""Services that are nearly OpenAI-compatible: what they send whole is spoken whole, whatever their manner."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.clouds.chat_wire import sse
from bench.clouds.manner import SIGNS_OF_LIFE, Manner, Wire
from edge.clouds.clients import groq_client, openai_client
from edge.commentator.forbidden import Forbidden
from edge.commentator.models.chat import ChatModel, ChatService
from edge.commentator.models.chat_chunk import chunk_of
from edge.commentator.models.chat_events import LARGEST_EVENT_BYTES, chunks_of
from edge.commentator.models.endings import ENDINGS
from edge.commentator.models.request import ModelRequest
from edge.ladder import Ladder, RungError
from edge.ladder.limits import LadderLimits
from tests.support.raw_http import Answer, Framing, RawServer

SENTENCES = (
    "Слева собака, и она не торопится.",
    "Ой, смотрите!",
    "Храм Тири старше нас всех.",
    "Тут крабы быстрее шаттла 😀.",
    "Кафе Café открыто, резюме не нужно.",
    "Волна высокая: держитесь, господа!",
)
REQUEST = ModelRequest(language="ru", system="s", user="собака")


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


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    """Runs work with the rungs, in one event loop for all examples."""
    with asyncio.Runner() as runner:
        stack = contextlib.AsyncExitStack()
        server = runner.run(stack.enter_async_context(RawServer().running()))
        rungs = Rungs(server)
        yield lambda work: runner.run(work(rungs))
        runner.run(rungs.close())
        runner.run(stack.aclose())


EACH_SDK = pytest.mark.parametrize("sdk", ["groq", "openai"])


def body_of(manner: Manner, content: str, token_chars: int = 7) -> bytes:
    if not manner.streamed:
        choice = {"message": {"role": "assistant", "content": content}, "finish_reason": "stop"}
        return json.dumps({"choices": [choice]}, ensure_ascii=manner.ascii).encode()
    wire = Wire(manner)
    tokens = [content[at : at + token_chars] for at in range(0, len(content), token_chars)]
    deltas: list[dict[str, str]] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": token} for token in tokens]
    chunks: list[Any] = [{"choices": [{"delta": delta, "finish_reason": None}]} for delta in deltas]
    chunks += [{"choices": [{"delta": {}, "finish_reason": "stop"}]}, {"choices": [], "usage": {}}]
    return wire.begin() + b"".join(map(wire.event, chunks)) + wire.done()


def cut_in(body: bytes, sizes: Sequence[int]) -> list[bytes]:
    """The body in pieces of these sizes, again and again."""
    pieces, at = [], 0
    while at < len(body):
        size = sizes[len(pieces) % len(sizes)]
        pieces.append(body[at : at + size])
        at += size
    return pieces


CONTENTS = st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=2, unique=True).map(" ".join)
SIZES = st.lists(st.sampled_from([1, 2, 3, 11, 190, 4000]), min_size=1, max_size=4)
MANNERS = st.builds(
    Manner,
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
    bom=st.booleans(),
    between=st.lists(st.sampled_from(SIGNS_OF_LIFE), max_size=6).map(tuple),
    fields=st.lists(
        st.sampled_from(["id: {}", "event: message", ": comment", "retry: 3000", "id"]), max_size=3
    ).map(tuple),
    blank=st.sampled_from(["", " ", "  "]),
    many_lines=st.booleans(),
    ascii=st.booleans(),
    content=st.sampled_from(["text", "parts", "parts with thoughts", "message"]),
    reason=st.sampled_from(["as it is", "missing", "empty", "null", "unknown"]),
    done=st.sampled_from(["data: [DONE]\n\n", "data:[DONE]\n\n", "data: [DONE]", "", ": bye\n\n"]),
    streamed=st.sampled_from([True, True, True, False]),
)


@EACH_SDK
@given(
    manner=MANNERS,
    content=CONTENTS,
    token_chars=st.sampled_from([4, 7, 40]),
    sizes=SIZES,
    framing=st.sampled_from(["chunked", "length", "close"]),
    full_stop=st.booleans(),
)
@settings(max_examples=30)
def test_whatever_its_manner_what_is_sent_is_spoken(
    run: Run,
    sdk: str,
    manner: Manner,
    content: str,
    token_chars: int,
    sizes: list[int],
    framing: Framing,
    full_stop: bool,
) -> None:
    is_told = manner.reason in ("as it is", "unknown") or "DONE" in manner.done or not manner.streamed
    if not full_stop and (is_told or framing != "close"):
        content = content.rstrip(".!")
    answer = Answer(cut_in(body_of(manner, content, token_chars), sizes), framing)
    spoken, error = run(lambda rungs: rungs.reply(sdk, answer))
    assert error is None
    assert spoken == as_spoken(content)


def as_spoken(content: str) -> str:
    """What the gate leaves of it: its own matter."""
    return " ".join(content.replace(" 😀", "").split())


@EACH_SDK
@given(
    manner=MANNERS,
    content=CONTENTS,
    sizes=SIZES,
    framing=st.sampled_from(["chunked", "length"]),
    cut=st.sampled_from(["reset", "closed"]),
    share=st.floats(0, 1),
)
@settings(max_examples=25)
def test_what_http_shows_as_cut_is_a_beginning_and_has_failed_unless_it_was_told_to_be_over(
    run: Run, sdk: str, manner: Manner, content: str, sizes: list[int], framing: Any, cut: Any, share: float
) -> None:
    body = body_of(replace(manner, streamed=True), content)
    answer = Answer(cut_in(body[: int(share * len(body))], sizes), framing, cut)
    spoken, error = run(lambda rungs: rungs.reply(sdk, answer))
    assert as_spoken(content).startswith(spoken)
    assert error is not None or spoken == as_spoken(content)


# --- the cases, one by one ---


def chunk(content: object, reason: object = None, **more: object) -> str:
    choice = {"index": 0, "delta": {"content": content}, "finish_reason": reason} | more
    return f"data: {json.dumps({'choices': [choice]})}\n\n"


A, B, DONE = chunk("Слева "), chunk("собака", "stop"), "data: [DONE]\n\n"
EVENT_A, EVENT_B = A.removesuffix("\n\n"), B.removesuffix("\n\n")
HARMONY = ["<|channel|>", "analysis", "<|message|>", "We need one short joke. ", "<|end|>", "<|start|>"]
HARMONY += ["assistant", "<|channel|>", "final", "<|message|>"]


def streamed(*tokens: str) -> str:
    return "".join(map(chunk, tokens)) + chunk(None, "stop") + DONE


WHOLE = {
    "retry first": f"retry: 3000\n\n{A}{B}{DONE}",
    "empty data": f"{A}data:\n\n{B}{DONE}",
    "a ping first": f"event: ping\n\n{A}{B}{DONE}",
    "ids and comments": f"id: 1\n{A}: keep-alive\n\nid: 2\n{B}",
    "ids and doubled lines": f"id: 1\n{A}\n\nid: 2\n{B}\n",
    "comments": f": ping\n\n{A}{B}{DONE}",
    "a ping with a word": f"event: ping\ndata: keep-alive\n\n{A}{B}",
    "no blank lines": f"{EVENT_A}\n{EVENT_B}\ndata: [DONE]\n",
    "no blank line at the end": f"{A}{EVENT_B}",
    "no line end at the end": f"{EVENT_A}\n\n{EVENT_B}",
    "done in quotation marks": f'{A}{B}data: "[DONE]"\n\n',
    "done without brackets": f"{A}{B}data: DONE\n\n",
    "harmony": streamed(*HARMONY, "Слева собака"),
    "harmony, commentary": streamed(*(t.replace("analysis", "commentary") for t in HARMONY), "Слева собака"),
    "harmony, bare": streamed("analysisWe need a joke.assistantfinalСлева собака"),
    "harmony, twice": streamed(*HARMONY[:6], *HARMONY, "Слева собака"),
    "[THINK]": streamed("[THI", "NK]The user wants a joke.[/TH", "INK]Слева собака"),
    "seed:think": streamed("<seed:th", "ink>Be brief.</seed:", "think>Слева собака"),
    "thought": streamed("<thou", "ght>Be brief.</thought", ">Слева собака"),
    "◁think▷": streamed("◁thi", "nk▷Be brief.◁/", "think▷Слева собака"),
    "parts": chunk([{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}])
    + chunk([{"type": "text", "text": "Слева "}, {"type": "text", "text": "собака"}], "stop"),
    "a part with a thought as text": chunk([{"type": "reasoning", "text": "hm"}]) + A + B,
    "a part alone": chunk({"type": "text", "text": "Слева собака"}, "stop"),
    "output_text": chunk([{"type": "output_text", "text": "Слева собака"}], "stop"),
    "no finish_reason": 'data: {"choices":[{"delta":{"content":"Слева собака"}}]}\n\n',
    "an empty finish_reason": chunk("Слева ", "") + chunk("собака", ""),
    "null as text": chunk("Слева ", "null") + chunk("собака", "null") + DONE,
    "an unknown finish_reason": A + chunk("собака", "eos_token"),
    "null choices": f'data: {{"choices":null}}\n\n{A}{B}{DONE}',
    "only usage": f'{A}{B}data: {{"choices":[],"usage":{{"prompt_tokens":3}}}}\n\n{DONE}',
    "no error": f'data: {{"choices":[],"error":null}}\n\n{A}{B}{DONE}',
    "an error behind the reason": f'{A}{B}data: {{"error":"billing is down"}}\n\n',
    "rubbish behind the reason": f"{A}{B}data: ¯\\_(ツ)_/¯\n\n",
    "the whole message at last": f"{A}{B}"
    + 'data: {"choices":[{"message":{"role":"assistant","content":"Слева собака"}}]}\n\n',
    "growing messages": "".join(
        f'data: {{"choices":[{{"message":{{"content":"{text}"}}}}]}}\n\n'
        for text in ("Слева ", "Слева собака")
    ),
    "one JSON": '{"choices":[{"message":{"content":"Слева собака"},"finish_reason":"stop"}]}',
    "one JSON, indented": '\n{\n "choices": [\n{"message":\n\n{"content":"Слева собака"}}\n]}\n',
    "one JSON of parts": '{"choices":[{"message":{"content":[{"type":"text","text":"Слева собака"}]}}]}',
}


@EACH_SDK
@pytest.mark.parametrize(
    ("line_end", "bom"), [("\n", ""), ("\r\n", "\ufeff"), ("\r", "")], ids=["lf", "crlf", "cr"]
)
@pytest.mark.parametrize("body", WHOLE.values(), ids=WHOLE)
def test_what_is_whole_is_spoken_whole(run: Run, sdk: str, body: str, line_end: str, bom: str) -> None:
    for size in (1, 1 << 20):
        answer = Answer(cut_in((bom + body).replace("\n", line_end).encode(), [size]))
        spoken, error = run(lambda rungs, answer=answer: rungs.reply(sdk, answer))
        assert (spoken, error) == ("Слева собака", None)


FIRST = chunk("Слева собака, ") + chunk("у самой ")
BROKEN = {
    "an error": f'{FIRST}data: {{"error":{{"code":"overloaded"}}}}\n\n{DONE}',
    "an error as text": f'{FIRST}data: {{"error":"overloaded"}}\n\n{DONE}',
    "an error event": f'{FIRST}event: error\ndata: {{"code":"overloaded","message":"x"}}\n\n',
    "an error event in words": f"{FIRST}event: error\ndata: overloaded\n\n",
    "an error field": f'{FIRST}error: {{"code":"overloaded"}}\n\n',
    "an error object": f'{FIRST}data: {{"object":"error","code":"overloaded"}}\n\n',
    "an error without data": f'{FIRST}{{"error":{{"code":"overloaded"}}}}',
    "an error as reason": f"{FIRST}{chunk(None, 'error')}",
    "an abort": f"{FIRST}{chunk(None, 'abort')}{DONE}",
    "a detail": f'{FIRST}data: {{"detail":"overloaded"}}\n\n',
    "a page": f"{FIRST}<html><h1>504</h1></html>",
    "a part of an event": FIRST + B[:30],
    "rubbish": f"{FIRST}data: {{{{\n\n",
}


@EACH_SDK
@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN)
def test_what_is_broken_off_is_left_behind_what_was_said(run: Run, sdk: str, body: str) -> None:
    spoken, error = run(lambda rungs: rungs.reply(sdk, Answer(cut_in(body.encode(), [5]))))
    assert spoken == "Слева собака,"
    assert error is not None


PAGE = "<!doctype html>\n<html><body>Пожалуйста, войдите</body></html>"
RUBBISH = {
    "a page": (PAGE, "came a web page"),
    "a page in one line": (PAGE.replace("\n", ""), "came a web page"),
    "a page behind blanks": (f"\n\n  \n{PAGE}".replace("  \n", ""), "came a web page"),
    "words": ("upstream connect error\n\nor disconnect", "expected a streamed reply, came text"),
    "other bytes": ("\x00\x01\x02", "expected a streamed reply, came other bytes"),
    "an error": ('data: {"error":{"code":"invalid_api_key"}}\n\n', "invalid_api_key"),
    "an error in JSON": ('{"error":{"code":"invalid_api_key","message":"Bad sk-123"}}', "invalid_api_key"),
    "an error in a list": ('[{"error":{"code":"invalid_api_key"}}]', "invalid_api_key"),
    "an error as text": ('{"error":"model_not_found"}', "model_not_found"),
    "a detail": ('{"detail":"over capacity"}', "over capacity"),
    "an event without an end": ("data: " + "a" * (LARGEST_EVENT_BYTES + 1), "an event of more than"),
    "JSON that breaks off": ('{"choices":[{"mess', "broke off in the middle"),
}


@EACH_SDK
@pytest.mark.parametrize(("body", "line"), RUBBISH.values(), ids=RUBBISH)
def test_rubbish_in_a_200_is_left_with_a_clear_line(run: Run, sdk: str, body: str, line: str) -> None:
    answer = Answer([body.encode()], head=("Content-Type: text/html",))
    spoken, error = run(lambda rungs: rungs.reply(sdk, answer))
    assert spoken == ""
    assert line in str(error)
    assert "sk-123" not in str(error)
    assert "войдите" not in str(error)
    with pytest.raises(RungError):
        run(lambda rungs: rungs.probe(sdk, answer))


SAYS_NOTHING = {
    "nothing": "",
    "signs of life": ": hm\n\n" * 20,
    "pings": "event: ping\ndata: {}\n\n" * 20,
    "words": "data: ping\n\n" * 20,
    "other JSON": '{"status":"starting"}',
    "a harmony without final": streamed(*HARMONY[:5]),
    "parts without text": chunk([{"type": "thinking", "thinking": "hm"}], "stop"),
}


@EACH_SDK
@pytest.mark.parametrize("body", SAYS_NOTHING.values(), ids=SAYS_NOTHING)
def test_what_says_nothing_is_no_output(run: Run, sdk: str, body: str) -> None:
    spoken, error = run(lambda rungs: rungs.reply(sdk, Answer([body.encode()])))
    assert (spoken, error) == ("", None), "the ladder counts it as a failure, and goes on with the next rung"


@EACH_SDK
def test_a_service_that_only_shows_signs_of_life_answers_no_probe(run: Run, sdk: str) -> None:
    for body in list(SAYS_NOTHING.values())[:4]:
        with pytest.raises(RungError, match="empty stream"):
            run(lambda rungs, body=body: rungs.probe(sdk, Answer([body.encode()])))
    for whole in ("one JSON", "parts", "ids and comments"):
        run(lambda rungs, whole=whole: rungs.probe(sdk, Answer([WHOLE[whole].encode()])))


@EACH_SDK
@pytest.mark.parametrize("status", ["302 Found", "303 See Other", "307 Temporary Redirect", "301 Moved"])
def test_a_redirect_to_a_login_page_is_not_followed(run: Run, sdk: str, status: str) -> None:
    answer = Answer([PAGE.encode()], "length", status=status, head=("Location: http://127.0.0.1:9/login",))
    spoken, error = run(lambda rungs: rungs.reply(sdk, answer))
    assert spoken == ""
    assert "points to another address" in str(error)


@EACH_SDK
def test_what_is_compressed_is_left(run: Run, sdk: str) -> None:
    answer = Answer([gzip.compress((A + B).encode())], head=("Content-Encoding: gzip",))
    assert "not compressed" in str(run(lambda rungs: rungs.reply(sdk, answer))[1])


@EACH_SDK
@pytest.mark.parametrize("cut", ["reset", "closed"])
@pytest.mark.parametrize("behind", ["", DONE])
def test_what_was_told_to_be_over_may_be_cut(run: Run, sdk: str, cut: Any, behind: str) -> None:
    for body in (A + B + behind, chunk("Слева собака") + (behind or chunk(None, "stop"))):
        for framing in ("chunked", "length"):
            answer = Answer([body.encode()], framing, cut)  # type: ignore[arg-type]
            spoken, error = run(lambda rungs, answer=answer: rungs.reply(sdk, answer))
            assert (spoken, error) == ("Слева собака", None)


@EACH_SDK
def test_only_the_close_of_a_connection_does_not_tell_that_half_a_sentence_is_whole(
    run: Run, sdk: str
) -> None:
    spoken, error = run(lambda rungs: rungs.reply(sdk, Answer([FIRST.encode()], "close")))
    assert spoken == "Слева собака,"
    assert "finish_reason" in str(error)


@pytest.mark.parametrize("reason", ["length", "MAX_TOKENS", "model_length", "content_filter: SAFETY"])
@EACH_SDK
def test_what_was_cut_off_by_the_service_is_ended_well(run: Run, sdk: str, reason: str) -> None:
    answer = Answer([(FIRST + chunk(None, reason)).encode()])
    assert run(lambda rungs: rungs.reply(sdk, answer)) == (f"Слева собака, {ENDINGS['ru']}", None)


async def test_a_service_that_keeps_the_connection_behind_its_reason_is_not_waited_for() -> None:
    async def body() -> Any:
        yield sse({"choices": [{"delta": {"content": "Да"}, "finish_reason": "stop"}]})
        await asyncio.Event().wait()

    async with asyncio.timeout(10):
        assert [each.text async for each in chunks_of(body())] == ["Да"]


KEYS = ("choices", "delta", "message", "content", "text", "type", "thinking", "finish_reason", "error")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["", "text", "stop", "error", "Да"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(KEYS),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_any_json_is_a_chunk(value: Any) -> None:
    chunk = chunk_of(json.dumps(value).encode())
    assert isinstance(chunk.text, str)
    assert chunk.finish_reason is None or chunk.finish_reason
    assert chunk.thoughts >= 0


PIECES = st.sampled_from(
    (
        *(b"data:", b"data: ", b"event: ", b"error", b"error: ", b"id: 1", b"\n", b"\r", b"\r\n", b"\n\n"),
        *(b":", b"{", b"}", b"[DONE]", b"<html>", b"\xef\xbb\xbf", b"\xd0", b"\x00", b"{}"),
        *(A.encode(), B.encode()),
    )
)


@given(st.lists(PIECES, max_size=30).map(b"".join), SIZES)
def test_any_bytes_are_chunks_or_a_clear_failure_however_they_are_cut(body: bytes, sizes: list[int]) -> None:
    async def read(pieces: list[bytes]) -> tuple[str, str]:
        async def parts() -> Any:
            for piece in pieces:
                yield piece

        text = ""
        try:
            async for each in chunks_of(parts()):
                text += each.text
        except RungError as error:
            return text, str(error)
        return text, ""

    assert asyncio.run(read(cut_in(body, sizes))) == asyncio.run(read([body]))


USELESS = {name: body for name, (body, _) in RUBBISH.items()} | SAYS_NOTHING


@EACH_SDK
@pytest.mark.parametrize("body", USELESS.values(), ids=USELESS)
def test_who_gives_only_rubbish_is_left_and_the_next_rung_speaks(run: Run, sdk: str, body: str) -> None:
    async def two_turns(rungs: Rungs) -> tuple[list[str], dict[str, str]]:
        rungs.server.answer = Answer([body.encode()])
        async with RawServer().running() as healthy:
            healthy.answer = Answer([streamed("Слева собака.").encode()])
            others = Rungs(healthy)
            limits = LadderLimits(initial_ms=5000, min_ms=5000, max_ms=5000, stall_ms=5000)
            models = [rungs.model(sdk), others.model("openai", "next")]
            ladder = Ladder("model", models, limits, advance=lambda request, clause: request)
            spoken = []
            for _ in range(limits.breaker_failures):
                spoken += [output.output.text async for output in ladder.run(REQUEST)]
            states = ladder.states()
            await ladder.close()
            await others.close()
        return spoken, states

    spoken, states = run(two_turns)
    assert spoken == ["Слева собака."] * 2
    assert (states[sdk] == "ok", states["next"]) == (False, "ok")


@EACH_SDK
@pytest.mark.parametrize(
    "name", ["ids and comments", "parts", "an empty finish_reason", "one JSON", "no blank lines"]
)
def test_a_healthy_service_is_never_counted_as_failed(
    run: Run, sdk: str, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def turns(rungs: Rungs) -> tuple[list[str], dict[str, str]]:
        rungs.server.answer = Answer([WHOLE[name].encode()])
        limits = LadderLimits(initial_ms=5000, min_ms=5000, max_ms=5000, stall_ms=5000)
        ladder = Ladder("model", [rungs.model(sdk)], limits, advance=lambda request, clause: request)
        spoken = [output.output.text for _ in range(3) async for output in ladder.run(REQUEST)]
        await ladder.close()
        return spoken, ladder.states()

    assert run(turns) == (["Слева собака"] * 3, {sdk: "ok"})
    assert "failed" not in caplog.text
