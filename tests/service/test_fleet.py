"""A whole guide and its fleet's broker: what the shuttle tells, and what it is told."""

from __future__ import annotations

from pathlib import Path

from tests.support.broker import Broker
from tests.support.fleet_broker import FleetBroker, Operator
from tests.support.guide import Guide


async def test_a_turn_reaches_the_fleet_and_an_announcement_is_played_and_told(
    tmp_path: Path, broker: Broker, fleet_broker: FleetBroker
) -> None:
    environment = fleet_broker.environment("test", "beach")
    async with (
        Operator(fleet_broker).there() as operator,
        Guide(tmp_path / "g", broker.port, environment) as guide,
    ):
        await guide.until_ready()
        await operator.until(lambda: bool(operator.told("birth")), "a birth", guide.log)
        await guide.say("event", text="собака")
        await operator.until(lambda: bool(operator.told("turn")), "a turn", guide.log)
        one = await operator.command("test/announce", text="Next stop: Luna Beach.", language="en")
        group = await operator.command("group/beach/announce", texts={"ru": "Остановка.", "en": "A stop."})
        for command in (one, group):
            await operator.until(lambda c=command: "played" in operator.receipts(c), "a receipt", guide.log)
            assert operator.receipts(command) == ["accepted", "played"]
        muted = await operator.command("all/cmd/mute")
        await operator.until(lambda: "done" in operator.receipts(muted), "mute", guide.log)
        await guide.until_state(lambda state: state["muted"] is True)
    turns = operator.told("turn")
    assert [turn["seq"] for turn in turns] == sorted({turn["seq"] for turn in turns})
    assert [turn["late"] for turn in turns] == [False, False, False]
    assert turns[1]["body"]["trigger_id"] == f"fleet:{one}"
    assert turns[2]["body"]["text"] == "Остановка."
    assert [body["online"] for body in operator.bodies("status")][-1] is False
