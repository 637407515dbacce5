"""What dispatch, the driver and the vehicle ask for is done, and what cannot be used harms nothing."""

from __future__ import annotations

import json
import re
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.support.shared_scene import SharedScene, shared_scene
from tests.support.speaking_guide import (
    ANNOUNCEMENT,
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


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scenes(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SharedScene[SpeakingGuide]]:
    async with shared_scene(lambda _: speaking_guide(tmp_path_factory.mktemp("obeys"))) as scenes:
        yield scenes


async def test_stop_ends_what_is_being_said(scene: SpeakingGuide) -> None:
    with scene.sound.record() as recording:
        remark_id = await scene.begin_long_remark(recording)
        await scene.guide.publish("cmd/stop")
        remark = await scene.guide.turn(remark_id)
    assert_interrupted(remark, recording)
    assert remark["reason"] == "stopped"
    with scene.sound.record() as recording:
        assert_heard_whole(await scene.guide.say("event", text=TWO_DOGS), recording)


async def test_the_volume_is_what_was_asked_for(scene: SpeakingGuide) -> None:
    quiet = await peak_at(scene, 0.2, command="20%")
    loud = await peak_at(scene, 0.8, command='{"value": 0.8}')
    assert loud / quiet == pytest.approx(4, rel=0.1)


async def peak_at(scene: SpeakingGuide, volume: float, *, command: str) -> float:
    await scene.guide.publish("cmd/volume", command)
    await scene.guide.until_state(lambda state: bool(state["volume"] == volume))
    with scene.sound.record() as recording:
        await scene.guide.say("event", text=TWO_DOGS)
    return heard(recording).peak


async def test_how_talkative_it_is_can_be_commanded(scene: SpeakingGuide) -> None:
    await scene.guide.publish("cmd/chattiness", "silent")
    await scene.guide.until_state(lambda state: state["chattiness"] == "silent")
    before = scene.dropped("silent")
    await scene.guide.publish("event", TWO_DOGS)
    await scene.until_dropped("silent", before + 1)
    assert (await scene.guide.say("announce", text=ANNOUNCEMENT))["outcome"] == "spoken"
    await scene.guide.publish("cmd/chattiness", "unlimited")
    await scene.guide.until_state(lambda state: state["chattiness"] == "unlimited")
    assert (await scene.guide.say("event", text=TWO_DOGS))["outcome"] == "spoken"


async def test_remarks_wait_while_the_vehicle_reverses(scene: SpeakingGuide) -> None:
    await scene.guide.publish("vehicle", {"reversing": True})
    remark_id = await scene.guide.begin("event", text=TWO_DOGS, ttl=25)
    announcement = await scene.guide.say("announce", text=ANNOUNCEMENT)
    assert announcement["outcome"] == "spoken", "announcements do not wait"
    await scene.guide.publish("vehicle", {"reversing": False})
    remark = await scene.guide.turn(remark_id)
    assert remark["outcome"] == "spoken"
    assert scene.guide.turns.index(announcement) < scene.guide.turns.index(remark)


async def test_a_message_that_cannot_be_used_is_one_line_and_a_counter(scene: SpeakingGuide) -> None:
    refused: dict[str, tuple[str, str | bytes]] = {
        "invalid": ("event", '{"label": 5, "count": 2}'),
        "malformed": ("event", '{"label": "dog"'),
        "not_utf8": ("announce", b"\xff\xfe"),
        "empty": ("safety", " "),
        "too_large": ("event", "x" * 9000),
        "unknown_topic": ("cmd/dance", ""),
        "expired": ("event", json.dumps({"text": "собака", "ts": time.time() - 100, "ttl": 5})),
    }
    lines = scene.guide.log().count("refused: ")
    for topic, payload in refused.values():
        await scene.guide.publish(topic, payload)
    state = await scene.guide.until_state(
        lambda state: all(f"refused.{code}" in state["processes"]["ingest"]["counters"] for code in refused)
    )
    counters = state["processes"]["ingest"]["counters"]
    assert [counters[f"refused.{code}"] for code in refused] == [1] * len(refused)
    assert scene.guide.log().count("refused: ") == lines + len(refused)
    for topic, _ in refused.values():
        assert re.search(f"refused: shuttle/test/{topic}: .+", scene.guide.log())


async def test_a_bad_value_that_is_not_needed_costs_only_itself(scene: SpeakingGuide) -> None:
    lines = scene.guide.log().count("ignored: ")
    remark = await scene.guide.say("event", text=TWO_DOGS, confidence="high")
    warning = await scene.guide.say("safety", text="Держитесь крепче!", ttl="soon")
    assert (remark["outcome"], warning["outcome"]) == ("spoken", "spoken")
    state = await scene.guide.until_state(
        lambda state: "ignored.ttl" in state["processes"]["ingest"]["counters"]
    )
    counters = state["processes"]["ingest"]["counters"]
    assert (counters["ignored.confidence"], counters["ignored.ttl"]) == (1, 1)
    assert scene.guide.log().count("ignored: ") == lines + 2


async def test_what_has_the_id_of_an_event_is_said_all_the_same(scene: SpeakingGuide) -> None:
    await scene.guide.publish("event", {"id": "same", "text": TWO_DOGS, "ttl": 25})
    await scene.guide.publish("announce", {"id": "same", "text": ANNOUNCEMENT})
    await scene.guide.publish("safety", {"id": "same", "text": "Держитесь крепче!"})
    turns = await scene.guide.until_turns(lambda turn: turn["trigger_id"] == "same", 3)
    assert {turn["kind"] for turn in turns} == {"remark", "announcement", "safety"}
    before = scene.dropped("duplicate")
    await scene.guide.publish("safety", {"id": "same", "text": "Держитесь крепче!"})
    await scene.until_dropped("duplicate", before + 1)


async def test_mute_silences_all_but_safety_and_outlives_any_restart(scene: SpeakingGuide) -> None:
    await scene.guide.publish("cmd/mute")
    await scene.guide.until_state(lambda state: state["muted"])
    await assert_muted(scene)
    with scene.sound.record() as recording:
        assert (await scene.guide.say("safety", text="Держитесь крепче!"))["outcome"] == "spoken"
    assert heard(recording).sound_s > 0.5
    scene.guide.kill("ingest")
    await scene.guide.until_back("ingest")
    await assert_muted(scene)
    await scene.guide.stop()
    scene.guide.retained.clear()
    await scene.guide.start()
    await scene.guide.until_ready()
    await assert_muted(scene)
    await scene.guide.publish("cmd/unmute")
    await scene.guide.until_state(lambda state: not state["muted"] and state["output"] == "open")
    with scene.sound.record() as recording:
        assert_heard_whole(await scene.guide.say("event", text=TWO_DOGS), recording)


async def assert_muted(scene: SpeakingGuide) -> None:
    before = scene.dropped("muted")
    with scene.sound.record() as recording:
        await scene.guide.publish("event", TWO_DOGS)
        await scene.guide.publish("announce", ANNOUNCEMENT)
        await scene.until_dropped("muted", before + 2)
    assert scene.guide.state["muted"]
    assert heard(recording).sound_s == 0
