"""Has the guide configured as the fleet desires, and says how it is."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, TypeVar

import msgspec

from edge.bus.topology import GUIDING
from edge.config import ConfigError, Settings, environment
from edge.config.desired import desired_path
from edge.error_lines import reason_of
from edge.fleet.configuration import (
    DesiredBody,
    RefusedDesiredError,
    RejectedBody,
    ReportedBody,
    SettingRefusal,
    parse_desired,
    refusal_of,
)
from edge.line_limit import LineLimit
from edge.messages import ProcessName
from edge.mqtt import Incoming
from edge.process import Life
from edge.tasks import wait_at_most
from edge.telemetry.alarms import Situation
from edge.telemetry.fleet import desired_file, trial
from edge.telemetry.fleet.live_settings import LIVE, change_live, shown_live
from edge.telemetry.fleet.on_device import OnDevice
from edge.telemetry.fleet.outbox import Made
from edge.telemetry.fleet.store import FleetStore, NotKeptError
from edge.telemetry.fleet.trial import ConfigurationState

log = logging.getLogger(__name__)

LOOK_S = 0.5
KEPT_AGAIN_S = 2.0
REST_S = 1.0
"""Between two versions that are looked at: whoever sends many shall not keep the disk busy."""
ALL_READY_AFTER_S = 30.0
"""After its start telemetry expects all processes to get ready, whether it has seen them ready or not."""
TOLD_PER_MINUTE = 20
"""Lines, and reports at once, of what changes nothing."""
Result = TypeVar("Result")
# Made while there is one thread: msgspec prepares a type at first use, and crashes where two do at once.
_STATE = msgspec.msgpack.Decoder(ConfigurationState)


class FleetConfiguration:
    """Keeps the shuttle's part of the fleet's configuration: desired in, reported out.

    Args:
        life: of telemetry; counts ``fleet.config_refused``, ``fleet.config_ignored``,
            ``fleet.config_applied`` and ``fleet.config_taken_back``.
        on_device: takes live settings as commands.
        situation: who is there and ready, and what the guide was told.
        now: as what is made now would be stamped.
        on_change: told when there is something to report.
    """

    def __init__(
        self,
        life: Life,
        store: FleetStore,
        on_device: OnDevice,
        situation: Callable[[], Situation],
        now: Callable[[], Made],
        on_change: Callable[[], None],
    ) -> None:
        self._life = life
        self._store = store
        self._on_device = on_device
        self._situation = situation
        self._now = now
        self._on_change = on_change
        self._path = desired_path(life.settings.state_dir)
        self._began_mono = time.monotonic()
        self._waiting: tuple[Incoming, DesiredBody] | None = None
        self._came = asyncio.Event()
        self._told = LineLimit(TOLD_PER_MINUTE)
        self._state = ConfigurationState()
        self._is_open = False
        self._settings = life.settings
        """As they are with what is in force or tried; processes may not follow yet."""
        self._unreadable: RejectedBody | None = None
        self._changing = asyncio.Lock()
        self._changed = asyncio.Event()
        self._steady_since_mono: float | None = None

    def start(self) -> None:
        self._life.spawn(self._take_for_ever(), "taking the fleet's configuration")

    def take(self, message: Incoming) -> None:
        """A message from the fleet's broker; it is acknowledged when it is on the disk, or of no use.

        Only the newest waits: what is older would not count, and others wait behind its acknowledgement.
        """
        try:
            document = parse_desired(message.payload, self._now().ts)
        except RefusedDesiredError as error:
            refusal = refusal_of(None, None, str(error))
            # Not worth the disk: anybody could send many.
            self._unreadable = RejectedBody(
                version=error.version, at=self._now().ts, taken_back=False, refusals=(refusal,)
            )
            self._count_refused((refusal,))
            message.ack()
            return
        if self._waiting is None or document.ts > self._waiting[1].ts:
            superseded, self._waiting = self._waiting, (message, document)
            self._came.set()
        else:
            superseded = (message, document)
        if superseded is not None:
            self._life.counters["fleet.config_ignored"] += 1
            superseded[0].ack()

    @property
    def reported(self) -> ReportedBody | None:
        """What is told of the configuration; None: not known yet."""
        if not self._is_open:
            return None
        state = self._state
        return ReportedBody(
            version=state.in_force.version if state.in_force else None,
            applied_at=state.applied_at,
            asked_at=state.newest_at or None,
            trying=state.trial.document.version if state.trial else None,
            rejected=self._unreadable or state.rejected,
            left_out=desired_file.left_out(state.in_force),
            settings=desired_file.values(self._settings) | shown_live(self._situation().control),
        )

    # --- what comes ----------------------------------------------------------------------------

    async def _take_for_ever(self) -> None:
        await self._kept(self._open)
        self._life.spawn(self._follow_for_ever(), "following the fleet's configuration")
        while True:
            await self._came.wait()
            self._came.clear()
            if self._waiting is not None:
                message, document = self._waiting
                self._waiting = None
                is_tried = await self._kept(partial(self._look_at, document))
                message.ack()
                await asyncio.sleep(REST_S if is_tried else 0)

    async def _open(self) -> None:
        """Go on with what was left, and have the file as it says. Raises NotKeptError."""
        made = self._now()
        state = trial.resume(await self._store.run(_read), made.boot, made.mono)
        settings, refusals = await self._checked(state.document)
        if state.document and refusals:  # the shuttle's own settings have changed
            log.error("the fleet's configuration cannot be followed any more: %s", refusals[0].reason)
            state = trial.forget(state, refusals, made.ts)
        await self._become(state, settings)
        self._tell_left_out(state.document)

    async def _look_at(self, document: DesiredBody) -> bool:
        """Whether it is news; what becomes of it is on the disk. Raises NotKeptError."""
        made = self._now()
        async with self._changing:
            state = self._state
            arrival = trial.arrival_of(state, document)
            if arrival == "older":
                self._life.counters["fleet.config_ignored"] += 1
                self._tell("version %s of the fleet's configuration is older: ignored", document.version)
            if arrival != "new":
                return False
            self._unreadable = None
            settings, refusals = await self._checked(document)
            if refusals:
                self._count_refused(refusals)
                await self._become(trial.refuse(state, document, refusals, made.ts), self._settings)
                return True
            log.info("trying version %s of the fleet's configuration", document.version)
            self._tell_left_out(document)
            wanted = desired_file.values(settings)
            begun = trial.begin(
                state,
                document,
                expected=self._expected(),
                to_command=trial.live_changes(state, document, self._shown(), wanted),
                boot=made.boot,
                now_mono=made.mono,
                anew=trial.starts_anew(desired_file.values(self._settings), wanted),
            )
            await self._become(begun, settings)
            return True

    def _expected(self) -> tuple[ProcessName, ...]:
        """Who has to be ready with a new configuration."""
        if time.monotonic() - self._began_mono < ALL_READY_AFTER_S:
            return GUIDING
        return tuple(name for name, state in self._situation().alive.items() if state.ready)

    def _count_refused(self, refusals: tuple[SettingRefusal, ...]) -> None:
        self._life.counters["fleet.config_refused"] += 1
        self._tell("the fleet's configuration is refused: %s", _in_one_line(refusals))

    def _tell_left_out(self, document: DesiredBody | None) -> None:
        if refusals := desired_file.left_out(document):
            self._tell("the fleet's configuration is followed but for this: %s", _in_one_line(refusals))

    def _tell(self, text: str, about: str) -> None:
        """Tell it in the journal, and the fleet how we are: who sends again does not know. Not too often."""
        if (untold := self._told.take(time.monotonic())) is not None:
            log.warning(text + (f" ({untold} others untold)" if untold else ""), about)
            self._on_change()

    # --- what is done --------------------------------------------------------------------------

    async def _follow_for_ever(self) -> None:
        while True:
            self._changed.clear()
            state = self._state
            obeyed = [
                (name, value)
                for name, value in state.to_command.items()
                if await change_live(self._on_device, name, value)
            ]
            if state.trial or obeyed:
                await self._kept(partial(self._advance, obeyed))
            state = self._state
            await wait_at_most(self._changed, LOOK_S if state.trial or state.to_command else None)

    async def _advance(self, obeyed: Sequence[tuple[str, Any]]) -> None:
        """Note what the guide has taken, and end the trial where it is time to. Raises NotKeptError."""
        async with self._changing:
            state = self._state
            for name, value in obeyed:
                if state.to_command.get(name) == value:
                    state = trial.obeyed(state, name)
            if state.trial is not None and await self._judged(state):
                return
            if state is not self._state:
                await self._become(state, self._settings)

    async def _judged(self, state: ConfigurationState) -> bool:
        """Whether its trial has ended. Raises NotKeptError."""
        assert state.trial is not None
        made, version = self._now(), state.trial.document.version
        wants = trial.missing(state, self._situation().alive)
        self._steady_since_mono = None if wants else self._steady_since_mono or made.mono
        steady_s = 0.0 if wants else made.mono - (self._steady_since_mono or made.mono)
        if not wants and steady_s >= state.trial.steady_s:
            await self._become(trial.succeed(state, made.ts), self._settings)
            self._life.counters["fleet.config_applied"] += 1
            log.info("version %s of the fleet's configuration is in force", version)
            return True
        if why := trial.failure(state.trial, wants, made.mono):
            settings, _ = await self._checked(state.in_force)
            wanted = desired_file.values(settings)
            to_command = trial.live_changes(state, state.in_force, self._shown(), wanted)
            await self._become(trial.take_back(state, why, to_command, made.ts), settings)
            self._life.counters["fleet.config_taken_back"] += 1
            log.error("version %s of the fleet's configuration is taken back: %s", version, why)
            return True
        return False

    def _shown(self) -> dict[str, Any]:
        """Live settings as they are at the moment."""
        configured = desired_file.values(self._life.settings)
        return {name: configured[name] for name in LIVE} | shown_live(self._situation().control)

    # --- the state -----------------------------------------------------------------------------

    async def _become(self, state: ConfigurationState, settings: Settings) -> None:
        """Have it on the disk, and then in the file that all processes read. Raises NotKeptError."""
        if not self._is_open or state is not self._state:
            await self._store.run(partial(_write, state))
        try:
            await asyncio.to_thread(desired_file.write, self._path, state.document)
        except OSError as error:
            raise NotKeptError(f"{self._path.name}: {reason_of(error)}") from error
        self._state, self._settings, self._is_open = state, settings, True
        self._steady_since_mono = None
        self._changed.set()
        self._on_change()

    async def _checked(self, document: DesiredBody | None) -> tuple[Settings, tuple[SettingRefusal, ...]]:
        """The settings with it; or those without, and why not."""
        try:
            return await asyncio.to_thread(desired_file.checked, document, environment())
        except ConfigError as error:  # a source of the shuttle's own is wrong
            return self._life.settings, (refusal_of(None, None, str(error)),)

    async def _kept(self, work: Callable[[], Awaitable[Result]]) -> Result:
        """Do it until the disk takes it."""
        while True:
            try:
                return await work()
            except NotKeptError as error:
                log.error("the fleet's configuration waits: %s", error)
                await asyncio.sleep(KEPT_AGAIN_S)


def _in_one_line(refusals: Sequence[SettingRefusal]) -> str:
    more = f" (and {len(refusals) - 1} more)" if len(refusals) > 1 else ""
    return refusals[0].reason + more


def _read(db: sqlite3.Connection) -> ConfigurationState:
    """Work for the store."""
    row = db.execute("SELECT state FROM configuration").fetchone()
    if row is None:
        return ConfigurationState()
    try:
        return _STATE.decode(row[0])
    except msgspec.DecodeError as error:
        log.error("what the fleet desired is lost: %s", error)
        return ConfigurationState()


def _write(state: ConfigurationState, db: sqlite3.Connection) -> None:
    """Work for the store."""
    db.execute("DELETE FROM configuration")
    db.execute("INSERT INTO configuration VALUES (?)", (msgspec.msgpack.encode(state),))
