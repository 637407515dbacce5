"""Hands the fleet's commands to the on-device broker, and sees whether they were obeyed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from math import isclose

import msgspec

from edge.fleet.commands import FleetCommand, on_device_id
from edge.fleet.topics import SPOKEN
from edge.messages import Control

OBEYED_WITHIN_S = 5.0
LONGEST_TTL_S = 86_400.0


class OnDevice:
    """The guide as one that obeys.

    Args:
        publish: leaf below ``shuttle/{id}/`` and payload → resolves when the broker has it.
    """

    def __init__(self, publish: Callable[[str, bytes], asyncio.Future[None]]) -> None:
        self._publish = publish
        self._control: Control | None = None
        self._stopped_before: dict[str, int] = {}
        self._changed = asyncio.Event()

    def note(self, control: Control) -> None:
        """News from ingest."""
        self._control = control
        self._changed.set()

    async def pass_on(self, command: FleetCommand) -> None:
        """Return when the on-device broker has it.

        Raises:
            PublishRefusedError: it does not take it.
        """
        name = command.name
        if name == "stop":
            self._stopped_before[command.id] = self._control.stopped_at_ms if self._control else 0
        body = msgspec.json.decode(command.payload)
        # It may wait for the on-device broker: its time counts from here, not from there. (Ingest
        # does not believe a clock that was set back, or is not set, and then counts from there after all.)
        body["ts"] = now_at = time.time()
        body["ttl"] = min(max(command.expires_at - now_at, 0.001), LONGEST_TTL_S)
        await self._publish(name if name in SPOKEN else f"cmd/{name}", msgspec.json.encode(body))

    async def cancel(self, command_id: str, target: str) -> None:
        """Have it not said any more; the end of its turn tells whether that came in time.

        Raises:
            PublishRefusedError: the broker does not take it.
        """
        body = {"id": on_device_id(command_id), "target": on_device_id(target)}
        await self._publish("cmd/cancel", msgspec.json.encode(body))

    async def obeyed(self, command: FleetCommand) -> bool:
        """Whether the control state soon shows that the command was obeyed."""
        stopped_before = self._stopped_before.pop(command.id, 0)
        try:
            async with asyncio.timeout(OBEYED_WITHIN_S):
                while not self._shows(command, stopped_before):
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return False
        return True

    def _shows(self, command: FleetCommand, stopped_before: int) -> bool:
        control, value = self._control, command.value
        if control is None:
            return False
        match command.name:
            case "mute" | "unmute":
                return control.muted == (command.name == "mute")
            case "stop":
                return control.stopped_at_ms > stopped_before
            case "volume":
                return control.volume is not None and isclose(control.volume, float(value or 0), abs_tol=1e-6)
            case "chattiness":
                return control.chattiness == value
            case "microphone":
                return control.microphone_off == (value == "off")
        return False
