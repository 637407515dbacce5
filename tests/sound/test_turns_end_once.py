"""Whoever is killed in the middle of a turn: it ends in one published turn, which tells what was heard."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from bench.clouds.tones import letters_of
from tests.support.guide import JsonObject
from tests.support.shared_scene import SharedScene, shared_scene
from tests.support.speaking_guide import SUNSET, TWO_DOGS, SpeakingGuide, heard, speaking_guide

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.real_time("a process has to be back while its predecessor's words still sound"),
]
LONG = (
    "Закат над полем! Лягушки настраивают скрипки, и всё это до ужина. Рис кланяется солнцу, а солнце "
    "делает вид, что так и надо. Цапля стоит на одной ноге и считает облака. Буйвол жуёт вечер и никуда "
    "не торопится, и мы вместе с ним. Ветер листает поле, как книгу, и каждый раз забывает страницу."
)
"""Fifteen seconds: on a busy machine a successor needs some to be there."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scenes(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SharedScene[SpeakingGuide]]:
    async with shared_scene(lambda _: speaking_guide(tmp_path_factory.mktemp("once"), long=LONG)) as scenes:
        yield scenes


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
        trigger_id = await scene.ask(SUNSET)
        await scene.until_some_words(recording)
        scene.guide.kill("commentator")
        turn = await scene.guide.turn(trigger_id)
    assert (turn["kind"], turn["outcome"]) == ("answer", "failed")
    assert turn["reason"] == "the commentator restarted"
    assert_some_was_heard(turn)
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
