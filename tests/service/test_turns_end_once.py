"""Whoever is killed in the middle of a turn: it ends in one published turn, which tells what was heard."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
import zmq.asyncio

from edge.bench.clouds.tones import letters_of
from edge.bus import Delivery, PipeSender
from edge.bus.topology import pipe_path
from edge.messages import Trigger
from tests.support.guide import JsonObject
from tests.support.sound_server import Recording
from tests.support.speaking_guide import LONG, SUNSET, TWO_DOGS, SpeakingGuide, heard, speaking_guide

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SpeakingGuide]:
    async with speaking_guide(tmp_path_factory.mktemp("once")) as started:
        yield started


async def begin_long_answer(scene: SpeakingGuide, recording: Recording) -> str:
    """As a listener would; returns the trigger's id when some words of the answer have been heard."""
    now = time.monotonic()
    asked = Trigger(
        kind="answer", text=SUNSET, received_mono=now, received_at=time.time(), expires_mono=now + 20
    )
    context = zmq.asyncio.Context()
    listener = PipeSender(pipe_path(str(scene.guide.folder / "run"), "triggers"))
    listener.start(context)
    try:
        sent = listener.put(asked, priority=asked.priority, expires_mono=asked.expires_mono)
        assert await sent is Delivery.ACKNOWLEDGED
    finally:
        await listener.close()
        context.destroy(linger=0)
    await scene.guide.until(lambda: len(heard(recording).letters.split()) > 2, "some words")
    return asked.trigger_id


def assert_some_was_heard(turn: JsonObject) -> None:
    words = letters_of(turn["text"])
    assert words, "what was heard is told"
    assert letters_of(LONG).startswith(f"{words} "), "whole words, and not all of them"


def turns_of(scene: SpeakingGuide, trigger_id: str) -> int:
    return sum(turn["trigger_id"] == trigger_id for turn in scene.guide.turns)


async def assert_goes_on(scene: SpeakingGuide, killed_id: str) -> None:
    """The next remark is said, and nothing more is told or heard of what was killed."""
    with scene.sound.record() as recording:
        assert (await scene.guide.say("event", text=TWO_DOGS))["outcome"] == "spoken"
    assert not heard(recording).resembles(LONG)
    assert turns_of(scene, killed_id) == 1


async def test_a_remark_whose_commentator_is_killed(scene: SpeakingGuide) -> None:
    with scene.sound.record() as recording:
        trigger_id = await scene.begin_long_remark(recording)
        scene.guide.kill("commentator")
        turn = await scene.guide.turn(trigger_id)
    assert (turn["outcome"], turn["reason"]) == ("failed", "the commentator restarted")
    assert_some_was_heard(turn)
    await scene.guide.until_back("commentator")
    await assert_goes_on(scene, trigger_id)


async def test_an_answer_whose_commentator_is_killed(scene: SpeakingGuide) -> None:
    with scene.sound.record() as recording:
        trigger_id = await begin_long_answer(scene, recording)
        scene.guide.kill("commentator")
        turn = await scene.guide.turn(trigger_id)
    assert (turn["kind"], turn["outcome"]) == ("answer", "failed")
    assert turn["reason"] == "the commentator restarted"
    await scene.guide.until_back("commentator")
    await assert_goes_on(scene, trigger_id)


async def test_a_remark_whose_speaker_is_killed(scene: SpeakingGuide) -> None:
    with scene.sound.record() as recording:
        trigger_id = await scene.begin_long_remark(recording)
        scene.guide.kill("speaker")
        turn = await scene.guide.turn(trigger_id)
    assert (turn["outcome"], turn["reason"]) == ("failed", "the speaker restarted")
    assert_some_was_heard(turn)
    await scene.guide.until_back("speaker")
    await assert_goes_on(scene, trigger_id)
