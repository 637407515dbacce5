"""What a recorded drive keeps of what comes over MQTT, and how what becomes of it is told apart."""

from __future__ import annotations

import asyncio
import time

import pytest

from edge.config import Settings
from edge.drive.lines import AnyLine, DroppedLine, MqttLine, Question
from edge.drive.recorder import Recorder
from edge.messages import Dropped, Kind
from tests.support.incoming import incoming
from tests.support.simulated import in_simulated_time


def kept(recorder: Recorder) -> list[AnyLine]:
    return [recorder._lines.get_nowait() for _ in range(recorder._lines.qsize())]


def dropped(trigger_id: str, kind: Kind = "remark", *, ago_s: float = 0.0) -> Dropped:
    return Dropped(trigger_id=trigger_id, kind=kind, reason="cooldown", received_at=time.time() - ago_s)


@pytest.mark.parametrize("utterances", [False, True])
async def test_a_typed_question_is_kept_only_where_passengers_words_are(utterances: bool) -> None:
    recorder = Recorder(Settings(), utterances=utterances)
    for topic in ("event", "ask"):
        recorder._came(incoming(topic, "words"))
    event, asked = kept(recorder)
    assert isinstance(event, MqttLine)
    if utterances:
        assert isinstance(asked, MqttLine)
        assert (asked.topic, asked.payload) == ("ask", "words")
    else:
        assert isinstance(asked, Question)
        assert (asked.text, asked.occasion) == (None, None)


@pytest.mark.parametrize("utterances", [False, True])
async def test_what_becomes_of_a_typed_question_is_told_under_its_number(utterances: bool) -> None:
    recorder = Recorder(Settings(), utterances=utterances)
    for payload in ("", "What is that?", '{"id": 7, "text": "And that?"}'):
        recorder._came(incoming("ask", payload))
    assert [recorder._number_of(dropped(own, "answer")) for own in ("random", "7")] == [2, 3]


async def test_what_brought_no_usable_id_is_known_by_kind_and_time() -> None:
    recorder = Recorder(Settings(), utterances=False)
    for topic, payload in (
        ("event", "a dog"),
        ("event", '{"label": '),  # refused: nothing becomes of it
        ("announce", '{"id": "own", "text": "The market."}'),
        ("announce", '\ufeff{"id": "marked", "text": "The temple."}'),
        ("announce", '{"id": "\\n", "text": "The beach."}'),
    ):
        recorder._came(incoming(topic, payload))
    told = [
        dropped("old", "announcement", ago_s=30.0),
        dropped("random", "announcement"),
        dropped("other", "announcement"),
        dropped("own", "announcement"),
        dropped("marked", "announcement"),
        dropped("another"),
        dropped("one too many"),
    ]
    assert [recorder._number_of(news) for news in told] == [0, 5, 0, 3, 4, 1, 0]


@in_simulated_time
async def test_a_drop_that_is_told_before_its_message_came_waits_for_it() -> None:
    recorder = Recorder(Settings(), utterances=False)
    recorder._began_mono -= 10.0
    telling = asyncio.create_task(recorder._tell_drop(dropped("late", "answer"), 2.0))
    await asyncio.sleep(0)
    recorder._came(incoming("ask", '{"id": "late", "text": "What is that?"}'))
    await telling
    assert kept(recorder)[-1] == DroppedLine(at=2.0, trigger=1, kind="answer", reason="cooldown")


@in_simulated_time
async def test_a_drop_whose_message_never_comes_is_told_all_the_same() -> None:
    recorder = Recorder(Settings(), utterances=False)
    recorder._began_mono -= 10.0
    await recorder._tell_drop(dropped("nobody"), 2.0)
    assert kept(recorder) == [DroppedLine(at=2.0, trigger=0, kind="remark", reason="cooldown")]
