"""What a shuttle tells of itself is of now, also after a line that broke; a full queue holds up nothing."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from edge.config import FleetSettings, Settings, ShuttleSettings
from edge.messages import Dropped, Kind, Priority, Turn
from edge.mqtt import MqttSession, OutgoingQueueFullError
from edge.process import Life
from edge.telemetry.alarms import Situation
from edge.telemetry.fleet.link import FleetLink
from tests.support.waiting import until

QUIET = Situation(
    expected=(), alive={}, playback=None, control=None, ceiling=None, vitals=None, heat_level=0, broker=""
)


class Session(MqttSession):
    """Connected or not as ``now`` says; acknowledges nothing, and is full where it is said to be."""

    made: list[Session] = []  # noqa: RUF012 (emptied by each test)

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        self.full = False
        self.sent: list[tuple[str, bytes, asyncio.Future[None]]] = []
        Session.made.append(self)

    def start(self) -> None: ...

    def now(self, name: Any) -> None:
        if name == "connected":
            self._connected.set()
        else:
            self._connected.clear()
        self._set_state(name, name)

    def publish(self, topic: str, payload: bytes | str, *given: Any, **options: Any) -> asyncio.Future[None]:
        if self.full:
            raise OutgoingQueueFullError
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.sent.append((topic, cast(bytes, payload), done))
        return done

    def states(self) -> list[tuple[dict[str, Any], asyncio.Future[None]]]:
        return [(json.loads(body), done) for topic, body, done in self.sent if topic.endswith("/state")]


@pytest.fixture
def tasks() -> list[asyncio.Task[Any]]:
    return []


def link_of(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    tasks: list[asyncio.Task[Any]],
    counters: Counter[str] | None = None,
) -> FleetLink:
    monkeypatch.setattr("edge.telemetry.fleet.link.MqttSession", Session)
    monkeypatch.setattr(Session, "made", [])
    monkeypatch.setattr("edge.telemetry.fleet.teller.BIRTH_WAITS_S", 0.05)  # one session alone connects here
    settings = Settings(
        shuttle=ShuttleSettings(id="seven"), fleet=FleetSettings(host="127.0.0.1"), state_dir=str(folder)
    )
    life = SimpleNamespace(
        settings=settings,
        counters=Counter() if counters is None else counters,
        spawn=lambda work, name: tasks.append(asyncio.create_task(work)),
        tell_health_now=lambda: None,
    )
    return FleetLink(cast(Life, life), lambda leaf, payload: asyncio.Future(), lambda: QUIET)


def ended_turn(trigger_id: str, kind: Kind) -> Turn:
    return Turn(
        turn_id=trigger_id,
        trigger_id=trigger_id,
        kind=kind,
        priority=Priority.REMARK,
        language="ru",
        text="Справа собака.",
        outcome="spoken",
        received_at=1.8e9,
        stages=(),
    )


async def until_states(session: Session, count: int) -> None:
    await until(lambda: len(session.states()) >= count)


async def test_a_state_that_was_not_acknowledged_is_told_anew_after_the_line_broke(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tasks: list[asyncio.Task[Any]]
) -> None:
    link = link_of(tmp_path, monkeypatch, tasks)
    session, speech = Session.made
    speech.now("connected")  # a birth waits for it
    link.state(b'{"is":"old"}', at_once=False)
    link.start()
    session.now("connected")
    await until_states(session, 1)
    session.now("lost")
    assert all(done.cancelled() for _, _, done in session.sent), "none of it goes over the next connection"
    link.state(b'{"is":"new"}', at_once=False)
    session.now("connected")
    await until_states(session, 2)
    frame, done = session.states()[-1]
    assert frame["body"]["guide"] == {"is": "new"}
    assert not done.cancelled()
    await link.close()
    for task in tasks:
        task.cancel()


async def test_a_full_queue_holds_up_no_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tasks: list[asyncio.Task[Any]]
) -> None:
    link = link_of(tmp_path, monkeypatch, tasks)
    session = Session.made[0]
    link.start()
    session.now("connected")
    session.full = True
    await link.close()
    assert session.state.name == "closed"
    for task in tasks:
        task.cancel()


async def test_what_makes_no_turn_is_no_lost_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tasks: list[asyncio.Task[Any]]
) -> None:
    (tmp_path / "file").write_text("no folder")
    counters: Counter[str] = Counter()
    link = link_of(tmp_path / "file", monkeypatch, tasks, counters)
    await link.keep(Dropped(trigger_id="t", kind="remark", reason="expired", received_at=1.8e9))
    assert counters["fleet.not_kept"] == 0
    await link.keep(ended_turn("t", "remark"))
    assert counters["fleet.not_kept"] == 1
    await link.close()
