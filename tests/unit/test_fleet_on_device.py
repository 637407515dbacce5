"""What the fleet has said on the shuttle is worthless when its time is over, wherever it has waited."""

from __future__ import annotations

import asyncio
import time
from types import SimpleNamespace
from typing import Any

import pytest

from edge.fleet.commands import FleetCommand
from edge.ingest.native_speech import parse_speech
from edge.ingest.parsed import Arrival, RefusedError
from edge.telemetry.fleet import on_device
from edge.telemetry.fleet.on_device import OnDevice


async def test_words_that_waited_for_the_on_device_broker_are_not_said_late(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    published: list[bytes] = []

    def publish(leaf: str, payload: bytes) -> asyncio.Future[None]:
        published.append(payload)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

    now_at = time.time()
    monkeypatch.setattr(on_device, "time", SimpleNamespace(time=lambda: now_at))
    command = FleetCommand(
        id="c",
        name="announce",
        payload=b'{"id": "fleet:c", "text": "Stop."}',
        not_before=now_at,
        expires_at=now_at + 60,
    )
    await OnDevice(publish).pass_on(command)

    def arrived(after_s: float) -> Any:
        arrival = Arrival(published[0], False, 1000.0, now_at + after_s, {})
        return parse_speech(arrival, kind="announcement", default_ttl_s=30.0)

    assert arrived(50.0).expires_mono == pytest.approx(1010.0, abs=1.0)
    with pytest.raises(RefusedError):
        arrived(61.0)
    assert arrived(-3600.0).expires_mono == pytest.approx(1060.0, abs=1.0), "a clock that was set back"
