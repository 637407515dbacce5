"""A passenger asks and is answered: real words into a microphone, a real recognizer, a spoken answer.

The recognizer is pocketsphinx, which knows "captain" better than "guide": so the guide is called that.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
import zmq.asyncio

from bench.clouds.tones import letters_of
from edge.bus import FeedSubscriber
from edge.messages import Caption, Hearing
from tests.support.listening_guide import (
    ANSWER,
    CHATTER,
    FOLLOW_UP,
    LONG,
    NOTICE,
    QUESTION,
    SPHINX,
    Scene,
    listening,
)
from tests.support.spoken_english import has_synthesizer

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(not has_synthesizer("flite"), reason="flite is not installed"),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    """Half duplex; answers are told, so that the tests can read them."""
    pytest.importorskip("pocketsphinx")
    folder = tmp_path_factory.mktemp("answers")
    async with listening(folder, **SPHINX, TELEMETRY__ANSWER_TEXT="true", LISTENER__NOTICE=NOTICE) as scene:
        yield scene


async def test_passengers_who_talk_to_each_other_get_no_answer(scene: Scene) -> None:
    answers, before = len(scene.answers), scene.utterances("not_addressed")
    scene.passenger_says(CHATTER)
    await scene.guide.until(lambda: scene.utterances("not_addressed") > before, "the utterance")
    assert len(scene.answers) == answers


async def test_what_is_said_can_be_read_on_the_device_and_whether_somebody_speaks(scene: Scene) -> None:
    feed = FeedSubscriber(scene.guide.folder / "run", Caption, Hearing)
    context = zmq.asyncio.Context()
    captions: list[Caption] = []
    speaking: list[bool] = []
    try:
        async with asyncio.timeout(40), contextlib.aclosing(feed.messages(context)) as news:
            async for message in news:
                if isinstance(message, Hearing):
                    if not speaking:  # the feed is heard: long enough for a recognizer that has half a core
                        scene.passenger_says(", ".join([CHATTER] * 4))
                    speaking.append(message.speaking)
                elif isinstance(message, Caption):
                    captions.append(message)
                if captions and captions[-1].final and speaking and not speaking[-1]:
                    break
    finally:
        context.destroy(linger=0)
    assert True in speaking
    assert not captions[0].final, "the first words are there before the last are said"
    assert CHATTER.lower() in captions[-1].text
    assert not captions[-1].addressed


async def test_a_question_is_heard_understood_and_answered_aloud(scene: Scene) -> None:
    scene.loudspeaker.take()
    turn = await scene.answer_to(QUESTION)
    assert (turn["outcome"], turn["text"], turn["language"]) == ("spoken", ANSWER, "en")
    assert letters_of(ANSWER) in scene.loudspeaker.take().letters
    assert turn["sources"] == ["temple.en.md"]
    question = scene.asked()[-1]
    assert "what is the temple" in question
    assert "captain" not in question
    assert "opens at eight in the morning" in question, "what the pages know goes with the question"


async def test_its_timeline_begins_where_the_passenger_fell_silent(scene: Scene) -> None:
    turn = await scene.answer_to(QUESTION)
    stages = turn["stages_ms"]
    assert stages["speech_end"] < stages["transcript"] <= stages["verified"]
    assert stages["speech_end"] < stages["segment"] <= stages["verified"]
    assert stages["verified"] <= stages["accepted"] < stages["first_sample"]
    assert turn["ttfa_ms"] == pytest.approx(stages["first_sample"] - stages["speech_end"], abs=0.2)


async def test_what_follows_an_answer_needs_no_name_and_knows_what_was_said(scene: Scene) -> None:
    await scene.answer_to(QUESTION)
    turn = await scene.answer_to(FOLLOW_UP)
    assert turn["outcome"] == "spoken"
    assert f"guide: {ANSWER}" in scene.asked()[-1]


async def test_behind_an_answer_a_remark_to_a_neighbour_gets_none(scene: Scene) -> None:
    assert await scene.answer_to(QUESTION)
    answers = len(scene.answers)
    before = scene.utterances("asks_nothing")
    scene.passenger_says(CHATTER)
    await scene.guide.until(lambda: scene.utterances("asks_nothing") > before, "the utterance")
    assert len(scene.answers) == answers


async def test_while_the_guide_speaks_it_hears_nobody_and_not_itself(scene: Scene) -> None:
    answers, utterances = len(scene.answers), scene.utterances()
    announcement = await scene.guide.begin("announce", text=LONG)
    await scene.guide.until_stage(announcement, "first_sample")
    scene.passenger_says("the next stop is the moon")
    scene.passenger_says(QUESTION)
    await scene.guide.until(lambda: scene.microphone.is_quiet, "the words to have been said")
    assert (await scene.guide.turn(announcement))["outcome"] == "spoken"
    assert await scene.answer_to(QUESTION), "afterwards it hears again"
    assert len(scene.answers) == answers + 1
    assert scene.utterances() <= utterances + 1


async def test_the_button_makes_any_words_a_question(scene: Scene) -> None:
    await scene.guide.publish("cmd/talk", "down")
    await scene.guide.until(lambda: "control: shuttle/test/cmd/talk" in scene.guide.log(), "the command")
    turn = await scene.answer_to("what is the weather today?")
    await scene.guide.publish("cmd/talk", "up")
    assert turn["outcome"] == "spoken"


async def test_whoever_got_on_is_told_that_the_guide_listens(scene: Scene) -> None:
    await scene.guide.publish("vehicle", {"doors_open": True})
    await scene.guide.publish("vehicle", {"doors_open": False})
    (turn,) = await scene.guide.until_turns(lambda turn: turn["text"] == NOTICE)
    assert (turn["kind"], turn["outcome"]) == ("announcement", "spoken")


async def test_the_journal_does_not_tell_what_passengers_say(scene: Scene) -> None:
    await scene.answer_to(QUESTION)
    assert "temple" not in scene.guide.log().replace("temple.en.md", "")


async def test_what_the_guide_itself_sends_its_own_processes_take(scene: Scene) -> None:
    """Its table of who may send what (``bus/topology.py``) leaves nothing out, for all that was said here."""
    await scene.answer_to(QUESTION)
    assert (await scene.guide.turn(await scene.guide.begin("safety", text="Stop")))["outcome"] == "spoken"
    for process in scene.guide.state["processes"].values():
        assert not [name for name in process["counters"] if name.startswith("refused.")]
    assert "message(s), the last because" not in scene.guide.log()
