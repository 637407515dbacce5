"""The talk button: somebody presses it."""

from __future__ import annotations

import asyncio
import time

from edge.acceptance.result import Result, not_there, passed_if
from edge.config import Settings
from edge.listener.button_device import ButtonDevice
from edge.tasks import cancel_and_wait, wait_at_most


def check_button(settings: Settings, within_s: float) -> Result:
    """Waits for a press and its release. The listener may read the button meanwhile."""
    path = settings.listener.button
    if not path:
        return not_there("button", "none is configured (listener.button)")
    return asyncio.run(_wait(path, settings.listener.button_key, within_s))


async def _wait(path: str, key: int | None, within_s: float) -> Result:
    changes: list[bool] = []
    released = asyncio.Event()

    def changed(is_down: bool) -> None:
        changes.append(is_down)
        if changes[-2:] == [True, False]:
            released.set()

    device = ButtonDevice(path, key, changed)
    watching = asyncio.create_task(device.watch())
    started = time.monotonic()
    await wait_at_most(released, within_s)
    took_s = round(time.monotonic() - started, 1)
    await cancel_and_wait(watching)
    pressed = released.is_set()
    told = f"pressed after {took_s:.0f} s" if pressed else f"not pressed and let go; {device.fact}"
    advice = "press it while this waits; cable, device name (listener.button), key code (listener.button_key)"
    check = passed_if(pressed, "button", f"pressed within {within_s:.0f} s", told, advice)
    return Result([check], {"pressed_after_s": took_s} if pressed else {})
