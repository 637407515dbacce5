"""A shuttle whose connection costs by the byte: what it still tells."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.broker import Broker
from tests.support.fleet_broker import FleetBroker, Operator
from tests.support.telemetry_alone import TelemetryAlone


@pytest.mark.parametrize(("metered", "text"), [("false", "Справа собака."), ("true", None)])
async def test_a_metered_shuttle_tells_its_turns_without_their_words(
    tmp_path: Path, broker: Broker, fleet_broker: FleetBroker, metered: str, text: str | None
) -> None:
    environment = fleet_broker.environment("test") | {
        "SHUTTLE_GUIDE_MQTT__PORT": str(broker.port),
        "SHUTTLE_GUIDE_FLEET__METERED": metered,
    }
    async with (
        Operator(fleet_broker).there() as operator,
        TelemetryAlone(tmp_path / "t", environment) as telemetry,
    ):
        await operator.until_told("birth", telemetry.log)
        telemetry.end_turn("one")
        (body,) = await operator.until_told("turn", telemetry.log)
        assert (body["turn_id"], body.get("text")) == ("one", text)
        asked = await operator.command("all/cmd/report")
        await operator.until(lambda: "done" in operator.receipts(asked), "an answer", telemetry.log)
        await operator.until_told("birth", telemetry.log, count=2)
