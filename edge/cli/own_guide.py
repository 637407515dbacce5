"""A guide of one's own for a command that finds none running: a private broker and all processes."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from edge import config
from edge.cli.client import GuideClient
from edge.cli.private_broker import private_broker
from edge.cli.up import Supervisor
from edge.config import ENV_PREFIX, Settings

READY_WITHIN_S = 60.0


@contextlib.asynccontextmanager
async def own_guide(
    environment: dict[str, str], *, quiet: bool = False
) -> AsyncIterator[tuple[Settings, GuideClient]]:
    """Start broker and processes with ``environment`` on top of ours; yields when all are ready.

    Raises:
        GuideUnreachableError: something that is needed is missing or did not come up.
    """
    with tempfile.TemporaryDirectory(prefix="shuttle-guide-") as folder:
        async with private_broker(Path(folder)) as port:
            env = config.environment() | {
                f"{ENV_PREFIX}MQTT__HOST": "127.0.0.1",
                f"{ENV_PREFIX}MQTT__PORT": str(port),
                f"{ENV_PREFIX}MQTT__TLS": "false",
                f"{ENV_PREFIX}RUNTIME_DIR": f"{folder}/run",
                f"{ENV_PREFIX}STATE_DIR": f"{folder}/state",
            }
            env |= environment
            settings = config.load(env, dotenv=None)
            async with (
                Supervisor(environment=env, quiet=quiet),
                GuideClient(settings, broker_is_starting=True) as client,
            ):
                await client.wait_ready(READY_WITHIN_S)
                yield settings, client
