"""One MQTT session: connects, stays connected, says what state it is in."""

from __future__ import annotations

import asyncio
import logging
import random
import ssl
import time
from collections import Counter
from collections.abc import Callable
from types import TracebackType
from typing import Literal, NamedTuple, Self

from edge.backoff import Backoff
from edge.clock_set import pause_until_clock_set
from edge.config import ConfigError, MqttSettings
from edge.error_lines import reason_of
from edge.journal_events import MessageId, event
from edge.mqtt.connection import Connection
from edge.mqtt.failure import Failure
from edge.mqtt.incoming import Incoming
from edge.mqtt.options import SessionOptions
from edge.mqtt.outbox import Outbox, SessionClosedError
from edge.mqtt.protocol import ProtocolChoice
from edge.mqtt.takeovers import AGAIN, SHORT_S, Takeovers

log = logging.getLogger(__name__)

BACKOFF_FIRST_S = 0.5
StateName = Literal["connecting", "connected", "unreachable", "refused", "lost", "closed"]
LEVELS: dict[StateName, int] = {
    "unreachable": logging.WARNING,
    "lost": logging.WARNING,
    "refused": logging.ERROR,
}

EVENTS: dict[StateName, MessageId] = {
    "connected": MessageId.BROKER_FOUND,
    "unreachable": MessageId.BROKER_LOST,
    "lost": MessageId.BROKER_LOST,
    "refused": MessageId.BROKER_LOST,
}


class SessionState(NamedTuple):
    """How a session stands; ``text`` is fit for a status line."""

    name: StateName
    text: str


class MqttSession:
    """A session with the broker of ``settings``. Used from one event loop; all callbacks run in it.

    Args:
        settings: where the broker is and who we are there.
        options: what the session is to be.
        on_message: called for each message, in order. With ``manual_ack`` it, or whoever it hands the
            message to, calls ``message.ack()``.
        on_state: called for each *change* of state, which is also logged. A retry that fails like the one
            before is no change.
        counters: gets ``mqtt.unread_dropped`` (QoS 0 messages that came faster than they could be read) and
            ``mqtt.thrown_out`` (connections that another client with our id has ended, or may have).
        tls: instead of what ``settings`` say.

    Raises:
        ConfigError: the host name or the CA file cannot be used.
    """

    def __init__(
        self,
        settings: MqttSettings,
        options: SessionOptions,
        *,
        on_message: Callable[[Incoming], None] = lambda message: None,
        on_state: Callable[[SessionState], None] = lambda state: None,
        counters: Counter[str] | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        _check_host(settings.host, options.section)
        self._settings = settings
        self._options = options
        self._on_message = on_message
        self._on_state = on_state
        self._address = f"{settings.host}:{settings.port}"
        self._tls = tls or (_tls_context(settings) if settings.tls else None)
        self._protocol = ProtocolChoice(settings.protocol)
        self._backoff = Backoff(BACKOFF_FIRST_S, settings.backoff_max_s, lambda: random.uniform(0.5, 1.0))
        self._outbox = Outbox(options.max_queued_messages)
        self._connected = asyncio.Event()
        self._has_been_connected = False
        self._task: asyncio.Task[None] | None = None
        self.state = SessionState("connecting", f"connecting to {self._address}")
        self._takeovers = Takeovers()
        self.counters: Counter[str] = Counter() if counters is None else counters

    def start(self) -> None:
        """Begin to connect, and keep at it until ``close``."""
        self._task = asyncio.create_task(self._stay_connected(), name=f"mqtt {self._options.client_id}")

    async def close(self) -> None:
        """Send DISCONNECT (so no last will) and end the thread, within 1 s.

        Publications without acknowledgement fail; await them before where they matter.
        """
        if self.state.name == "closed":
            return
        self._set_state("closed", "closed")
        self._connected.set()
        self._outbox.close()
        if self._task:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def __aenter__(self) -> Self:
        self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def wait_connected(self) -> None:
        """Return as soon as the session is connected; ``state`` tells meanwhile why it is not.

        Raises:
            SessionClosedError: it will not be any more.
        """
        if self.state.name != "closed":
            await self._connected.wait()
        if self.state.name == "closed":
            raise SessionClosedError("MQTT: the session is closed")

    async def is_connected(self) -> bool:
        """True as soon as the session is connected; False: it is closed, and never will be again."""
        if self.state.name != "closed":
            await self._connected.wait()
        return self.state.name != "closed"

    def publish(
        self,
        topic: str,
        payload: bytes | str,
        retain: bool = False,
        qos: int = 1,
        *,
        must_reach: bool = False,
        correlation: bytes | None = None,
        expiry_s: int | None = None,
    ) -> asyncio.Future[None]:
        """Queue a message; the result resolves when the broker acknowledged it (QoS 0: when it was sent).

        Args:
            must_reach: an acknowledgement which says that nobody subscribes to it is none.
            correlation: what the receiver sent along to know an answer by (MQTT 5).
            expiry_s: seconds after which the broker need not deliver it any more (MQTT 5).

        Raises:
            OutgoingQueueFullError: at once, when the outgoing queue is full.
            SessionClosedError: at once or through the result.
            PublishRefusedError: through the result (``NobodySubscribesError`` where it ``must_reach``).
            ValueError: at once, when the topic or the QoS is none.
        """
        if self.state.name == "closed":
            raise SessionClosedError(f"MQTT: the session is closed, {topic} is not sent")
        if not topic or len(topic.encode()) > 65_535 or any(sign in topic for sign in "+#\0"):
            raise ValueError(f"MQTT: expected a topic without wildcards, got {topic!r}")
        if qos not in (0, 1):
            raise ValueError(f"MQTT: expected QoS 0 or 1, got {qos!r}")
        data = payload.encode() if isinstance(payload, str) else payload
        return self._outbox.add(
            topic,
            data,
            qos=qos,
            retain=retain,
            must_reach=must_reach,
            correlation=correlation,
            expiry_s=expiry_s,
        )

    async def _stay_connected(self) -> None:
        while True:
            try:
                failed = await self._connect_and_stay()
            except Exception as error:  # such as no thread to be had: wait, and try again like after any
                log.exception("MQTT %s: cannot connect", self._options.client_id)
                failed = Failure("unreachable", f"cannot connect to {self._address}: {reason_of(error)}")
            await self._recover(failed)

    async def _connect_and_stay(self) -> Failure:
        connection = Connection(
            self._settings,
            self._options,
            self._protocol.current,
            self._tls,
            # A session that the broker keeps for long has queued what was published meanwhile.
            wants_store=not self._has_been_connected and self._options.clean_session_311,
            on_message=self._on_message,
            on_published=self._outbox.acknowledged,
            counters=self.counters,
        )
        try:
            if failed := await connection.open():
                self._takeovers.not_accepted()
                return failed
            return await self._use(connection)
        finally:
            await connection.close()

    async def _use(self, connection: Connection) -> Failure:
        self._protocol.accepted()
        self._has_been_connected = True
        connected = f"connected to {self._address} (MQTT {self._protocol.current})"
        again = self._takeovers.again_and_again
        row = f"; thrown out {self._takeovers.in_a_row} times in a row" if again else ""
        self._set_state("connected", connected + row, quiet=again)
        self._connected.set()
        opened_mono = time.monotonic()
        lasting = asyncio.get_running_loop().call_later(SHORT_S, self._set_state, "connected", connected)
        try:
            self._outbox.connected(connection.publish)
            ended = await asyncio.shield(connection.ended)  # cancelling us must not cancel it
        finally:
            lasting.cancel()
            self._connected.clear()
            self._outbox.disconnected()
        lived_s = time.monotonic() - opened_mono
        # One that ends sooner does not make the next wait the shortest again: two clients with the same id
        # would take the session from each other twice a second.
        if lived_s >= SHORT_S:
            self._backoff.reset()
        if ended.kind == "sent_off":
            self._takeovers.not_accepted()
        elif self._takeovers.ended(told=ended.kind == "taken_over", lived_s=lived_s):
            self.counters["mqtt.thrown_out"] += 1
        return ended

    async def _recover(self, failed: Failure) -> None:
        """Say what happened, and wait as long as is right before the next attempt."""
        explicitly = failed.kind == "version"
        if (explicitly or failed.kind == "hung_up") and self._protocol.refused(explicitly=explicitly):
            return
        match failed.kind:
            case "refused" | "version":
                self._set_state("refused", failed.text)
                await asyncio.sleep(self._backoff.longest_s())
            case "lost" | "sent_off" | "taken_over":
                self._tell_lost(failed)
                await asyncio.sleep(self._backoff.next_s())
            case "unreachable" | "hung_up":
                self._set_state("unreachable", failed.text)
                await pause_until_clock_set(self._backoff.next_s())

    def _tell_lost(self, failed: Failure) -> None:
        if not self._takeovers.again_and_again:
            self._set_state("lost", failed.text)
            return
        account = f", or as {self._settings.username!r}" if self._settings.username else ""
        text = (
            f"thrown out again and again: another client connects with the id {self._options.client_id!r}"
            f"{account} (if there is none, the broker's log says why)"
        )
        first = self._takeovers.in_a_row == AGAIN
        self._set_state("lost", text, MessageId.CLIENT_ID_TAKEN, quiet=not first)

    def _set_state(
        self, name: StateName, text: str, message_id: MessageId | None = None, *, quiet: bool = False
    ) -> None:
        state = SessionState(name, text)
        if state == self.state:
            return
        self.state = state
        client_id = self._options.client_id
        message_id = message_id or EVENTS.get(name)
        extra = event(message_id, session=client_id) if message_id else None
        level = logging.DEBUG if quiet else LEVELS.get(name, logging.INFO)
        log.log(level, "MQTT %s: %s", client_id, text, extra=extra)
        self._on_state(state)


def _check_host(host: str, section: str) -> None:
    try:
        host.encode("idna")
    except UnicodeError as error:
        raise ConfigError(f"config: {section}.host = {host!r} is not a host name") from error


def _tls_context(settings: MqttSettings) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=settings.ca_file)
    except OSError as error:  # ssl.SSLError too
        raise ConfigError(
            f"config: mqtt.ca_file = {settings.ca_file!r} cannot be used: {reason_of(error)}"
        ) from error
