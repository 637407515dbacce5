"""What is done with foreign text: whole functions, each with the longest text that can reach it."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from types import SimpleNamespace
from typing import Any, NamedTuple
from unittest.mock import patch

from edge.clouds.json_answer import LARGEST_JSON_BYTES, json_answer
from edge.commentator.as_data import as_data
from edge.commentator.clauses import LONGEST_CLAUSE_CHARS, ClauseCutter
from edge.commentator.forbidden import load_blocklists
from edge.commentator.gate import Gate, Stopped
from edge.commentator.knowledge import pages
from edge.commentator.knowledge.files import UnusablePage
from edge.commentator.knowledge.knowledge import TELLS_LANGUAGE
from edge.commentator.knowledge.terms import question_words
from edge.commentator.models.chat import LONGEST_REPLY, ChatModel, ChatService
from edge.commentator.models.chat_events import LARGEST_EVENT_BYTES, chunks_of
from edge.commentator.models.request import ModelRequest
from edge.commentator.opener_overlap import OpenerOverlap
from edge.commentator.phrasebook import Phrasebook
from edge.commentator.pool.claims import contradiction
from edge.commentator.pool.reply import remarks_of
from edge.commentator.pool.variety import REMEMBERED, normalised
from edge.commentator.pool.vetting import LONGEST_CHARS, vet
from edge.commentator.pool.writer import LONGEST_REPLY as LONGEST_POOL_REPLY
from edge.commentator.prompts import load_prompt
from edge.commentator.question_language import is_in, question_language
from edge.commentator.reasoning import without_reasoning
from edge.commentator.repetition import without_repetition
from edge.config import Settings, hearing
from edge.error_lines import LONGEST_LOOKED_AT, codes_in, phrases_in
from edge.ingest.body import MAX_PAYLOAD_BYTES
from edge.ingest.native import NativeDialect
from edge.ladder import RungError
from edge.lexicon import free_text
from edge.lexicon.normal_form import normal_form
from edge.lexicon.plain_description import is_plain_description
from edge.lexicon.words import composed, placed_words
from edge.listener.addressee import Addressee
from edge.listener.completeness import Completeness
from edge.listener.recognizers import guards
from edge.listener.recognizers.cloud import EXPECTED, _pieces
from edge.listener.recognizers.guards import MAX_CHARS as LONGEST_TRANSCRIPT
from edge.listener.recognizers.guards import DecodedText, to_transcript
from edge.listener.requests import Requests
from edge.listener.self_hearing import compare
from edge.listener.wake_names import WakeNames
from edge.masking import masked
from edge.messages import MAX_TEXT_CHARS, Language, Pattern, Sighting
from edge.speaker.voices.plain_text import plain_text
from edge.spoken_form.spell import spoken_form
from tests.support.page_questions import known_pages

LANGUAGES: tuple[Language, ...] = ("ru", "en", "id")
SAID = "Справа две собаки, кажется, они спорят о том, кто из них вожак, " * 6
"""As long as a reply may be."""


SPELLED_OUT = (
    *(
        "1",
        "1 ",
        "1 000 ",
        "1-",
        "1–",
        "1.",
        "1,",
        "1:30 ",
        "1/",
        "1-й ",
        "5 мая ",
        "1 и ",
        "1, ",
        "XIX ",
        "XIX–",
        "$1 ",
    ),
    *(
        "а.",
        "А. ",
        "ул. ",
        "св. ",
        "г. ",
        "новый ",
        "в ",
        "км ",
        "км/",
        "a.",
        "a@",
        "www.",
        "+1 ",
        "(1) ",
        "St. ",
        "Rp 1 ",
    ),
    *("May ", "ke-", "№", "%", "°", "½", "−1 ", "МЧС ", "ABC ", "Ubud ", "Xыz ", "к", "x "),
)
"""What is spelled out for a voice."""


class Work(NamedTuple):
    """One way that foreign text goes."""

    name: str
    longest: int
    """Characters, or bytes, that can reach it."""
    do: Callable[[str], object]
    bound: str
    """Where its input is bounded, for people."""
    in_thread: bool = False
    """It is done beside the event loop."""
    pieces: tuple[str, ...] = ()
    """What it looks for, beside the usual."""


def _spoken(language: Language) -> Callable[[str], object]:
    spoken_form("1", language)
    return lambda text: spoken_form(text, language)


def _remembered() -> list[str]:
    """As many texts as the pool remembers."""
    chance = random.Random(1)
    return [normalised(" ".join(chance.choice(SAID.split()) for _ in range(20))) for _ in range(REMEMBERED)]


def works() -> list[Work]:
    """All of them; what they need is loaded, or is by the first text."""
    gate = Gate(load_blocklists(), prompt=load_prompt("ru", None), max_chars=400)
    dialect = NativeDialect(Settings())
    dialect.warm_up()
    book = Phrasebook("ru", rng=random.Random(1))
    addressee, names = Addressee(hearing.AddresseeSettings(), LANGUAGES), WakeNames(LANGUAGES)
    complete = Completeness(LANGUAGES, names)
    # Both take a while and are wanted once each: whoever only counts the works needs neither.
    pages_known = functools.cache(known_pages)
    known = functools.cache(_remembered)
    clause, reply, text = "clauses.LONGEST_CLAUSE_CHARS", "chat.LONGEST_REPLY", "body.MAX_TEXT_CHARS"
    transcript, payload, pool = "guards.MAX_CHARS", "body.MAX_PAYLOAD_BYTES", "writer.LONGEST_REPLY"

    def event(content: str) -> object:
        return dialect.parse(
            "shuttle/demo/event", content.encode("utf-8", "replace"), **ARRIVED
        ), dialect.parse("shuttle/demo/cmd/volume", content.encode("utf-8", "replace"), **ARRIVED)

    def json_event(content: str) -> object:
        label, words, name = (json.dumps(content[:length]) for length in (64, MAX_TEXT_CHARS, 128))
        body = f'{{"label": {label}, "text": {words}, "id": {name}}}'
        return dialect.parse("shuttle/demo/event", body.encode(), **ARRIVED)

    def transcribed(content: str) -> object:
        body = json.dumps({"text": content, "segments": [{"text": content}]}, ensure_ascii=False)
        # What repeats itself is believed here, since such is most of this text.
        with patch.object(guards, "MAX_COMPRESSION_RATIO", 1e9):
            return to_transcript(
                _pieces(json_answer(body.encode("utf-8", "replace"), EXPECTED), "m"), "ru", "Гид, Нуану"
            )

    def segments(content: str) -> object:
        body = f'{{"text": "a", "segments": [{{}}{content}]}}'.encode("utf-8", "replace")
        with contextlib.suppress(RungError), patch.object(guards, "MAX_COMPRESSION_RATIO", 1e9):
            return to_transcript(_pieces(json_answer(body, EXPECTED), "m"), "ru")
        return None

    def written(content: str) -> object:
        return vet(remarks_of(content), Pattern(label="dog"), "ru", gate, known())

    return [
        Work("gate", LONGEST_CLAUSE_CHARS - 1, _stopped(lambda t: gate.clean(t, SAID[:300])), clause),
        Work("clause cutter", LONGEST_REPLY, _cut_whole, reply),
        Work("clause cutter, by the character", LONGEST_REPLY, _cut_by_character, reply),
        Work("thoughts", LONGEST_REPLY, lambda t: _drain(without_reasoning(_tokens(t))), reply),
        Work("thoughts first", LONGEST_REPLY, _thoughts_first, reply),
        Work("repetition", LONGEST_REPLY, lambda t: _drain(without_repetition(_tokens(t), SAID)), reply),
        Work(
            "opener overlap",
            LONGEST_CLAUSE_CHARS,
            lambda t: OpenerOverlap("Ой, смотрите").behind(t),
            clause,
        ),
        Work("a model's live reply", LONGEST_REPLY, lambda t: _live([_event(t)]), reply),
        Work("the same, by the character", LONGEST_REPLY // 4, _live_by_character, reply),
        Work(
            "events of a reply",
            LARGEST_EVENT_BYTES,
            lambda t: _drain(_events(t)),
            "chat_events.LARGEST_EVENT_BYTES",
            pieces=(
                "data:{}\n\n",
                "data:\n",
                "data: 1\n\n",
                'data:{"choices":[{}]}\n\n',
                'data: {"error":\n',
            ),
        ),
        Work(
            "a reply of the pool", LONGEST_POOL_REPLY, written, pool, pieces=("- Собака гуляет по делам.\n",)
        ),
        Work("the same, as a list", LONGEST_POOL_REPLY, lambda t: written(f'["{t}"]'), pool),
        Work("claims", LONGEST_CHARS, lambda t: contradiction(t, Pattern(label="dog"), "ru"), "vetting"),
        Work("whether it is in a language", LONGEST_CHARS, lambda t: is_in(t, "ru"), "vetting.LONGEST_CHARS"),
        Work("language of a page", TELLS_LANGUAGE, _language, "knowledge.TELLS_LANGUAGE", in_thread=True),
        Work("a page of the knowledge folder", LONGEST_TRIED_PAGE, _page, "files.MAX_FILE_BYTES", True),
        Work("terms of a question", LONGEST_TRANSCRIPT, lambda t: question_words(t, 24), transcript, True),
        Work(
            "a quotation for a question",
            LONGEST_TRANSCRIPT,
            lambda t: pages_known().quote(t, "ru"),
            transcript,
            True,
        ),
        Work("a request to the guide", LONGEST_TRANSCRIPT, Requests(LANGUAGES).find, transcript),
        Work("an event, as text", MAX_PAYLOAD_BYTES, event, payload),
        Work("an event, as JSON", MAX_TEXT_CHARS, json_event, payload),
        Work("free text", MAX_TEXT_CHARS, lambda t: free_text.parse(t, LANGUAGES), text),
        Work("phrasebook", MAX_TEXT_CHARS, lambda t: book.remark(Sighting(text=t, label="x" + t[:63])), text),
        Work("whether it only describes", MAX_TEXT_CHARS, is_plain_description, text),
        Work("text for a voice", LONGEST_CLAUSE_CHARS, plain_text, clause),
        *(
            Work(f"spoken form, {language}", MAX_TEXT_CHARS, _spoken(language), text, pieces=SPELLED_OUT)
            for language in LANGUAGES
        ),
        Work("keys in a line", 4 * LONGEST_LOOKED_AT, masked, "error_lines.LONGEST_LOOKED_AT"),
        Work(
            "codes in an answer",
            LARGEST_JSON_BYTES,
            lambda t: codes_in({"error": {"code": t}}),
            "json_answer",
        ),
        Work("phrases in an answer", LARGEST_JSON_BYTES, phrases_in, "error_lines.LONGEST_LOOKED_AT"),
        Work("as data for a model", LONGEST_TRANSCRIPT, lambda t: as_data(t, 500), transcript),
        Work("normal form", TELLS_LANGUAGE, lambda t: normal_form("NFKC", t), "normal_form.MAX_MARKS"),
        Work("words", LONGEST_TRANSCRIPT, lambda t: placed_words(composed(t)), transcript),
        Work(
            "JSON of a service",
            LARGEST_JSON_BYTES,
            lambda t: _json(f"{{{t}}}"),
            "json_answer.LARGEST_JSON_BYTES",
            pieces=('"a":{},', '"":', '{"a":', '"a":[[],[]],', "1e9,"),
        ),
        Work("a transcript", LONGEST_TRANSCRIPT, transcribed, transcript),
        Work(
            "a transcript in many segments",
            LARGEST_JSON_BYTES - 64,
            segments,
            "json_answer.LARGEST_JSON_BYTES",
            pieces=(",{}", ',{"text":"a"}', ",[]", ",[[]]", ',{"text":"a. "}'),
        ),
        Work("guards", LONGEST_TRANSCRIPT, lambda t: to_transcript([DecodedText(t)], "ru"), transcript),
        Work("who was meant", LONGEST_TRANSCRIPT, lambda t: addressee.judge(t, 0.0, 1.0), transcript),
        Work("a whole sentence or not", LONGEST_TRANSCRIPT, lambda t: complete.judge(t, "ru"), transcript),
        Work("the guide's own words", LONGEST_TRANSCRIPT, lambda t: compare(t, SAID), transcript),
        Work("the guide's own words, twice", LONGEST_TRANSCRIPT, lambda t: compare(t, t[::-1]), transcript),
    ]


LONGEST_TRIED_PAGE = 8 * 1024
"""The largest page has 32 times as much and takes seconds, in a thread; its patterns get all of it."""
ARRIVED: dict[str, Any] = {"retain": False, "received_mono": 1000.0, "received_at": 1.8e9}


def _stopped(clean: Callable[[str], object]) -> Callable[[str], object]:
    def do(text: str) -> object:
        with contextlib.suppress(Stopped):
            return clean(text)
        return None

    return do


def _cut_whole(text: str) -> object:
    cutter = ClauseCutter()
    return [*cutter.feed(text), cutter.rest()]


def _cut_by_character(text: str) -> object:
    cutter = ClauseCutter()
    return [*(clause for char in text for clause in cutter.feed(char)), cutter.rest()]


def _language(text: str) -> object:
    return question_language(text, LANGUAGES, "ru")


def _page(text: str) -> object:
    with contextlib.suppress(UnusablePage):
        return pages.sections(text)
    return None


def _json(text: str) -> object:
    with contextlib.suppress(RungError):
        return json_answer(text.encode("utf-8", "replace"), "anything")
    return None


async def _tokens(text: str) -> AsyncIterator[str]:
    for char in text:
        yield char


def _thoughts_first(text: str) -> object:
    async def whole() -> AsyncIterator[str]:
        yield text

    return _drain(without_reasoning(whole(), thinking=True))


async def _parts(parts: list[bytes]) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def _events(text: str) -> AsyncIterator[object]:
    with contextlib.suppress(RungError):
        async for chunk in chunks_of(_parts([text.encode("utf-8", "replace")])):
            yield chunk


def _event(text: str) -> bytes:
    return f"data: {json.dumps({'choices': [{'delta': {'content': text}}]})}\n\n".encode()


def _live_by_character(text: str) -> object:
    return _live([b"".join(map(_event, text))])


def _live(body: list[bytes]) -> Awaitable[object]:
    """All that a chat model's rung makes of such a body."""

    class Stream:
        @property
        def response(self) -> Stream:
            return self

        def aiter_bytes(self) -> AsyncIterator[bytes]:
            return _parts(body)

        async def __aenter__(self) -> Stream:
            return self

        async def __aexit__(self, *_: object) -> None: ...

    async def create(**_: Any) -> Stream:
        return Stream()

    client = SimpleNamespace(
        chat=SimpleNamespace(completions=SimpleNamespace(create=create)),
        models=SimpleNamespace(with_raw_response=SimpleNamespace(list=None)),
    )
    model = ChatModel(ChatService("scripted", client, {}), forbidden=load_blocklists())

    async def run() -> None:
        with contextlib.suppress(RungError):
            request = ModelRequest(language="ru", system=load_prompt("ru", None), user="?", opener="Ой!")
            async for _ in model.open(request):
                pass

    return run()


async def _drain(outputs: AsyncIterator[object]) -> None:
    async for _ in outputs:
        pass


def do_now(work: Work) -> Callable[[str], object]:
    """The work as a plain function, also where it is a coroutine."""

    def do(text: str) -> object:
        result = work.do(text)
        return asyncio.run(_awaited(result)) if isinstance(result, Awaitable) else result

    return do


async def _awaited(result: Awaitable[object]) -> object:
    return await result


async def held_up_s(work: Work, text: str) -> float:
    """The longest time that the event loop does nothing else while it is done.

    Processor time, since others may share this machine; of what is done in a thread the time that passes.
    """
    clock = time.perf_counter if work.in_thread else time.thread_time
    longest = 0.0
    over = False

    async def watch() -> None:
        nonlocal longest
        last = clock()
        while not over:
            await asyncio.sleep(0)
            now = clock()
            longest, last = max(longest, now - last), now

    watching = asyncio.create_task(watch())
    await asyncio.sleep(0)
    if work.in_thread:
        await asyncio.to_thread(work.do, text)
    else:
        result = work.do(text)
        if isinstance(result, Awaitable):
            await result
    over = True
    await watching
    return longest
