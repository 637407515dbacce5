"""What was carried out while the disk took nothing gets on the disk whole, whatever happens meanwhile."""

from __future__ import annotations

from pathlib import Path

from edge.fleet.commands import FleetCommand
from edge.messages import Dropped
from edge.telemetry.fleet import known_commands, unkept
from edge.telemetry.fleet.outbox import Made
from edge.telemetry.fleet.store import FleetStore
from edge.telemetry.fleet.unkept import UnkeptCommands

NOW = Made(ts=1.8e9, mono=5000.0, boot="one")


def command(command_id: str) -> FleetCommand:
    return FleetCommand(id=command_id, name="safety", payload=b"{}", not_before=0.0, expires_at=1.9e9)


def ended(command_id: str) -> Dropped:
    return Dropped(trigger_id=f"fleet:{command_id}", kind="safety", reason="expired", received_at=1.8e9)


async def test_what_comes_or_ends_while_it_is_kept_is_neither_lost_nor_in_the_way(tmp_path: Path) -> None:
    store, unkept_ones = FleetStore(tmp_path, "one"), UnkeptCommands()
    for command_id in ("a", "b"):
        unkept_ones.add(command(command_id))
    kept = unkept_ones.now
    unkept_ones.add(command("c"))
    unkept_ones.ended(ended("b"))
    told = await store.run(lambda db: unkept.keep(kept, NOW, db))
    unkept_ones.forget(kept)
    assert [receipt.id for receipt in told if receipt] == ["a.accepted", "b.accepted"]
    assert [each[0].id for each in unkept_ones.now] == ["c", "b"]
    kept = unkept_ones.now
    told = await store.run(lambda db: unkept.keep(kept, NOW, db))
    unkept_ones.forget(kept)
    assert [receipt.id for receipt in told if receipt] == ["c.accepted", "b.failed"]
    assert unkept_ones.now == ()
    assert {due.command.id: due.phase for due in await store.run(known_commands.not_over)} == {
        "a": "passed_on",
        "c": "passed_on",
    }
    await store.close()
