"""A process's life: start, readiness, heartbeat, watchdog, signals, a quiet end.

A process module gives a class with ``start``, ``stop`` and ``health``; everything that all of them have
in common is here.
"""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import gc
import logging
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Mapping
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

import zmq.asyncio

from edge import journal, native_call, sd_notify
from edge.atomic_file import make_folder
from edge.bus import (
    BadMessages,
    Delivery,
    FeedInbox,
    FeedPublisher,
    FeedSubscriber,
    PathTakenError,
    PipeReceiver,
    PipeSender,
)
from edge.bus.paths import make_private
from edge.bus.pipe import Handler
from edge.bus.topology import HEARTBEAT_S, PROCESSES, M, Pipe, process_folder
from edge.config import ConfigError, Settings
from edge.config.follow import LEAVE_WITHIN_S, LEAVING_LOOK_S, LOOK_S, DesiredFollower
from edge.config.notes import notes_on
from edge.error_lines import reason_of
from edge.journal_events import MessageId, event
from edge.masking import masked
from edge.messages import AnyMessage, ProcessName, ProcessState, new_id
from edge.tasks import cancel_and_wait

log = logging.getLogger(__name__)

STARTING_PERIOD_S = 0.05
STARTING_S = 10.0
"""Seconds after the start in which readiness is told at once; later it waits for something outside."""
STOP_WITHIN_S = 1.8
"""The promise is 2 s; the rest is for the interpreter."""
THREADS_END_WITHIN_S = 0.1


class Health(NamedTuple):
    """What a process says of itself."""

    ready: bool
    """Able to do its work at full speed with at least one rung."""
    status: str
    """One line for people."""
    facts: Mapping[str, str] = MappingProxyType({})
    """What is really used."""
    levels: Mapping[str, float] = MappingProxyType({})
    """See ``ProcessState.levels``."""
    working: bool = True
    """False: the work loop is wedged; the watchdog is no longer fed."""
    busy: bool = False
    """In the middle of something that passengers would hear cut off."""


class Life:
    """What a process gets from its surroundings."""

    def __init__(self, name: ProcessName, settings: Settings) -> None:
        self.name: ProcessName = name
        self.settings = settings
        self.instance = new_id()
        self.counters: Counter[str] = Counter()
        self.context = zmq.asyncio.Context()
        self.folder = process_folder(settings.runtime_dir, name)
        """In the runtime directory; nobody else writes there. Its content lives as long as this boot."""
        self.feed = _make_feed(name, settings)
        self._senders: list[PipeSender] = []
        self._receivers: list[PipeReceiver[Any]] = []
        self._refused: list[BadMessages] = [self.feed.bad]
        self._tasks: set[asyncio.Task[Any]] = set()
        self._health_changed = asyncio.Event()
        self._over: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.desired: str | None = None
        """The version of what the fleet desires that this process runs with."""

    def spawn(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        """Run ``work`` beside the rest. If it raises, the process ends and is restarted from outside."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._check)
        return task

    def send_into(
        self, pipe: Pipe[Any], on_drop: Callable[[AnyMessage, Delivery], None] | None = None
    ) -> PipeSender:
        """Open the sending end of a pipe."""

        def count(message: AnyMessage, delivery: Delivery) -> None:
            self.counters[f"{pipe.name}.{delivery.value}"] += 1
            if on_drop:
                on_drop(message, delivery)

        sender = PipeSender(self.settings.runtime_dir, pipe, self.name, on_drop=count)
        sender.start(self.context)
        self._senders.append(sender)
        return sender

    def receive_from(self, pipe: Pipe[M], handler: Handler[M]) -> None:
        """Bind the receiving ends of a pipe, one for each sender. Raises PathTakenError."""
        for sends in pipe.senders:
            receiver = PipeReceiver(self.settings.runtime_dir, pipe, sends.process, handler)
            receiver.start(self.context)
            self._receivers.append(receiver)
            self._refused.append(receiver.bad)

    def watch(self, *types: type[M], of: Iterable[ProcessName] = PROCESSES) -> AsyncGenerator[M, None]:
        """Messages of these types from the feeds (of these processes) that carry them, for ever."""
        subscriber = FeedSubscriber(self.settings.runtime_dir, *types, of=of)
        self._refused += subscriber.bad.values()
        return subscriber.messages(self.context)

    def inbox(self, *types: type[M]) -> FeedInbox[M]:
        """The same, kept until it is asked for; to be closed."""
        inbox = FeedInbox(self.context, self.settings.runtime_dir, *types)
        self._refused += inbox.bad.values()
        return inbox

    def check_sockets(self) -> None:
        """Count what was refused on them. Raises PathTakenError when a socket file of ours was taken."""
        self.feed.check()
        for receiver in self._receivers:
            receiver.check()
        refused: Counter[str] = Counter()
        for bad in self._refused:
            if bad.count:
                refused[f"refused.{bad.where}"] += bad.count
        for where, count in refused.items():
            self.counters[where] = count

    def tell_health_now(self) -> None:
        """Do not wait for the period: others wait for what happened, or must not rely on us any more."""
        self._health_changed.set()

    async def health_due(self, period_s: float) -> None:
        """Return when the period is over or the health is to be told at once."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._health_changed.wait(), period_s)
        self._health_changed.clear()

    def end(self, exit_code: int) -> None:
        if not self._over.done():
            self._over.set_result(exit_code)

    @property
    def ending(self) -> bool:
        return self._over.done()

    async def ended(self) -> int:
        return await self._over

    async def close(self) -> None:
        await cancel_and_wait(*self._tasks)
        for sender in self._senders:
            await sender.close()
        for receiver in self._receivers:
            await receiver.close()
        await self.feed.close()

    def _check(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.critical(
                "%s failed and cannot go on without: %s", task.get_name(), reason_of(error), exc_info=error
            )
            self.end(1)


def _make_feed(name: ProcessName, settings: Settings) -> FeedPublisher:
    if not settings.metrics.enabled:
        return FeedPublisher(settings.runtime_dir, name)
    from edge.metrics import MeteredFeed

    return MeteredFeed(settings.runtime_dir, name, settings.metrics)


class Process(Protocol):
    """One of the six."""

    async def start(self) -> None: ...

    async def stop(self) -> None:
        """Finish or fade what is running, within ``STOP_WITHIN_S``."""
        ...

    def health(self) -> Health: ...


def run(name: ProcessName, make: Callable[[Life], Process], settings: Settings) -> int:
    """Live until SIGTERM or SIGINT (exit code 0), or until the work cannot go on (1).

    Raises:
        ConfigError: a setting turned out to be of no use when it was used.
    """
    journal.set_up(name, settings)
    # The watchdog's signal shows where each thread hangs.
    faulthandler.enable()
    os.umask(0o077)
    exit_code = asyncio.run(_live(name, make, settings))
    if working := _threads_that_work_on():
        log.info("left while this still worked: %s", ", ".join(working))
        logging.shutdown()
        os._exit(exit_code)
    return exit_code


def _threads_that_work_on() -> list[str]:
    """Names of threads that are inside a library; the interpreter would wait for them, perhaps for ever."""
    main = threading.current_thread()
    busy = [
        thread
        for thread in threading.enumerate()
        # For a daemon nobody waits, unless the library that it hangs in does.
        if thread is not main and (not thread.daemon or thread.name == native_call.THREAD)
    ]
    deadline_mono = time.monotonic() + THREADS_END_WITHIN_S
    for thread in busy:
        thread.join(max(0.0, deadline_mono - time.monotonic()))
    return [thread.name for thread in busy if thread.is_alive()]


def refuse(name: ProcessName, error: ConfigError, settings: Settings | None) -> None:
    """Say why this process does not start; ``settings`` None: none of them could be read."""
    journal.set_up(name, settings)
    log.critical("%s", error, extra=event(MessageId.CONFIG_REFUSED))
    sd_notify.refuse(str(error))


async def _live(name: ProcessName, make: Callable[[Life], Process], settings: Settings) -> int:
    for note in notes_on(settings, date.today(), name):
        log.warning("config: %s", note)
    life = Life(name, settings)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, life.end, 0)
    try:
        _make_runtime_dir(settings.runtime_dir)
        _make_state_dir(settings.state_dir)
        life.feed.start(life.context)
        process = make(life)
        await process.start()
    except PathTakenError as error:
        log.critical("%s", error)
        return 1
    life.spawn(_tell_health(life, process), "health")
    if settings.fleet.host is not None:
        life.spawn(_follow_fleet(life, process), "following what the fleet desires")
    exit_code = await life.ended()
    sd_notify.notify("STOPPING=1", "STATUS=stopping")
    try:
        async with asyncio.timeout(STOP_WITHIN_S):
            await process.stop()
            await life.close()
    except TimeoutError:
        log.warning("did not stop within %.1f s, leaving anyway", STOP_WITHIN_S)
    life.context.destroy(linger=0)
    gc.unfreeze()  # else native libraries take what is still frozen for their own leak, and say so
    return exit_code


async def _follow_fleet(life: Life, process: Process) -> None:
    """Leave, to be started anew, when the fleet desires other settings and nobody would hear it."""
    follower = DesiredFollower(life.name, life.settings)
    leave_by_mono: float | None = None
    while True:
        outdated = await asyncio.to_thread(follower.look) if follower.has_news else follower.look()
        if life.desired != follower.version:
            life.desired = follower.version
            life.tell_health_now()
        if not outdated:
            leave_by_mono = None
            await asyncio.sleep(LOOK_S)
            continue
        if leave_by_mono is None:
            leave_by_mono = time.monotonic() + LEAVE_WITHIN_S
            log.info("the fleet desires other settings: leaving between turns, to be started anew")
        if not process.health().busy or time.monotonic() > leave_by_mono:
            life.end(0)
        await asyncio.sleep(LEAVING_LOOK_S)


def _make_runtime_dir(runtime_dir: str) -> None:
    try:
        make_private(Path(runtime_dir))
    except OSError as error:
        raise ConfigError(
            f"config: runtime_dir = {runtime_dir!r}: cannot be made ({error.strerror}); "
            "expected a folder of the guide's own, or one that it may make"
        ) from error


def _make_state_dir(state_dir: str) -> None:
    """Without one the guide works, and forgets."""
    try:
        make_folder(Path(state_dir))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        log.error("state_dir %s cannot be made (%s): nothing survives a restart", state_dir, reason)


def _tell_ready(ready: bool, status: str) -> None:
    if ready:
        log.info("ready: %s", status, extra=event(MessageId.PROCESS_READY))
    else:
        log.warning("not ready: %s", status, extra=event(MessageId.PROCESS_NOT_READY))


def _tell_working(working: bool, status: str) -> None:
    if working:
        log.warning("the work goes on again: %s", status, extra=event(MessageId.WORK_GOES_ON))
    else:
        log.critical(
            "the work hangs; the watchdog is not fed any more: %s", status, extra=event(MessageId.WORK_HANGS)
        )


async def _tell_health(life: Life, process: Process) -> None:
    """Publish the state, feed the watchdog, and notice when a socket was stolen."""
    began_mono = time.monotonic()
    was_ready, was_working = False, True
    told: tuple[Health, dict[str, int]] | None = None
    while True:
        health = process.health()
        status = masked(" ".join(health.status.split()))
        life.check_sockets()
        if life.desired is not None:
            health = health._replace(facts={**health.facts, "desired": life.desired})
        if told != (health, life.counters):  # the heartbeat repeats what has not changed
            told = health, dict(life.counters)
            life.feed.keep(
                ProcessState(
                    process=life.name,
                    instance=life.instance,
                    ready=health.ready,
                    status=status,
                    counters=dict(life.counters),
                    facts={name: masked(fact) for name, fact in health.facts.items()},
                    levels=dict(health.levels),
                )
            )
        # What is closed on the way out is no trouble that anybody need hear of.
        if health.ready != was_ready and not life.ending:
            _tell_ready(health.ready, status)
            was_ready = health.ready
            # What is loaded now stays: no collection need walk through it any more, a pause of some 100 ms.
            gc.freeze()
        if health.working != was_working and not life.ending:
            _tell_working(health.working, status)
            was_working = health.working
        sd_notify.notify(*sd_notify.health(status, ready=health.ready, working=health.working))
        starting = not was_ready and time.monotonic() - began_mono < STARTING_S
        await life.health_due(STARTING_PERIOD_S if starting else HEARTBEAT_S)
