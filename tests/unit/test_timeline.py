"""How long somebody waited: from the event, or from the end of a question."""

from __future__ import annotations

from edge.messages import StageTime
from edge.timeline import time_to_ms

STAGES = (
    StageTime("speech_end", 9.0),
    StageTime("received", 10.0),
    StageTime("first_sample", 10.25),
    StageTime("first_sample", 11.0),
)


def test_a_remark_is_waited_for_from_its_receipt() -> None:
    assert time_to_ms("first_sample", "remark", STAGES) == 250.0


def test_an_answer_is_waited_for_from_the_end_of_the_question() -> None:
    assert time_to_ms("first_sample", "answer", STAGES) == 1250.0


def test_what_was_not_reached_took_no_time() -> None:
    assert time_to_ms("first_content", "remark", STAGES) is None
    assert time_to_ms("first_sample", "answer", STAGES[1:]) is None
