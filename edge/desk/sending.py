"""The screen on which a text is sent to shuttles, and which tells who has played it."""

from __future__ import annotations

import time
from typing import ClassVar, Literal

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from edge.config import FleetSettings
from edge.desk.conversation_screen import TROUBLE
from edge.desk.recipients import SAFETY, announcement_text, choices, plan_of, receipt_lines
from edge.error_lines import reason_of
from edge.fleet.announcing import FleetAnnouncement, announce
from edge.fleet.client import FleetClient
from edge.fleet.command_roll import CommandRoll, RecentReceipts
from edge.fleet.recipients import sendings
from edge.fleet.roll import Roll
from edge.ingest.parsed import printable


class SendScreen(Screen[None]):
    """The screen on which shuttles are chosen, a text is sent, and what becomes of it is seen.

    Args:
        settings: where the fleet's broker is, and who we are there.
        draft: the text.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f5", "send", "Send"),
        Binding("escape", "leave", "Back"),
        Binding("space", "choose", "Choose"),
    ]
    CSS = """
    SendScreen { background: ansi_default; }
    SendScreen Static { height: auto; max-height: 3; background: transparent; }
    SendScreen OptionList, SendScreen OptionList:focus {
        height: 1fr; border: none; padding: 0; background: transparent;
    }
    """

    def __init__(self, settings: FleetSettings, draft: str) -> None:
        super().__init__()
        self._settings = settings
        self._draft = draft
        self._roll = Roll()
        self._receipts = RecentReceipts()
        self._client: FleetClient | None = None
        self._phase: Literal["choosing", "sending", "sent"] = "choosing"
        self._chosen: set[str] = set()
        self._rolls: list[CommandRoll] = []
        """One for each command that was sent."""
        self._trouble = ""
        """Why the last one was not."""
        self._text = Static()
        self._list = OptionList(compact=True)
        self._told = Static(id="told")

    def compose(self) -> ComposeResult:
        yield self._text
        yield self._list
        yield self._told

    def on_mount(self) -> None:
        self._list.focus()
        try:
            self._text.update(Text(printable(announcement_text(self._draft))))
        except ValueError as error:
            self._tell(str(error), trouble=True)
        else:
            self._tell("the fleet is asked who is there …")
        self._watch()

    def action_leave(self) -> None:
        self.dismiss()

    def action_choose(self) -> None:
        self._list.action_select()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        if self._phase == "choosing" and event.option_id is not None:
            self._chosen ^= {event.option_id}
            self._show()
            self._tell(plan_of(self._chosen))

    @work(exclusive=True)
    async def _watch(self) -> None:
        try:
            async with FleetClient(self._settings) as client:
                self._client = client
                await client.ask_report()
                while True:
                    message = await client.next()
                    known = bool(self._roll.rows)
                    self._roll.take(message)
                    self._receipts.take(message)
                    for roll in self._rolls:
                        roll.take(message)
                    self._show()
                    if not known and not self._trouble:
                        self._tell(plan_of(self._chosen))
        except Exception as error:
            self._client = None
            self._tell(reason_of(error), trouble=True)

    @work(group="sending")
    async def action_send(self) -> None:
        if self._phase != "choosing":
            return  # F5 was pressed again
        whom, client = self._chosen - {SAFETY}, self._client
        try:
            said = FleetAnnouncement(announcement_text(self._draft), safety=SAFETY in self._chosen)
            if client is None:
                raise ValueError("no fleet is connected")
            if not whom:
                raise ValueError("choose somebody first (space)")
        except ValueError as error:
            self._tell(str(error), trouble=True)
            return
        self._phase, self._trouble = "sending", ""
        self._tell("it is being sent …")
        try:
            for scope, expected in sendings(whom, self._roll.rows):
                command = await announce(client, scope, said, time.time())
                roll = CommandRoll(command, expected)
                self._receipts.tell(roll)
                self._rolls.append(roll)
        except Exception as error:
            self._trouble = reason_of(error)
            self._tell(self._trouble, trouble=True)
        # What nobody was told may be sent again, to others or as something else.
        self._phase = "sent" if self._rolls else "choosing"
        self._show()

    def _show(self) -> None:
        """Who may be chosen; once it was sent, who has played it."""
        if self._phase == "sent":
            lines, summary = receipt_lines(roll.states for roll in self._rolls)
            options = [Option(Text(line.told, line.style)) for line in lines]
            trouble = f"; not all of it was sent: {self._trouble}" if self._trouble else ""
            self._tell(f"{summary}; Esc goes back{trouble}", trouble=bool(trouble))
        else:
            options = [Option(Text(told), scope) for scope, told in choices(self._chosen, self._roll.rows)]
        was = self._list.highlighted_option
        was_at = was.id if was is not None and was.id is not None else ""
        self._list.set_options(options)
        # A shuttle that comes in above must not shift what is chosen next.
        places = {option.id: place for place, option in enumerate(options) if option.id is not None}
        self._list.highlighted = places.get(was_at, 0) if options else None

    def _tell(self, text: str, *, trouble: bool = False) -> None:
        self._told.update(Text(printable(text), TROUBLE if trouble else ""))
