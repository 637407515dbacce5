"""Behind an answer the model may say that a neighbour was meant: the turn ends, and nothing sounds."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from bench.clouds import CloudEmulator, Profile
from edge.commentator.aside import MARK, NOT_MEANT
from edge.messages import Guess, Occasion, SpeechCancel, SpeechPrepare, Trigger
from tests.support.commentator_alone import CommentatorAlone

QUICK = Profile(name="quick", first_token_s=0.02, voice_first_byte_s=0.03, connection_setup_s=0.01)
SETTINGS = {
    "SHUTTLE_GUIDE_SHUTTLE__LANGUAGE": "en",
    "SHUTTLE_GUIDE_COMMENTATOR__MODELS": "groq",
    "SHUTTLE_GUIDE_COMMENTATOR__AHEAD__ENABLED": "false",
}
ASIDE, QUESTION = "is it the red one?", "how old is it?"
ANSWER = "It is as old as the hill."


def heard(
    text: str | None, turn_id: str, *, may_be_aside: bool = True, occasion: Occasion | None = None
) -> Trigger:
    now = time.monotonic()
    return Trigger(
        kind="answer",
        turn_id=turn_id,
        text=text,
        occasion=occasion,
        may_be_aside=may_be_aside,
        language="en",
        received_mono=now,
        received_at=time.time(),
        expires_mono=now + 20.0,
    )


def reply(request: dict[str, Any]) -> str:
    system, user = request["messages"][0]["content"], request["messages"][-1]["content"]
    return MARK if ASIDE in user and MARK in system else ANSWER


@pytest.mark.parametrize("is_guessed", [False, True], ids=["certain", "guessed first"])
async def test_nothing_sounds_where_the_model_says_that_somebody_else_was_meant(
    tmp_path: Path, is_guessed: bool
) -> None:
    async with (
        CloudEmulator(QUICK, reply=reply) as clouds,
        CommentatorAlone(tmp_path, clouds.env() | SETTINGS) as guide,
    ):
        if is_guessed:
            expires = time.monotonic() + 20.0
            guide.hear(Guess(turn_id="a", text=ASIDE, language="en", may_be_aside=True, expires_mono=expires))
        aside = heard(ASIDE, "a")
        guide.hear(aside)
        turn = await guide.turn(aside.trigger_id)
        assert (turn.outcome, turn.reason, turn.text) == ("interrupted", NOT_MEANT, "")
        assert turn.models == ("groq",)
        assert {type(message) for message in guide.of_turn("a")} <= {SpeechPrepare, SpeechCancel}

        for question, turn_id, may_be_aside in ((QUESTION, "b", True), (ASIDE, "c", False)):
            asked = heard(question, turn_id, may_be_aside=may_be_aside)
            guide.hear(asked)
            turn = await guide.turn(asked.trigger_id)
            assert (turn.outcome, turn.text) == ("spoken", ANSWER)


async def test_thanks_are_taken_at_once_and_by_no_model(tmp_path: Path) -> None:
    async with (
        CloudEmulator(QUICK, reply=reply) as clouds,
        CommentatorAlone(tmp_path, clouds.env() | SETTINGS) as guide,
    ):
        thanks = heard(None, "a", may_be_aside=False, occasion="thanked")
        guide.hear(thanks)
        turn = await guide.turn(thanks.trigger_id)
        assert turn.outcome == "spoken"
        assert turn.text
        assert turn.models == ()
