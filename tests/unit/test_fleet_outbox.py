"""The outbox and the commands that are known, in their file."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from edge.allowance import Allowance
from edge.fleet.commands import FleetCommand
from edge.telemetry.fleet import known_commands, outbox
from edge.telemetry.fleet.outbox import Bounds, Made, Untold
from edge.telemetry.fleet.store import DAMAGED, FILE_NAME, FleetStore, NotKeptError

NOW = Made(ts=1.8e9, mono=5000.0, boot="one")


def command(
    command_id: str, name: str = "announce", *, not_before: float = 0.0, expires_at: float = 100.0
) -> FleetCommand:
    return FleetCommand(id=command_id, name=name, payload=b"{}", not_before=not_before, expires_at=expires_at)


async def waiting(store: FleetStore) -> list[Untold]:
    return await store.run(lambda db: outbox.waiting(db, 100, ()))


async def test_what_was_kept_is_there_for_the_next_one_and_numbered_on(tmp_path: Path) -> None:
    first = FleetStore(tmp_path, "one")
    for name in ("a", "b"):
        await first.run(partial(_add, name))
    await first.run(lambda db: outbox.told(db, [1, 2]))
    await first.run(partial(_add, "c"))
    second = FleetStore(tmp_path, "one")
    assert [(each.seq, each.id, each.body) for each in await waiting(second)] == [(3, "c", b"{}")]
    assert (await second.run(outbox.fill)).last_seq == 3
    await first.close()
    await second.close()


async def test_the_same_is_kept_once(tmp_path: Path) -> None:
    store = FleetStore(tmp_path, "one")
    for _ in range(3):
        await store.run(partial(_add, "a"))
    await store.run(partial(_add, "a", kind="receipt"))
    assert len(await waiting(store)) == 2
    await store.close()


async def test_receipts_go_first_and_what_nobody_takes_holds_up_nothing(tmp_path: Path) -> None:
    store = FleetStore(tmp_path, "one")
    await store.run(partial(_add, "turn"))
    await store.run(partial(_add, "receipt", kind="receipt"))
    assert [each.id for each in await waiting(store)] == ["receipt", "turn"]
    without = await store.run(lambda db: outbox.waiting(db, 100, (), ("receipt",)))
    assert [each.id for each in without] == ["turn"]
    assert await store.run(lambda db: outbox.waiting(db, 100, (1, 2))) == []
    await store.close()


@pytest.mark.parametrize("bounds", [Bounds(messages=3), Bounds(size=6)])
async def test_where_there_is_no_room_the_oldest_turns_go_and_are_counted(
    tmp_path: Path, bounds: Bounds
) -> None:
    store = FleetStore(tmp_path, "one")
    await store.run(partial(_add, "receipt", kind="receipt"))
    for name in ("a", "b", "c", "d"):
        await store.run(partial(_add, name, bounds=bounds))
    assert [each.id for each in await waiting(store)] == ["receipt", "c", "d"]
    assert (await store.run(outbox.fill)).lost == {"turn": 2}
    await store.close()


async def test_ages_count_while_the_machine_is_on_whatever_its_clock_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FleetStore(tmp_path, "one")
    monkeypatch.setattr("edge.telemetry.fleet.store.time.monotonic", lambda: 5000.0)
    await store.run(partial(_add, "old", made=Made(ts=-1e9, mono=5000.0 - outbox.MOST_AGE_S + 5, boot="one")))
    assert len(await waiting(store)) == 1, "the clock alone makes nothing old"
    await store.close()
    monkeypatch.setattr("edge.telemetry.fleet.store.time.monotonic", lambda: 3.0)
    after = FleetStore(tmp_path, "two")
    assert len(await waiting(after)) == 1, "the other boot's monotonic clock was another one"
    assert outbox.is_late((await waiting(after))[0], Made(0.0, 3.0, "two"))
    await after.run(lambda db: outbox.make_room(db, 9.0))
    assert await waiting(after) == []
    await after.close()


async def test_what_was_made_late_in_an_earlier_boot_was_made_before_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.telemetry.fleet.store.time.monotonic", lambda: 10.0)
    store = FleetStore(tmp_path, "one")
    await store.run(outbox.fill)
    await store.run(partial(_add, "a", made=Made(ts=1.8e9, mono=86_400.0, boot="one")))
    await store.run(lambda db: outbox.make_room(db, 90_000.0))
    await store.close()
    after = FleetStore(tmp_path, "two")
    (message,) = await waiting(after)
    assert message.mono == 10.0 - (90_000.0 - 86_400.0)
    await after.close()


async def test_a_full_disk_keeps_nothing_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.telemetry.fleet.store.MAX_PAGES", 40)
    store = FleetStore(tmp_path, "one")
    await store.run(partial(_add, "small"))
    with pytest.raises(NotKeptError, match=FILE_NAME):
        await store.run(partial(_add, "large", body=b"x" * 300_000))
    assert [each.id for each in await waiting(store)] == ["small"]
    await store.run(partial(_add, "later"))
    await store.close()


async def test_a_folder_that_cannot_be_written_keeps_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = FleetStore(tmp_path / "file" / "state", "one")
    with pytest.raises(NotKeptError):
        await store.run(partial(_add, "a"))
    await store.close()


async def test_a_damaged_file_is_put_aside(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"no database" * 1000)
    store = FleetStore(tmp_path, "one")
    with pytest.raises(NotKeptError):
        await store.run(partial(_add, "a"))
    await store.run(partial(_add, "b"))
    assert (tmp_path / (FILE_NAME + DAMAGED)).exists()
    assert (await store.run(outbox.fill)).lost == {"file": 1}, "how much was in it, nobody knows"
    await store.close()


async def test_a_command_is_known_until_it_could_not_be_done_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FleetStore(tmp_path, "one")
    assert await store.run(lambda db: known_commands.add(db, command("c"), 10.0))
    assert not await store.run(lambda db: known_commands.add(db, command("c"), 10.0))
    assert [due.phase for due in await store.run(known_commands.not_over)] == ["waiting"]
    await store.run(lambda db: known_commands.passed_on(db, "c"))
    assert await store.run(lambda db: known_commands.over(db, "c"))
    assert not await store.run(lambda db: known_commands.over(db, "c")), "it ends once"
    assert await store.run(known_commands.not_over) == []
    assert not await store.run(lambda db: known_commands.add(db, command("c"), 99.0))
    forgotten_at = 100.0 + known_commands.REMEMBERED_S + 1
    assert not await store.run(lambda db: known_commands.add(db, command("c"), forgotten_at)), (
        "a clock that jumped ahead makes nothing new while there is room"
    )
    monkeypatch.setitem(known_commands.MOST_COMMANDS, "announce", 1)
    assert await store.run(lambda db: known_commands.add(db, command("c"), forgotten_at))
    await store.close()


async def test_what_was_cancelled_before_it_came_is_known(tmp_path: Path) -> None:
    store = FleetStore(tmp_path, "one")
    assert await store.run(lambda db: known_commands.cancel_beforehand(db, "c", 10.0))
    assert not await store.run(lambda db: known_commands.add(db, command("c"), 10.0))
    await store.close()


async def test_none_is_forgotten_for_the_sake_of_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(known_commands.MOST_COMMANDS, "announce", 2)
    store = FleetStore(tmp_path, "one")
    for name in ("a", "b"):
        await store.run(lambda db, name=name: known_commands.add(db, command(name), 0.0))
    with pytest.raises(known_commands.TooManyError):
        await store.run(lambda db: known_commands.add(db, command("c"), 0.0))
    await store.close()


async def test_neither_orders_nor_announcements_use_up_the_room_of_safety(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for share in known_commands.MOST_COMMANDS:
        monkeypatch.setitem(known_commands.MOST_COMMANDS, share, 2)
    store = FleetStore(tmp_path, "one")

    def add(name: str, number: int) -> Callable[[sqlite3.Connection], bool]:
        return lambda db: known_commands.add(db, command(f"{name}-{number}", name), 0.0)

    for name in ("report", "announce"):
        for number in range(2):
            assert await store.run(add(name, number))
        assert not await store.run(add(name, 0)), "that it came is known all the same"
        with pytest.raises(known_commands.TooManyError, match="2"):
            await store.run(add(name, 2))
    assert await store.run(add("safety", 0))
    await store.close()


def test_commands_beyond_a_burst_wait_their_turn() -> None:
    allowance = Allowance(3, 10.0)
    assert [round(allowance.wait_s(100.0), 3) for _ in range(5)] == [0, 0, 0, 0.1, 0.2]
    assert allowance.wait_s(100.5) == 0
    assert allowance.wait_s(1000.0) == 0


def _add(
    name: str,
    db: sqlite3.Connection,
    *,
    kind: outbox.DurableKind = "turn",
    body: bytes = b"{}",
    made: Made = NOW,
    bounds: Bounds = Bounds(),  # noqa: B008
) -> None:
    outbox.add(db, kind, name, body, made, bounds)
