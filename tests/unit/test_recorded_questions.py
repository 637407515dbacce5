"""What passengers ask is written down as it came: also the name alone, thanks, and what may be an aside."""

from __future__ import annotations

import time

import pytest

from edge.config import Settings
from edge.drive.lines import DroppedLine, Question, Silence, TurnLine
from edge.drive.recorder import Recorder
from edge.messages import Caption, Dropped, Priority, Turn
from tests.support.incoming import incoming


def caption(**told: object) -> Caption:
    given = {
        "segment_id": "a",
        "text": "Guide, what is that?",
        "question": "what is that?",
        "language": "en",
        "final": True,
        "addressed": True,
    }
    return Caption(**(given | told))  # type: ignore[arg-type]


def answer(turn_id: str) -> Turn:
    return Turn(
        turn_id=turn_id,
        trigger_id=turn_id,
        kind="answer",
        priority=Priority.ANSWER,
        language="en",
        outcome="spoken",
        text="",
        received_at=time.time(),
        stages=(),
    )


@pytest.mark.asyncio
@pytest.mark.parametrize("utterances", [True, False])
async def test_a_question_keeps_what_decides_about_it(utterances: bool) -> None:
    recorder = Recorder(Settings(), utterances=utterances)
    (aside,) = recorder._lines_of(caption(may_be_aside=True))
    (thanks,) = recorder._lines_of(caption(segment_id="b", question=None, occasion="thanked"))
    assert isinstance(aside, Question)
    assert isinstance(thanks, Question)
    assert (aside.text, aside.may_be_aside, aside.occasion) == (
        "what is that?" if utterances else None,
        True,
        None,
    )
    assert (thanks.text, thanks.may_be_aside, thanks.occasion) == (None, False, "thanked")


@pytest.mark.asyncio
async def test_an_answer_to_what_had_no_caption_is_no_events() -> None:
    recorder = Recorder(Settings(), utterances=False)
    recorder._came(incoming("event", "a dog"))
    recorder._lines_of(caption())
    for turn_id, trigger in (("nobody", 0), ("a", 2)):
        (line,) = recorder._lines_of(answer(turn_id))
        assert isinstance(line, TurnLine)
        assert line.trigger == trigger
        dropped = Dropped(trigger_id=turn_id, kind="answer", reason="expired", received_at=time.time())
        (line,) = recorder._lines_of(dropped)
        assert isinstance(line, DroppedLine)
        assert line.trigger == trigger
    (line,) = recorder._lines_of(
        Dropped(trigger_id="random", kind="remark", reason="cooldown", received_at=time.time())
    )
    assert isinstance(line, DroppedLine)
    assert line.trigger == 1


@pytest.mark.asyncio
async def test_a_stop_word_is_kept_as_what_it_asks_for_and_is_no_question() -> None:
    recorder = Recorder(Settings(), utterances=False)
    (silence,) = recorder._lines_of(caption(segment_id="s", text="Quiet for ten minutes!", quiet_s=600.0))
    assert silence == Silence(at=silence.at, quiet_s=600.0)
    (question,) = recorder._lines_of(caption())
    assert isinstance(question, Question)
    assert recorder._number_of(answer("a")) == 1
