"""``record`` writes down what came to a real guide and what it made of it; ``replay`` plays it again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
import pytest_asyncio

from bench.clouds import CloudEmulator, Profile
from edge.cli.up import PROGRAM
from edge.drive.lines import DroppedLine, MqttLine, TurnLine, read_drive
from tests.support.broker import Broker, running
from tests.support.command import Ended, recording, shuttle_guide
from tests.support.guide import Guide
from tests.support.services import budgets

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(180)]

CHATTINESS = {"SHUTTLE_GUIDE_COMMENTATOR__CHATTINESS": "normal"}
WAITS_LESS = (
    "-c",
    "import sys; from edge.cli import replay; from edge.cli.main import main;"
    " replay.LAST_TURNS_S = 6.0; sys.exit(main())",
)
"""The program as it is; what is played has short turns."""
QUICK = Profile(name="quick", first_token_s=0.05, voice_first_byte_s=0.03, connection_setup_s=0.01)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def guide(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Guide]:
    folder = tmp_path_factory.mktemp("record")
    with running(Broker(folder / "broker")) as broker:
        async with (
            CloudEmulator(QUICK, reply=lambda request: "Ну и ну!") as clouds,
            Guide(folder / "guide", broker.port, clouds.env() | budgets() | CHATTINESS) as started,
        ):
            await started.until_ready()
            yield started


async def run(guide: Guide, *arguments: str, program: Sequence[str] = PROGRAM) -> Ended:
    return await shuttle_guide(
        *arguments, environment=guide.environment, folder=guide.folder, program=program
    )


async def recorded(guide: Guide) -> Path:
    """A drive of a few seconds."""
    path = guide.folder / "drive.jsonl"
    path.unlink(missing_ok=True)

    async def until_written(what: bytes, count: int = 1) -> None:
        await guide.until(lambda: path.read_bytes().count(b'"what":"%s"' % what) == count, what.decode())

    async with recording(path.name, environment=guide.environment, folder=guide.folder):
        await guide.say("event", id="d-1", label="dog", count=2)
        await guide.publish("event", "собака слева")  # the same kind of thing so soon
        await until_written(b"dropped")
        await asyncio.sleep(4)  # not before: when it is played again, the simulated voice takes its time
        await guide.say("announce", id="a-1", text="Следующая остановка — рынок.")
        await until_written(b"turn", 2)
    return path


async def test_a_drive_is_written_down_and_played_again(guide: Guide) -> None:
    path = await recorded(guide)
    assert path.stat().st_mode & 0o777 == 0o600
    lines = read_drive(path)
    assert [line.topic for line in lines if isinstance(line, MqttLine)] == ["event", "event", "announce"]
    turns = {line.trigger: line for line in lines if isinstance(line, TurnLine)}
    assert {trigger: turn.text for trigger, turn in turns.items()} == {
        1: "Ну и ну!",
        3: "Следующая остановка — рынок.",
    }
    assert [(line.trigger, line.reason) for line in lines if isinstance(line, DroppedLine)] == [
        (2, "cooldown")
    ]
    first = turns[1]
    assert first.first_sound is not None
    assert 0 <= first.received <= first.first_sound <= first.at
    played = json.loads((await run(guide, "replay", path.name, "--json")).out)
    assert played["turns"] == {"announcement spoken": 1, "remark spoken": 1}
    assert played["dropped"] == {"cooldown": 1}
    same = await run(guide, "replay", path.name, "--diff")
    assert (same.exit_code, same.out.splitlines()[-1]) == (0, "as recorded")


async def test_a_drive_is_played_into_a_running_guide(guide: Guide) -> None:
    drive = guide.folder / "live.jsonl"
    lines = (
        {"what": "begin", "at": 0, "began_at": 1_790_000_000.0},
        {
            "what": "mqtt",
            "at": 1,
            "topic": "announce",
            "payload": '{"id": "l-1", "text": "Раз.", "ts": 1790000001}',
        },
        {"what": "mqtt", "at": 8, "topic": "announce", "payload": "Два."},
    )
    drive.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
    await guide.say("announce", id="l-1", text="Раз.")  # the guide knows the drive's id
    played = ("replay", drive.name, "--live", "--speed", "4", "--json")
    ended = await run(guide, *played, program=WAITS_LESS)
    assert ended.exit_code == 0, ended
    assert json.loads(ended.out)["turns"] == {"announcement spoken": 2}


async def test_what_passengers_say_is_recorded_only_where_the_operator_tells_it(guide: Guide) -> None:
    refused = await run(guide, "record", "words.jsonl", "--utterances", "--seconds", "1")
    assert refused.exit_code == 1
    assert "telemetry.answer_text is off" in refused.err
    assert not (guide.folder / "words.jsonl").exists()


async def test_a_file_that_is_there_is_not_overwritten(guide: Guide) -> None:
    (guide.folder / "there.jsonl").write_text("mine")
    refused = await run(guide, "record", "there.jsonl", "--seconds", "1")
    assert (refused.exit_code, len(refused.err.splitlines())) == (1, 1)
    assert (guide.folder / "there.jsonl").read_text() == "mine"


@pytest.mark.parametrize("speed", ["0", "-1", "nan", "inf", "fast"])
async def test_a_speed_that_is_none_is_refused_in_one_line(guide: Guide, speed: str) -> None:
    refused = await run(guide, "replay", "none.jsonl", "--live", f"--speed={speed}")
    assert refused.exit_code == 2
    assert f"expected a number above 0, like 4 or 0.5, got '{speed}'" in refused.err


async def test_what_is_no_drive_is_refused_in_one_line(guide: Guide) -> None:
    (guide.folder / "none.jsonl").write_text("{}\n")
    refused = await run(guide, "replay", "none.jsonl")
    assert (refused.exit_code, len(refused.err.splitlines())) == (1, 1)


async def test_where_the_outcomes_cannot_be_written_one_line_says_so(guide: Guide) -> None:
    (guide.folder / "short.jsonl").write_text('{"what": "begin", "at": 0, "began_at": 1790000000.0}\n')
    refused = await run(guide, "replay", "short.jsonl", "--write", "no-such-folder/played.jsonl")
    assert (refused.exit_code, len(refused.err.splitlines())) == (1, 1)
    assert "no-such-folder/played.jsonl" in refused.err
