"""Takes back an announcement that the guide has already: how its turn ends tells whether it was in time."""

from __future__ import annotations

import asyncio

from edge.fleet.commands import FleetCommand
from edge.fleet.frame import ReceiptBody, ReceiptState
from edge.telemetry.fleet.on_device import OnDevice

WITHIN_S = 5.0
OVER: tuple[ReceiptState, ...] = ("played", "failed", "cancelled", "expired")


class TakingBack:
    """Waits for the ends of what is to be taken back."""

    def __init__(self, on_device: OnDevice) -> None:
        self._on_device = on_device
        self._ends: dict[str, asyncio.Future[ReceiptState]] = {}

    def note(self, receipt: ReceiptBody) -> None:
        """A command has come so far."""
        end = self._ends.get(receipt.command or "")
        if end and not end.done() and receipt.state in OVER:
            end.set_result(receipt.state)

    async def take_back(self, command: FleetCommand, target: str) -> str | None:
        """Why it was not; None: it was.

        Raises:
            PublishRefusedError, OutgoingQueueFullError, SessionClosedError: it cannot be asked for.
        """
        end = self._ends.setdefault(target, asyncio.get_running_loop().create_future())
        try:
            async with asyncio.timeout(WITHIN_S):
                await self._on_device.cancel(command.id, target)
                state = await asyncio.shield(end)
        except TimeoutError:
            return "the guide did not take it back"
        finally:
            self._ends.pop(target, None)
        return None if state == "cancelled" else f"it was {state} already"
