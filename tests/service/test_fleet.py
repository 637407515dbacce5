"""A whole guide and its fleet's broker: what the shuttle tells, and what it is told."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from asyncio.subprocess import Process
from pathlib import Path

from tests.support.broker import Broker
from tests.support.fleet_broker import PATIENCE_S, FleetBroker, Operator
from tests.support.guide import Guide, clean_environment


async def test_a_turn_reaches_the_fleet_and_an_announcement_is_played_and_told(
    tmp_path: Path, broker: Broker, fleet_broker: FleetBroker
) -> None:
    environment = fleet_broker.environment("test", "beach")
    async with (
        Operator(fleet_broker).there() as operator,
        Guide(tmp_path / "g", broker.port, environment) as guide,
    ):
        await guide.until_ready()
        await operator.until_told("birth", guide.log)
        await guide.say("event", text="собака")
        await operator.until_told("turn", guide.log)
        one = await operator.command("test/announce", text="Next stop: Luna Beach.", language="en")
        group = await operator.command("group/beach/announce", texts={"ru": "Остановка.", "en": "A stop."})
        for command in (one, group):
            await operator.until(lambda c=command: "played" in operator.receipts(c), "a receipt", guide.log)
            assert operator.receipts(command) == ["accepted", "played"]
        muted = await operator.command("all/cmd/mute")
        await operator.until(lambda: "done" in operator.receipts(muted), "mute", guide.log)
        await guide.until_state(lambda state: state["muted"] is True)
        await operator.until_told("turn", guide.log, count=3)
        turns = operator.told("turn")
        assert [turn["seq"] for turn in turns] == sorted({turn["seq"] for turn in turns})
        assert [turn["late"] for turn in turns] == [False, False, False]
        assert turns[1]["body"]["trigger_id"] == f"fleet:{one}"
        assert turns[2]["body"]["text"] == "Остановка."
        await guide.stop()
        is_away = lambda: operator.bodies("status")[-1]["online"] is False  # noqa: E731
        await operator.until(is_away, "that it is away", guide.log)


async def test_an_announcement_has_a_chime_and_is_taken_back_while_it_waits_or_sounds(
    tmp_path: Path, broker: Broker, fleet_broker: FleetBroker
) -> None:
    environment = fleet_broker.environment("test")
    async with (
        Operator(fleet_broker).there() as operator,
        Guide(tmp_path / "g", broker.port, environment) as guide,
    ):
        await guide.until_ready()
        chimed = await operator.command("test/announce", text="Luna Beach.", language="en", chime=True)
        await operator.until(lambda: "played" in operator.receipts(chimed), "a receipt", guide.log)
        (turn,) = await operator.until_told("turn", guide.log)
        assert turn["first_content_ms"] - turn["ttfa_ms"] > 1000, "the chime goes before the words"
        (played,) = [body for body in operator.bodies("receipt") if body["state"] == "played"]
        assert turn["received_at"] < played["played_at"] < time.time()
        by_hand = await guide.say("announce", text="By hand.", chime=True)
        assert by_hand["first_content_ms"] - by_hand["ttfa_ms"] > 1000

        long = await operator.command("test/announce", text="word " * 90, language="en")
        await guide.until_stage(f"fleet:{long}", "first_sample")
        waits = await operator.command("test/announce", text="It waits.", language="en")
        await operator.until(lambda: "accepted" in operator.receipts(waits), "it is accepted", guide.log)
        for target in (waits, long):
            cancel = await operator.command("test/cmd/cancel", target=target)
            await operator.until(lambda c=cancel: len(operator.receipts(c)) == 2, "an answer", guide.log)
            assert operator.receipts(cancel) == ["accepted", "done"]
            assert operator.receipts(target) == ["accepted", "cancelled"]
        (cut,) = await guide.until_turns(lambda turn: turn["trigger_id"] == f"fleet:{long}")
        assert (cut["outcome"], cut["reason"]) == ("interrupted", "cancelled")

        over = await operator.command("test/cmd/cancel", target=chimed)
        await operator.until(lambda: "failed" in operator.receipts(over), "an answer", guide.log)
        mine = await guide.begin("announce", text="word " * 90)
        await guide.until_stage(mine, "first_sample")
        await guide.publish("cmd/cancel", mine)
        (cut,) = await guide.until_turns(lambda turn: turn["trigger_id"] == mine)
        assert (cut["outcome"], cut["reason"]) == ("interrupted", "cancelled")
        warning = await guide.begin("safety", text="Hold on tight, please.")
        await guide.until_stage(warning, "first_sample")
        await guide.publish("cmd/cancel", warning)
        (said,) = await guide.until_turns(lambda turn: turn["trigger_id"] == warning)
        assert said["outcome"] == "spoken", "nobody takes a warning back"
        assert f"fleet:{waits}" not in {turn["trigger_id"] for turn in guide.turns}, "it was never a turn"


async def test_an_operator_sees_the_shuttles_and_speaks_through_them(
    tmp_path: Path, broker: Broker, fleet_broker: FleetBroker
) -> None:
    operator = clean_environment(tmp_path, 1) | fleet_broker.environment("desk")
    async with Guide(tmp_path / "g", broker.port, fleet_broker.environment("test", "beach")) as guide:
        await guide.until_ready()
        watch = await started(operator, "watch")  # first: what nobody takes is told again only later
        watched = await until_printed(watch, "test birth")
        code, said = await command(
            operator, "announce", "Next stop.", "--to", "test", "--json", "--within", "60"
        )
        assert (code, json.loads(said)) == (0, {"test": ["played", None]})
        code, said = await command(operator, "announce", "Luna\x1b[2J.", "--group", "beach", "--within", "9")
        assert code == 0, said
        assert "test: played" in said
        watched += await until_printed(watch, "turn: announcement, spoken: Luna")
        assert "\x1b" not in watched
        watch.send_signal(signal.SIGINT)
        rest, _ = await watch.communicate()
        assert (watch.returncode, b"\x1b" in rest) == (0, False)
        code, shown = await command(operator, "status", "--within", "6")  # it may answer after 3 s
        assert code == 0, shown
        assert "test" in shown
        assert max(map(len, shown.splitlines())) <= 80
        code, said = await command(operator, "announce", "Stop.", "--to", "nobody", "--within", "1")
        assert (code, "no shuttle has accepted it" in said) == (1, True)
    code, shown = await command(operator, "status", "--within", "2", "--json")
    (row,) = json.loads(shown)
    assert (code, row["online"]) == (1, False)
    assert row["version"]


async def test_without_a_fleet_the_command_says_so(tmp_path: Path) -> None:
    code, said = await command(clean_environment(tmp_path, 1), "status")
    assert (code, said.count("\n")) == (78, 1)
    assert "fleet.host" in said


async def command(environment: dict[str, str], *arguments: str) -> tuple[int, str]:
    """Run ``shuttle-guide fleet …``; its exit code, and all that it printed."""
    ran = await started(environment, *arguments)
    said, _ = await ran.communicate()
    return ran.returncode or 0, said.decode()


async def started(environment: dict[str, str], *arguments: str) -> Process:
    """The same, while it runs."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "edge", "fleet", *arguments),
        env=environment | {"COLUMNS": "80"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )


async def until_printed(ran: Process, words: str) -> str:
    """Wait for a line with these words; returns what was printed up to there."""
    printed = ""
    async with asyncio.timeout(PATIENCE_S):
        while words not in printed:
            assert ran.stdout
            line = await ran.stdout.readline()
            assert line, f"it has ended without {words!r}: {printed}"
            printed += line.decode()
    return printed


async def test_each_turn_reaches_the_fleet_once_whoever_is_killed(
    tmp_path: Path, broker: Broker, fleet_broker: FleetBroker
) -> None:
    async with (
        Operator(fleet_broker).there() as operator,
        Guide(tmp_path / "g", broker.port, fleet_broker.environment("test")) as guide,
    ):
        await guide.until_ready()
        said = []
        for process in ("commentator", "telemetry", "speaker", "commentator"):
            said += [await guide.begin("announce", text=f"Before {process} {number}.") for number in range(3)]
            await guide.until_stage(said[-3], "accepted")
            guide.kill(process)
            await guide.until_back(process)
        ended = lambda: {turn["body"]["trigger_id"] for turn in operator.read("turn")}  # noqa: E731
        await operator.until(lambda: set(said) <= ended(), "all turns", guide.log)
        turns = [turn["body"]["turn_id"] for turn in operator.read("turn")]
        assert sorted(turns) == sorted(set(turns)), "each ends once"
