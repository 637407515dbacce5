"""What the fleet is to be told of turns outlives the commentator, and telemetry."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from edge.bus import Delivery
from edge.commentator.exactly_once import reporter as reporter_module
from edge.commentator.exactly_once.reporter import Reporter
from edge.commentator.exactly_once.spool import FILE_NAME, Spool, Unended
from edge.config import TelemetrySettings
from edge.messages import Kind, Reports, Turn
from tests.support.simulated import in_simulated_time
from tests.unit.test_ledger import trigger, turn_of


class Commentator:
    """One life of the commentator, and a telemetry that acknowledges what the test says."""

    def __init__(self, folder: Path, settings: TelemetrySettings | None = None) -> None:
        self.sent: list[tuple[Reports, asyncio.Future[Delivery]]] = []
        self.tasks: list[asyncio.Task[None]] = []
        pipe = SimpleNamespace(put=self._put)
        life: Any = SimpleNamespace(
            settings=SimpleNamespace(telemetry=settings or TelemetrySettings()),
            counters=Counter(),
            send_into=lambda pipe_: pipe,
            spawn=lambda work, name: self.tasks.append(asyncio.ensure_future(work)),
        )
        self.counters = life.counters
        self.spool = Spool(folder)
        self.reporter = Reporter(life, self.spool)
        self.left = self.spool.left_over(1e12)
        self.reporter.take_over()
        self.reporter.start()

    def _put(self, report: Reports, *, priority: int, expires_mono: float) -> asyncio.Future[Delivery]:
        self.sent.append((report, asyncio.get_running_loop().create_future()))
        return self.sent[-1][1]

    async def end(self, turn_id: str, kind: Kind = "remark") -> Turn:
        begun = msgspec.structs.replace(trigger(kind), turn_id=turn_id)
        self.spool.begin(begun)
        turn = msgspec.structs.replace(turn_of(begun, "spoken"), text="words", sources=("page",))
        self.reporter.done(begun, turn)
        await asyncio.sleep(0.01)
        return turn

    async def acknowledge(self, delivery: Delivery = Delivery.ACKNOWLEDGED) -> None:
        self.sent[-1][1].set_result(delivery)
        await asyncio.sleep(0.01)

    def die(self) -> None:
        for task in self.tasks:
            task.cancel()

    @property
    def told(self) -> list[str]:
        return [report.turn_id for report, _ in self.sent if isinstance(report, Turn)]


@in_simulated_time
async def test_what_was_not_acknowledged_is_told_by_the_next_one_in_its_order(tmp_path: Path) -> None:
    first = Commentator(tmp_path)
    for name in ("a", "b", "c"):
        await first.end(name)
    await first.acknowledge()
    assert first.told == ["a", "b"], "one at a time"
    first.die()
    second = Commentator(tmp_path)
    await asyncio.sleep(0.01)
    assert second.left == [], "their turns have ended"
    await second.acknowledge()
    await second.acknowledge()
    assert second.told == ["b", "c"]
    assert Spool(tmp_path).left_over(1e12) == []
    second.die()
    third = Commentator(tmp_path)
    await asyncio.sleep(0.01)
    assert third.told == []
    third.die()


@in_simulated_time
async def test_what_the_pipe_closed_upon_is_kept(tmp_path: Path) -> None:
    first = Commentator(tmp_path)
    await first.end("a")
    await first.acknowledge(Delivery.CLOSED)
    first.die()
    assert [report.turn_id for report in _untold(tmp_path) if isinstance(report, Turn)] == ["a"]


@in_simulated_time
async def test_where_telemetry_stays_away_the_oldest_goes_and_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reporter_module, "MOST", 2)
    commentator = Commentator(tmp_path)
    for name in ("a", "b", "c", "d"):
        await commentator.end(name)
    assert [report.turn_id for report in _untold(tmp_path) if isinstance(report, Turn)] == ["c", "d"]
    assert commentator.counters["reports.lost"] == 2
    commentator.die()


@pytest.mark.parametrize(
    ("kind", "settings", "text"),
    [
        ("remark", TelemetrySettings(), "words"),
        ("answer", TelemetrySettings(), ""),
        ("answer", TelemetrySettings(answer_text=True), "words"),
        ("remark", TelemetrySettings(turn_text=False), ""),
    ],
)
@in_simulated_time
async def test_words_that_may_not_leave_are_in_no_file_and_in_no_pipe(
    tmp_path: Path, kind: Kind, settings: TelemetrySettings, text: str
) -> None:
    commentator = Commentator(tmp_path, settings)
    await commentator.end("a", kind)
    (report,) = _untold(tmp_path)
    assert isinstance(report, Turn)
    assert (report.text, commentator.sent[0][0]) == (text, report)
    assert (b"words" in (tmp_path / FILE_NAME).read_bytes()) == bool(text)
    commentator.die()


def test_what_a_guide_before_the_fleet_has_left_is_read(tmp_path: Path) -> None:
    waiting = [Unended(trigger("safety"), begun=False)]
    (tmp_path / FILE_NAME).write_bytes(msgspec.msgpack.encode(waiting))
    assert Spool(tmp_path).left_over(1e12) == waiting


def _untold(folder: Path) -> list[Reports]:
    spool = Spool(folder)
    spool.left_over(1e12)
    return spool.untold
