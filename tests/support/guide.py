"""A whole guide of the tests' own: all its processes, started as a person would, and a client beside it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.guide_process import PATIENCE_S, GuideProcess
from bench.own_environment import REPOSITORY, own_environment
from edge.bus.topology import PROCESSES
from edge.cli.up import PROGRAM
from edge.config import MqttSettings
from edge.messages import AnyMessage, ProcessName, Progress, Stage
from edge.mqtt import Incoming, MqttSession, SessionOptions
from tests.support.services import budgets

AS_ON_A_SHUTTLE = Path(__file__).parent / "as_on_a_shuttle"
"""Stands in the way of what is installed for tests alone."""
SHUTTLE_ID = "test"
FLEET_SESSIONS = ("fleet", "fleet.speech")
"""Facts of telemetry's, where there is a fleet."""
BUDGET_MS = 3000
"""So long is the first output of a model or a voice waited for. Tests of lateness set their own."""
JsonObject = dict[str, Any]


class Guide(GuideProcess):
    """``shuttle-guide up``, and a client of its MQTT interface; as a context it starts (see ``until_ready``).

    Args:
        folder: for sockets, state and the log; short enough for socket paths.
        broker_port: of a broker on loopback, which may be started later.
        environment: settings and keys on top of what a test always wants.
        client: how the client beside it reaches the broker; by default without an account.
        program: the interpreter's arguments (see ``bench.own_limits``).
    """

    NEWS = (Progress,)

    def __init__(
        self,
        folder: Path,
        broker_port: int,
        environment: Mapping[str, str] | None = None,
        client: MqttSettings | None = None,
        program: Sequence[str] = PROGRAM,
    ) -> None:
        super().__init__(clean_environment(folder, broker_port) | dict(environment or {}), program=program)
        self.turns: list[JsonObject] = []
        """Every ``turn`` that was published, oldest first."""
        self.retained: dict[str, JsonObject] = {}
        """The last ``ready``, ``state``, ``status`` and ``alarm/NAME``."""
        self._session = MqttSession(
            client or MqttSettings(host="127.0.0.1", port=broker_port, backoff_max_s=0.5),
            SessionOptions(
                client_id="shuttle-guide-test",
                subscriptions=(f"shuttle/{SHUTTLE_ID}/+", f"shuttle/{SHUTTLE_ID}/alarm/+"),
            ),
            on_message=self._take,
        )
        self._turn_ids: dict[str, str] = {}
        """Trigger's id → id of its turn."""
        self._stages: dict[str, set[Stage]] = {}
        """Turn's id → the stages that it has reached."""

    # --- its processes -------------------------------------------------------------------------

    async def until_ready(self) -> None:
        """Wait until ``ready`` says true, each process has been heard of, and the fleet can command it."""
        await self.until(
            lambda: (
                self.retained.get("ready", {}).get("ready") is True
                and len(self.states) == len(PROCESSES)
                and self._is_at_fleet()
            ),
            "to be ready",
        )

    def pid(self, name: ProcessName) -> int | None:
        """The process that runs under this name at the moment."""
        return self.pids().get(name)

    def kill(self, name: ProcessName) -> None:
        """``kill -9``; it will be started again (see ``until_back``)."""
        victim = self.pid(name)
        assert victim is not None, f"{name} does not run"
        os.kill(victim, signal.SIGKILL)
        self._forget(name)

    async def until_back(self, name: ProcessName) -> None:
        """Wait until the successor of a killed process says that it is ready."""
        await self.until(lambda: name in self.states and self.states[name].ready, f"{name} to be back")

    def log_of_turn(self, turn_id: str) -> dict[str, list[str]]:
        """Process → its lines that carry this turn's id."""
        lines: dict[str, list[str]] = {}
        for line in self.log().splitlines():
            if f"[turn {turn_id}]" in line:
                lines.setdefault(line.split()[2], []).append(line)
        return lines

    # --- its interface -------------------------------------------------------------------------

    async def publish(
        self, leaf: str, payload: str | bytes | JsonObject = b"", *, retain: bool = False
    ) -> None:
        """Publish on ``shuttle/{id}/{leaf}``; returns when the broker has it."""
        body = json.dumps(payload, ensure_ascii=False) if isinstance(payload, dict) else payload
        async with asyncio.timeout(PATIENCE_S):
            await self._session.publish(f"shuttle/{SHUTTLE_ID}/{leaf}", body, retain=retain)

    async def begin(self, leaf: str, **body: Any) -> str:
        """Publish something to be said, with an id of its own; returns the id."""
        trigger_id = str(body.setdefault("id", uuid.uuid4().hex))
        await self.publish(leaf, body)
        return trigger_id

    async def say(self, leaf: str, **body: Any) -> JsonObject:
        """Publish something to be said and wait for its turn."""
        return await self.turn(await self.begin(leaf, **body))

    async def turn(self, trigger_id: str) -> JsonObject:
        """The turn that this trigger became, when it has ended."""
        return (await self.until_turns(lambda turn: turn["trigger_id"] == trigger_id))[0]

    async def until_turns(self, wanted: Callable[[JsonObject], bool], count: int = 1) -> list[JsonObject]:
        """Wait for so many turns of this kind; returns all of them."""
        await self.until(lambda: sum(map(wanted, self.turns)) >= count, f"{count} turn(s)")
        return [turn for turn in self.turns if wanted(turn)]

    async def until_stage(self, trigger_id: str, stage: Stage) -> str:
        """Wait until this trigger's turn has reached a stage; returns the turn's id."""
        await self.until(
            lambda: stage in self._stages.get(self._turn_ids.get(trigger_id, ""), ()),
            f"a turn to reach {stage}",
        )
        return self._turn_ids[trigger_id]

    @property
    def state(self) -> JsonObject:
        """The last ``state``, empty before the first."""
        return self.retained.get("state", {})

    async def until_state(self, fulfilled: Callable[[JsonObject], bool]) -> JsonObject:
        """Wait for a ``state`` that fulfils it."""
        await self.until(lambda: bool(self.state) and fulfilled(self.state), "another state")
        return self.state

    async def until_told(self, states: int = 3) -> None:
        """Wait for so many more ``state``: what has happened by now, and is being worked at, is told then."""
        for _ in range(states):
            await self._until_another_state()

    async def _until_another_state(self) -> None:
        told = self.state.get("ts")
        await self.until_state(lambda state: state["ts"] != told)

    async def until_rungs(self, fulfilled: Callable[[dict[str, str]], bool]) -> None:
        """Wait until the states of all models and voices fulfil it."""
        await self.until(lambda: fulfilled(self._rungs()), "the rungs")

    def _take(self, message: Incoming) -> None:
        leaf = message.topic.removeprefix(f"shuttle/{SHUTTLE_ID}/")
        if leaf in ("turn", "ready", "state", "status") or leaf.startswith("alarm/"):
            body = json.loads(message.payload)
            if leaf == "turn":
                self.turns.append(body)
            else:
                if leaf == "state":
                    self._remember(body["processes"])
                self.retained[leaf] = body
            self._news.set()

    def _remember(self, processes: JsonObject) -> None:
        """Add who was left out, as told last: a busy machine has processes silent for a while."""
        for name, told in self.state.get("processes", {}).items():
            processes.setdefault(name, told)

    def _told(self, message: AnyMessage) -> None:
        super()._told(message)
        if isinstance(message, Progress):
            self._stages.setdefault(message.turn_id, set()).add(message.stage)
            if message.trigger_id is not None:
                self._turn_ids[message.trigger_id] = message.turn_id

    def _connect(self) -> None:
        self._session.start()

    async def _disconnect(self) -> None:
        await self._session.close()

    def _is_at_fleet(self) -> bool:
        """Who commands before is not heard: a broker keeps nothing for a session that it never saw."""
        facts = self.states["telemetry"].facts
        return all(text.startswith("connected") for name, text in facts.items() if name in FLEET_SESSIONS)

    def _rungs(self) -> dict[str, str]:
        facts = [fact for state in self.states.values() for fact in state.facts.items()]
        return {name: value for name, value in facts if name.startswith(("model.", "voice."))}


def clean_environment(folder: Path, broker_port: int) -> dict[str, str]:
    """Settings for a guide in ``folder``, and nothing of what the developer has set for himself."""
    return {
        **own_environment(folder, broker_port, SHUTTLE_ID),
        "PYTHONPATH": f"{AS_ON_A_SHUTTLE}:{REPOSITORY}",
        "SHUTTLE_GUIDE_MQTT__BACKOFF_MAX_S": "0.5",
        # Weights of the developer's (`make real-models`) change how a guide hears and waits.
        "SHUTTLE_GUIDE_MODELS_DIR": "/nonexistent/models",
        "SHUTTLE_GUIDE_SPEAKER__OUTPUT": f"wav:{folder}/heard.wav",
        "SHUTTLE_GUIDE_TELEMETRY__STATE_PERIOD_S": "1",
        **budgets(BUDGET_MS),
    }
