"""A button is down from its press to its release, whatever else the device tells, and is never stuck."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.listener import button_device
from edge.listener.button import DOWN, EV_KEY, EV_SYN, EVENT, REPEAT, SYN_DROPPED, UP, ButtonEvents
from edge.listener.button_device import ButtonDevice
from tests.support.waiting import until

ENTER, SPACE = 28, 57
EV_MSC = 4


def key(code: int, value: int) -> bytes:
    """As a keyboard tells it: the scan code, the key, the end of the report."""
    return (
        EVENT.pack(1795185094, 894, EV_MSC, 4, 458792)
        + EVENT.pack(1795185094, 894, EV_KEY, code, value)
        + EVENT.pack(1795185094, 894, EV_SYN, 0, 0)
    )


def test_an_event_is_as_long_as_the_kernels() -> None:
    assert EVENT.size == 24


def test_down_and_up() -> None:
    data = key(ENTER, DOWN) + key(ENTER, REPEAT) * 3 + key(ENTER, UP)
    assert [*ButtonEvents().feed(data)] == [True, False]


def test_only_the_key_that_was_chosen_counts() -> None:
    events = ButtonEvents(ENTER)
    assert [*events.feed(key(SPACE, DOWN) + key(ENTER, DOWN) + key(SPACE, UP))] == [True]
    assert events.held


def test_with_any_key_it_is_up_when_all_are() -> None:
    data = key(ENTER, DOWN) + key(SPACE, DOWN) + key(ENTER, UP) + key(SPACE, UP)
    assert [*ButtonEvents().feed(data)] == [True, False]


def test_where_the_kernel_lost_events_nothing_is_held() -> None:
    data = key(ENTER, DOWN) + EVENT.pack(0, 0, EV_SYN, SYN_DROPPED, 0) + key(ENTER, UP)
    assert [*ButtonEvents().feed(data)] == [True, False]


@given(st.integers(1, 70))
def test_events_may_come_in_pieces(size: int) -> None:
    data = key(ENTER, DOWN) + key(ENTER, UP) + key(ENTER, DOWN)
    events = ButtonEvents()
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    assert [change for piece in pieces for change in events.feed(piece)] == [True, False, True]


@given(st.binary(max_size=400))
def test_any_bytes_are_taken(data: bytes) -> None:
    changes = [*ButtonEvents().feed(data)]
    assert changes == [number % 2 == 0 for number in range(len(changes))], "down and up take turns"


# --- the device --------------------------------------------------------------------------------


class Bench:
    """A FIFO in the place of a device, and what was told of it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.changes: list[bool] = []
        self.device = ButtonDevice(str(path), ENTER, self.changes.append)

    def plug_in(self) -> int:
        """Returns the end that the kernel would write to."""
        os.mkfifo(self.path)
        return os.open(self.path, os.O_RDWR | os.O_NONBLOCK)


@pytest.fixture
async def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    monkeypatch.setattr(button_device, "RETRY_S", 0.01)
    made = Bench(tmp_path / "button")
    watching = asyncio.create_task(made.device.watch())
    yield made
    watching.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await watching


async def test_a_button_that_comes_later_is_found(bench: Bench) -> None:
    await until(lambda: "No such file" in bench.device.fact)
    kernel = bench.plug_in()
    await until(lambda: bench.device.fact.endswith(": open"))
    os.write(kernel, key(ENTER, DOWN))
    await until(lambda: bench.changes == [True])
    os.write(kernel, key(ENTER, UP))
    await until(lambda: bench.changes == [True, False])
    os.close(kernel)


async def test_a_button_that_is_pulled_out_while_it_is_down_is_up(bench: Bench) -> None:
    kernel = bench.plug_in()
    await until(lambda: bench.device.fact.endswith(": open"))
    os.write(kernel, key(ENTER, DOWN))
    await until(lambda: bench.changes == [True])
    bench.path.unlink()
    os.close(kernel)
    await until(lambda: bench.changes == [True, False])
    kernel = bench.plug_in()
    await until(lambda: bench.device.fact.endswith(": open"))
    os.write(kernel, key(ENTER, DOWN))
    await until(lambda: bench.changes == [True, False, True])
    os.close(kernel)


async def test_what_is_no_button_is_told_once(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.path.mkdir()
    await until(lambda: "it is no input device" in bench.device.fact)
    await asyncio.sleep(0.05)
    assert caplog.text.count("it is no input device") == 1
