"""The passengers' page: what it is told, and who may see it."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import zmq.asyncio

from edge.bus import FeedPublisher
from edge.messages import GuideWords, Priority, TimedWord
from tests.support.console_beside import ConsoleBeside

TOKEN = "a-token-of-the-tests"
TEXT = "До храма 5 км."


def words(turn_id: str = "t") -> GuideWords:
    return GuideWords(
        instance="i",
        turn_id=turn_id,
        priority=Priority.ANNOUNCEMENT,
        language="ru",
        text=TEXT,
        words=(TimedWord(0, 2, 100.0), TimedWord(3, 8, 100.4), TimedWord(9, 14, None)),
    )


@contextlib.asynccontextmanager
async def speaker_feed(runtime_dir: Path) -> AsyncIterator[FeedPublisher]:
    context = zmq.asyncio.Context()
    feed = FeedPublisher(runtime_dir, "speaker")
    feed.start(context)
    try:
        yield feed
    finally:
        await feed.close()
        context.destroy(linger=0)


@contextlib.asynccontextmanager
async def events(console: ConsoleBeside) -> AsyncIterator[AsyncIterator[tuple[str, Any]]]:
    async def told(lines: AsyncIterator[str]) -> AsyncIterator[tuple[str, Any]]:
        kind = ""
        async for line in lines:
            if line.startswith("event: "):
                kind = line.removeprefix("event: ")
            elif line.startswith("data: "):
                yield kind, json.loads(line.removeprefix("data: "))

    async with (
        httpx.AsyncClient(trust_env=False, timeout=30) as client,
        client.stream("GET", f"{console.url}/spoken/events") as response,
    ):
        assert response.headers["content-type"].startswith("text/event-stream")
        yield told(response.aiter_lines())


async def until(told: AsyncIterator[tuple[str, Any]], kind: str, turn: str | None = None) -> Any:
    async with asyncio.timeout(30):
        async for came, data in told:
            if came == kind and data.get("turn") == turn:
                return data
    raise AssertionError(f"the stream ended before {kind}")


async def test_a_page_is_told_what_sounds_also_in_mid_sentence_and_what_time_it_is(tmp_path: Path) -> None:
    async with ConsoleBeside(tmp_path) as console, events(console) as early:
        await until(early, "away")
        async with speaker_feed(console.runtime_dir) as feed:
            feed.keep(words())
            told = await until(early, "words", "t")
            assert (told["kind"], told["language"], told["text"]) == ("announcement", "ru", TEXT)
            assert told["words"] == [[0, 2, 100.0], [3, 8, 100.4], [9, 14, None]]
            async with events(console) as late:
                assert (await until(late, "words", "t"))["words"] == told["words"]
            still = await until(early, "still")
            assert still["now"] >= told["now"]
            feed.keep(GuideWords(instance="i"))
            assert (await until(early, "words"))["text"] == ""
        await until(early, "away")


async def test_nobody_works_for_a_page_that_is_not_open(tmp_path: Path) -> None:
    async with ConsoleBeside(tmp_path) as console, speaker_feed(console.runtime_dir) as feed:
        assert not feed.is_watched(GuideWords)
        async with events(console) as told:
            feed.keep(GuideWords(instance="i"))
            await until(told, "words")
            assert feed.is_watched(GuideWords)


@pytest.mark.parametrize("is_open", [False, True])
async def test_without_the_token_the_page_is_shown_only_where_the_operator_allows_it(
    tmp_path: Path, is_open: bool
) -> None:
    settings = {
        "SHUTTLE_GUIDE_CONSOLE__TOKEN": TOKEN,
        "SHUTTLE_GUIDE_CONSOLE__SPOKEN_OPEN": str(is_open).lower(),
    }
    async with ConsoleBeside(tmp_path, settings) as console:
        async with httpx.AsyncClient(base_url=console.url, trust_env=False, timeout=30) as client:
            assert (await client.get("/spoken")).status_code == (200 if is_open else 401)
            assert (await client.get("/driver")).status_code == 401
            assert (await client.get("/events/driver")).status_code == 401
            with_token = await client.get("/spoken", headers={"authorization": f"Bearer {TOKEN}"})
            assert with_token.status_code == 200
            assert "script-src 'self'" in with_token.headers["content-security-policy"]
        if is_open:
            async with events(console) as told:
                await until(told, "away")


@pytest.mark.parametrize("language", ["ru", "en", "id"])
async def test_the_page_speaks_the_readers_language(tmp_path: Path, language: str) -> None:
    async with ConsoleBeside(tmp_path) as console, httpx.AsyncClient(trust_env=False, timeout=30) as client:
        page = await client.get(f"{console.url}/spoken", headers={"accept-language": language})
    titles = {"ru": "Что говорит гид", "en": "What the guide says", "id": "Yang dikatakan pemandu"}
    assert f'<html lang="{language}">' in page.text
    assert titles[language] in page.text
