"""An answer begun on a guess is written at once, and handed to the speaker when its question is certain."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from bench.clouds import CloudEmulator, Profile
from edge.messages import Guess, GuessVoid, SpeechPrepare, Trigger
from tests.support.commentator_alone import CommentatorAlone
from tests.support.patient import patient

QUICK = Profile(name="quick", first_token_s=0.02, voice_first_byte_s=0.03, connection_setup_s=0.01)
SETTINGS = {
    "SHUTTLE_GUIDE_SHUTTLE__LANGUAGE": "en",
    "SHUTTLE_GUIDE_COMMENTATOR__MODELS": "groq",
    "SHUTTLE_GUIDE_COMMENTATOR__AHEAD__ENABLED": "false",
}
QUESTION, OTHER = "what is the temple?", "what is the temple on the left?"
WRONG = "what is the tower?"
"""Its answer may be written before it is void."""
ANSWER = "The temple is a house of bamboo."


def guess(turn_id: str, text: str = QUESTION) -> Guess:
    return Guess(turn_id=turn_id, text=text, language="en", expires_mono=time.monotonic() + 20.0)


def certain(turn_id: str, text: str = QUESTION) -> Trigger:
    now = time.monotonic()
    return Trigger(
        kind="answer",
        turn_id=turn_id,
        text=text,
        language="en",
        received_mono=now,
        received_at=time.time(),
        expires_mono=now + 20.0,
    )


def written(clouds: CloudEmulator, question: str) -> int:
    """How many answers to it were written to their end."""
    bodies = [
        record.body for record in clouds.requests("groq") if record.ended_mono and not record.client_left
    ]
    return sum(f"<question>\n{question}\n<" in body["messages"][-1]["content"] for body in bodies if body)


@pytest.mark.parametrize(("asked", "used"), [(QUESTION, 1), (OTHER, 0)], ids=["as guessed", "other words"])
async def test_not_a_word_leaves_before_the_question_is_certain(
    tmp_path: Path, asked: str, used: int
) -> None:
    async with (
        CloudEmulator(QUICK, reply=lambda request: ANSWER) as clouds,
        patient(CommentatorAlone(tmp_path, clouds.env() | SETTINGS)) as guide,
    ):
        guide.hear(guess("wrong", WRONG))
        guide.hear(GuessVoid(turn_id="wrong"))
        guide.hear(guess("a"))
        await guide.until(lambda: written(clouds, QUESTION) > 0, "the whole answer to be written")
        await guide.until(lambda: bool(guide.sent), "the voice to be opened")
        assert {type(message) for message in guide.sent} == {SpeechPrepare}, "that, and no more"

        trigger = certain("a", asked)
        guide.hear(trigger)
        turn = await guide.turn(trigger.trigger_id)
        assert (turn.outcome, turn.text) == ("spoken", ANSWER)
        assert guide.of_turn("wrong") == []
        await guide.until(lambda: guide.counter("turns.spoken") == 1, "the counters")
        assert guide.counter("speculation.used") == used
        assert written(clouds, asked) == 1, "what was begun is taken over, or written anew for other words"
