"""The commands that speak with a running guide."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from bench.clouds import CloudEmulator, Profile
from bench.own_limits import program_with
from edge.bus.topology import PROCESSES
from tests.support.broker import Broker, running
from tests.support.command import Ended, shuttle_guide
from tests.support.guide import BUDGET_MS, Guide

pytestmark = pytest.mark.asyncio(loop_scope="module")

QUICK = Profile(name="quick", first_token_s=0.05, voice_first_byte_s=0.03, connection_setup_s=0.01)
REMARK = "Ну и ну!"
UNHURRIED = program_with(min_ms=BUDGET_MS, stall_ms=BUDGET_MS)
"""What many quick turns have taught does not count where a process gets no processor for a second."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def guide(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Guide]:
    folder = tmp_path_factory.mktemp("cli")
    with running(Broker(folder / "broker")) as broker:
        async with (
            CloudEmulator(QUICK, reply=lambda request: REMARK) as clouds,
            Guide(folder / "guide", broker.port, clouds.env(), program=UNHURRIED) as started,
        ):
            await started.until_ready()
            yield started


async def run(guide: Guide, *arguments: str) -> Ended:
    return await shuttle_guide(*arguments, environment=guide.environment, folder=guide.folder)


async def test_trigger_shows_the_turn_as_it_happens(guide: Guide) -> None:
    ended = await run(guide, "trigger", "две собаки справа")
    assert ended.exit_code == 0
    assert REMARK in ended.out
    assert "groq" in ended.out
    assert ended.out.index("accepted") < ended.out.index("first_sample") < ended.out.index(REMARK)


async def test_trigger_sends_a_file_and_prints_the_turn_as_json(guide: Guide) -> None:
    (guide.folder / "event.json").write_text('{"id": "file-1", "label": "dog", "count": 2}')
    ended = await run(guide, "trigger", "--json", "event.json", "--as-json")
    assert ended.exit_code == 0
    turn = json.loads(ended.out)
    assert (turn["trigger_id"], turn["text"], turn["outcome"]) == ("file-1", REMARK, "spoken")


async def test_trigger_announces_too(guide: Guide) -> None:
    ended = await run(guide, "trigger", "--topic", "announce", "--as-json", "Луна.")
    assert (ended.exit_code, json.loads(ended.out)["text"]) == (0, "Луна.")


async def test_trigger_says_why_nothing_was_said(guide: Guide) -> None:
    await guide.publish("cmd/mute")
    await guide.until_state(lambda state: bool(state["muted"]))
    ended = await run(guide, "trigger", "--timeout", "3", "две собаки справа")
    assert ended.exit_code == 1
    assert "muted" in ended.err
    await guide.publish("cmd/unmute")
    await guide.until_state(lambda state: not state["muted"])


@pytest.mark.parametrize(
    "content", [b"[1]", b"\xff", b"{", b"[" * 100_000], ids=["list", "bytes", "cut", "deep"]
)
async def test_trigger_refuses_a_file_that_is_no_event(guide: Guide, content: bytes) -> None:
    (guide.folder / "list.json").write_bytes(content)
    ended = await run(guide, "trigger", "--json", "list.json")
    assert ended.exit_code == 1
    assert len(ended.err.splitlines()) == 1


async def test_bench_times_the_standard_triggers(guide: Guide) -> None:
    ended = await run(guide, "bench", "--json", "-n", "1", "кошка")
    assert ended.exit_code == 0
    result = json.loads(ended.out)
    assert (result["triggers"], result["spoken"]) == (6, 6)
    assert result["ttfa_ms"]["p50"] == result["stages_ms"]["first_sample"]["p50"]
    assert result["stages_ms"]["first_token"]["p50"] >= QUICK.first_token_s * 1000


async def test_the_doctor_asks_the_running_processes_what_they_really_use(guide: Guide) -> None:
    await guide.until_rungs(lambda rungs: set(rungs.values()) == {"ok"})
    ended = await run(guide, "doctor", "--json")
    checks = {check["name"].strip(): check for check in json.loads(ended.out)}
    assert {name: checks[name]["verdict"] for name in PROCESSES} == dict.fromkeys(PROCESSES, "ok")
    assert checks["broker"]["verdict"] == "ok"
    assert checks["model.groq"]["actual"] == "ok"
    assert guide.environment["SHUTTLE_GUIDE_SPEAKER__OUTPUT"] in checks["output"]["actual"]
    assert ended.exit_code == 0
    assert guide.environment["GROQ_API_KEY"] not in ended.out
