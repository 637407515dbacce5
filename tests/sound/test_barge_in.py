"""A second question while the first is being answered, through the whole guide, to clouds and loudspeaker."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from bench.clouds import FaultKind
from bench.clouds.tones import letters_of
from tests.support.guide import JsonObject
from tests.support.shared_scene import SharedScene, shared_scene
from tests.support.speaking_guide import LONG, SHORT, SUNSET, SpeakingGuide, heard, speaking_guide

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.real_time("the words are read back from the sound, and no hole may be in them"),
]

SLOW_TOKEN_S = 0.3
"""The first answer is written for 6 s; the second question comes when its first words are heard."""
SECOND = "а сколько стоит билет"
MODELS = ("groq", "openai")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scenes(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SharedScene[SpeakingGuide]]:
    async with shared_scene(lambda _: speaking_guide(tmp_path_factory.mktemp("bargein"))) as scenes:
        yield scenes


def asked(scene: SpeakingGuide, question: str) -> str:
    """What the model was asked with this question."""
    bodies = [record.body for record in scene.clouds.requests("groq") if record.body]
    contents = [str(body["messages"][-1]["content"]) for body in bodies]
    (content,) = [content for content in contents if f"<question>\n{question}" in content]
    return content


def turn_of(scene: SpeakingGuide, trigger_id: str) -> list[JsonObject]:
    return [turn for turn in scene.guide.turns if turn["trigger_id"] == trigger_id]


async def test_the_second_answer_replaces_the_first_which_stops_everywhere(scene: SpeakingGuide) -> None:
    for model in MODELS:  # the second is started beside the first, and would write all at once
        await scene.clouds.set_fault(model, FaultKind.SLOW, times=1, per_token_s=SLOW_TOKEN_S)
    with scene.sound.record() as recording:
        first_id = await scene.ask(SUNSET)
        await scene.until_some_words(recording)
        second_id = await scene.ask(SECOND)
        second = await scene.guide.turn(second_id)
    (first,) = turn_of(scene, first_id)

    assert (second["outcome"], second["text"]) == ("spoken", SHORT)
    assert (first["outcome"], first["reason"]) == ("interrupted", f"replaced by turn {second['turn_id']}")

    slow = [each for model in MODELS for each in scene.clouds.requests(model) if each.fault is FaultKind.SLOW]
    assert slow
    assert all(record.client_left for record in slow), "its models' streams were closed"
    last_words = letters_of(LONG).split()[-1]
    spoken = [output.text for record in scene.clouds.requests("elevenlabs") for output in record.outputs]
    assert not any(last_words in letters_of(text) for text in spoken), "and its voice never got the rest"

    heard_of_first = letters_of(first["text"])
    assert letters_of(LONG).startswith(heard_of_first)
    assert heard(recording).resembles(f"{heard_of_first} {letters_of(SHORT)}"), "one behind the other"

    question = asked(scene, SECOND)
    (line,) = [line for line in question.splitlines() if line.startswith("guide: ")]
    told = letters_of(line.removeprefix("guide: "))
    assert told, "the second was asked with what was heard of the first"
    assert heard_of_first.startswith(told)

    await scene.guide.turn(await scene.ask("и где его купить"))
    assert f"guide: {first['text']}\n" in asked(scene, "и где его купить"), "which is remembered so"
