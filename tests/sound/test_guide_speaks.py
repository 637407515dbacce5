"""What goes in over MQTT comes out of the loudspeaker: the whole guide, with emulated clouds."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import pytest_asyncio

from bench.clouds.tones import letters_of
from tests.support.shared_scene import SharedScene, shared_scene
from tests.support.speaking_guide import (
    ANNOUNCEMENT,
    SHORT,
    TWO_DOGS,
    SpeakingGuide,
    assert_heard_whole,
    assert_interrupted,
    heard,
    speaking_guide,
)

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.real_time("the words are read back from the sound, and no hole may be in them"),
]

TURN_SCHEMA = Path(__file__).parents[2] / "docs/schema/turn.schema.json"
FLOOD = 200
STAGES = [
    "received",
    "accepted",
    "first_token",
    "first_text",
    "first_audio",
    "first_sample",
    "first_content",
    "last_sample",
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scenes(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SharedScene[SpeakingGuide]]:
    async with shared_scene(lambda _: speaking_guide(tmp_path_factory.mktemp("speaks"))) as scenes:
        yield scenes


async def test_a_typed_sighting_becomes_a_remark_from_the_loudspeaker(scene: SpeakingGuide) -> None:
    before_at, turns_before = time.time(), len(scene.guide.turns)
    with scene.sound.record() as recording:
        await scene.guide.publish("event", TWO_DOGS)
        await scene.guide.until(lambda: len(scene.guide.turns) > turns_before, "a turn")
    turn = scene.guide.turns[-1]
    assert_heard_whole(turn, recording)
    jsonschema.validate(turn, json.loads(TURN_SCHEMA.read_text("utf-8")))
    assert turn["schema"] == 1
    assert (turn["kind"], turn["priority"], turn["language"]) == ("remark", "remark", "ru")
    assert turn["text"] == SHORT
    assert turn["rungs"] == {
        "model": "groq",
        "voice": "elevenlabs",
        "models": ["groq"],
        "voices": ["elevenlabs"],
    }
    assert before_at <= turn["received_at"] <= time.time()
    assert list(turn["stages_ms"]) == STAGES
    assert list(turn["stages_ms"].values()) == sorted(turn["stages_ms"].values())
    assert turn["stages_ms"]["received"] == 0
    assert turn["ttfa_ms"] == turn["stages_ms"]["first_sample"]


async def test_an_event_gets_its_own_id_back_and_one_turn_id_goes_through(
    scene: SpeakingGuide,
) -> None:
    with scene.sound.record() as recording:
        turn = await scene.guide.say("event", id="cam-7/17", label="dog", count=2, side="right")
    assert_heard_whole(turn, recording)
    assert turn["trigger_id"] == "cam-7/17"
    assert scene.asked()[-1] == TWO_DOGS
    crossed = {"ingest", "commentator", "speaker", "telemetry"}
    await scene.guide.until(
        lambda: set(scene.guide.log_of_turn(turn["turn_id"])) == crossed, "each process to have told of it"
    )


async def test_an_id_that_came_before_is_not_spoken_twice(scene: SpeakingGuide) -> None:
    await scene.guide.say("event", id="once", text=TWO_DOGS)
    before = scene.dropped("duplicate")
    await scene.guide.begin("event", id="once", text=TWO_DOGS)
    await scene.until_dropped("duplicate", before + 1)
    assert sum(turn["trigger_id"] == "once" for turn in scene.guide.turns) == 1


async def test_an_announcement_is_spoken_as_it_is_and_no_model_is_asked(scene: SpeakingGuide) -> None:
    asked = len(scene.asked())
    with scene.sound.record() as recording:
        turn = await scene.guide.say("announce", text=ANNOUNCEMENT)
    assert_heard_whole(turn, recording)
    assert (turn["kind"], turn["text"]) == ("announcement", ANNOUNCEMENT)
    assert turn["rungs"]["models"] == []
    assert len(scene.asked()) == asked


async def test_numbers_are_heard_in_words_and_told_as_they_are_written(scene: SpeakingGuide) -> None:
    text = "До храма 5 км, вход 50 000 рупий."
    with scene.sound.record() as recording:
        turn = await scene.guide.say("announce", text=text)
    assert_heard_whole(turn, recording)
    assert turn["text"] == text
    assert heard(recording).letters == letters_of("до храма пять километров вход пятьдесят тысяч рупий")


async def test_an_announcement_interrupts_a_remark(scene: SpeakingGuide) -> None:
    with scene.sound.record() as recording:
        remark_id = await scene.begin_long_remark(recording)
        announcement = await scene.guide.say("announce", text=ANNOUNCEMENT)
        remark = await scene.guide.turn(remark_id)
    assert announcement["outcome"] == "spoken"
    assert_interrupted(remark, recording)
    assert announcement["turn_id"] in remark["reason"]
    # Its first letters sound while the remark fades out beneath them.
    assert heard(recording).letters.endswith(letters_of(ANNOUNCEMENT)[2:])


async def test_safety_replaces_a_remark_at_once_and_asks_no_cloud(scene: SpeakingGuide) -> None:
    with scene.sound.record() as recording:
        remark_id = await scene.begin_long_remark(recording)
        safety = await scene.guide.say("safety", text="Держитесь крепче!")
        remark = await scene.guide.turn(remark_id)
    assert (safety["outcome"], safety["text"]) == ("spoken", "Держитесь крепче!")
    assert (safety["kind"], safety["rungs"]["voices"]) == ("safety", ["espeak"])
    assert_interrupted(remark, recording)
    spoken_by_clouds = [output.text for record in scene.clouds.log for output in record.outputs]
    assert not any("Держитесь" in text for text in spoken_by_clouds)


async def test_a_flood_of_events_does_not_hold_up_a_warning_and_all_of_them_are_accounted_for(
    scene: SpeakingGuide,
) -> None:
    turns, dropped = len(scene.guide.turns), sum(scene.guide.state["dropped"].values())
    for number in range(FLOOD):
        await scene.guide.publish("event", {"label": "dog", "count": number % 9 + 1, "ttl": 60})
    warning = await scene.guide.say("safety", text="Держитесь крепче!")
    assert warning["outcome"] == "spoken"
    await scene.guide.publish("cmd/stop")
    await scene.guide.until_state(
        lambda state: sum(state["dropped"].values()) - dropped + len(scene.guide.turns) - turns == FLOOD + 1
    )


async def test_similar_sightings_become_one_remark_and_an_object_has_only_one(
    scene: SpeakingGuide,
) -> None:
    await scene.guide.publish("cmd/chattiness", "high")
    await scene.guide.until_state(lambda state: state["chattiness"] == "high")
    seen, coalesced = scene.dropped("object_seen"), scene.dropped("coalesced")
    await scene.guide.until_stage(await scene.guide.begin("event", label="cat"), "first_sample")
    cow: dict[str, Any] = {"label": "cow", "side": "left", "ttl": 25}
    await scene.guide.begin("event", object_id="c1", **cow)
    newest = await scene.guide.begin("event", object_id="c2", **cow)
    await scene.until_dropped("coalesced", coalesced + 1)
    turn = await scene.guide.turn(newest)
    assert (turn["outcome"], turn["merged"]["count"]) == ("spoken", 2)
    assert scene.asked()[-1] == "две коровы слева"
    for known in ("c1", "c2"):
        await scene.guide.begin("event", object_id=known, **cow)
    await scene.until_dropped("object_seen", seen + 2)
    await scene.guide.publish("cmd/chattiness", "unlimited")
    await scene.guide.until_state(lambda state: state["chattiness"] == "unlimited")
