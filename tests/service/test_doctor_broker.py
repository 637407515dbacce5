"""What the doctor says of the on-device broker, and how soon."""

from __future__ import annotations

import time

import pytest

from edge.config import MqttSettings, Settings
from edge.doctor.broker import check_broker
from edge.doctor.check import Check
from tests.support.mqtt_peer import (
    ACCEPT_5,
    ACCEPT_311,
    HANG_UP,
    LEVEL_5,
    LEVEL_311,
    REFUSE_VERSION_5,
    ScriptedPeer,
)
from tests.support.ports import free_port

REFUSE_ACCOUNT_5 = bytes.fromhex("2003008600")
SOON_S = 3.0


async def checked(port: int) -> tuple[Check, float]:
    began = time.monotonic()
    check = await check_broker(Settings(mqtt=MqttSettings(port=port)))
    return check, time.monotonic() - began


async def test_one_that_is_not_there_is_told_at_once() -> None:
    check, took_s = await checked(free_port())
    assert (check.verdict, took_s < SOON_S) == ("missing", True)
    assert "connection refused" in check.actual


@pytest.mark.parametrize(
    ("connack", "verdict", "told"),
    [
        ({LEVEL_5: ACCEPT_5}, "ok", "connected to"),
        ({LEVEL_5: REFUSE_VERSION_5, LEVEL_311: ACCEPT_311}, "ok", "(MQTT 3.1.1)"),
        ({LEVEL_5: HANG_UP, LEVEL_311: ACCEPT_311}, "ok", "(MQTT 3.1.1)"),
        ({LEVEL_5: HANG_UP, LEVEL_311: HANG_UP}, "missing", "closed the connection before it answered"),
        ({LEVEL_5: REFUSE_ACCOUNT_5}, "missing", "bad user name or password"),
    ],
)
async def test_one_that_answers_is_told_as_it_answers(
    connack: dict[int, bytes], verdict: str, told: str
) -> None:
    async with ScriptedPeer(connack).serving() as peer:
        check, took_s = await checked(peer.port)
    assert (check.verdict, took_s < SOON_S) == (verdict, True)
    assert told in check.actual
