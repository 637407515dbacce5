"""Settings that the guide changes without a restart: by the commands that there are for them."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import msgspec

from edge.config.convert import dotted
from edge.config.desired import DESIRABLE
from edge.fleet.commands import FleetCommand, on_device_id
from edge.messages import Control, new_id
from edge.mqtt import OutgoingQueueFullError, PublishRefusedError, SessionClosedError
from edge.telemetry.fleet.on_device import OBEYED_WITHIN_S, OnDevice

LIVE = {dotted(path): how.command for path, how in DESIRABLE.items() if how.command}
"""Dotted name of a setting → its command, which has the name of what ``Control`` shows of it."""


async def change_live(on_device: OnDevice, name: str, value: Any) -> bool:
    """Command it; whether the guide has obeyed soon."""
    command_id, now_at = f"config-{new_id()}", time.time()
    command = FleetCommand(
        id=command_id,
        name=LIVE[name],
        payload=msgspec.json.encode({"id": on_device_id(command_id), "value": value}),
        not_before=now_at,
        expires_at=now_at + OBEYED_WITHIN_S,
        value=value,
    )
    try:
        async with asyncio.timeout(OBEYED_WITHIN_S):
            await on_device.pass_on(command)
            return await on_device.obeyed(command)
    except (TimeoutError, PublishRefusedError, OutgoingQueueFullError, SessionClosedError):
        return False


def shown_live(control: Control | None) -> dict[str, Any]:
    """Dotted name → value, of those that a command has changed."""
    shown = {name: getattr(control, command, None) for name, command in LIVE.items()}
    return {name: value for name, value in shown.items() if value is not None}
