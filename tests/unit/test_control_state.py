"""Orders survive a restart, and a flood of them wears no flash and holds nothing up."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge.ingest import control_state
from edge.ingest.control_state import ControlState
from edge.ingest.parsed import ControlChange
from tests.support.waiting import until


class Disk:
    """Counts what is written, and where; ``free`` cleared: it hangs."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.threads: set[str] = set()
        self.free = threading.Event()
        self.free.set()

    def write(self, path: Path, content: bytes) -> None:
        self.threads.add(threading.current_thread().name)
        self.free.wait(20)
        self.written.append(content)
        path.write_bytes(content)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    made = Disk()
    monkeypatch.setattr(control_state, "write_whole", made.write)
    yield made
    made.free.set()


class Kept:
    """A state that is being kept, as ``ingest`` does it."""

    def __init__(self, folder: Path) -> None:
        self.state = ControlState(str(folder))
        self.acknowledged = 0

    async def __aenter__(self) -> Kept:
        self.keeping = asyncio.create_task(self.state.keep_for_ever())
        return self

    async def __aexit__(self, *_: object) -> None:
        self.kill()
        await asyncio.gather(self.keeping, return_exceptions=True)

    def kill(self) -> None:
        self.keeping.cancel()

    def change(self, **change: Any) -> None:
        self.state.change(ControlChange(**change), self._acknowledge)

    def _acknowledge(self) -> None:
        self.acknowledged += 1


async def test_a_flood_is_written_at_most_once_a_second_beside_the_loop_and_the_last_value_wins(
    tmp_path: Path, disk: Disk
) -> None:
    async with Kept(tmp_path) as kept:
        began = time.monotonic()
        for number in range(1000):
            kept.change(volume=number / 1000)
            await asyncio.sleep(0.002)
        assert kept.acknowledged == 1000, "nothing waits for the disk"
        await until(lambda: ControlState(str(tmp_path)).current.volume == 0.999)
        assert len(disk.written) <= 2 + (time.monotonic() - began) / control_state.WRITE_PERIOD_S
    assert threading.main_thread().name not in disk.threads


async def test_a_mute_is_acknowledged_when_it_is_on_the_disk(
    tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control_state, "WRITE_PERIOD_S", 60.0)  # it is not acknowledged for the time
    async with Kept(tmp_path) as kept:
        disk.free.clear()
        kept.change(muted=True)
        await asyncio.sleep(0.05)
        assert kept.acknowledged == 0, "who dies now gets it again"
        disk.free.set()
        await until(lambda: kept.acknowledged > 0)
        kept.kill()
    assert ControlState(str(tmp_path)).current.muted


async def test_a_disk_that_hangs_holds_up_no_acknowledgement_for_long(
    tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control_state, "WRITE_PERIOD_S", 0.05)
    async with Kept(tmp_path) as kept:
        disk.free.clear()
        for number in range(20):
            kept.change(muted=number % 2 == 0)
        await until(lambda: kept.acknowledged >= 20)
        assert disk.written == []


async def test_who_is_told_to_stop_keeps_what_was_ordered_last(tmp_path: Path, disk: Disk) -> None:
    async with Kept(tmp_path) as kept:
        kept.change(volume=0.1)
        await until(lambda: bool(disk.written))
        kept.change(muted=True, volume=0.2, chattiness="low")
        await kept.state.close()
    again = ControlState(str(tmp_path)).current
    assert (again.muted, again.volume, again.chattiness) == (True, 0.2, "low")


async def test_signals_of_the_vehicle_are_not_written(tmp_path: Path, disk: Disk) -> None:
    async with Kept(tmp_path) as kept:
        for speed in range(50):
            kept.change(speed_kmh=float(speed))
            await asyncio.sleep(0)
        await kept.state.close()
        assert (kept.acknowledged, disk.written) == (50, [])


async def test_a_microphone_that_was_switched_off_is_off_after_a_restart(tmp_path: Path) -> None:
    async with Kept(tmp_path) as kept:
        acknowledged: list[bool] = []
        kept.state.change(ControlChange(microphone_off=True), lambda: acknowledged.append(True))
        assert acknowledged == [], "not before it is on the disk"
        while not acknowledged:
            await asyncio.sleep(0.01)
    assert ControlState(str(tmp_path)).current.microphone_off is True


@pytest.mark.parametrize("content", [b"{", b"", b"[]", b'{"microphone_off": "no"}', b"\xff" * 100])
def test_a_state_that_cannot_be_read_has_nobody_listened_to(tmp_path: Path, content: bytes) -> None:
    """Who switched the microphone off relies on it; that it is off is seen, and told."""
    (tmp_path / "control.json").write_bytes(content)
    assert ControlState(str(tmp_path)).current.microphone_off is True
    (tmp_path / "control.json").unlink()
    assert ControlState(str(tmp_path)).current.microphone_off is False, "nobody has said anything yet"


async def test_what_passengers_want_of_the_volume_goes_when_they_may_have_gone(tmp_path: Path) -> None:
    async with Kept(tmp_path) as kept:
        kept.change(volume=0.8)
        kept.state.wish(0.3)
        assert kept.state.current.volume == 0.3
        kept.change(doors_open=True)
        assert kept.state.current.volume == 0.8
        kept.state.wish(0.53)  # somebody who has got in
        kept.change(doors_open=True)
        kept.change(doors_open=False)
        assert kept.state.current.volume == 0.53
        kept.change(volume=0.6)
        kept.change(doors_open=True)
        assert kept.state.current.volume == 0.6


async def test_without_an_order_the_volume_goes_back_to_the_configured_one(tmp_path: Path) -> None:
    async with Kept(tmp_path) as kept:
        kept.state.wish(0.3)
        kept.change(doors_open=True)
        assert kept.state.current.volume is None


async def test_a_wished_volume_survives_a_restart_and_not_the_passengers(tmp_path: Path) -> None:
    async with Kept(tmp_path) as kept:
        kept.change(volume=0.8)
        kept.state.wish(0.3)
        await kept.state.close()
    async with Kept(tmp_path) as again:
        assert again.state.current.volume == 0.3
        again.change(doors_open=True)
        assert again.state.current.volume == 0.8
