"""An operator on the fleet's broker: hears the shuttles, and commands them."""

from __future__ import annotations

import asyncio
import time
from types import TracebackType
from typing import Any, Self

import msgspec

from edge.config import FleetSettings
from edge.fleet.broker import broker_of, tls_of
from edge.fleet.configuration import DesiredBody
from edge.fleet.reading import FleetMessage, FleetReader
from edge.fleet.topics import DESIRED, PREFIX, REPORTED, SPOKEN
from edge.messages import new_id
from edge.mqtt import Incoming, MqttSession, PublishRefusedError, SessionOptions, SessionState
from edge.operator_error import OperatorError
from edge.tasks import wait_at_most

CONNECT_WITHIN_S = 10.0
TAKEN_WITHIN_S = 10.0
REPORT_EXPIRES_S = 60.0
LEAVES = ("birth", "status", "state", "turn", "receipt", "alarm/+", REPORTED)
HEARD = tuple(f"{PREFIX}/+/{leaf}" for leaf in LEAVES)


class FleetUnreachableError(OperatorError):
    """The fleet's broker does not take us; the text says why."""


class FleetRefusedError(FleetUnreachableError):
    """The broker has said that this account may not publish there."""


class FleetClient:
    """A connection for as long as a command runs.

    Raises:
        ConfigError: there is no fleet, or a file of the section cannot be used.
    """

    def __init__(self, settings: FleetSettings) -> None:
        self._came: asyncio.Queue[FleetMessage] = asyncio.Queue()
        self._reader = FleetReader()
        self._settled = asyncio.Event()
        self._lost = asyncio.Event()
        self._session = MqttSession(
            broker_of(settings),
            SessionOptions(
                client_id=f"guide-operator-{new_id()}",
                subscriptions=HEARD,
                certificate=settings.cert_file or "",
                section="fleet",
            ),
            on_message=self._take,
            on_state=self._note,
            tls=tls_of(settings),
        )

    async def __aenter__(self) -> Self:
        self._session.start()
        await wait_at_most(self._settled, CONNECT_WITHIN_S)
        state = self._session.state
        if state.name != "connected":
            await self._session.close()
            raise FleetUnreachableError(f"no fleet: {state.text}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def next(self) -> FleetMessage:
        """What a shuttle has told, each once."""
        return await self._came.get()

    async def command(self, scope: str, name: str, *, expiry_s: float | None = None, **body: Any) -> str:
        """Command shuttles; returns the command's id.

        Args:
            scope: a shuttle's id, ``group/NAME`` or ``all``.
            name: ``announce``, ``safety``, or that of another command.
            expiry_s: seconds after which the broker need not deliver it any more.

        Raises:
            FleetUnreachableError: the broker does not take it.
        """
        leaf = name if name in SPOKEN else f"cmd/{name}"
        command = {"id": new_id(), "ts": time.time()} | {k: v for k, v in body.items() if v is not None}
        topic = f"{PREFIX}/{scope}/{leaf}"
        whole_s = None if expiry_s is None else max(1, round(expiry_s))
        await self._send(topic, msgspec.json.encode(command), expiry_s=whole_s)
        return str(command["id"])

    async def ask_report(self) -> str:
        """Ask all shuttles to tell how they are: not every broker keeps what they told before.

        Raises:
            FleetUnreachableError: the broker does not take it.
        """
        return await self.command("all", "report", ttl=REPORT_EXPIRES_S, expiry_s=REPORT_EXPIRES_S)

    async def desire(self, shuttle: str, desired: DesiredBody) -> None:
        """Have a shuttle configured. Retained, as a courtesy of brokers that keep it.

        Raises:
            FleetUnreachableError: the broker does not take it.
        """
        await self._send(f"{PREFIX}/{shuttle}/{DESIRED}", msgspec.json.encode(desired), retain=True)

    async def _send(
        self, topic: str, payload: bytes, *, retain: bool = False, expiry_s: int | None = None
    ) -> None:
        """Return when the broker has taken it. Raises FleetUnreachableError."""
        sent = self._session.publish(topic, payload, retain=retain, expiry_s=expiry_s)
        lost = asyncio.create_task(self._lost.wait())
        await asyncio.wait((sent, lost), timeout=TAKEN_WITHIN_S, return_when=asyncio.FIRST_COMPLETED)
        was_lost = lost.done() or self._lost.is_set()  # it may be connected again by now
        lost.cancel()
        if not sent.done():
            sent.cancel()  # nobody is to hear later what was said to be not sent
            if not was_lost:
                raise FleetUnreachableError(f"the broker has not taken {topic} within {TAKEN_WITHIN_S:.0f} s")
            # RabbitMQ says no more than that to an account that may not publish there.
            raise FleetUnreachableError(
                f"the broker ended the connection and has not taken {topic}: may this account say that?"
            )
        try:
            sent.result()
        except PublishRefusedError as error:
            raise FleetRefusedError(str(error)) from error

    def _take(self, message: Incoming) -> None:
        if read := self._reader.read(message.topic, message.payload):
            self._came.put_nowait(read)

    def _note(self, state: SessionState) -> None:
        if state.name != "connecting":
            self._settled.set()
        if state.name != "connected" and self._settled.is_set():
            self._lost.set()
        else:
            self._lost.clear()
