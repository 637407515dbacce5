"""A guide of one's own for a command that finds none running: a private broker and all processes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from edge import config
from edge.cli.client import GuideClient, GuideUnreachableError
from edge.cli.up import Supervisor
from edge.config import ENV_PREFIX, Settings

READY_WITHIN_S = 30.0


@contextlib.asynccontextmanager
async def own_guide(
    environment: dict[str, str], *, quiet: bool = False
) -> AsyncIterator[tuple[Settings, GuideClient]]:
    """Start broker and processes with ``environment`` on top of ours; yields when all are ready.

    Raises:
        GuideUnreachableError: something that is needed is missing or did not come up.
    """
    with tempfile.TemporaryDirectory(prefix="shuttle-guide-") as folder:
        async with _private_broker(Path(folder)) as port:
            env = dict(os.environ) | {
                f"{ENV_PREFIX}MQTT__HOST": "127.0.0.1",
                f"{ENV_PREFIX}MQTT__PORT": str(port),
                f"{ENV_PREFIX}MQTT__TLS": "false",
                f"{ENV_PREFIX}RUNTIME_DIR": f"{folder}/run",
                f"{ENV_PREFIX}STATE_DIR": f"{folder}/state",
            }
            env |= environment
            settings = config.load(env)
            async with (
                Supervisor(environment=env, quiet=quiet),
                GuideClient(settings, broker_is_starting=True) as client,
            ):
                await client.wait_ready(READY_WITHIN_S)
                yield settings, client


@contextlib.asynccontextmanager
async def _private_broker(folder: Path) -> AsyncIterator[int]:
    """A Mosquitto on a free loopback port, for this program only."""
    binary = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    if binary is None:
        raise GuideUnreachableError(
            "mosquitto is not installed; `apt-get install mosquitto`, or `make setup`"
        )
    port = _free_port()
    conf = folder / "mosquitto.conf"
    conf.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\nuser root\n")
    log = (folder / "mosquitto.log").open("w")
    broker = await asyncio.create_subprocess_exec(
        binary, "-c", str(conf), stdout=log, stderr=log, start_new_session=True
    )
    try:
        yield port
    finally:
        with contextlib.suppress(ProcessLookupError):
            broker.terminate()
        await broker.wait()
        log.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
