"""The two ends of a pipe as real processes, to be killed by a test. What is *done* is one line in a file."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

import zmq.asyncio

from edge.bus import Delivery, PipeReceiver, PipeSender
from edge.bus.topology import SPEECH
from edge.messages import AnyMessage, SpeechEnd


async def send(runtime_dir: Path, todo: Path, confirmed: Path) -> None:
    """Send every id of ``todo`` that is not in ``confirmed`` yet; that file is what outlives this process."""
    context = zmq.asyncio.Context()
    sender = PipeSender(runtime_dir, SPEECH, "commentator", capacity=10_000)
    sender.start(context)
    with confirmed.open("a") as record:

        async def one(message_id: str) -> None:
            message = SpeechEnd(id=message_id, turn_id="t")
            delivery = await sender.put(message, priority=1, expires_mono=time.monotonic() + 600)
            assert delivery is Delivery.ACKNOWLEDGED
            record.write(message_id + "\n")
            record.flush()

        known = set(confirmed.read_text().split())
        await asyncio.gather(*(one(i) for i in todo.read_text().split() if i not in known))


async def receive(runtime_dir: Path, done: Path) -> None:
    """Work each message off by one line in ``done``, whose ids it knows again after a restart."""
    known = set(done.read_text().split())
    with done.open("a") as record:

        def work(message: AnyMessage) -> None:
            if message.id in known:
                return
            record.write(message.id + "\n")
            record.flush()
            time.sleep(0.002)

        receiver = PipeReceiver(runtime_dir, SPEECH, "commentator", work)
        receiver.start(zmq.asyncio.Context())
        await asyncio.Event().wait()


if __name__ == "__main__":
    role, *paths = sys.argv[1:]
    asyncio.run({"send": send, "receive": receive}[role](*map(Path, paths)))
