"""A whole guide with its console: what is sent on a page is spoken, and what dies beneath it comes back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from edge.messages import ProcessName
from tests.support.broker import Broker, running
from tests.support.guide import Guide
from tests.support.ports import free_port

pytestmark = [pytest.mark.timeout(180), pytest.mark.asyncio(loop_scope="module")]
WITHIN_S = 60.0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def guide(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Guide]:
    """One for all of them: each test leaves it ready and not muted."""
    folder = tmp_path_factory.mktemp("console")
    console = {"SHUTTLE_GUIDE_CONSOLE__ENABLED": "true", "SHUTTLE_GUIDE_CONSOLE__PORT": str(free_port())}
    with running(Broker(folder / "broker")) as broker:
        async with Guide(folder / "guide", broker.port, console) as guide:
            await guide.until_ready()
            yield guide


def client_of(guide: Guide) -> httpx.AsyncClient:
    port = guide.environment["SHUTTLE_GUIDE_CONSOLE__PORT"]
    return httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=10, trust_env=False)


async def asked(client: httpx.AsyncClient, path: str) -> Any:
    """The answer, as soon as somebody gives one."""
    async with asyncio.timeout(WITHIN_S):
        while True:
            try:
                answer = await client.get(path)
                answer.raise_for_status()
                return answer.json()
            except httpx.HTTPError:
                await asyncio.sleep(0.05)


async def sent(client: httpx.AsyncClient, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Send, as soon as the broker takes it."""
    async with asyncio.timeout(WITHIN_S):
        while True:
            try:
                answer = await client.post(f"/api/v1/{path}", json=body)
                if answer.status_code == 202:
                    told: dict[str, Any] = answer.json()
                    return told
                assert answer.status_code == 503, answer.text
            except httpx.HTTPError:
                pass
            await asyncio.sleep(0.05)


async def turn_of(client: httpx.AsyncClient, trigger_id: str) -> dict[str, Any]:
    async with asyncio.timeout(WITHIN_S):
        while True:
            found = await asked(client, f"/api/v1/turns?trigger_id={trigger_id}")
            if found["turns"]:
                turn: dict[str, Any] = found["turns"][0]
                return turn
            await asyncio.sleep(0.05)


async def test_what_is_sent_is_spoken_and_told_as_on_mqtt(guide: Guide) -> None:
    async with client_of(guide) as client:
        for path, body in (
            ("trigger", {"text": "две собаки справа"}),
            ("announce", {"text": "Следующая остановка: пляж."}),
        ):
            accepted = await sent(client, path, body)
            turn = await turn_of(client, accepted["id"])
            assert turn["outcome"] == "spoken"
            assert turn == await guide.turn(accepted["id"]), "the same JSON as on MQTT"
        state = await asked(client, "/api/v1/state")
        assert state.keys() == guide.state.keys()
        assert state["output"] == "open"


async def test_a_typed_question_is_answered(guide: Guide) -> None:
    async with client_of(guide) as client:
        done = await client.post(
            "/do/ask", data={"text": "Сколько ехать до пляжа?"}, headers={"accept": "application/json"}
        )
        assert done.status_code == 202, done.text
        turn = await turn_of(client, done.json()["id"])
        assert (turn["kind"], turn["outcome"]) == ("answer", "spoken")
        assert turn["ttfa_ms"] is not None


async def test_mute_is_pressed_and_seen(guide: Guide) -> None:
    async with client_of(guide) as client:
        await sent(client, "commands", {"name": "mute"})
        async with asyncio.timeout(WITHIN_S):
            while not (await asked(client, "/api/v1/state"))["muted"]:
                await asyncio.sleep(0.05)
        await guide.until_state(lambda state: state["muted"] is True)
        await sent(client, "commands", {"name": "unmute"})
        await guide.until_state(lambda state: state["muted"] is False)


@pytest.mark.parametrize("victim", ["ingest", "commentator", "speaker", "telemetry", "console"])
async def test_whoever_dies_beneath_it_comes_back_on_it(guide: Guide, victim: ProcessName) -> None:
    async with client_of(guide) as client:
        guide.kill(victim)
        await guide.until_back(victim)
        async with asyncio.timeout(WITHIN_S):
            while not (await asked(client, "/health"))["ready"]:
                await asyncio.sleep(0.05)
        accepted = await sent(client, "announce", {"text": "Мы снова здесь."})
        assert (await turn_of(client, accepted["id"]))["outcome"] == "spoken"


async def test_a_console_that_hangs_stops_no_turn(guide: Guide) -> None:
    import os
    import signal

    pid = guide.pid("console")
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        turn = await guide.say("announce", text="Слышно и без консоли.")
        assert turn["outcome"] == "spoken"
        assert guide.retained["ready"]["ready"], "the console is none of those that the guide needs"
    finally:
        os.kill(pid, signal.SIGCONT)
