"""A shuttle without its guide: the product's link, outbox and store, and somebody who does as told."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, cast

import msgspec

from bench.fleet.turns import ended_turn
from edge.config import FleetSettings, Settings, ShuttleSettings
from edge.messages import Control
from edge.process import Life
from edge.tasks import cancel_and_wait
from edge.telemetry.alarms import Situation
from edge.telemetry.fleet.link import FleetLink


class _Surroundings:
    """What a link gets from the process that it lives in."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.counters: Counter[str] = Counter()
        self.tasks: set[asyncio.Task[Any]] = set()

    def spawn(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        task = asyncio.create_task(work, name=name)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    def tell_health_now(self) -> None: ...


class LightShuttle:
    """One of many in a process, with an MQTT session and an SQLite file of its own.

    Args:
        name: the shuttle's id.
        state: what it tells of its guide.
    """

    def __init__(self, name: str, fleet: FleetSettings, folder: Path, state: bytes) -> None:
        settings = Settings(shuttle=ShuttleSettings(id=name), fleet=fleet, state_dir=str(folder / name))
        self._life = _Surroundings(settings)
        self._control = Control()
        self.link = FleetLink(cast(Life, self._life), self._obey, self._all_is_well)
        self.link.state(state, at_once=False)

    def start(self) -> None:
        self.link.start()

    async def close(self) -> None:
        await self.link.close()
        await cancel_and_wait(*self._life.tasks)

    def _obey(self, leaf: str, payload: bytes) -> asyncio.Future[None]:
        """Stands for the on-device broker and the guide behind it: it has said what is announced."""
        if leaf in ("announce", "safety"):
            trigger_id = msgspec.json.decode(payload)["id"]
            said = self.link.keep(ended_turn(trigger_id, "announcement"))
            self._life.spawn(said, "the turn of an announcement")
        elif leaf == "cmd/volume":
            self._control = Control(volume=msgspec.json.decode(payload)["value"])
            asyncio.get_running_loop().call_soon(self.link.note, self._control)
        done = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

    def _all_is_well(self) -> Situation:
        return Situation(
            expected=(),
            alive={},
            playback=None,
            control=self._control,
            ceiling=None,
            vitals=None,
            heat_level=0,
            broker="",
        )
