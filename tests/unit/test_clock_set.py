"""What pauses is tried again at once when the clock has been set, and otherwise when its pause is over."""

from __future__ import annotations

import asyncio
import time

import pytest

from edge import clock_set
from edge.clock_set import pause_until_clock_set
from edge.config import MqttSettings
from edge.ladder.ladder import Ladder
from edge.ladder.limits import LadderLimits
from edge.ladder.rung import RungError
from edge.mqtt import SessionOptions, session
from edge.mqtt.failure import Failure
from tests.support.waiting import PATIENCE_S, until


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds by which the clock was set; what is appended is added."""
    by: list[float] = []
    now = time.time
    monkeypatch.setattr(clock_set, "LOOK_EVERY_S", 0.01)
    monkeypatch.setattr(time, "time", lambda: now() + sum(by))
    return by


@pytest.mark.parametrize("step_s", [56 * 365 * 86_400.0, 60.0, -3600.0])
async def test_a_clock_that_is_set_ends_the_pause(set_clock: list[float], step_s: float) -> None:
    pausing = asyncio.create_task(pause_until_clock_set(3600))
    await asyncio.sleep(0.05)
    assert not pausing.done()
    set_clock.append(step_s)
    await asyncio.wait_for(pausing, PATIENCE_S)


async def test_a_clock_that_is_kept_right_does_not(set_clock: list[float]) -> None:
    pausing = asyncio.create_task(pause_until_clock_set(3600))
    await asyncio.sleep(0.05)
    set_clock.append(0.5)
    await asyncio.sleep(0.1)
    assert not pausing.done()
    pausing.cancel()


async def test_otherwise_the_pause_ends_by_its_length_or_by_its_event(set_clock: list[float]) -> None:
    hurry = asyncio.Event()
    await asyncio.wait_for(pause_until_clock_set(0.05, hurry), PATIENCE_S)
    pausing = asyncio.create_task(pause_until_clock_set(3600, hurry))
    await asyncio.sleep(0.02)
    hurry.set()
    await asyncio.wait_for(pausing, PATIENCE_S)


async def test_a_broker_is_tried_again_when_the_clock_is_set(
    set_clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "BACKOFF_FIRST_S", 3600.0)
    guide = session.MqttSession(MqttSettings(backoff_max_s=7200.0), SessionOptions(client_id="x"))
    pausing = asyncio.create_task(guide._recover(Failure("unreachable", "the certificate is not yet valid")))
    await asyncio.sleep(0.05)
    assert not pausing.done()
    set_clock.append(3600.0)
    await asyncio.wait_for(pausing, PATIENCE_S)


class _Waiting:
    """A rung that fails until the clock is right."""

    name = "cloud"
    paid = False
    local = False
    right = False

    async def open(self, request: str):  # type: ignore[no-untyped-def]
        raise RungError("the certificate is not yet valid")
        yield

    async def probe(self) -> None:
        if not self.right:
            raise RungError("the certificate is not yet valid")


class _Last(_Waiting):
    name = "last"

    async def open(self, request: str):  # type: ignore[no-untyped-def]
        yield request


async def test_a_rung_that_is_left_alone_is_probed_when_the_clock_has_been_set(
    set_clock: list[float],
) -> None:
    limits = LadderLimits(initial_ms=500, min_ms=100, max_ms=900, stall_ms=900, breaker_open_s=3600)
    cloud = _Waiting()
    ladder: Ladder[str, str] = Ladder("voice", [cloud, _Last()], limits, advance=lambda asked, _: asked)
    for _ in range(2):
        assert [output.rung async for output in ladder.run("word")] == ["last"]
    assert ladder.states()["cloud"] == "the certificate is not yet valid"
    cloud.right = True
    await asyncio.sleep(0.1)
    assert ladder.states()["cloud"] != "ok"
    set_clock.append(1e9)
    await until(lambda: ladder.states()["cloud"] == "ok")
    await ladder.close()
