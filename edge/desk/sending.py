"""The screen on which a text is sent to shuttles, and which tells who has played it."""

from __future__ import annotations

import time
from typing import ClassVar

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import Checkbox, SelectionList, Static
from textual.widgets.selection_list import Selection

from edge.config import FleetSettings
from edge.desk.conversation_screen import TROUBLE
from edge.desk.recipients import Recipient, announcement_text, recipients, sendings
from edge.error_lines import reason_of
from edge.fleet.announcing import FleetAnnouncement, announce
from edge.fleet.client import FleetClient
from edge.fleet.command_roll import ENDS, CommandRoll
from edge.fleet.roll import Roll
from edge.ingest.parsed import printable

GOOD = frozenset({"played", "done"})
REPORT_EXPIRES_S = 60.0


class SendScreen(Screen[None]):
    """Choose shuttles, send, and see what becomes of it.

    Args:
        settings: where the fleet's broker is, and who we are there.
        draft: the text.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f5", "send", "Send"),
        Binding("escape", "leave", "Back"),
    ]
    CSS = """
    SendScreen { background: transparent; }
    SendScreen Static { height: auto; max-height: 3; background: transparent; }
    SendScreen SelectionList, SendScreen SelectionList:focus {
        height: 1fr; border: none; padding: 0; background: transparent;
    }
    SendScreen Checkbox, SendScreen Checkbox:focus {
        height: 1; border: none; padding: 0; background: transparent;
    }
    SendScreen #receipts { max-height: 100%; }
    """

    def __init__(self, settings: FleetSettings, draft: str) -> None:
        super().__init__()
        self._settings = settings
        self._draft = draft
        self._roll = Roll()
        self._client: FleetClient | None = None
        self._rolls: list[CommandRoll] = []
        self._shown: list[Recipient] = []

    def compose(self) -> ComposeResult:
        yield Static(id="text")
        yield SelectionList[str]()
        yield Static(id="receipts")
        yield Checkbox("safety: it replaces whatever is said", id="safety", compact=True)
        yield Static(id="told")

    def on_mount(self) -> None:
        try:
            self.query_one("#text", Static).update(Text(printable(announcement_text(self._draft))))
        except ValueError as error:
            self._tell(str(error), trouble=True)
        else:
            self._tell("Space chooses, F5 sends, Esc goes back")
        self.query_one(SelectionList).focus()
        self._watch()

    def action_leave(self) -> None:
        self.dismiss()

    @work(exclusive=True)
    async def _watch(self) -> None:
        """Who is there is asked, since not every broker keeps what shuttles have told."""
        try:
            async with FleetClient(self._settings) as client:
                self._client = client
                await client.command("all", "report", ttl=REPORT_EXPIRES_S, expiry_s=REPORT_EXPIRES_S)
                while True:
                    message = await client.next()
                    self._roll.take(message)
                    for roll in self._rolls:
                        roll.take(message)
                    self._show()
        except Exception as error:
            self._client = None
            self._tell(reason_of(error), trouble=True)

    @work(group="sending")
    async def action_send(self) -> None:
        choice, safety = self.query_one(SelectionList), self.query_one("#safety", Checkbox).value
        try:
            said = FleetAnnouncement(announcement_text(self._draft), safety=safety)
        except ValueError as error:
            self._tell(str(error), trouble=True)
            return
        if self._rolls or self._client is None or not choice.selected:
            why = "it is sent already: Esc goes back" if self._rolls else "no fleet is connected"
            self._tell(
                why if self._rolls or self._client is None else "choose somebody first (space)", trouble=True
            )
            return
        chosen = list(choice.selected)
        try:
            for scope, expected in sendings(chosen, self._roll.rows):
                command = await announce(self._client, scope, said, time.time())
                self._rolls.append(CommandRoll(command, expected))
        except Exception as error:
            self._tell(reason_of(error), trouble=True)
        if self._rolls:
            choice.display = False
            self.query_one("#receipts", Static).focus()
            self._show()

    def _show(self) -> None:
        """Who may be chosen; once it was sent, who has played it."""
        if self._rolls:
            self._show_receipts()
            return
        now = recipients(self._roll.rows)
        if now != self._shown:
            choice = self.query_one(SelectionList)
            chosen, at = set(choice.selected), choice.highlighted
            choice.clear_options()
            choice.add_options([Selection(Text(each.told), each.scope, each.scope in chosen) for each in now])
            choice.highlighted = 0 if at is None else min(at, len(now) - 1)
            self._shown = now

    def _show_receipts(self) -> None:
        states = {shuttle: state for roll in self._rolls for shuttle, state in roll.states.items()}
        lines = Text()
        for shuttle, (state, reason) in sorted(states.items()):
            colour = "green" if state in GOOD else TROUBLE if state in ENDS else ""
            lines.append(f"{printable(shuttle)}: {printable(state)}", colour)
            lines.append(f" ({printable(reason)})\n" if reason else "\n")
        self.query_one("#receipts", Static).update(lines)
        played = sum(state in GOOD for state, _ in states.values())
        self._tell(f"played by {played} of {len(states)}; Esc goes back")

    def _tell(self, text: str, *, trouble: bool = False) -> None:
        self.query_one("#told", Static).update(Text(printable(text), TROUBLE if trouble else ""))
