"""Services that are nearly OpenAI-compatible, case by case: whole replies are spoken, rubbish is left."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Iterator
from typing import Any

import pytest

from bench.clouds.chat_wire import sse
from edge.commentator.models.chat_events import LARGEST_EVENT_BYTES, chunks_of
from edge.commentator.models.endings import ENDINGS
from edge.ladder import Ladder, RungError
from edge.ladder.limits import LadderLimits
from tests.support.nearly_compatible import (
    DONE,
    EACH_SDK,
    REQUEST,
    Run,
    Rungs,
    chunk,
    cut_in,
    running_rungs,
    streamed,
)
from tests.support.raw_http import Answer, RawServer


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    with running_rungs() as run:
        yield run


A, B = chunk("Слева "), chunk("собака", "stop")
EVENT_A, EVENT_B = A.removesuffix("\n\n"), B.removesuffix("\n\n")
HARMONY = ["<|channel|>", "analysis", "<|message|>", "We need one short joke. ", "<|end|>", "<|start|>"]
HARMONY += ["assistant", "<|channel|>", "final", "<|message|>"]


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
    "all is well": f'data: {{"code":0,"msg":"ok"}}\n\n{A}{B}'
    'data: {"choices":null,"base_resp":{"status_code":0,"status_msg":""}}\n\n',
    "two replies in turn": A + chunk("Справа ", index=1) + chunk(None, "stop", index=1) + B + DONE,
    "two replies in an event": "".join(
        f'data: {{"choices":[{{"index":0,"delta":{{"content":"{text}"}}}},'
        '{"index":1,"delta":{"content":"Справа "}}]}\n\n'
        for text in ("Слева ", "собака")
    ),
    "numbered from one": chunk("Слева ", index=1) + chunk("собака", "stop", index=1),
    "parts that are texts": chunk(["Слева ", {"type": "text", "text": {"value": "собака"}}], "stop"),
    "all of it at last": A + chunk("собака") + chunk("Слева собака", "stop") + DONE,
    "the whole message at last, without the first blanks": chunk("\n\n")
    + f"{A}{B}"
    + 'data: {"choices":[{"message":{"role":"assistant","content":"Слева собака"}}]}\n\n',
    "padding before lines": f"{chr(0) * 100}{A}  {B}\x1e{DONE}",
    "names in capital letters": f"{A}{B}{DONE}".replace("data:", "Data :"),
    "an event in an event": f"{A}{B}{DONE}".replace("data:", "data: data:"),
    "one JSON a line": f"{A}{B}".replace("data: ", "").replace("\n\n", "\n"),
    "one JSON": '{"choices":[{"message":{"content":"Слева собака"},"finish_reason":"stop"}]}',
    "one JSON, indented": '\n{\n "choices": [\n{"message":\n\n{"content":"Слева собака"}}\n]}\n',
    "one JSON of parts": '{"choices":[{"message":{"content":[{"type":"text","text":"Слева собака"}]}}]}',
}


LINE_ENDS = {"lf": ("\n", ""), "crlf": ("\r\n", "\ufeff"), "cr": ("\r", "")}
"""With what stands before the first line."""


def with_each_line_end(body: str) -> Iterator[tuple[str, bytes]]:
    for name, (line_end, bom) in LINE_ENDS.items():
        yield name, (bom + body).replace("\n", line_end).encode()


@EACH_SDK
@pytest.mark.parametrize("body", WHOLE.values(), ids=WHOLE)
def test_what_is_whole_is_spoken_whole(run: Run, sdk: str, body: str) -> None:
    for line_end, sent in with_each_line_end(body):
        for size in (1, 1 << 20):
            answer = Answer(cut_in(sent, [size]))
            spoken, error = run(lambda rungs, answer=answer: rungs.reply(sdk, answer))
            assert (spoken, error) == ("Слева собака", None), (line_end, size)


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
    "a code and words": ('{"code":1113,"msg":"请求过多 sk-123","data":null}', "broke off"),
    "a code and words as an event": ('data: {"code":"1113","message":"请求过多"}\n\n', "broke off"),
    "an error's code": ('{"error_code":1302,"error_msg":"您的账户已达到速率限制"}', "broke off"),
    "no success": ('{"success":false,"errors":[{"code":7009,"message":"x"}]}', "broke off"),
    "another envelope": (
        'data: {"choices":null,"base_resp":{"status_code":1004,"status_msg":"x"}}\n\n',
        "broke off",
    ),
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
