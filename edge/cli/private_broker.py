"""A Mosquitto for one program, on a free loopback port."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

from edge.cli.client import GuideUnreachableError
from edge.config.child_environment import without_secrets
from edge.free_port import free_port


@contextlib.asynccontextmanager
async def private_broker(folder: Path) -> AsyncIterator[int]:
    """Start it, yield its port, end it with the block.

    Args:
        folder: for its configuration and log.

    Raises:
        GuideUnreachableError: it is not installed.
    """
    binary = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    if binary is None:
        raise GuideUnreachableError(
            "mosquitto is not installed; `apt-get install mosquitto`, or `make setup`"
        )
    port = free_port()
    conf = folder / "mosquitto.conf"
    conf.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\nuser root\n")
    log = (folder / "mosquitto.log").open("w")
    broker = await asyncio.create_subprocess_exec(
        *(binary, "-c", str(conf)), stdout=log, stderr=log, start_new_session=True, env=without_secrets()
    )
    try:
        yield port
    finally:
        with contextlib.suppress(ProcessLookupError):
            broker.terminate()
        await broker.wait()
        log.close()
