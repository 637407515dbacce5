"""A passenger asks and is answered: real words into a microphone, a real recognizer, a spoken answer.

The recognizer is pocketsphinx, which knows "captain" better than "guide": so the guide is called that.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
import pytest_asyncio
import zmq.asyncio

from bench.clouds.tones import letters_of
from edge.bus import FeedSubscriber
from edge.messages import Caption, Hearing
from edge.tasks import cancel_and_wait
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
from tests.support.patient_listener import PATIENT
from tests.support.shared_scene import SharedScene, shared_scene
from tests.support.spoken_english import has_synthesizer
from tests.support.waiting import until

pytestmark = [
    pytest.mark.real_time("a recognizer has to understand words as they are said"),
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(not has_synthesizer("flite"), reason="flite is not installed"),
]

PATIENCE_S = 60.0
TIMES = (4, 2, 4, 2)
"""So often is it said in one go: a recognizer with half a core has time to show some of it before its end,
and one with less to understand it at all."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scenes(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SharedScene[Scene]]:
    """Half duplex; answers are told, so that the tests can read them."""
    pytest.importorskip("pocketsphinx")
    settings = {**SPHINX, "TELEMETRY__ANSWER_TEXT": "true", "LISTENER__NOTICE": NOTICE}
    async with shared_scene(
        lambda _: listening(tmp_path_factory.mktemp("answers"), program=PATIENT, **settings)
    ) as scenes:
        yield scenes


async def test_passengers_who_talk_to_each_other_get_no_answer(scene: Scene) -> None:
    before = scene.utterances("not_addressed")
    scene.passenger_says(CHATTER)
    await scene.guide.until(lambda: scene.utterances("not_addressed") > before, "the utterance")
    assert scene.answers == []


async def test_what_is_said_can_be_read_on_the_device_and_whether_somebody_speaks(scene: Scene) -> None:
    captions: list[Caption] = []
    speaking: list[bool] = []
    async with following(scene.guide.folder / "run", captions, speaking):
        await until(lambda: bool(speaking))
        for times in TIMES:
            judged = scene.utterances()
            scene.passenger_says(", ".join([CHATTER] * times))
            await until(lambda judged=judged: scene.utterances() > judged, within_s=PATIENCE_S)
            await scene.until_understood()  # whoever asks next is not taken for one who chatters on
            if CHATTER.lower() in _said_and_shown_before_its_end(captions):
                break
    assert CHATTER.lower() in _said_and_shown_before_its_end(captions)
    assert True in speaking
    assert not any(caption.addressed for caption in captions)


@contextlib.asynccontextmanager
async def following(runtime_dir: Path, captions: list[Caption], speaking: list[bool]) -> AsyncIterator[None]:
    """What the listener tells until the end of the block is added to both."""
    context = zmq.asyncio.Context()

    async def follow() -> None:
        feed = FeedSubscriber(runtime_dir, Caption, Hearing)
        async with contextlib.aclosing(feed.messages(context)) as news:
            async for message in news:
                if isinstance(message, Hearing):
                    speaking.append(message.speaking)
                elif isinstance(message, Caption):
                    captions.append(message)

    task = asyncio.create_task(follow())
    try:
        yield
    finally:
        await cancel_and_wait(task)
        context.destroy(linger=0)


def _said_and_shown_before_its_end(captions: Sequence[Caption]) -> str:
    """All words of a segment whose first words could be read before its last were said."""
    shown = {caption.segment_id for caption in captions if not caption.final}
    return "".join(each.text for each in captions if each.final and each.segment_id in shown)


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
    # Its timeline begins where the passenger fell silent.
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


async def test_the_journal_tells_no_words_and_what_the_guide_sends_its_own_processes_take(
    scene: Scene,
) -> None:
    """Its table of who may send what (``bus/topology.py``) leaves nothing out, for all that was said here."""
    await scene.answer_to(QUESTION)
    assert "temple" not in scene.guide.log().replace("temple.en.md", "")
    assert (await scene.guide.turn(await scene.guide.begin("safety", text="Stop")))["outcome"] == "spoken"
    for process in scene.guide.state["processes"].values():
        assert not [name for name in process["counters"] if name.startswith("refused.")]
    assert "message(s), the last because" not in scene.guide.log()
