"""Sends one desk's texts to shuttles, and tells its page who is there and what became of each text."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Collection
from typing import Any, Literal, NamedTuple

from edge.config import ConfigError, FleetSettings
from edge.console.broker_link import BrokerAwayError, BrokerLink, CommandRefusedError
from edge.console.changes import Changes
from edge.console.desk_outcomes import DeskRefusedError, SentDraft, heard_by, outcomes_of, plan_of
from edge.console.now import GuideNow
from edge.console.words import PageWords
from edge.error_lines import reason_of
from edge.fleet.announcing import FleetAnnouncement, announce
from edge.fleet.client import FleetClient, FleetRefusedError
from edge.fleet.command_roll import CommandRoll, RecentReceipts
from edge.fleet.recipients import Recipient, recipients
from edge.fleet.roll import Roll
from edge.messages import Language
from edge.operator_error import OperatorError
from edge.tasks import cancel_and_wait

MOST_SENT = 5
"""The last texts of which a page shows what became."""
GAP_S = 0.25
"""Receipts that come sooner behind each other are shown together."""


class FleetNow(NamedTuple):
    """How the fleet is for one desk, as its page shows it."""

    name: Literal["unset", "unasked", "asking", "there", "away"]
    told: str = ""
    """Why it is away."""
    recipients: tuple[Recipient, ...] = ()
    may_say_safety: bool = False
    """False once the broker has refused it: nobody can be asked beforehand."""


class OwnGuide(NamedTuple):
    """This shuttle's own guide."""

    now: GuideNow
    changes: Changes
    link: BrokerLink


class DeskPage(NamedTuple):
    """How the page is told."""

    tell: Callable[[dict[str, Any]], None]
    drained: Callable[[], Any]
    """Awaited: until it has read what it was told."""
    fragment: Callable[..., str]
    """Name of a template and its values → its content."""
    words: PageWords


class DeskSending:
    """One desk's sending. The fleet is asked, and its broker connected to, when the page wants to send.

    Args:
        settings: the fleet, and who we are there.
    """

    def __init__(self, settings: FleetSettings, guide: OwnGuide, page: DeskPage) -> None:
        self._settings = settings
        self._guide = guide
        self._page = page
        self._roll = Roll()
        self._receipts = RecentReceipts()
        self._client: FleetClient | None = None
        self._watching: asyncio.Task[None] | None = None
        self._sending: asyncio.Task[None] | None = None
        self._fleet = FleetNow("unset" if settings.host is None else "unasked")
        self._sent: deque[SentDraft] = deque(maxlen=MOST_SENT)
        self._changed = asyncio.Event()

    def ask(self) -> None:
        """Ask who is there, and hear from then on what shuttles tell."""
        if self._settings.host is None or (self._watching is not None and not self._watching.done()):
            return
        self._watching = asyncio.create_task(self._watch(), name="a desk's fleet")

    async def close(self) -> None:
        """The page has left. What is being sent is still handed to a broker, or refused by it."""
        try:
            if self._sending is not None:
                await asyncio.shield(self._sending)
        finally:
            await cancel_and_wait(self._watching)

    def send(self, draft: str, to: Collection[str], *, safety: bool, language: Language | None) -> None:
        """Have a text sent; the page is told that it was, or why not."""
        if self._sending is not None and not self._sending.done():
            self._say(self._page.words("desk.busy"), True)
            return
        sending = self._send(draft, to, safety, language)
        self._sending = asyncio.create_task(sending, name="a desk's announcement")

    async def _send(self, draft: str, to: Collection[str], safety: bool, language: Language | None) -> None:
        words, client = self._page.words, self._client
        own_id = self._guide.now.settings.shuttle.id
        rows = () if client is None else self._roll.rows
        try:
            plan = plan_of(draft, to, rows, own_id, words, safety=safety)
        except DeskRefusedError as error:
            self._say(str(error), True)
            return
        sent = SentDraft(plan.text, safety)
        trouble = ""
        try:
            if plan.here:
                body = {"text": plan.text} | ({"language": language} if language else {})
                sent.here = (await self._guide.link.send("announce", body)).id
            for scope, expected in plan.sendings:
                assert client is not None  # else nobody of the fleet is known
                said = FleetAnnouncement(plan.text, language=language, safety=safety)
                command = await announce(client, scope, said, time.time())
                sent.rolls.append(CommandRoll(command, expected))
        except BrokerAwayError:
            trouble = words("do.no_broker")
        except (CommandRefusedError, OperatorError) as error:
            trouble = str(error)
            if safety and isinstance(error, FleetRefusedError):
                self._fleet = self._fleet._replace(may_say_safety=False)
        except Exception as error:  # the page must hear of it, whatever it is
            trouble = reason_of(error)
        if sent.here or sent.rolls:
            for roll in sent.rolls:
                self._receipts.tell(roll)
            self._sent.appendleft(sent)
            self._page.tell({"type": "sent"})
        if not trouble:
            self._say(words("desk.sent"))
        elif sent.here or sent.rolls:
            self._say(words("desk.partly_sent", why=trouble), True)
        else:
            self._say(words("desk.not_sent", why=trouble), True)
        self._changed.set()

    async def run(self) -> None:
        """Tell the page what changes, for ever; never more than one message waits for it."""
        told: dict[str, str] = {}
        local = asyncio.create_task(self._follow_guide())
        try:
            while True:
                await self._changed.wait()
                self._changed.clear()
                fleet = self._fleet._replace(recipients=tuple(recipients(self._roll.rows)))
                shown = [(sent, outcomes_of(sent, self._guide.now)) for sent in self._sent]
                parts = {
                    "recipients": self._page.fragment("desk_recipients", fleet=fleet),
                    "receipts": self._page.fragment("desk_receipts", sent=shown, heard_by=heard_by),
                }
                if news := {name: part for name, part in parts.items() if told.get(name) != part}:
                    told |= news
                    self._page.tell({"type": "parts", "parts": news})
                    await self._page.drained()
                await asyncio.sleep(GAP_S)
        finally:
            await cancel_and_wait(local)

    async def _follow_guide(self) -> None:
        """What becomes of an announcement of this shuttle comes by its feeds."""
        while not self._guide.changes.closed:
            await self._guide.changes.later().wait()
            if any(sent.here for sent in self._sent):
                self._changed.set()

    async def _watch(self) -> None:
        self._fleet = FleetNow("asking")
        self._changed.set()
        try:
            async with FleetClient(self._settings) as client:
                await client.ask_report()
                self._client = client
                self._fleet = FleetNow("there", may_say_safety=True)
                while True:
                    self._changed.set()
                    message = await client.next()
                    self._roll.take(message)
                    self._receipts.take(message)
                    for roll in (roll for sent in self._sent for roll in sent.rolls):
                        roll.take(message)
        except (OperatorError, ConfigError) as error:
            self._fleet = FleetNow("away", str(error))
        except Exception as error:  # whatever a library makes of a broker, the page says so and can ask again
            self._fleet = FleetNow("away", reason_of(error))
        finally:
            self._client = None
            self._changed.set()

    def _say(self, text: str, trouble: bool = False) -> None:
        self._page.tell({"type": "said", "text": text, "trouble": trouble})
