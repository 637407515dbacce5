"""One process of the guide as a user of its own, as far as its sockets go; the test says as whom.

Arguments: the user's number, its groups' numbers (the first is the primary one), the runtime directory, and
what to do. What happens is told line by line on standard output.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import time
from pathlib import Path
from typing import Any

import zmq
import zmq.asyncio

from edge.bus import FeedPublisher, FeedSubscriber, PipeReceiver, PipeSender
from edge.bus.pipe import MAX_BYTES
from edge.bus.topology import FEEDS, PIPES, Pipe, pipe_path
from edge.messages import (
    AnyMessage,
    Control,
    ProcessName,
    ProcessState,
    SpeechEnd,
    StopRequest,
    Trigger,
)
from tests.support.lying_feed import LyingFeed

NEVER_S = 300.0


def message_of(what: str) -> AnyMessage:
    """``stop``, ``end``, or the kind of a trigger."""
    if what == "stop":
        return StopRequest()
    if what == "end":
        return SpeechEnd(turn_id="t")
    now = time.monotonic()
    return Trigger(kind=what, text="!", received_mono=now, received_at=0.0, expires_mono=now + NEVER_S)  # type: ignore[arg-type]


def pipe_called(name: str) -> Pipe[Any]:
    return next(pipe for pipe in PIPES if pipe.name == name)


def tell(line: str) -> None:
    print(line, flush=True)


async def serve(runtime_dir: Path, process: ProcessName, *foreign: str) -> None:
    """Bind all that is this process's; ``foreign``: tell what only another one may."""
    context = zmq.asyncio.Context()
    feed = (LyingFeed if foreign else FeedPublisher)(runtime_dir, process)
    feed.start(context)
    for pipe in PIPES:
        for sends in pipe.senders if pipe.receiver == process else ():
            took = f"took %s from {sends.process}"
            PipeReceiver(
                runtime_dir,
                pipe,
                sends.process,
                lambda message, took=took: tell(took % getattr(message, "kind", type(message).__name__)),  # type: ignore[misc]
            ).start(context)
    feed.keep(ProcessState(process=process, instance="one", ready=True, status=""))
    if foreign:
        feed.keep(Control(muted=True))
    tell("ready")
    await asyncio.sleep(NEVER_S)


async def send(runtime_dir: Path, name: str, sender: ProcessName, what: str, within_s: str) -> None:
    """One message, which is worthless after so long."""
    sender_end = PipeSender(runtime_dir, pipe_called(name), sender)
    sender_end.start(zmq.asyncio.Context())
    sent = sender_end.put(message_of(what), priority=1, expires_mono=time.monotonic() + float(within_s))
    tell((await sent).value)
    await sender_end.close()


async def flood(runtime_dir: Path, name: str, sender: ProcessName) -> None:
    """Send what is longer than allowed."""
    rude = zmq.asyncio.Context().socket(zmq.DEALER)
    monitor = rude.get_monitor_socket(zmq.EVENT_DISCONNECTED)
    rude.connect(f"ipc://{pipe_path(runtime_dir, pipe_called(name), sender)}")
    await rude.send_multipart([b"1", b"x" * (MAX_BYTES + 1)])
    tell("disconnected" if await monitor.poll(20_000) else "still connected")


async def watch(runtime_dir: Path, *_: str) -> None:
    """Everything from everybody: tell a line for each type that is taken from each process."""
    told = set()
    async for message in FeedSubscriber(runtime_dir, ProcessState, Control).messages(zmq.asyncio.Context()):
        line = f"{type(message).__name__} {getattr(message, 'process', '')}".strip()
        if line not in told:
            told.add(line)
            tell(line)


if __name__ == "__main__":
    user, groups, folder, action, *rest = sys.argv[1:]
    assert FEEDS, "all modules are imported before the rights to read them are given up"
    os.setgroups([int(group) for group in groups.split(",")])
    os.setresgid(*[int(groups.split(",")[0])] * 3)
    os.setresuid(*[int(user)] * 3)
    os.umask(0o077)
    logging.basicConfig(stream=sys.stdout, format="%(message)s")
    actions = {"serve": serve, "send": send, "flood": flood, "watch": watch}
    asyncio.run(actions[action](Path(folder), *rest))  # type: ignore[operator]
