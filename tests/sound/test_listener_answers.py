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
from edge.config import MqttSettings
from edge.messages import Caption, Hearing
from tests.support.broker import Broker, running
from tests.support.cabin_microphone import CabinMicrophone
from tests.support.guide import Guide
from tests.support.listening_guide import (
    ANSWER,
    CHATTER,
    FOLLOW_UP,
    LONG,
    NOTICE,
    QUESTION,
    Scene,
    listener_of,
    listening,
)
from tests.support.mqtt_watch import Watch
from tests.support.spoken_english import has_synthesizer

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(not has_synthesizer("flite"), reason="flite is not installed"),
]

SPHINX = {"LISTENER__RECOGNIZER__ORDER": "pocketsphinx"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    """Half duplex; answers are told, so that the tests can read them."""
    pytest.importorskip("pocketsphinx")
    folder = tmp_path_factory.mktemp("answers")
    async with listening(folder, **SPHINX, TELEMETRY__ANSWER_TEXT="true", LISTENER__NOTICE=NOTICE) as scene:
        yield scene


async def test_passengers_who_talk_to_each_other_get_no_answer(scene: Scene) -> None:
    scene.passenger_says(CHATTER)
    await scene.guide.until(lambda: scene.utterances("not_addressed") == 1, "the utterance")
    assert scene.answers == []


async def test_what_is_said_can_be_read_on_the_device_and_whether_somebody_speaks(scene: Scene) -> None:
    feed = FeedSubscriber(scene.guide.folder / "run", Caption, Hearing)
    context = zmq.asyncio.Context()
    captions: list[Caption] = []
    speaking: list[bool] = []
    said_after: list[int] = []
    try:
        async with asyncio.timeout(50), contextlib.aclosing(feed.messages(context)) as news:
            async for message in news:
                if isinstance(message, Hearing):
                    speaking.append(message.speaking)
                elif isinstance(message, Caption):
                    captions.append(message)
                if speaking[-1:] != [False]:
                    continue
                if CHATTER.lower() in _said_and_shown_before_its_end(captions):
                    break
                if not said_after or (len(captions) > said_after[-1] and captions[-1].final):
                    # Long enough for a recognizer that has half a core; on a busy machine it may stutter.
                    scene.passenger_says(", ".join([CHATTER] * 4))
                    said_after.append(len(captions))
    finally:
        context.destroy(linger=0)
    assert True in speaking
    assert not any(caption.addressed for caption in captions)


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


async def test_a_stop_word_ends_what_the_guide_says_where_it_can_be_heard_meanwhile(tmp_path: Path) -> None:
    async with listening(tmp_path, **SPHINX, LISTENER__DUPLEX="full") as scene:
        remark_id = await scene.guide.begin("event", text="a long sunset")
        await scene.guide.until_stage(remark_id, "first_sample")
        scene.passenger_says("stop")
        remark = await scene.guide.turn(remark_id)
    assert (remark["outcome"], remark["reason"]) == ("interrupted", "a passenger asked for silence")


async def test_answers_are_not_told_unless_that_is_switched_on(tmp_path: Path) -> None:
    async with listening(tmp_path, **SPHINX) as scene:
        turn = await scene.answer_to(QUESTION)
    assert (turn["outcome"], turn["text"], turn["sources"]) == ("spoken", None, [])


async def test_by_default_no_word_of_a_conversation_is_published_logged_or_written(tmp_path: Path) -> None:
    async with listening(tmp_path, **SPHINX, LOG_LEVEL="DEBUG") as scene:
        port = int(scene.guide.environment["SHUTTLE_GUIDE_MQTT__PORT"])
        async with Watch(MqttSettings(port=port), "eavesdropper", subscriptions=("#",)) as mqtt:
            await mqtt.until_connected()
            scene.passenger_says(CHATTER)
            await scene.guide.until(lambda: scene.utterances("not_addressed") == 1, "the utterance")
            await scene.answer_to(QUESTION)
            await scene.answer_to(FOLLOW_UP)
            published = b" ".join(mqtt.payloads()).decode()
        log = scene.guide.log()
        pages = scene.guide.folder / "knowledge"
        index = scene.guide.folder / "state" / "knowledge.sqlite"
        files = [f for f in scene.guide.folder.rglob("*") if f.is_file() and pages not in f.parents]
        written = b" ".join(file.read_bytes() for file in files if file != index).decode(errors="replace")
    assert "weather" in scene.asked()[-1], "it was understood"
    for told in (published, log, written):
        assert not [word for word in ("place very much", "weather", "bamboo") if word in told.lower()]


@pytest.mark.parametrize(
    ("settings", "status"),
    [
        ({}, "listening to nobody: no microphone is configured"),
        ({"INPUT": "wav:/nowhere.wav", "RECOGNIZER__ORDER": "pocketsphinx"}, "listening to nobody: wav:"),
        ({"INPUT": "MICROPHONE"}, "shuttle-guide models fetch whisper/base"),
    ],
)
async def test_without_ears_it_is_there_says_why_and_speaks_all_the_same(
    tmp_path: Path, settings: dict[str, str], status: str
) -> None:
    with running(Broker(tmp_path / "broker")) as broker, CabinMicrophone(tmp_path / "mic") as microphone:
        environment = {
            f"SHUTTLE_GUIDE_LISTENER__{key}": value.replace("MICROPHONE", microphone.input)
            for key, value in settings.items()
        }
        async with Guide(tmp_path / "guide", broker.port, environment) as guide:
            await guide.until_ready()
            await guide.until_state(lambda state: status in listener_of(state)["status"])
            assert (await guide.say("event", text="собака слева"))["outcome"] == "spoken"


async def test_what_the_guide_itself_sends_its_own_processes_take(scene: Scene) -> None:
    """Its table of who may send what (``bus/topology.py``) leaves nothing out, for all that was said here."""
    await scene.answer_to(QUESTION)
    assert (await scene.guide.turn(await scene.guide.begin("safety", text="Stop")))["outcome"] == "spoken"
    for process in scene.guide.state["processes"].values():
        assert not [name for name in process["counters"] if name.startswith("refused.")]
    assert "message(s), the last because" not in scene.guide.log()
