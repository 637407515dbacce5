"""What a process has asked of paid services is told, also where time alone has changed what it means."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from edge import meter
from edge.clock import Moment
from edge.config import load
from edge.messages import Spending
from edge.meter import Meter
from edge.spending.ledger import RENEWED_AFTER_S
from edge.spending.ledger_file import LedgerFile
from tests.support.waiting import until


class Told:
    """Stands for a process's life: what it keeps on its feed, and the tasks that it runs."""

    name = "speaker"

    def __init__(self) -> None:
        self.settings = load({"ELEVENLABS_API_KEY": "k", "GROQ_API_KEY": "k"}, dotenv=None)
        self.news: list[Spending] = []
        self.feed = SimpleNamespace(keep=self.news.append)
        self.tasks: list[asyncio.Task[Any]] = []

    def spawn(self, work: Any, name: str) -> None:
        self.tasks.append(asyncio.create_task(work, name=name))


@pytest.fixture
async def life() -> AsyncIterator[Told]:
    told = Told()
    yield told
    for task in told.tasks:
        task.cancel()
    await asyncio.gather(*told.tasks, return_exceptions=True)


def opened(folder: Path) -> LedgerFile:
    ledger = LedgerFile(folder / "spent.json")
    ledger.open(Moment.now())
    return ledger


async def test_it_is_told_at_the_start_and_what_is_noted_together_is_one_news(
    life: Told, tmp_path: Path
) -> None:
    counted = Meter(life, opened(tmp_path))  # type: ignore[arg-type]
    counted.start()
    assert [news.days for news in life.news] == [{}]
    counted.note("voice", "remark", {"characters": 5})
    counted.note("voice", "remark", {"characters": 7})
    counted.turn_ended("place")
    await until(lambda: len(life.news) == 2)
    assert life.news[-1].process == "speaker"
    assert life.news[-1].days[life.news[-1].today] == {
        "voice.remark.requests": 2,
        "voice.remark.characters": 12,
        "turns.remark": 1,
    }


async def test_what_is_no_request_of_ours_is_not_told(life: Told, tmp_path: Path) -> None:
    ledger = opened(tmp_path)
    ledger.note(Moment.now(), {"ahead.characters": 9, "voice.ahead.characters": 9})
    Meter(life, ledger).start()  # type: ignore[arg-type]
    assert list(life.news[-1].days.values()) == [{"voice.ahead.characters": 9}]


async def test_an_allowance_that_time_renews_is_told_though_nothing_is_spent(
    life: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(meter, "TELL_EVERY_S", 0.01)
    ledger, now = opened(tmp_path), Moment.now()
    ledger.note(now, {"voice.answer.characters": 9})
    ledger.ledger.days[now.date].ran_s = RENEWED_AFTER_S - 0.02
    Meter(life, ledger).start()  # type: ignore[arg-type]
    await until(lambda: life.news[-1].renewed == {"voice.answer.characters": 9})


async def test_which_paid_services_the_process_may_ask_is_told(life: Told, tmp_path: Path) -> None:
    Meter(life, opened(tmp_path)).start()  # type: ignore[arg-type]
    assert [news.services for news in life.news] == [("elevenlabs",)]
