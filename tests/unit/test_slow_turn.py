"""A turn whose first content came too late is a warning; others are not."""

from __future__ import annotations

import logging

import pytest

from edge.journal_events import MessageId
from edge.messages import Priority, StageTime, Turn
from edge.telemetry.turn_log import log_turn


def turn(first_content_mono: float) -> Turn:
    return Turn(
        turn_id="abc",
        trigger_id="t",
        kind="remark",
        priority=Priority.REMARK,
        language="ru",
        text="x",
        outcome="spoken",
        received_at=0.0,
        stages=(StageTime("received", 0.0), StageTime("first_content", first_content_mono)),
    )


@pytest.mark.parametrize(("first_content_mono", "slow"), [(4.9, False), (5.1, True)])
def test_what_comes_later_than_the_limit_is_a_warning(
    caplog: pytest.LogCaptureFixture, first_content_mono: float, slow: bool
) -> None:
    with caplog.at_level(logging.INFO):
        assert log_turn(turn(first_content_mono), slow_turn_ms=5000) is slow
    fields = [vars(record) for record in caplog.records]
    told = [found for found in fields if found.get("MESSAGE_ID") == MessageId.TURN_SLOW.value]
    assert [found["TTFC_MS"] for found in told] == [first_content_mono * 1000] * slow
    assert {found["TURN_ID"] for found in fields} == {"abc"}
