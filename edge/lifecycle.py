"""A process's life: start, readiness, heartbeat, watchdog, signals, a quiet end."""

from __future__ import annotations

import asyncio
import faulthandler
import gc
import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

from edge import journal, native_call, sd_notify
from edge.atomic_file import make_folder
from edge.bus import PathTakenError
from edge.bus.paths import make_private
from edge.bus.topology import HEARTBEAT_S
from edge.config import ConfigError, Settings
from edge.config.follow import LEAVE_WITHIN_S, LEAVING_LOOK_S, LOOK_S, DesiredFollower
from edge.config.notes import notes_on
from edge.journal_events import MessageId, event
from edge.masking import masked
from edge.messages import ProcessName, ProcessState
from edge.process import Health, Life, Process

log = logging.getLogger(__name__)

STARTING_PERIOD_S = 0.05
STARTING_S = 10.0
"""Seconds after the start in which readiness is told at once; later it waits for something outside."""
STOP_WITHIN_S = 1.8
"""The promise is 2 s; the rest is for the interpreter."""
THREADS_END_WITHIN_S = 0.1


def run(name: ProcessName, make: Callable[[Life], Process], settings: Settings) -> int:
    """Live until SIGTERM or SIGINT (exit code 0), or until the work cannot go on (1).

    Raises:
        ConfigError: a setting turned out to be of no use when it was used.
    """
    journal.set_up(name, settings)
    # The watchdog's signal shows where each thread hangs.
    faulthandler.enable()
    os.umask(0o077)
    return leave(asyncio.run(_live(name, make, settings)))


def leave(exit_code: int) -> int:
    """The last step of a process: nobody waits for threads that hang in a library."""
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
    """Make the folder of the state. Without one the guide works, and forgets."""
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
