"""Real processes whose services fail and repeat all that they were told: nothing is logged or published."""

from __future__ import annotations

import json
import time
from pathlib import Path

import msgspec
import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from bench.own_limits import program_with
from edge.messages import Priority, ProcessState, Trigger, new_id
from tests.support.canaries import KEY, QUESTION, parts_found
from tests.support.commentator_alone import CommentatorAlone
from tests.support.parrot import HTTP_FAILURES, Parrot
from tests.support.services import budgets
from tests.support.speaker_alone import SpeakerAlone

EAGER = {"SHUTTLE_GUIDE_LOG_LEVEL": "DEBUG", "GROQ_API_KEY": KEY, "OPENAI_API_KEY": KEY}
SOON = program_with(breaker_failures=2)
"""The probe at the start fails, and the question: that opens a breaker, whose reason is a state."""
WAYS = (
    "400 with all in its message",
    "no header at all",
    "an error in the stream",
    "a redirect",
    "422 of a validator",
)


def outside_of(state: ProcessState | None) -> str:
    """What telemetry publishes of a process in ``state``."""
    return json.dumps(msgspec.to_builtins(state), ensure_ascii=False)


@pytest.mark.parametrize("way", WAYS)
async def test_a_question_that_no_model_answers(way: str, tmp_path: Path) -> None:
    async with Parrot(HTTP_FAILURES[way]) as parrot:
        settings = {
            "SHUTTLE_GUIDE_GROQ__BASE_URL": f"http://127.0.0.1:{parrot.port}",
            "SHUTTLE_GUIDE_OPENAI__BASE_URL": f"http://127.0.0.1:{parrot.port}/v1",
            "SHUTTLE_GUIDE_COMMENTATOR__AHEAD__ENABLED": "false",
        }
        commentator = CommentatorAlone(tmp_path, EAGER | settings)
        commentator.program = SOON
        async with commentator as guide:
            now = time.monotonic()
            trigger = Trigger(
                kind="answer",
                turn_id=new_id(),
                text=QUESTION,
                language="ru",
                received_mono=now,
                received_at=time.time(),
                expires_mono=now + 20.0,
            )
            guide.hear(trigger)
            await guide.turn(trigger.trigger_id)
            await guide.until(lambda: "leaving groq alone" in guide.log(), "the models to be left alone")
            await guide.until(lambda: "model.groq" in outside_of(guide.state), "the state")
            told = guide.log() + outside_of(guide.state)
    assert any(QUESTION in request for request in parrot.told)
    assert not parts_found(told), told


async def repeat(socket: ServerConnection) -> None:
    """An ElevenLabs that refuses each text, and quotes it."""
    assert socket.request is not None
    key = socket.request.headers["xi-api-key"]
    try:
        async for message in socket:
            if QUESTION in message:
                context = json.loads(message)["context_id"]
                told = f"{QUESTION} {key}"
                await socket.send(json.dumps({"error": told, "message": told, "contextId": context}))
    except ConnectionClosed:
        return


async def test_an_answer_that_no_cloud_speaks(tmp_path: Path) -> None:
    async with (
        Parrot(HTTP_FAILURES["400 with all in its message"]) as parrot,
        serve(repeat, "127.0.0.1", 0) as server,
    ):
        settings = {
            "SHUTTLE_GUIDE_ELEVENLABS__BASE_URL": f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}",
            "SHUTTLE_GUIDE_OPENAI__BASE_URL": f"http://127.0.0.1:{parrot.port}/v1",
            "ELEVENLABS_API_KEY": KEY,
            **budgets(),  # what it says of itself is told, and not that it is late
        }
        speaker = SpeakerAlone(tmp_path, EAGER | settings)
        speaker.program = SOON
        async with speaker as guide:
            guide.say("a", QUESTION, priority=Priority.ANSWER)
            report = await guide.report("a")
            await guide.until(lambda: "leaving elevenlabs alone" in guide.log(), "the voice to be left alone")
            told = guide.log() + outside_of(guide.state) + str(report.reason)
    assert report.outcome == "spoken"
    assert any(QUESTION in request for request in parrot.told)
    assert "elevenlabs failed: ElevenLabs" in told
    assert not parts_found(told), told
