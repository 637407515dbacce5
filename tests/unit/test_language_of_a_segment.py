"""The language of a segment is found once, by enough sound; by less it serves interim transcripts."""

from __future__ import annotations

import asyncio
import threading

import numpy as np
import pytest

from edge.ladder import RungError
from edge.listener.recognizers.language import MAX_SEGMENTS, FindLanguage
from edge.listener.segment import SAMPLE_RATE, RecognitionRequest
from edge.messages import Language


class ScriptedFinder:
    """Finds what it is told to; ``heard`` are the lengths that it was asked about, in seconds."""

    fact = "a finder"
    fell_back = False

    def __init__(self) -> None:
        self.heard: list[float] = []
        self.says: Language = "ru"
        self.fails = False
        self.begun, self.may_end = threading.Event(), threading.Event()
        self.may_end.set()

    def load(self) -> None: ...

    def find_language(self, request: RecognitionRequest) -> Language:
        self.heard.append(len(request.samples) / SAMPLE_RATE)
        self.begun.set()
        self.may_end.wait(10)
        if self.fails:
            raise RungError("no model")
        return self.says


@pytest.fixture
def finder() -> ScriptedFinder:
    return ScriptedFinder()


def said(seconds: float, segment_id: str = "a", *, interim: bool = False) -> RecognitionRequest:
    samples = np.zeros(round(seconds * SAMPLE_RATE), np.int16)
    return RecognitionRequest(samples, None, interim=interim, segment_id=segment_id)


async def test_interim_guess_and_final_of_a_segment_share_what_was_found(finder: ScriptedFinder) -> None:
    find = FindLanguage(finder, "en", loads=False)
    for request in (said(2.1, interim=True), said(2.6, interim=True), said(3), said(4)):
        assert await find(request) == "ru"
    assert finder.heard == [2.1]
    await find.close()


async def test_what_was_found_by_too_little_serves_interim_requests_and_no_final_one(
    finder: ScriptedFinder,
) -> None:
    find = FindLanguage(finder, "en", loads=False)
    assert [await find(said(seconds, interim=True)) for seconds in (0.5, 1, 1.5)] == ["ru"] * 3
    finder.says = "id"
    assert [await find(said(1.8)), await find(said(1.8))] == ["id", "id"], "a short one has no more to tell"
    assert await find(said(3.5)) == "id", "it went on behind the guess"
    assert finder.heard == [0.5, 1.8, 3.5]
    await find.close()


async def test_another_segment_has_a_language_of_its_own(finder: ScriptedFinder) -> None:
    find = FindLanguage(finder, "en", loads=False)
    assert await find(said(3)) == "ru"
    finder.says = "id"
    assert [await find(said(3, "b")), await find(said(3))] == ["id", "ru"]
    assert [await find(said(3, "")), await find(said(3, ""))] == ["id", "id"]
    assert len(finder.heard) == 4, "what belongs to no segment is found each time"
    await find.close()


async def test_who_gives_up_a_guess_leaves_what_is_being_found_to_the_next(finder: ScriptedFinder) -> None:
    find = FindLanguage(finder, "en", loads=False)
    finder.may_end.clear()
    guess = asyncio.create_task(find(said(3)))
    assert await asyncio.to_thread(finder.begun.wait, 10)
    guess.cancel()
    with pytest.raises(asyncio.CancelledError):
        await guess
    final = asyncio.create_task(find(said(3.2)))
    await asyncio.sleep(0)
    finder.may_end.set()
    assert await final == "ru"
    assert finder.heard == [3]
    await find.close()


async def test_what_failed_is_tried_again_and_old_segments_are_forgotten(finder: ScriptedFinder) -> None:
    find = FindLanguage(finder, "en", loads=False)
    finder.fails = True
    assert await find(said(3)) == "en"
    finder.fails = False
    assert await find(said(3)) == "ru"
    for number in range(MAX_SEGMENTS):
        await find(said(3, str(number)))
    finder.says = "id"
    assert [await find(said(3, "0")), await find(said(3))] == ["ru", "id"]
    await find.close()
