"""Whatever comes as a command that is none gets one clear receipt, is counted, and does nothing else."""

from __future__ import annotations

import json
import time
import uuid
from pathlib import Path
from typing import Any

from edge.mqtt import Incoming, MqttSession, SessionOptions
from tests.support.broker import Broker
from tests.support.fleet_broker import FleetBroker, Operator
from tests.support.telemetry_alone import TelemetryAlone

DAY_S = 86_400.0
BAD: dict[str, tuple[str, dict[str, Any], str, str]] = {
    # what: topic, body, state, words of the reason
    "unknown field": ("test/cmd/mute", {"loudly": True}, "refused", "loudly"),
    "priority": ("test/announce", {"text": "Stop.", "priority": "safety"}, "refused", "priority"),
    "unknown command": ("test/cmd/reboot", {}, "refused", "unknown command"),
    "text that is no text": ("test/announce", {"text": 7}, "refused", "text"),
    "no text": ("all/announce", {}, "refused", "text"),
    "value that is none": ("test/cmd/volume", {"value": 7}, "refused", "value"),
    "value of another type": ("test/cmd/microphone", {"value": True}, "refused", "value"),
    "ttl that is none": ("test/cmd/mute", {"ttl": -1}, "refused", "ttl"),
    "schema of the future": ("test/cmd/mute", {"schema": 99}, "refused", "schema"),
    "time of another type": ("test/cmd/mute", {"ts": "now"}, "refused", "ts"),
    "the past": ("test/cmd/mute", {"ts": time.time() - 30 * DAY_S}, "expired", "too late"),
    "before all time": ("test/cmd/mute", {"ts": -1e300}, "expired", "too late"),
    "the future": ("test/cmd/mute", {"ts": time.time() + DAY_S}, "refused", "future"),
    "beyond all time": ("test/cmd/mute", {"ts": 1e300}, "refused", "future"),
    "not before next year": ("test/cmd/mute", {"not_before": time.time() + 365 * DAY_S}, "refused", "7 days"),
    "language of nobody": ("test/announce", {"texts": {"en": "Stop."}}, "refused", "language"),
    "too long": ("test/announce", {"text": "x" * 9000}, "refused", "8192"),
    "far too long": ("test/announce", {"text": "x" * (1 << 20)}, "refused", "65536 or more"),
    "safety where orders come": ("all/cmd/safety", {"text": "Stop."}, "refused", "unknown command"),
    "speech where orders come": ("test/cmd/announce", {"text": "Stop."}, "refused", "unknown command"),
    "name that is too long": ("test/cmd/" + "x" * 9000, {}, "refused", "unknown command"),
    "id of another kind": ("test/cmd/mute", {"id": "a/b#"}, "refused", "id"),
    "id that is too long": ("test/cmd/mute", {"id": "x" * 65}, "refused", "id"),
}


async def test_each_bad_command_gets_one_receipt_and_does_nothing(
    tmp_path: Path, broker: Broker, fleet_broker: FleetBroker
) -> None:
    environment = fleet_broker.environment("test") | {"SHUTTLE_GUIDE_MQTT__PORT": str(broker.port)}
    on_device: list[str] = []

    def take(message: Incoming) -> None:
        if message.topic.split("/")[2] in ("announce", "safety", "cmd"):
            on_device.append(message.topic)

    options = SessionOptions(client_id="device", subscriptions=("shuttle/test/#",))
    async with (
        MqttSession(broker.settings(), options, on_message=take) as session,
        Operator(fleet_broker).there() as operator,
        TelemetryAlone(tmp_path / "t", environment) as telemetry,
    ):
        await session.wait_connected()
        await operator.until(lambda: bool(operator.told("birth")), "a birth", telemetry.log)
        for what, (topic, body, state, reason) in BAD.items():
            before = len(operator.bodies("receipt"))
            command = {"id": uuid.uuid4().hex, "ts": time.time()} | body
            await operator.publish(topic, json.dumps(command))
            await operator.until(lambda: len(operator.bodies("receipt")) > before, what, telemetry.log)  # noqa: B023
            receipt = operator.bodies("receipt")[-1]
            assert receipt["state"] == state, (what, receipt)
            assert len(receipt["name"]) <= 64, what
            assert reason in receipt["reason"], (what, receipt)
            readable = "id" not in body and len(json.dumps(command)) < 8192
            assert receipt["command"] == (command["id"] if readable else None), (what, receipt)
        good = await operator.command("test/cmd/report")
        await operator.until(lambda: len(operator.receipts(good)) == 2, "a good one", telemetry.log)
        again = {"id": good, "ts": time.time()}
        await operator.publish("test/cmd/report", json.dumps(again))
        await operator.until(lambda: len(operator.receipts(good)) == 3, "its repetition", telemetry.log)
        assert operator.receipts(good) == ["accepted", "done", "duplicate"]
        assert len(operator.bodies("receipt")) == len(BAD) + 3, "one each"
        states = [state for _, _, state, _ in BAD.values()]
        await telemetry.until(
            lambda: (
                telemetry.counter("fleet.commands_refused") == states.count("refused")
                and telemetry.counter("fleet.commands_expired") == states.count("expired")
            ),
            "them to be counted",
        )
        assert on_device == []
