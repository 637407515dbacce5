"""A client of the guide as any other program could write one: MQTT alone, no part in the processes."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Self

from edge.config import Settings
from edge.messages import new_id
from edge.mqtt import Incoming, MqttSession, SessionOptions, SessionState, account_of
from edge.operator_error import OperatorError
from edge.tasks import wait_at_most

CONNECT_TIMEOUT_S = 15.0
"""A broker that is not there says so at once; a machine that has much else to do takes its time."""


class GuideUnreachableError(OperatorError):
    """The broker, or a guide behind it, does not answer; the text says which and what to do."""


class GuideClient:
    """Publishes triggers and waits for their turns.

    Args:
        broker_is_starting: one that is not there yet is tried again; otherwise the first failure is the end.
    """

    def __init__(self, settings: Settings, *, broker_is_starting: bool = False) -> None:
        self._settings = settings
        self._final_states = {"connected", "refused"}
        if not broker_is_starting:
            self._final_states |= {"unreachable", "lost"}
        self._connection_settled = asyncio.Event()
        self._prefix = f"shuttle/{settings.shuttle.id}"
        self._turns: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._retained: dict[str, dict[str, Any]] = {}
        self._changed = asyncio.Event()
        self._session = MqttSession(
            account_of(settings.mqtt, "cli"),
            SessionOptions(
                client_id=f"shuttle-guide-cli-{new_id()}",
                subscriptions=tuple(
                    f"{self._prefix}/{leaf}" for leaf in ("turn", "ready", "state", "status")
                ),
            ),
            on_message=self._take,
            on_state=self._note_state,
        )

    async def __aenter__(self) -> Self:
        self._session.start()
        await wait_at_most(self._connection_settled, CONNECT_TIMEOUT_S)
        state = self._session.state
        if state.name == "connected":
            return self
        await self._session.close()
        if state.name == "refused":
            raise GuideUnreachableError(
                f"{self._settings.mqtt.host}:{self._settings.mqtt.port}: {state.text}"
            )
        raise GuideUnreachableError(
            f"no broker: {state.text}; start `mosquitto`, or set SHUTTLE_GUIDE_MQTT__HOST and …_PORT"
        )

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def wait_ready(self, timeout_s: float) -> None:
        """Raises GuideUnreachableError when the guide is not ready in time."""
        try:
            async with asyncio.timeout(timeout_s):
                while not self._retained.get("ready", {}).get("ready"):
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            state = self._retained.get("ready")
            raise GuideUnreachableError(
                f"shuttle {self._settings.shuttle.id!r} is not ready ({state or 'nobody there'}); "
                "start the guide with `shuttle-guide up`, or look what it misses with `shuttle-guide doctor`"
            ) from None

    @property
    def state(self) -> dict[str, Any]:
        """The last ``state`` of the guide, empty before it came."""
        return self._retained.get("state", {})

    async def publish(self, leaf: str, payload: str) -> None:
        await self._session.publish(f"{self._prefix}/{leaf}", payload)

    async def ask(
        self, event: dict[str, Any], *, leaf: str = "event", timeout_s: float = 20.0
    ) -> dict[str, Any]:
        """Publish a trigger and return its turn.

        Raises:
            TimeoutError: no turn came of it; ``state["dropped"]`` counts the reasons.
        """
        trigger_id = str(event.setdefault("id", new_id()))
        turn: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._turns[trigger_id] = turn
        await self.publish(leaf, json.dumps(event, ensure_ascii=False))
        try:
            async with asyncio.timeout(timeout_s):
                return await turn
        finally:
            del self._turns[trigger_id]

    def _note_state(self, state: SessionState) -> None:
        if state.name in self._final_states:
            self._connection_settled.set()

    def _take(self, message: Incoming) -> None:
        leaf = message.topic.rsplit("/", 1)[-1]
        try:
            body = json.loads(message.payload)
        except ValueError:
            return  # not from our guide
        if leaf == "turn":
            if (waiting := self._turns.get(str(body.get("trigger_id")))) and not waiting.done():
                waiting.set_result(body)
        else:
            self._retained[leaf] = body
            self._changed.set()
