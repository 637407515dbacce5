"""A cloud's connection is open before it is needed, and no trouble with it harms anybody."""

from __future__ import annotations

import asyncio

import pytest

from edge.clouds import warm_connection
from edge.clouds.warm_connection import WarmConnection
from tests.support.waiting import until


class Service:
    """Counts how often it is used; a dead one refuses."""

    def __init__(self) -> None:
        self.uses = 0
        self.is_dead = False

    async def use(self) -> None:
        self.uses += 1
        if self.is_dead:
            raise ConnectionRefusedError


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warm_connection, "MIN_PAUSE_S", 0.0)


async def test_it_is_opened_at_once_and_used_again_when_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warm_connection, "PERIOD_S", 0.02)
    service = Service()
    connection = WarmConnection("test", service.use)
    connection.start()
    await until(lambda: service.uses >= 3)
    await connection.close()
    uses = service.uses
    await asyncio.sleep(0.1)
    assert service.uses == uses, "a closed one is left alone"


async def test_one_that_was_lost_is_opened_again_before_its_period_is_over() -> None:
    service = Service()
    connection = WarmConnection("test", service.use)
    connection.start()
    await until(lambda: service.uses == 1)
    connection.used()
    connection.lost()
    await until(lambda: service.uses == 2)
    await connection.close()


async def test_a_service_that_is_away_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warm_connection, "PERIOD_S", 0.02)
    service = Service()
    service.is_dead = True
    connection = WarmConnection("test", service.use)
    connection.start()
    await until(lambda: service.uses >= 2)
    await connection.close()
