"""The on-device broker: does it let us in?"""

from __future__ import annotations

import asyncio

from edge.config import Settings
from edge.doctor.check import Check
from edge.messages import new_id
from edge.mqtt import MqttSession, SessionOptions, account_of

TIMEOUT_S = 10.0
"""The trials of the engines take the processor meanwhile."""


async def check_broker(settings: Settings) -> Check:
    address = f"{settings.mqtt.host}:{settings.mqtt.port}"
    options = SessionOptions(client_id=f"shuttle-guide-doctor-{new_id()}")
    session = MqttSession(account_of(settings.mqtt, "cli"), options)
    session.start()
    try:
        async with asyncio.timeout(TIMEOUT_S):
            await session.wait_connected()
        return Check("broker", "ok", address, session.state.text)
    except TimeoutError:
        advice = "start Mosquitto, or set SHUTTLE_GUIDE_MQTT__HOST and …_MQTT__PORT"
        return Check("broker", "missing", address, session.state.text, advice)
    finally:
        await session.close()
