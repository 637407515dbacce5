"""The process ``shuttle-guide run recognizer-server``. No part of a shuttle: it has no feed and no pipe."""

from __future__ import annotations

import asyncio
import faulthandler
import logging
import os
import signal

from edge import journal, lifecycle, sd_notify
from edge.config import ConfigError, Settings
from edge.journal_events import MessageId, event
from edge.masking import masked
from edge.operator_error import OperatorError
from edge.recognizer_server.server import RecognizerServer
from edge.tasks import cancel_and_wait

log = logging.getLogger(__name__)

NAME = "recognizer-server"
TELL_S = 1.0
"""How often systemd is told how it is."""
LOOPBACK = ("127.0.0.1", "::1", "localhost")


def run(settings: Settings) -> int:
    """Live until SIGTERM or SIGINT (exit code 0), or say why it cannot (1).

    Raises:
        ConfigError: the settings do not go together.
    """
    _check(settings)
    journal.set_up(NAME, settings)
    faulthandler.enable()
    os.umask(0o077)
    return lifecycle.leave(asyncio.run(_live(settings)))


def _check(settings: Settings) -> None:
    ours = settings.recognizer_server
    if ours.host not in LOOPBACK and ours.token is None:
        raise ConfigError(
            f"config: recognizer_server.host = {ours.host!r}: others than this machine can connect there; "
            "expected a token (credential recognizer_server_token), or a loopback address"
        )
    if (ours.cert_file is None) != (ours.key_file is None):
        raise ConfigError("config: recognizer_server: expected both cert_file and key_file, or neither")
    if ours.control_port == ours.data_port:
        raise ConfigError(f"config: recognizer_server.data_port = {ours.data_port}: control_port has it")


async def _live(settings: Settings) -> int:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    server = RecognizerServer(settings)
    telling = asyncio.create_task(_tell_starting())
    starting = asyncio.create_task(server.start())
    stopped = asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait({starting, stopped}, return_when=asyncio.FIRST_COMPLETED)
        telling.cancel()
        if not starting.done():
            return 0
        starting.result()
        ready = server.service.recognizer.usable()
        if ready:
            log.info("ready: %s", server.status, extra=event(MessageId.PROCESS_READY))
        else:
            log.error("not ready: %s", server.status, extra=event(MessageId.PROCESS_NOT_READY))
        while not stopping.is_set():
            _tell(server)
            await asyncio.wait({stopped}, timeout=TELL_S)
        log.info("stopping: what was said is still told")
        sd_notify.notify("STOPPING=1", "STATUS=stopping")
        await server.drain()
        return 0
    except OperatorError as error:
        log.critical("%s", error)
        return 1
    finally:
        await cancel_and_wait(telling, starting, stopped)
        await server.close()


async def _tell_starting() -> None:
    while True:
        sd_notify.notify(*sd_notify.health("loading the recognizers", ready=False, working=True))
        await asyncio.sleep(TELL_S)


def _tell(server: RecognizerServer) -> None:
    usable = server.service.recognizer.usable()
    sd_notify.notify(*sd_notify.health(masked(server.status), ready=usable, working=True))
