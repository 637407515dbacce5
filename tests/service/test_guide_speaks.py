"""What goes in over MQTT comes out of the loudspeaker: the whole guide, with emulated clouds."""

from __future__ import annotations

import json
import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import pytest_asyncio

from edge.bench.clouds import CloudEmulator, Profile
from edge.bench.clouds.tones import letters_of
from tests.support.broker import Broker, running
from tests.support.guide import Guide, JsonObject
from tests.support.heard import Heard
from tests.support.sound_server import RATE, Recording, SoundServer, running_sound_server

pytestmark = pytest.mark.asyncio(loop_scope="module")

TURN_SCHEMA = Path(__file__).parents[2] / "docs/schema/turn.schema.json"
QUICK = Profile(name="quick", first_token_s=0.05, voice_first_byte_s=0.03, connection_setup_s=0.01)
SPEED = 1.2
SHORT = "Две собаки! Обе рады."
LONG = "Закат над полем! Лягушки настраивают скрипки, и всё это бесплатно."
SUNSET = "закат над рисовым полем"
"""What the model remarks on with ``LONG``; on all else with ``SHORT``."""
ANNOUNCEMENT = "Остановка Луна."
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


def reply(request: dict[str, Any]) -> str:
    return LONG if request["messages"][-1]["content"].startswith(SUNSET) else SHORT


@dataclass
class Scene:
    """A guide with a loudspeaker and clouds."""

    guide: Guide
    clouds: CloudEmulator
    sound: SoundServer

    async def begin_long_remark(self, recording: Recording) -> str:
        """Returns the trigger's id when some words of it have been heard, and not all."""
        trigger_id = await self.guide.begin("event", text=SUNSET)
        await self.guide.until(lambda: len(heard(recording).letters.split()) > 2, "some words")
        return trigger_id

    async def until_dropped(self, reason: str, count: int) -> None:
        await self.guide.until_state(lambda state: state["dropped"].get(reason, 0) >= count)

    def dropped(self, reason: str) -> int:
        count: int = self.guide.state["dropped"].get(reason, 0)
        return count

    def asked(self) -> list[str]:
        """What the model was told to be seen, request by request (without what it shall not repeat)."""
        bodies = [record.body for record in self.clouds.requests("groq") if record.body]
        return [body["messages"][-1]["content"].split("\n")[0] for body in bodies]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    folder = tmp_path_factory.mktemp("speaks")
    with running(Broker(folder / "broker")) as broker, running_sound_server() as sound:
        async with CloudEmulator(QUICK, reply=reply) as clouds:
            environment = {
                **sound.environment,
                **clouds.env(),
                "SHUTTLE_GUIDE_SPEAKER__OUTPUT": "default",
                "SHUTTLE_GUIDE_ELEVENLABS__SPEED": str(SPEED),
            }
            async with Guide(folder / "guide", broker.port, environment) as guide:
                await guide.until_ready()
                await guide.until_state(lambda state: state["output"] == "open")
                yield Scene(guide, clouds, sound)


def heard(recording: Recording) -> Heard:
    return Heard(recording.samples, RATE)


def assert_heard_whole(turn: JsonObject, recording: Recording) -> None:
    """What the loudspeaker gave is the turn's text: all of it, in order, in one piece."""
    assert (turn["outcome"], turn["reason"]) == ("spoken", None)
    assert heard(recording).letters == letters_of(turn["text"])
    assert heard(recording).gaps(SPEED) == []


async def test_a_typed_sighting_becomes_a_remark_from_the_loudspeaker(scene: Scene) -> None:
    before_at, turns_before = time.time(), len(scene.guide.turns)
    with scene.sound.record() as recording:
        await scene.guide.publish("event", "две собаки справа")
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


async def test_an_event_with_an_id_of_its_own_gets_it_back_and_one_turn_id_goes_through(scene: Scene) -> None:
    with scene.sound.record() as recording:
        turn = await scene.guide.say("event", id="cam-7/17", label="dog", count=2, side="right")
    assert_heard_whole(turn, recording)
    assert turn["trigger_id"] == "cam-7/17"
    assert scene.asked()[-1] == "две собаки справа"
    assert set(scene.guide.log_of_turn(turn["turn_id"])) == {"ingest", "commentator", "speaker"}


async def test_an_id_that_came_before_is_not_spoken_twice(scene: Scene) -> None:
    await scene.guide.say("event", id="once", text="две собаки справа")
    before = scene.dropped("duplicate")
    await scene.guide.begin("event", id="once", text="две собаки справа")
    await scene.until_dropped("duplicate", before + 1)
    assert sum(turn["trigger_id"] == "once" for turn in scene.guide.turns) == 1


async def test_an_announcement_is_spoken_as_it_is_and_no_model_is_asked(scene: Scene) -> None:
    asked = len(scene.asked())
    with scene.sound.record() as recording:
        turn = await scene.guide.say("announce", text=ANNOUNCEMENT)
    assert_heard_whole(turn, recording)
    assert (turn["kind"], turn["text"]) == ("announcement", ANNOUNCEMENT)
    assert turn["rungs"]["models"] == []
    assert len(scene.asked()) == asked


async def test_an_announcement_interrupts_a_remark(scene: Scene) -> None:
    with scene.sound.record() as recording:
        remark_id = await scene.begin_long_remark(recording)
        announcement = await scene.guide.say("announce", text=ANNOUNCEMENT)
        remark = await scene.guide.turn(remark_id)
    assert announcement["outcome"] == "spoken"
    assert_interrupted(remark, recording)
    assert announcement["turn_id"] in remark["reason"]
    # Its first letters sound while the remark fades out beneath them.
    assert heard(recording).letters.endswith(letters_of(ANNOUNCEMENT)[2:])


async def test_safety_replaces_a_remark_at_once_and_asks_no_cloud(scene: Scene) -> None:
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
    scene: Scene,
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


def assert_interrupted(remark: JsonObject, recording: Recording) -> None:
    """Some of it was heard, and the turn tells which words."""
    assert remark["outcome"] == "interrupted"
    words = letters_of(remark["text"])
    assert words, "something was heard before"
    assert letters_of(LONG).startswith(f"{words} "), "whole words, and not all of them"
    assert heard(recording).letters.startswith(words)


async def test_stop_ends_what_is_being_said(scene: Scene) -> None:
    with scene.sound.record() as recording:
        remark_id = await scene.begin_long_remark(recording)
        await scene.guide.publish("cmd/stop")
        remark = await scene.guide.turn(remark_id)
    assert_interrupted(remark, recording)
    assert remark["reason"] == "stopped"
    with scene.sound.record() as recording:
        assert_heard_whole(await scene.guide.say("event", text="две собаки справа"), recording)


async def test_the_volume_is_what_was_asked_for(scene: Scene) -> None:
    quiet = await peak_at(scene, 0.2, command="20%")
    loud = await peak_at(scene, 0.8, command='{"value": 0.8}')
    assert loud / quiet == pytest.approx(4, rel=0.1)


async def peak_at(scene: Scene, volume: float, *, command: str) -> float:
    await scene.guide.publish("cmd/volume", command)
    await scene.guide.until_state(lambda state: bool(state["volume"] == volume))
    with scene.sound.record() as recording:
        await scene.guide.say("event", text="две собаки справа")
    return heard(recording).peak


async def test_how_talkative_it_is_can_be_commanded(scene: Scene) -> None:
    await scene.guide.publish("cmd/chattiness", "silent")
    await scene.guide.until_state(lambda state: state["chattiness"] == "silent")
    before = scene.dropped("silent")
    await scene.guide.publish("event", "две собаки справа")
    await scene.until_dropped("silent", before + 1)
    assert (await scene.guide.say("announce", text=ANNOUNCEMENT))["outcome"] == "spoken"
    await scene.guide.publish("cmd/chattiness", "unlimited")
    await scene.guide.until_state(lambda state: state["chattiness"] == "unlimited")
    assert (await scene.guide.say("event", text="две собаки справа"))["outcome"] == "spoken"


async def test_remarks_wait_while_the_vehicle_reverses(scene: Scene) -> None:
    await scene.guide.publish("vehicle", {"reversing": True})
    remark_id = await scene.guide.begin("event", text="две собаки справа", ttl=25)
    announcement = await scene.guide.say("announce", text=ANNOUNCEMENT)
    assert announcement["outcome"] == "spoken", "announcements do not wait"
    await scene.guide.publish("vehicle", {"reversing": False})
    remark = await scene.guide.turn(remark_id)
    assert remark["outcome"] == "spoken"
    assert scene.guide.turns.index(announcement) < scene.guide.turns.index(remark)


async def test_similar_sightings_become_one_remark_and_an_object_is_remarked_on_once(scene: Scene) -> None:
    await scene.guide.publish("cmd/chattiness", "high")
    await scene.guide.until_state(lambda state: state["chattiness"] == "high")
    seen, coalesced = scene.dropped("object_seen"), scene.dropped("coalesced")
    await scene.guide.until_stage(await scene.guide.begin("event", text=SUNSET, ttl=25), "first_sample")
    cow: dict[str, Any] = {"label": "cow", "side": "left", "ttl": 25}
    first = await scene.guide.begin("event", object_id="c1", **cow)
    await scene.guide.begin("event", object_id="c2", **cow)
    await scene.until_dropped("coalesced", coalesced + 1)
    assert (await scene.guide.turn(first))["outcome"] == "spoken"
    assert scene.asked()[-1] == "две коровы слева"
    for known in ("c1", "c2"):
        await scene.guide.begin("event", object_id=known, **cow)
    await scene.until_dropped("object_seen", seen + 2)
    await scene.guide.publish("cmd/chattiness", "unlimited")
    await scene.guide.until_state(lambda state: state["chattiness"] == "unlimited")


async def test_a_message_that_cannot_be_used_is_one_line_and_a_counter(scene: Scene) -> None:
    refused: dict[str, tuple[str, str | bytes]] = {
        "invalid": ("event", '{"label": "dog", "count": 0}'),
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


async def test_mute_silences_all_but_safety_and_outlives_any_restart(scene: Scene) -> None:
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
        assert_heard_whole(await scene.guide.say("event", text="две собаки справа"), recording)


async def assert_muted(scene: Scene) -> None:
    before = scene.dropped("muted")
    with scene.sound.record() as recording:
        await scene.guide.publish("event", "две собаки справа")
        await scene.guide.publish("announce", ANNOUNCEMENT)
        await scene.until_dropped("muted", before + 2)
    assert scene.guide.state["muted"]
    assert heard(recording).sound_s == 0
