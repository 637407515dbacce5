"""What a process is and gets: a class with ``start``, ``stop`` and ``health``, made with its ``Life``."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

import zmq.asyncio

from edge.bus import (
    BadMessages,
    Delivery,
    FeedInbox,
    FeedPublisher,
    FeedSubscriber,
    PipeReceiver,
    PipeSender,
)
from edge.bus.pipe import Handler
from edge.bus.topology import PROCESSES, M, Pipe, process_folder
from edge.config import Settings
from edge.error_lines import reason_of
from edge.messages import AnyMessage, ProcessName, new_id
from edge.tasks import cancel_and_wait, wait_at_most

log = logging.getLogger(__name__)


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
        """Messages as ``watch`` gives them, kept until they are asked for; to be closed."""
        inbox = FeedInbox(self.context, self.settings.runtime_dir, *types)
        self._refused += inbox.bad.values()
        return inbox

    def check_sockets(self) -> None:
        """Count what was refused on the sockets. Raises PathTakenError: a socket file of ours was taken."""
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
        await wait_at_most(self._health_changed, period_s)
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
        """Finish or fade what is running, within ``lifecycle.STOP_WITHIN_S``."""
        ...

    def health(self) -> Health: ...
