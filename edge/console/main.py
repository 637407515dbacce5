"""The console process: serves the pages and the REST API, reads feeds, and publishes MQTT like any client."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import os
import time
from functools import partial
from typing import TYPE_CHECKING

from edge.config import ConfigError, ConsoleSettings
from edge.console.broker_link import BrokerLink
from edge.console.changes import Changes
from edge.console.now import GuideNow
from edge.messages import (
    Caption,
    Control,
    CostCeiling,
    Dropped,
    GuideWords,
    Hearing,
    Heat,
    Playback,
    PoolHoldings,
    ProcessState,
    Progress,
    Spending,
    Turn,
)
from edge.operator_error import OperatorError
from edge.process import Health, Life

if TYPE_CHECKING:
    from edge.console.spoken_words import SpokenWords
    from edge.http.serving import WebServer

log = logging.getLogger(__name__)

WATCHED = (
    *(ProcessState, Playback, Control, Hearing, Heat, Turn, Dropped, Progress, Spending, CostCeiling),
    PoolHoldings,
)
"""No word of a passenger and no sound is among them."""
NICE = 10
"""Whoever looks on waits for whoever speaks."""
RETRY_S = 1.0
LOOK_S = 1.0
MOST_CONNECTIONS = 96
SEND_BUFFER_BYTES = 64 * 1024
"""Bytes that the kernel keeps for a page that does not read."""
MOST_MESSAGE_BYTES = 64 * 1024
"""The longest that a WebSocket takes: a desk's text; a piece of its sound is far shorter."""


class Console:
    """Pages that people look at, and what they tell the guide."""

    def __init__(self, life: Life) -> None:
        self._life = life
        self._settings = life.settings.console
        self._now = GuideNow(life.settings)
        self._changes = Changes()
        self._link = BrokerLink(life.settings, life.counters, self._now, self._changes.tell)
        self._spoken: SpokenWords | None = None
        self._server: WebServer | None = None
        self._status = ""
        self._address = ""

    async def start(self) -> None:
        """
        Raises:
            ConfigError: the pages would be served to anybody.
        """
        if not self._settings.enabled:
            self._status = "no page is served (console.enabled)"
            return
        if why := refusal(self._settings):
            raise ConfigError(f"config: {why}")
        if self._settings.token is None and "CREDENTIALS_DIRECTORY" in os.environ:
            self._status = "no page is served: there is no credential console_token"
            log.warning("%s; the roll-out makes one", self._status)
            return
        with contextlib.suppress(OSError):  # where it may not, its unit says so (Nice=)
            os.nice(NICE)
        self._link.start()
        self._life.spawn(self._watch(), "watching all feeds")
        self._life.spawn(self._look(), "looking who is silent")
        self._life.spawn(self._serve(), "serving pages")

    async def stop(self) -> None:
        self._changes.close()
        if self._spoken is not None:
            self._spoken.close()
        if self._server is not None:
            await self._server.stop()
        await self._link.close()

    def health(self) -> Health:
        """Ready where pages are served, and where none is to be."""
        if self._server is None:
            return Health(not self._settings.enabled or "credential" in self._status, self._status)
        status = f"{self._address}, {self._link.status}"
        return Health(True, status, {"mqtt.console": self._link.status})

    async def _serve(self) -> None:
        """A port that is taken is a state: it is tried again."""
        from edge.console.app import make_app
        from edge.console.spoken_words import SpokenWords
        from edge.http.serving import Address, TlsFiles, WebServer

        self._spoken = SpokenWords(partial(self._life.watch, GuideWords, of=("speaker",)), self._life.spawn)
        app = make_app(self._life.settings, self._now, self._changes, self._link, self._spoken)
        tls = self._settings.cert_file and TlsFiles(self._settings.cert_file, self._settings.key_file or "")
        while True:
            server = WebServer(
                app,
                Address(self._settings.address, self._settings.port),
                name="console",
                tls=tls or None,
                max_connections=MOST_CONNECTIONS,
                max_message_bytes=MOST_MESSAGE_BYTES,
                buffer_bytes=SEND_BUFFER_BYTES,
            )
            try:
                await server.start()
            except OperatorError as error:
                if str(error) != self._status:
                    self._status = str(error)
                    log.error("%s", error)
                await asyncio.sleep(RETRY_S)
                continue
            self._server = server
            self._address = f"{'https' if tls else 'http'}://{server.address}"
            self._life.tell_health_now()
            await server.ended()
            return

    async def _watch(self) -> None:
        types = (*WATCHED, Caption) if self._settings.passengers_words else WATCHED
        async for message in self._life.watch(*types):
            if self._now.take(message, time.monotonic()):
                self._changes.tell()

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            if self._now.forget_silent(time.monotonic()):
                self._changes.tell()


def refusal(settings: ConsoleSettings) -> str | None:
    """Why pages may not be served like this, in one line; None: they may."""
    if (settings.cert_file is None) != (settings.key_file is None):
        missing, given = ("key_file", "cert_file") if settings.key_file is None else ("cert_file", "key_file")
        return f"console.{given} = {getattr(settings, given)!r}: expected console.{missing} beside it"
    if is_loopback(settings.address):
        return None
    missing_parts = [
        what
        for what, is_there in (
            ("a token (credential console_token)", settings.token is not None),
            ("console.cert_file with console.key_file", settings.cert_file is not None),
        )
        if not is_there
    ]
    if missing_parts:
        expected = " and ".join(missing_parts)
        return f"console.address = {settings.address!r}: others can reach it; expected {expected} beside it"
    return None


def is_loopback(address: str) -> bool:
    """Whether only this machine reaches it."""
    if address == "localhost":
        return True
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
