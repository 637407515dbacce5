"""Does each of the fleet's commands once, in its time, and answers with receipts."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
import time
from collections.abc import Callable, Coroutine
from functools import partial

from edge.fleet.commands import SHUTTLES_OWN, FleetCommand, RefusedCommandError
from edge.fleet.frame import ReceiptState
from edge.fleet.topics import SPOKEN, FleetTopics
from edge.line_limit import LineLimit
from edge.messages import Control, Reports
from edge.mqtt import Incoming, OutgoingQueueFullError, PublishRefusedError, SessionClosedError
from edge.process import Life
from edge.tasks import wait_at_most
from edge.telemetry.fleet import known_commands, receipts, unkept
from edge.telemetry.fleet.arrival import MOST_ANNOUNCEMENTS, CommandArrival
from edge.telemetry.fleet.intake import CommandIntake
from edge.telemetry.fleet.known_commands import SPOKEN_WITHIN_S, Due
from edge.telemetry.fleet.on_device import OnDevice
from edge.telemetry.fleet.outbox import Made
from edge.telemetry.fleet.receipts import Receipt
from edge.telemetry.fleet.store import FleetStore, NotKeptError
from edge.telemetry.fleet.taking_back import TakingBack
from edge.telemetry.fleet.unkept import UnkeptCommands

log = logging.getLogger(__name__)

LOOK_AGAIN_S = 2.0
"""Due times are those of a clock that may be set."""
IDLE_S = 30.0
LINES_PER_MINUTE = 20


class FleetCommands:
    """What the fleet tells the shuttle.

    Args:
        life: of telemetry; counts ``fleet.commands``, ``fleet.commands_…``, ``fleet.foreign`` (what is
            for others) and ``fleet.unread_dropped``.
        on_device: does what is not the shuttle's own telling.
        now: as what is made now would be stamped.
        on_receipt: told of each receipt that is on the disk.
        on_report: somebody asks who is there.
    """

    def __init__(
        self,
        life: Life,
        store: FleetStore,
        topics: FleetTopics,
        on_device: OnDevice,
        now: Callable[[], Made],
        on_receipt: Callable[[Receipt], None],
        on_report: Callable[[], None],
    ) -> None:
        self._life = life
        self._store = store
        self._topics = topics
        self._on_device = on_device
        self._now = now
        self._on_receipt = on_receipt
        self._on_report = on_report
        self._unkept = UnkeptCommands()
        arrival = self._arrival = CommandArrival(life.settings, topics, self._unkept, now)
        self._orders = CommandIntake(life, store, arrival.accept, self._accepted)
        self._announcements = CommandIntake(
            *(life, store, arrival.accept, self._accepted, self._say_without_disk),
            most_waiting=MOST_ANNOUNCEMENTS,
            refuse=arrival.refuse,
        )
        self._safety = CommandIntake(life, store, arrival.accept, self._accepted, self._say_without_disk)
        self._lines = LineLimit(LINES_PER_MINUTE)
        self._changed = asyncio.Event()
        self._doing: set[str] = set()
        self._taking_back = TakingBack(on_device)

    def start(self) -> None:
        self._life.spawn(self._orders.take_for_ever(), "taking the fleet's orders")
        self._life.spawn(self._announcements.take_for_ever(), "taking the fleet's announcements")
        self._life.spawn(self._safety.take_for_ever(), "taking the fleet's safety messages")
        self._life.spawn(self._do_for_ever(), "doing the fleet's commands")

    async def keep_spoken(self, report: Reports, keep: Callable[[sqlite3.Connection], None]) -> None:
        """Keep how a trigger ended, by ``keep`` and as the receipt of the command that it came of.

        Raises:
            NotKeptError: neither was kept.
        """

        def work(db: sqlite3.Connection) -> Receipt | None:
            keep(db)
            return receipts.keep_spoken(db, report, self._now())

        try:
            self._tell(await self._store.run(work))
        except NotKeptError:
            self._unkept.ended(report)
            raise

    # --- what comes ----------------------------------------------------------------------------

    def take(self, message: Incoming) -> None:
        """A command from the fleet's broker."""
        match self._topics.command_of(message.topic):
            case None:  # of a group that the shuttle has left, for as long as the broker keeps the session
                self._life.counters["fleet.foreign"] += 1
                message.ack()
            case "safety":
                self._safety.take(message)
            case "announce":
                self._announcements.take(message)
            case _:
                self._orders.take(message)

    def _accepted(self, receipt: Receipt | None) -> None:
        if receipt and receipt.body.command and receipt.body.state == "accepted":
            self._unkept.note(receipt.body.command)
        self._tell(receipt)
        self._changed.set()

    async def _say_without_disk(self, message: Incoming) -> bool:
        """Hand it on now, once; what is due later waits for the disk."""
        now_at = time.time()
        try:
            command = self._arrival.parsed(message, now_at)
        except RefusedCommandError as refused:
            self._tell(self._arrival.refusal(message, refused))
            return True
        if self._unkept.knows(command.id):
            return True
        if command.not_before > now_at:
            return False
        log.warning("command %s of the fleet is done and not remembered: %s", command.id, command.name)
        try:
            async with asyncio.timeout(command.expires_at - now_at):
                await self._on_device.pass_on(command)
        except (TimeoutError, PublishRefusedError, OutgoingQueueFullError, SessionClosedError) as error:
            log.error("command %s of the fleet is not done: %s", command.id, error)
            return isinstance(error, TimeoutError)
        self._unkept.add(command)
        return True

    async def _keep_unkept(self) -> None:
        if kept := self._unkept.now:  # a copy: the loop may add to it while the store's thread works
            for receipt in await self._store.run(partial(unkept.keep, kept, self._now())):
                self._tell(receipt)
            self._unkept.forget(kept)

    # --- what is done --------------------------------------------------------------------------

    async def _do_for_ever(self) -> None:
        while True:
            self._changed.clear()
            look_again_s = LOOK_AGAIN_S
            try:
                await self._keep_unkept()
                for due in (waiting := await self._store.run(known_commands.not_over)):
                    if due.command.id not in self._doing:
                        self._look_at(due, time.time())
                if not waiting:
                    look_again_s = IDLE_S
            except NotKeptError as error:
                log.error("the fleet's commands cannot be read: %s", error)
            await wait_at_most(self._changed, look_again_s)

    def _look_at(self, due: Due, now_at: float) -> None:
        command = due.command
        if due.phase == "passed_on":
            if now_at > command.expires_at + SPOKEN_WITHIN_S:
                self._do(command, self._end(command, "failed", "nothing was heard of it"))
        elif now_at >= command.expires_at:
            self._do(command, self._end(command, "expired", "its time was over before it could be done"))
        elif now_at >= command.not_before:
            self._do(command, self._carry_out(command))

    def _do(self, command: FleetCommand, work: Coroutine[None, None, None]) -> None:
        self._doing.add(command.id)

        async def done() -> None:
            try:
                await work
            except NotKeptError as error:
                log.error("what became of a command is not kept yet: %s", error)
            finally:
                self._doing.discard(command.id)

        self._life.spawn(done(), f"command {command.id}")

    async def _carry_out(self, command: FleetCommand) -> None:
        log.info("command %s of the fleet: %s", command.id, command.name)
        self._life.counters["fleet.commands"] += 1
        if command.name in SHUTTLES_OWN:
            if command.name == "report":
                self._on_report()
                await self._end(command, "done")
            else:
                await self._cancel(command)
            return
        with contextlib.suppress(
            NotKeptError
        ):  # where the disk takes nothing, nothing can be cancelled either
            if not await self._store.run(partial(known_commands.claim, command_id=command.id)):
                return
        try:
            async with asyncio.timeout(command.expires_at - time.time()):
                await self._on_device.pass_on(command)
        except TimeoutError:
            await self._end(command, "expired", "the on-device broker was away")
        except SessionClosedError:
            return  # the guide stops, and will go on with it
        except (PublishRefusedError, OutgoingQueueFullError) as error:
            await self._end(command, "failed", str(error))
        else:
            if command.name in SPOKEN:
                await self._store.run(partial(known_commands.passed_on, command_id=command.id))
            elif await self._on_device.obeyed(command):
                await self._end(command, "done")
            else:
                await self._end(command, "failed", "the guide did not take it")

    async def _cancel(self, command: FleetCommand) -> None:
        target_id = command.target or ""

        def work(db: sqlite3.Connection) -> list[Receipt | None]:
            made = self._now()
            due = known_commands.get(db, target_id)
            if due is not None and due.command.name == "announce" and is_on_its_way(due):
                return []
            if due is None:
                if known_commands.cancel_beforehand(db, target_id, made.ts):
                    return [receipts.keep_end(db, command, "done", "it had not come yet", made)]
                return [receipts.keep_end(db, command, "failed", "it was over already", made)]
            if is_on_its_way(due):
                return [receipts.keep_end(db, command, "failed", "it was on its way already", made)]
            cancelled = receipts.keep_end(db, due.command, "cancelled", None, made)
            return [cancelled, receipts.keep_end(db, command, "done", None, made)]

        def is_on_its_way(due: Due) -> bool:
            return due.phase != "waiting" or target_id == command.id

        told = await self._store.run(work)
        for receipt in told:
            self._tell(receipt)
        if not told:
            await self._take_back(command, target_id)

    async def _take_back(self, command: FleetCommand, target_id: str) -> None:
        try:
            why_not = await self._taking_back.take_back(command, target_id)
        except SessionClosedError:
            return  # the guide stops, and will go on with it
        except (PublishRefusedError, OutgoingQueueFullError) as error:
            why_not = str(error)
        await self._end(command, "failed" if why_not else "done", why_not)

    async def _end(self, command: FleetCommand, state: ReceiptState, reason: str | None = None) -> None:
        made = self._now()
        self._tell(await self._store.run(lambda db: receipts.keep_end(db, command, state, reason, made)))

    def note(self, control: Control) -> None:
        """News from ingest."""
        self._on_device.note(control)

    def _tell(self, receipt: Receipt | None) -> None:
        if receipt is None:
            return
        body = receipt.body
        self._taking_back.note(body)
        if body.state in ("refused", "expired", "failed"):
            self._life.counters[f"fleet.commands_{body.state}"] += 1
            if (untold := self._lines.take(time.monotonic())) is not None:
                more = f" ({untold} others untold)" if untold else ""
                told = (body.name, body.command or "without an id", body.state, body.reason, more)
                log.warning("command %s of the fleet (%s) %s: %s%s", *told)
        self._on_receipt(receipt)
