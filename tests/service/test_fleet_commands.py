"""What the fleet commands reaches the on-device broker once, in its time, and is answered."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from edge.mqtt import Incoming, MqttSession, SessionOptions
from tests.support.broker import Broker
from tests.support.fleet_broker import Certificates, FleetBroker, Operator
from tests.support.telemetry_alone import TelemetryAlone


class Scene(NamedTuple):
    operator: Operator
    telemetry: TelemetryAlone
    fleet: FleetBroker
    broker: Broker
    on_device: list[tuple[str, dict[str, Any]]]
    """Leaf below ``shuttle/test/`` and body of what came to the on-device broker."""

    async def ended(self, command: str) -> list[str]:
        """The states of a command, once it is over."""
        await self.operator.until(
            lambda: (
                len(self.operator.receipts(command)) > 1
                or self.operator.receipts(command)[:1] not in ([], ["accepted"])
            ),
            f"the end of {command}",
            self.telemetry.log,
        )
        return self.operator.receipts(command)

    async def passed_on(self, command: str) -> dict[str, Any]:
        def came() -> list[dict[str, Any]]:
            return [body for _, body in self.on_device if body.get("id") == f"fleet:{command}"]

        await self.operator.until(lambda: bool(came()), f"{command} on the device", self.telemetry.log)
        return came()[0]

    def before(self, *commands: str) -> list[str]:
        """Leaves of what came to the device before the last of these."""
        ids = [body.get("id") for _, body in self.on_device]
        last = max(ids.index(f"fleet:{command}") for command in commands)
        return [leaf for leaf, _ in self.on_device[:last]]

    def reason(self, command: str) -> str:
        bodies = [body for body in self.operator.bodies("receipt") if body["command"] == command]
        return str(bodies[-1]["reason"])


@pytest.fixture
async def scene(tmp_path: Path, broker: Broker, fleet_broker: FleetBroker) -> AsyncIterator[Scene]:
    environment = fleet_broker.environment("test", "beach") | {"SHUTTLE_GUIDE_MQTT__PORT": str(broker.port)}
    on_device: list[tuple[str, dict[str, Any]]] = []

    def take(message: Incoming) -> None:
        leaf = message.topic.removeprefix("shuttle/test/")
        if leaf in ("announce", "safety") or leaf.startswith("cmd/"):
            on_device.append((leaf, json.loads(message.payload)))

    options = SessionOptions(client_id="device", subscriptions=("shuttle/test/#",))
    async with (
        MqttSession(broker.settings(), options, on_message=take) as session,
        Operator(fleet_broker).there() as operator,
        TelemetryAlone(tmp_path / "t", environment) as telemetry,
    ):
        await session.wait_connected()
        await operator.until(lambda: bool(operator.told("birth")), "a birth", telemetry.log)
        yield Scene(operator, telemetry, fleet_broker, broker, on_device)


async def test_an_announcement_goes_on_with_the_time_that_is_left_and_ends_as_its_turn(scene: Scene) -> None:
    command = await scene.operator.command("test/announce", text="Next stop.", language="en", ttl=50)
    body = await scene.passed_on(command)
    assert 0 < body.pop("ttl") <= 50
    assert abs(body.pop("ts") - time.time()) < 30, (
        "its time does not begin anew where it waits for the broker"
    )
    assert body == {"id": f"fleet:{command}", "text": "Next stop.", "language": "en"}
    scene.telemetry.end_turn("turn", trigger_id=f"fleet:{command}", kind="announcement")
    assert await scene.ended(command) == ["accepted", "played"]


async def test_a_command_is_done_when_the_guide_shows_it(scene: Scene) -> None:
    scene.telemetry.obey(muted=True, volume=0.5, chattiness="low")
    for topic, more in (
        ("test/cmd/mute", {}),
        ("group/beach/cmd/volume", {"value": 0.5}),
        ("all/cmd/chattiness", {"value": "low"}),
        ("all/cmd/report", {}),
    ):
        command = await scene.operator.command(topic, **more)
        assert await scene.ended(command) == ["accepted", "done"], topic
    stop = await scene.operator.command("test/cmd/stop")
    await scene.passed_on(stop)
    scene.telemetry.obey(muted=True, stopped_at_ms=7)
    assert await scene.ended(stop) == ["accepted", "done"]
    unmute = await scene.operator.command("test/cmd/unmute")
    assert await scene.ended(unmute) == ["accepted", "failed"], "it is still muted"


async def test_each_is_done_once_by_its_id_also_by_a_telemetry_that_was_killed(scene: Scene) -> None:
    scene.telemetry.obey(muted=True)
    command = await scene.operator.command("test/cmd/mute", id="once")
    assert await scene.ended(command) == ["accepted", "done"]
    await scene.telemetry.kill()
    await scene.operator.command("all/cmd/mute", id="once")
    await scene.telemetry.start()
    await scene.operator.until(lambda: "duplicate" in scene.operator.receipts("once"), "an answer")
    assert [leaf for leaf, _ in scene.on_device] == ["cmd/mute"]


async def test_what_comes_while_telemetry_is_away_is_done_if_it_is_not_too_late(scene: Scene) -> None:
    await scene.telemetry.kill()
    late = await scene.operator.command("test/announce", text="Too late.", ttl=0.5)
    good = await scene.operator.command("test/announce", text="In time.", ttl=60)
    await asyncio.sleep(0.6)
    await scene.telemetry.start()
    await scene.passed_on(good)
    assert await scene.ended(late) == ["expired"]
    assert [body["text"] for _, body in scene.on_device] == ["In time."]


async def test_what_waits_can_be_cancelled_and_survives_a_kill(scene: Scene) -> None:
    soon = time.time() + 10.0
    kept = await scene.operator.command("test/announce", text="Kept.", not_before=soon)
    gone = await scene.operator.command("test/announce", text="Gone.", not_before=soon + 600)
    for command in (kept, gone):
        await scene.operator.until(lambda c=command: bool(scene.operator.receipts(c)), "it is accepted")
    await scene.telemetry.kill()
    await scene.telemetry.start()
    cancel = await scene.operator.command("test/cmd/cancel", target=gone)
    assert await scene.ended(cancel) == ["accepted", "done"]
    assert scene.operator.receipts(gone) == ["accepted", "cancelled"]
    early = list(scene.on_device)
    assert not early or time.time() >= soon
    await scene.passed_on(kept)
    assert time.time() >= soon
    too_late = await scene.operator.command("test/cmd/cancel", target=kept)
    assert await scene.ended(too_late) == ["accepted", "failed"]
    before = await scene.operator.command("test/cmd/cancel", target="not-yet")
    assert await scene.ended(before) == ["accepted", "done"]
    await scene.operator.command("test/announce", text="Not any more.", id="not-yet")
    assert await scene.ended("not-yet") == ["cancelled"]
    assert [body["text"] for leaf, body in scene.on_device if leaf == "announce"] == ["Kept."]


async def test_bad_input_gets_one_receipt_and_harms_nothing_else(scene: Scene) -> None:
    for payload in (b"", b"\xff", b"[1]", b'{"id":"x"}', b"{" * 60_000):
        await scene.operator.publish("test/announce", payload)
    refused = lambda: [body for body in scene.operator.bodies("receipt") if body["state"] == "refused"]  # noqa: E731
    await scene.operator.until(lambda: len(refused()) == 5, "five refusals", scene.telemetry.log)
    assert [body["command"] for body in refused()].count("x") == 1
    await scene.operator.publish("test/announce", b"x" * 1_000_000)  # the broker keeps it from the shuttle
    await scene.operator.command("test/safety", text="Stop", priority="remark", id="with-priority")
    assert await scene.ended("with-priority") == ["refused"]
    assert "priority" in scene.reason("with-priority")
    stored = await scene.operator.command("all/cmd/mute", id="good")
    assert await scene.ended(stored) == ["accepted", "failed"], "nobody obeys here"
    assert len(scene.on_device) == 1


async def test_a_stored_command_is_not_done(scene: Scene) -> None:
    body = {"id": "stored", "ts": time.time()}
    await scene.operator.publish("all/cmd/mute", json.dumps(body), retain=True)
    await scene.operator.until(
        lambda: any("retain" in (each["reason"] or "") for each in scene.operator.bodies("receipt")),
        "a refusal",
        scene.telemetry.log,
    )
    assert scene.operator.receipts("stored") == ["refused"], "its sender knows it by its id"
    assert scene.on_device == []


async def test_receipts_go_where_the_sender_wants_them_with_what_it_sent_along(scene: Scene) -> None:
    more = {"reply_to": "guide/v1/reply/desk", "correlation": "42"}
    command = await scene.operator.command("test/announce", text="Stop.", **more)
    await scene.passed_on(command)
    await scene.operator.until(lambda: bool(scene.operator.told("reply/desk")), "an answer")
    (frame,) = scene.operator.told("reply/desk")
    assert (frame["shuttle"], frame["body"]["state"], frame["body"]["correlation"]) == (
        "test",
        "accepted",
        "42",
    )


@pytest.mark.parametrize(
    ("wrong", "state"), [({"ts": 1.0}, "expired"), ({"loudly": True}, "refused"), ({"text": 7}, "refused")]
)
async def test_who_is_refused_or_too_late_hears_of_it_where_he_wants_to(
    scene: Scene, wrong: dict[str, Any], state: str
) -> None:
    more = {"text": "Stop.", "reply_to": "guide/v1/reply/desk", "correlation": "42"}
    command = await scene.operator.command("test/announce", **(more | wrong))
    told = lambda: scene.operator.bodies("reply/desk")  # noqa: E731
    await scene.operator.until(lambda: bool(told()), "an answer", scene.telemetry.log)
    (body,) = told()
    assert (body["command"], body["state"], body["correlation"]) == (command, state, "42")


async def test_a_flood_of_commands_leaves_the_shuttle_at_work(scene: Scene) -> None:
    """1,000 at once: the rest waits at the broker."""
    flood = [{"id": f"f{number}", "ts": time.time(), "ttl": 600} for number in range(1000)]
    await asyncio.gather(*(scene.operator.publish("test/cmd/report", json.dumps(each)) for each in flood))
    await scene.operator.until(lambda: len(scene.operator.bodies("receipt")) >= 120, "receipts")
    scene.telemetry.end_turn("amid")
    await scene.operator.until(
        lambda: any(turn["id"] == "amid" for turn in scene.operator.told("turn")), "the turn"
    )
    assert len({body["command"] for body in scene.operator.bodies("receipt")}) < 1000


async def test_a_broker_that_never_acknowledges_costs_nothing_but_itself(scene: Scene) -> None:
    scene.fleet.pause()
    for number in range(200):
        scene.telemetry.end_turn(f"silent-{number}")
    await asyncio.sleep(2.0)
    scene.telemetry.obey(muted=True)
    assert scene.telemetry.state is not None
    assert scene.telemetry.state.ready, "to the on-device broker it is at work"
    scene.fleet.resume()
    wanted = {f"silent-{number}" for number in range(200)}
    await scene.operator.until(
        lambda: wanted <= {turn["id"] for turn in scene.operator.told("turn")}, "all of them"
    )


async def test_a_broker_with_another_certificate_is_told_nothing(tmp_path: Path, broker: Broker) -> None:
    ours, other = FleetBroker(tmp_path / "ours"), FleetBroker(tmp_path / "other")
    other.start()
    try:
        environment = ours.environment("test") | {
            "SHUTTLE_GUIDE_MQTT__PORT": str(broker.port),
            "SHUTTLE_GUIDE_FLEET__PORT": str(other.port),
        }
        async with TelemetryAlone(tmp_path / "t", environment) as telemetry:
            telemetry.end_turn("secret")
            await telemetry.until(
                lambda: bool(telemetry.state and "fleet.ca_file" in telemetry.state.facts.get("fleet", "")),
                "a refusal",
            )
            assert telemetry.state is not None
            assert telemetry.state.ready
        assert "guide-test" not in other.log()
    finally:
        other.kill()


async def test_a_broker_that_does_not_take_the_certificate_is_told_of_with_it(
    tmp_path: Path, broker: Broker, fleet_broker: FleetBroker
) -> None:
    """Over TLS 1.3 it closes the connection and says nothing."""
    certificate, key = Certificates(tmp_path / "others").sign("test")
    environment = fleet_broker.environment("test") | {
        "SHUTTLE_GUIDE_MQTT__PORT": str(broker.port),
        "SHUTTLE_GUIDE_FLEET__CERT_FILE": str(certificate),
        "SHUTTLE_GUIDE_FLEET__KEY_FILE": str(key),
    }
    async with TelemetryAlone(tmp_path / "t", environment) as telemetry:
        await telemetry.until(
            lambda: bool(telemetry.state and str(certificate) in telemetry.state.facts.get("fleet", "")),
            "the certificate to be named",
        )


async def test_what_nobody_takes_is_kept(tmp_path: Path, broker: Broker, fleet_broker: FleetBroker) -> None:
    """Mosquitto acknowledges it with 0x10 and drops it."""
    environment = fleet_broker.environment("test") | {"SHUTTLE_GUIDE_MQTT__PORT": str(broker.port)}
    async with TelemetryAlone(tmp_path / "t", environment) as telemetry:
        telemetry.end_turn("unheard")
        await telemetry.until(
            lambda: bool(telemetry.state and "nobody takes turn" in telemetry.state.facts["fleet.outbox"]),
            "it to be told",
        )
        async with Operator(fleet_broker).there() as operator:
            await telemetry.kill()
            await telemetry.start()
            await operator.until(lambda: bool(operator.told("turn")), "the turn", telemetry.log)


async def test_an_alarm_is_told_and_cleared_also_by_a_telemetry_that_was_killed(scene: Scene) -> None:
    def told() -> list[tuple[bool, float]]:
        bodies = [turn["body"] for turn in scene.operator.read("alarm/microphone_off")]
        return [(body["raised"], body["since"]) for body in bodies]

    scene.telemetry.obey(microphone_off=True)
    await scene.operator.until(lambda: len(told()) == 1, "the alarm", scene.telemetry.log)
    await scene.telemetry.kill()
    await scene.telemetry.start()
    scene.telemetry.obey(microphone_off=False)
    await scene.operator.until(lambda: len(told()) == 2, "its end", scene.telemetry.log)
    assert [raised for raised, _ in told()] == [True, False]
    assert len({since for _, since in told()}) == 1


async def test_a_flood_of_orders_delays_no_warning(scene: Scene) -> None:
    """The rest of the flood waits at the broker, before and after the warning has gone on."""
    flood = [{"id": f"f{number}", "ts": time.time(), "ttl": 600} for number in range(1000)]
    await asyncio.gather(*(scene.operator.publish("test/cmd/mute", json.dumps(each)) for each in flood))
    warning = await scene.operator.command("all/safety", text="Hold on.", ttl=60)
    spoken = await scene.operator.command("test/announce", text="We wait.", ttl=60)
    for command in (warning, spoken):
        await scene.passed_on(command)
    assert scene.before(warning, spoken).count("cmd/mute") < 500, "most of the flood waits"
    assert scene.telemetry.counter("fleet.unread_dropped") == 0


async def test_a_flood_of_announcements_delays_no_warning(scene: Scene) -> None:
    """The broker hands over in order: what is too much is refused, so that it gets to the warning."""
    flood = [{"id": f"f{number}", "ts": time.time(), "ttl": 600, "text": "Words."} for number in range(800)]
    await asyncio.gather(*(scene.operator.publish("test/announce", json.dumps(each)) for each in flood))
    warning = await scene.operator.command("all/safety", text="Hold on.", ttl=60)
    await scene.passed_on(warning)
    assert scene.before(warning).count("announce") < 400, "most of the flood was neither said nor waited for"

    def refused() -> set[str]:
        bodies = scene.operator.bodies("receipt")
        return {f"fleet:{body['command']}" for body in bodies if body["state"] == "refused"}

    await scene.operator.until(lambda: len(refused()) >= 30, "their sender to be told", scene.telemetry.log)
    said = {body["id"] for leaf, body in scene.on_device if leaf == "announce"}
    assert not said & refused()
    assert scene.telemetry.counter("fleet.unread_dropped") == 0


async def test_what_is_to_be_said_is_said_once_while_the_disk_takes_nothing(
    tmp_path: Path, broker: Broker, fleet_broker: FleetBroker
) -> None:
    environment = fleet_broker.environment("test") | {"SHUTTLE_GUIDE_MQTT__PORT": str(broker.port)}
    said: list[str] = []
    options = SessionOptions(client_id="device", subscriptions=("shuttle/test/+", "shuttle/test/cmd/+"))

    def take(message: Incoming) -> None:
        leaf = message.topic.removeprefix("shuttle/test/")
        if leaf in ("safety", "announce") or leaf.startswith("cmd/"):
            said.append(str(json.loads(message.payload)["id"]))

    (tmp_path / "t").mkdir()
    (tmp_path / "t" / "state").write_text("no folder")
    async with (
        MqttSession(broker.settings(), options, on_message=take) as session,
        Operator(fleet_broker).there() as operator,
        TelemetryAlone(tmp_path / "t", environment) as telemetry,
    ):
        await session.wait_connected()
        await operator.until(lambda: bool(operator.told("birth")), "a birth", telemetry.log)
        await operator.command("test/announce", id="later", text="Later.", not_before=time.time() + 30)
        await operator.command("test/cmd/mute", id="order")
        await operator.command("test/safety", id="warning", text="Hold on.")
        await operator.command("test/safety", id="warning", text="Hold on.")
        await operator.command("test/announce", id="words", text="We wait.")
        both = {"fleet:warning", "fleet:words"}
        await operator.until(lambda: both <= set(said), "both", telemetry.log)
        assert sorted(said) == sorted(both), "the order waits, and each is said once"
        (tmp_path / "t" / "state").unlink()
        await operator.until(lambda: "fleet:order" in said, "the order", telemetry.log)
        telemetry.end_turn("t", trigger_id="fleet:warning", kind="safety")
        await operator.until(lambda: "played" in operator.receipts("warning"), "a receipt", telemetry.log)
        # The second may be looked at when the disk is back, before what was done without it is written.
        states = [state for state in operator.receipts("warning") if state != "duplicate"]
        assert states == ["accepted", "played"]
        await operator.until(lambda: operator.receipts("words") == ["accepted"], "that one", telemetry.log)
        assert sorted(said) == ["fleet:order", "fleet:warning", "fleet:words"]
