"""The on-device broker: does it let us in?"""

from __future__ import annotations

import asyncio

from edge.config import Settings
from edge.doctor.check import Check
from edge.messages import new_id
from edge.mqtt import MqttSession, SessionOptions, SessionState, account_of
from edge.tasks import wait_at_most

TIMEOUT_S = 12.0
"""A broker that is not there says so at once; of one that does not answer the session says so after 10 s."""


async def check_broker(settings: Settings) -> Check:
    address = f"{settings.mqtt.host}:{settings.mqtt.port}"
    options = SessionOptions(client_id=f"shuttle-guide-doctor-{new_id()}")
    settled = asyncio.Event()

    def note(state: SessionState) -> None:
        if state.name in ("connected", "refused", "unreachable", "lost"):
            settled.set()

    session = MqttSession(account_of(settings.mqtt, "cli"), options, on_state=note)
    session.start()
    try:
        await wait_at_most(settled, TIMEOUT_S)
        if session.state.name == "connected":
            return Check("broker", "ok", address, session.state.text)
        advice = "start Mosquitto, or set SHUTTLE_GUIDE_MQTT__HOST and …_MQTT__PORT"
        return Check("broker", "missing", address, session.state.text, advice)
    finally:
        await session.close()
