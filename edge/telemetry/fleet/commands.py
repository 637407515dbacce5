"""Takes the fleet's commands, does each once in its time, and answers with receipts."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable, Coroutine
from functools import partial

from edge.fleet.commands import (
    COMMAND_TTL_S,
    SHUTTLES_OWN,
    SPOKEN,
    FleetCommand,
    RefusedCommandError,
    parse,
)
from edge.fleet.frame import ReceiptState
from edge.fleet.topics import FleetTopics
from edge.line_limit import LineLimit
from edge.messages import Control, Reports
from edge.mqtt import Incoming, OutgoingQueueFullError, PublishRefusedError, SessionClosedError
from edge.process import Life
from edge.tasks import wait_at_most
from edge.telemetry.fleet import known_commands, receipts
from edge.telemetry.fleet.allowance import Allowance
from edge.telemetry.fleet.known_commands import SPOKEN_WITHIN_S, Due, TooManyError
from edge.telemetry.fleet.on_device import OnDevice
from edge.telemetry.fleet.outbox import Made
from edge.telemetry.fleet.receipts import Receipt, receipt_of, refusal
from edge.telemetry.fleet.store import FleetStore, NotKeptError

log = logging.getLogger(__name__)

MOST_UNREAD = 50
"""What came with QoS 0 is not bounded by the receive maximum."""
BURST, RATE = 60, 10.0
"""Commands at once, and a second for ever; more wait at the broker."""
KEPT_AGAIN_S = 2.0
LOOK_AGAIN_S = 2.0
"""Due times are those of a clock that may be set."""
IDLE_S = 30.0
LINES_PER_MINUTE = 20


class FleetCommands:
    """What the fleet tells the shuttle.

    Args:
        life: of telemetry; counts ``fleet.commands``, ``fleet.commands_…`` and ``fleet.unread_dropped``.
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
        self._language = life.settings.shuttle.language
        self._store = store
        self._topics = topics
        self._on_device = on_device
        self._now = now
        self._on_receipt = on_receipt
        self._on_report = on_report
        self._came: asyncio.Queue[Incoming] = asyncio.Queue()
        self._allowance = Allowance(BURST, RATE)
        self._lines = LineLimit(LINES_PER_MINUTE)
        self._changed = asyncio.Event()
        self._doing: set[str] = set()
        times = life.settings.commentator
        self._ttls = {"announce": times.announcement_ttl_s, "safety": times.safety_ttl_s}

    def start(self) -> None:
        self._life.spawn(self._take_for_ever(), "taking the fleet's commands")
        self._life.spawn(self._do_for_ever(), "doing the fleet's commands")

    def take(self, message: Incoming) -> None:
        """A message from the fleet's broker; it is acknowledged when it is on the disk."""
        if self._came.qsize() >= MOST_UNREAD:
            self._life.counters["fleet.unread_dropped"] += 1
            message.ack()
        else:
            self._came.put_nowait(message)

    async def keep_spoken(self, report: Reports, keep: Callable[[sqlite3.Connection], None]) -> None:
        """Keep how a trigger ended, by ``keep`` and as the receipt of the command that it came of.

        Raises:
            NotKeptError: neither was kept.
        """

        def work(db: sqlite3.Connection) -> Receipt | None:
            keep(db)
            return receipts.keep_spoken(db, report, self._now())

        self._tell(await self._store.run(work))

    # --- what comes ----------------------------------------------------------------------------

    async def _take_for_ever(self) -> None:
        while True:
            message = await self._came.get()
            await asyncio.sleep(self._allowance.wait_s(time.monotonic()))
            while True:
                try:
                    self._tell(await self._store.run(partial(self._take, message)))
                    break
                except NotKeptError as error:
                    # Not acknowledged: who sent it relies on its being done once.
                    log.error("a command of the fleet waits: %s", error)
                    await asyncio.sleep(KEPT_AGAIN_S)
            message.ack()
            self._changed.set()

    def _take(self, message: Incoming, db: sqlite3.Connection) -> Receipt | None:
        """Work for the store: remember a command and accept it, or say why not."""
        name = self._topics.command_of(message.topic) or message.topic[-64:]
        made = self._now()
        try:
            if message.retain or message.kept:
                # It would be done again at every shuttle that is new, or has forgotten.
                raise RefusedCommandError("publish commands without retain")
            command = parse(
                name,
                message.payload,
                now_at=made.ts,
                language=self._language,
                ttl_of=lambda name: self._ttls.get(name, COMMAND_TTL_S),
                response_topic=message.response_topic,
                correlation=message.correlation,
            )
            try:
                is_new = known_commands.add(db, command, made.ts)
            except TooManyError:
                reason = f"{known_commands.MOST_COMMANDS} commands are remembered already"
                return receipts.keep(db, receipt_of(command, "refused", reason), made)
            if is_new:
                return receipts.keep(db, receipt_of(command, "accepted"), made)
            if message.dup:  # the broker may send it again, which nobody need hear of
                return None
            return receipts.keep(
                db, receipt_of(command, "duplicate", "a command of this id came before"), made
            )
        except RefusedCommandError as refused:
            state: ReceiptState = "expired" if refused.expired else "refused"
            return receipts.keep(db, refusal(refused.command, name, state, str(refused)), made)

    # --- what is done --------------------------------------------------------------------------

    async def _do_for_ever(self) -> None:
        while True:
            self._changed.clear()
            look_again_s = LOOK_AGAIN_S
            try:
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
            if due is None:
                if known_commands.cancel_beforehand(db, target_id, made.ts):
                    return [receipts.keep_end(db, command, "done", "it had not come yet", made)]
                return [receipts.keep_end(db, command, "failed", "it was over already", made)]
            if due.phase == "passed_on" or target_id in self._doing:
                return [receipts.keep_end(db, command, "failed", "it was on its way already", made)]
            cancelled = receipts.keep_end(db, due.command, "cancelled", None, made)
            return [cancelled, receipts.keep_end(db, command, "done", None, made)]

        for receipt in await self._store.run(work):
            self._tell(receipt)

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
        if body.state in ("refused", "expired", "failed"):
            self._life.counters[f"fleet.commands_{body.state}"] += 1
            if (untold := self._lines.take(time.monotonic())) is not None:
                more = f" ({untold} others untold)" if untold else ""
                told = (body.name, body.command or "without an id", body.state, body.reason, more)
                log.warning("command %s of the fleet (%s) %s: %s%s", *told)
        self._on_receipt(receipt)
