"""The segment queue keeps what is newest, lets questions pass captions, and forgets what is cancelled."""

from __future__ import annotations

import asyncio
from collections import Counter

import numpy as np
import pytest

from edge.ladder import RungError
from edge.listener.recognizers import Recognition, RecognitionQueue, queue
from edge.listener.recognizers.queue import QUICK_S
from edge.listener.segment import RecognitionRequest, Transcript

SOUND = np.zeros(160, np.int16)


class SlowRecognizer:
    """Answers a request when the test says so."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._answers: dict[str, asyncio.Future[str]] = {}

    async def recognise(self, request: RecognitionRequest) -> Transcript:
        self.asked.append(request.hint)
        self._answers[request.hint] = asyncio.get_running_loop().create_future()
        return Transcript(await self._answers[request.hint], "ru", recognizer="slow")

    async def answer(self, hint: str, text: str | Exception = "да") -> None:
        if isinstance(text, Exception):
            self._answers[hint].set_exception(text)
        else:
            self._answers[hint].set_result(text)
        await settle()

    def is_given_up(self, hint: str) -> bool:
        return self._answers[hint].cancelled()


class Bench:
    """A queue, its recognizer, and what it delivered."""

    def __init__(self, *, workers: int = 1, capacity: int = 8, interim_gap_s: float = 0.0) -> None:
        self.recognizer = SlowRecognizer()
        self.delivered: list[Recognition] = []
        self.counters: Counter[str] = Counter()
        self.queue = RecognitionQueue(
            self.recognizer.recognise,
            self.delivered.append,
            workers=workers,
            counters=self.counters,
            capacity=capacity,
            interim_gap_s=interim_gap_s,
        )

    async def say(self, *segment_ids: str) -> None:
        for segment_id in segment_ids:
            self.queue.submit(segment_id, RecognitionRequest(SOUND, "ru", hint=segment_id))
        await settle()

    async def mumble(self, segment_id: str, hint: str = "") -> bool:
        request = RecognitionRequest(SOUND, "ru", hint=hint or f"{segment_id}…", interim=True)
        offered = self.queue.offer_interim(segment_id, request)
        await settle()
        return offered

    def heard(self) -> list[str]:
        return [one.segment_id + ("…" if one.interim else "") for one in self.delivered]


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_no_more_than_the_workers_are_busy_at_once_and_the_oldest_goes_first() -> None:
    bench = Bench(workers=2)
    await bench.say("a", "b", "c", "d")
    assert bench.recognizer.asked == ["a", "b"]
    await bench.recognizer.answer("b")
    assert bench.recognizer.asked == ["a", "b", "c"]
    await bench.recognizer.answer("a")
    assert bench.heard() == ["b", "a"]


async def test_when_more_is_said_than_can_be_recognised_the_oldest_is_dropped_counted_and_told_at_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bench = Bench(capacity=8)
    await bench.say("running", *(str(number) for number in range(10)))
    assert bench.counters["segments_dropped"] == 2
    assert bench.heard() == ["0", "1"], "nobody need wait for their transcripts"
    assert [one.transcript for one in bench.delivered] == [None, None]
    assert [line for line in caplog.messages if "dropped" in line] == [
        f"segment {number} is dropped: more is said than can be recognised" for number in (0, 1)
    ]
    for segment_id in ("running", *"23456789"):
        await bench.recognizer.answer(segment_id)
    assert bench.heard() == ["0", "1", "running", *"23456789"]


async def test_a_caption_is_followed_by_the_final_text_of_the_same_segment() -> None:
    bench = Bench()
    assert await bench.mumble("a")
    await bench.recognizer.answer("a…", "Где")
    await bench.say("a")
    await bench.recognizer.answer("a", "Где мы?")
    assert bench.heard() == ["a…", "a"]


async def test_the_final_request_gives_up_the_interim_one_that_still_runs() -> None:
    bench = Bench()
    await bench.mumble("a")
    await bench.say("a")
    assert bench.recognizer.is_given_up("a…")
    await bench.recognizer.answer("a")
    assert bench.heard() == ["a"]
    assert bench.counters["interims_superseded"] == 1


async def test_a_question_takes_the_worker_from_a_caption_of_somebody_else() -> None:
    bench = Bench(workers=1)
    await bench.mumble("second speaker")
    await bench.say("question")
    assert bench.recognizer.asked == ["second speaker…", "question"]


async def test_captions_wait_while_questions_are_recognised() -> None:
    bench = Bench(workers=1)
    await bench.say("question")
    assert not await bench.mumble("a")
    await bench.recognizer.answer("question")
    assert await bench.mumble("a")


async def test_one_caption_is_made_at_a_time() -> None:
    bench = Bench(workers=2)
    assert await bench.mumble("a", "first")
    assert not await bench.mumble("a", "second")
    await bench.recognizer.answer("first")
    while not await bench.mumble("a", "third"):  # a little later, since the first one took a little
        pass


async def test_what_is_cancelled_is_never_delivered() -> None:
    bench = Bench(workers=1)
    await bench.say("running", "waiting", "wanted")
    bench.queue.cancel("running")
    bench.queue.cancel("waiting")
    await settle()
    assert bench.recognizer.is_given_up("running")
    await bench.recognizer.answer("wanted")
    assert bench.heard() == ["wanted"]


async def test_a_failure_is_delivered_with_its_reason_so_that_the_guide_can_ask_again() -> None:
    bench = Bench()
    await bench.say("a", "b")
    await bench.recognizer.answer("a", RungError("no recognizer works"))
    await bench.recognizer.answer("b")
    assert bench.delivered[0].transcript is None
    assert bench.delivered[0].reason == "no recognizer works"
    assert bench.heard() == ["a", "b"]
    assert bench.counters["segments_failed"] == 1


async def test_a_recognizer_that_hangs_does_not_hold_its_worker_for_ever() -> None:
    async def hang(request: RecognitionRequest) -> Transcript:
        await asyncio.Event().wait()
        raise AssertionError("never")

    delivered: asyncio.Queue[Recognition] = asyncio.Queue()
    queue = RecognitionQueue(hang, delivered.put_nowait, workers=1, counters=Counter(), deadline_s=0.05)
    queue.submit("a", RecognitionRequest(SOUND, "ru"))
    queue.submit("b", RecognitionRequest(SOUND, "ru"))
    assert "no transcript within" in (await delivered.get()).reason
    assert (await delivered.get()).segment_id == "b"


async def test_an_unforeseen_error_is_told_and_the_next_segment_is_recognised(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bench = Bench()
    await bench.say("a", "b")
    await bench.recognizer.answer("a", ZeroDivisionError("a bug"))
    await bench.recognizer.answer("b")
    assert bench.heard() == ["a", "b"]
    assert bench.delivered[0].transcript is None
    assert "a bug" in caplog.text


async def test_closing_stops_everything() -> None:
    bench = Bench()
    await bench.say("a", "b")
    await bench.queue.close()
    assert bench.recognizer.is_given_up("a")
    assert bench.recognizer.asked == ["a"]
    assert not bench.delivered


async def test_a_quick_recognizer_that_has_nothing_to_do_has_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 10.0
    monkeypatch.setattr(queue, "monotonic", lambda: now)
    bench = Bench()
    assert not bench.queue.has_time, "nobody knows how quick it is"
    await bench.say("a")
    now += QUICK_S
    await bench.recognizer.answer("a")
    assert bench.queue.has_time
    await bench.mumble("b")
    assert not bench.queue.has_time
    now += 2 * QUICK_S
    await bench.recognizer.answer("b…")
    assert bench.queue.has_time, "a caption says nothing of it"
    await bench.say("b")
    assert not bench.queue.has_time
    now += 2 * QUICK_S
    await bench.recognizer.answer("b")
    assert not bench.queue.has_time, "it has become slow"
