"""A shuttle that answers while a text is still handed to others is not forgotten."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, Self, cast

import pytest

from edge.config import FleetSettings, Settings
from edge.console import desk_sending
from edge.console.desk_sending import DeskPage, DeskSending, OwnGuide
from edge.console.now import GuideNow
from edge.console.words import words_in
from edge.fleet.frame import FleetFrame
from edge.fleet.reading import FleetMessage
from tests.support.waiting import until

SHUTTLES = ("one", "two")


class QuickFleet:
    """Each shuttle refuses before the broker's acknowledgement has come."""

    def __init__(self, settings: FleetSettings) -> None:
        self._came: asyncio.Queue[FleetMessage] = asyncio.Queue()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None: ...

    async def next(self) -> FleetMessage:
        return await self._came.get()

    async def ask_report(self) -> str:
        for shuttle in SHUTTLES:
            self._tell(shuttle, "status", {"online": True})
        return "report"

    async def command(self, scope: str, name: str, **body: Any) -> str:
        self._tell(scope, "receipt", {"command": f"to {scope}", "state": "refused", "reason": "muted"})
        while not self._came.empty():
            await asyncio.sleep(0)
        return f"to {scope}"

    def _tell(self, shuttle: str, leaf: str, body: dict[str, Any]) -> None:
        number = f"{shuttle} {leaf}"
        frame = FleetFrame(id=number, shuttle=shuttle, boot="b", seq=1, ts=1.8e9, late=False, body=body)
        self._came.put_nowait(FleetMessage(shuttle, leaf, frame))


async def test_what_a_quick_shuttle_answers_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk_sending, "FleetClient", QuickFleet)
    shown: list[dict[str, Any]] = []

    def fragment(name: str, **values: Any) -> str:
        """The states that are shown of each text, or who there is."""
        if name == "desk_receipts":
            return str(
                [{who: each.state for who, each in outcomes.items()} for _, outcomes in values["sent"]]
            )
        return str([each.scope for each in values["fleet"].recipients])

    async def drained() -> None: ...

    def parts(name: str) -> list[str]:
        return [told["parts"][name] for told in shown if name in told.get("parts", {})]

    now = GuideNow(Settings())
    changes = SimpleNamespace(closed=False, later=asyncio.Event)
    guide = OwnGuide(now, cast("Any", changes), cast("Any", None))
    page = DeskPage(shown.append, drained, fragment, words_in("en"))
    sending = DeskSending(FleetSettings(host="fleet.example"), guide, page)
    running = asyncio.create_task(sending.run())
    sending.ask()
    await until(lambda: "'two'" in str(parts("recipients")))
    sending.send("Stop.", SHUTTLES, safety=False, language=None)
    await until(lambda: str([dict.fromkeys(SHUTTLES, "refused")]) in parts("receipts"))
    await sending.close()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
