"""Who waits for a recognizer's place, and who has left meanwhile."""

from __future__ import annotations

import asyncio

from edge.recognizer_server.turns import Turns


async def test_who_left_while_waiting_holds_nobody_up() -> None:
    allowed = False
    turns = Turns(1, lambda: allowed)

    async def take(client: str) -> None:
        async with turns.turn(client, 1.0):
            pass

    leaving = asyncio.create_task(take("leaving"))  # as interim work, which nobody cancels
    await asyncio.sleep(0)
    assert turns.busy
    turns.forget("leaving")
    await asyncio.wait([leaving])
    assert leaving.cancelled()
    assert not turns.busy
    allowed = True
    await take("staying")
    assert turns.running == 0
