"""What brokers, home automation and trackers really send, to a whole guide; Mosquitto keeps its store."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.support.shared_scene import SharedScene, shared_scene
from tests.support.speaking_guide import ANNOUNCEMENT, TWO_DOGS, SpeakingGuide, speaking_guide

pytestmark = pytest.mark.asyncio(loop_scope="module")

SLOW_S = 2.0
SLOW = {"SHUTTLE_GUIDE_TELEMETRY__SLOW_TURN_MS": f"{SLOW_S * 1000:.0f}"}
OUT_OF_SIGHT_S = 30.0
STATES = (
    *("null", "None", "unavailable", "unknown", "ON", "online", "0", "21.5", "NaN", "[object Object]"),
    *('[{"label":"dog","side":"right"}]', '["Осторожно"]', '"off"', '{"text": "not_home"}'),
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scenes(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SharedScene[SpeakingGuide]]:
    async with shared_scene(
        lambda _: speaking_guide(tmp_path_factory.mktemp("mqtt"), broker_keeps=True, **SLOW)
    ) as scenes:
        yield scenes


async def broker_restarts(scene: SpeakingGuide, *, crashes: bool = False) -> None:
    if crashes:
        scene.broker.kill()
    else:
        scene.broker.stop()
    scene.guide.retained.clear()
    scene.broker.start()
    await scene.guide.until_ready()


def ingest_counter(scene: SpeakingGuide, name: str) -> int:
    count: int = scene.guide.state["processes"]["ingest"]["counters"].get(name, 0)
    return count


@pytest.mark.slow
async def test_a_tracker_s_id_is_one_object_of_its_camera_until_it_was_out_of_sight(
    scene: SpeakingGuide,
) -> None:
    seen = scene.dropped("object_seen")
    assert (await scene.guide.say("event", label="car", object_id=1))["outcome"] == "spoken"
    assert (await scene.guide.say("event", label="car", object_id=1, camera="rear"))["outcome"] == "spoken"
    last_seen_mono = time.monotonic()
    await scene.guide.begin("event", label="truck", object_id="1")
    await scene.guide.begin("event", label="bus", object_id="1", camera="rear")
    await scene.until_dropped("object_seen", seen + 2)
    await asyncio.sleep(last_seen_mono + OUT_OF_SIGHT_S + 5 - time.monotonic())
    assert (await scene.guide.say("event", label="cow", object_id=1))["outcome"] == "spoken"


async def test_what_the_broker_kept_does_not_undo_what_is_newer(scene: SpeakingGuide) -> None:
    await scene.guide.publish("vehicle", {"reversing": False, "doors": "closed"}, retain=True)
    await scene.guide.publish("cmd/volume", "90%", retain=True)
    await scene.guide.until_state(lambda state: state["volume"] == 0.9)
    await scene.guide.publish("cmd/volume", "30%")
    await scene.guide.until_state(lambda state: state["volume"] == 0.3)
    await broker_restarts(scene)
    await scene.guide.publish("vehicle", {"reversing": True})
    for crashes in (False, True):
        await broker_restarts(scene, crashes=crashes)
    waiting = await scene.guide.begin("event", text=TWO_DOGS, ttl=60)
    assert (await scene.guide.say("announce", text=ANNOUNCEMENT))["outcome"] == "spoken"
    assert waiting not in {turn["trigger_id"] for turn in scene.guide.turns}, "it still reverses"
    assert scene.guide.state["volume"] == 0.3
    await scene.guide.publish("vehicle", {"reversing": False})
    assert (await scene.guide.turn(waiting))["outcome"] == "spoken"
    scene.guide.kill("ingest")
    await scene.guide.until_back("ingest")
    await scene.guide.until_state(lambda state: state["volume"] == 0.3)


async def test_clearing_a_kept_command_does_not_carry_it_out(scene: SpeakingGuide) -> None:
    await scene.guide.publish("cmd/mute", '{"id":"x"}', retain=True)
    await scene.guide.until_state(lambda state: state["muted"])
    volume = scene.guide.state["volume"]
    await scene.guide.publish("cmd/unmute")
    await scene.guide.until_state(lambda state: not state["muted"])
    await broker_restarts(scene)
    remark_id = await scene.guide.begin("event", text=TWO_DOGS)
    await scene.guide.until_stage(remark_id, "first_sample")
    for command in ("mute", "stop", "talk", "pool", "volume"):
        await scene.guide.publish(f"cmd/{command}", retain=True)
    assert (await scene.guide.turn(remark_id))["outcome"] == "spoken"
    assert (await scene.guide.say("announce", text=ANNOUNCEMENT))["outcome"] == "spoken"
    assert (scene.guide.state["muted"], scene.guide.state["volume"]) == (False, volume)


async def test_states_and_other_json_are_never_spoken_and_a_json_string_is(scene: SpeakingGuide) -> None:
    turns, refused = len(scene.guide.turns), ingest_counter(scene, "refused.invalid")
    for payload in STATES:
        for leaf in ("event", "announce", "safety"):
            await scene.guide.publish(leaf, payload)
    await scene.guide.publish("announce", f'"{ANNOUNCEMENT}"')
    await scene.guide.until_state(
        lambda state: (
            state["processes"]["ingest"]["counters"].get("refused.invalid", 0) >= refused + 3 * len(STATES)
        )
    )
    await scene.guide.until(lambda: len(scene.guide.turns) > turns, "the JSON string's turn")
    assert (await scene.guide.say("safety", text="Держитесь крепче!"))["outcome"] == "spoken"
    assert [turn["text"] for turn in scene.guide.turns[turns:]] == [ANNOUNCEMENT, "Держитесь крепче!"]


async def test_a_turn_is_not_slow_because_its_sighting_was_first_seen_long_ago(scene: SpeakingGuide) -> None:
    await scene.guide.publish("vehicle", {"reversing": True})
    sighting = {"label": "horse", "object_id": "h", "ttl": 60}
    await scene.guide.begin("event", **sighting)
    await asyncio.sleep(SLOW_S + 1)
    coalesced, told_slow = scene.dropped("coalesced"), scene.guide.log().count("slow remark")
    newest = await scene.guide.begin("event", **sighting)
    await scene.until_dropped("coalesced", coalesced + 1)
    await scene.guide.publish("vehicle", {"reversing": False})
    turn = await scene.guide.turn(newest)
    assert (turn["outcome"], turn["merged"]["count"]) == ("spoken", 2)
    assert turn["received_at"] - turn["merged"]["since"] > SLOW_S
    was_slow = turn["first_content_ms"] > SLOW_S * 1000
    assert (await scene.guide.say("safety", text="Держитесь крепче!"))["outcome"] == "spoken"
    assert scene.guide.log().count("slow remark") == told_slow + was_slow
