"""``shuttle-guide pool`` beside a running speaker, and a speaker without a voice worth pooling."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest_asyncio

from bench.clouds import CloudEmulator
from edge.commentator.openers import own_texts
from edge.messages import PoolVoice
from edge.speaker.pool import files
from edge.speaker.pool.archive import export_pool
from edge.speaker.pool.entry import encode
from edge.speaker.voices.base import WORD
from tests.support.pooled import admitted_text, held_sound, pool_text
from tests.support.services import budgets
from tests.support.signing import allow, make_key
from tests.support.speaker_alone import EAGER_POOL, SpeakerAlone
from tests.support.speaking_guide import QUICK

SILENT = {"SHUTTLE_GUIDE_SPEAKER__OUTPUT": "null", **budgets()}


@pytest_asyncio.fixture
async def clouds() -> AsyncIterator[CloudEmulator]:
    async with CloudEmulator(QUICK) as emulator:
        yield emulator


async def pool(environment: Mapping[str, str], *arguments: str) -> tuple[int, str, str]:
    """Run ``shuttle-guide pool …``; returns exit code, output and errors."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "edge", "pool", *arguments),
        env=dict(environment),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(30):
        out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def status(speaker: SpeakerAlone) -> dict[str, Any]:
    code, out, _ = await pool(speaker.environment, "status", "--json")
    assert code == 0
    found: dict[str, Any] = json.loads(out)
    return found


async def test_a_pool_filled_at_one_shuttle_is_played_by_another(
    tmp_path: Path, clouds: CloudEmulator
) -> None:
    environment = {**SILENT, **EAGER_POOL, **clouds.env()}
    archive = str(tmp_path / "depot.tar")
    key = make_key(tmp_path)
    trusted = ("--signers", str(allow(tmp_path, key)))
    dogs = admitted_text(entry_id="dogs")
    cats = admitted_text("Идут молча, ни на кого не смотрят.", entry_id="cats", number="several")
    async with SpeakerAlone(tmp_path / "d", environment) as depot:
        await depot.fill(dogs, cats)
        exported = await pool(depot.environment, "export", archive, "--sign", str(key))
        assert exported == (0, f"pool: 2 entries in {archive}\n", "")
        assert (await status(depot))["running"] is True
    async with SpeakerAlone(tmp_path / "s", environment) as shuttle:
        code, out, err = await pool(shuttle.environment, "import", archive)
        assert (code, out) == (1, "")
        assert "nobody's signature counts here: there is no /etc/shuttle-guide/allowed_signers" in err
        imported = await pool(shuttle.environment, "import", archive, *trusted)
        assert imported == (0, "pool: 2 entries imported, 0 known already, 0 refused\n", "")
        await shuttle.until_held("dogs", "cats")
        shuttle.say("hit", dogs.text, entry="dogs")
        assert (await shuttle.report("hit")).voices == ("pool",)
        again = await pool(shuttle.environment, "import", archive, *trusted)
        assert again == (0, "pool: 0 entries imported, 2 known already, 0 refused\n", "")
        assert {entry["text"]["entry_id"] for entry in (await status(shuttle))["entries"]} == {"cats"}

        code, out, _ = await pool(shuttle.environment, "clear")
        assert (code, out.startswith("pool: 1 entries removed")) == (0, True)
        await shuttle.until(lambda: shuttle.held == set(), "it to be noticed")
        assert await shuttle.stop() == 0
        stopped = await status(shuttle)
    assert (stopped["running"], stopped["entries"]) == (False, [])


async def test_an_archive_of_another_voice_is_refused_line_by_line(
    tmp_path: Path, clouds: CloudEmulator
) -> None:
    environment = {**SILENT, **EAGER_POOL, **clouds.env()}
    archive = str(tmp_path / "depot.tar")
    async with SpeakerAlone(tmp_path / "d", environment) as depot:
        await depot.fill(admitted_text(entry_id="dogs"))
        await pool(depot.environment, "export", archive)
        await depot.stop()
        # The same shuttle with another voice: what it holds is void, and what it is brought as well.
        depot.environment["SHUTTLE_GUIDE_ELEVENLABS__SPEED"] = "1.1"
        await depot.start()
        assert depot.held == set()
        code, out, err = await pool(depot.environment, "import", archive, "--unsigned")
        assert (code, out) == (1, "pool: 0 entries imported, 0 known already, 1 refused\n")
        assert err.startswith("pool: refused dogs: expected the voice 'elevenlabs")
        assert err.count("\n") == 1
    code, _, err = await pool(depot.environment, "import", str(tmp_path / "nothing.tar"))
    assert (code, err) == (1, f"pool: {tmp_path}/nothing.tar: No such file or directory\n")


async def test_an_archive_that_insults_is_refused_whoever_made_it(
    tmp_path: Path, clouds: CloudEmulator
) -> None:
    """Made by hand: text and sound are well-formed, and the voice is this shuttle's."""
    async with SpeakerAlone(tmp_path / "s", {**SILENT, **EAGER_POOL, **clouds.env()}) as shuttle:
        assert shuttle.holdings is not None
        folder, archive = tmp_path / "by hand", str(tmp_path / "insult.tar")
        folder.mkdir()
        insult = admitted_text("Эта собака похожа на вас, суки.", entry_id="insult", number="one")
        opener = pool_text("Ну и рожи!", entry_id=own_texts("ru", ["remark"])[0].entry_id, use="opener")
        for text in (insult, opener):
            content = encode(*held_sound(text, voice=shuttle.holdings.voice))
            files.path_of(folder, text.entry_id).write_bytes(content)
        export_pool(folder, Path(archive))
        code, out, err = await pool(shuttle.environment, "import", archive)
        assert (code, out) == (1, "")
        assert "it is not signed" in err
        code, out, err = await pool(shuttle.environment, "import", archive, "--unsigned")
        assert (code, out) == (1, "pool: 0 entries imported, 0 known already, 2 refused\n")
        assert "refused insult: its text: it insults" in err
        assert "its text: not among the guide's texts any more" in err
        assert not list(files.entry_ids(shuttle.pool_folder))


async def test_without_a_cloud_voice_the_pool_stays_empty_and_is_no_trouble(tmp_path: Path) -> None:
    async with SpeakerAlone(tmp_path / "s", SILENT) as speaker:
        assert speaker.holdings is not None
        assert speaker.holdings.voice == ""
        speaker.send(PoolVoice(text=pool_text(entry_id="dogs")), 0)
        speaker.say("turn", "Да.", entry="dogs")
        assert (await speaker.report("turn")).voices == ("espeak",)
        await speaker.until(lambda: speaker.counter("pool.refused") == 1, "it to be counted")
        assert not list(files.entry_ids(speaker.pool_folder))
        code, out, _ = await pool(speaker.environment, "status")
        assert (code, "The pool is off" in out) == (0, True)


async def test_a_folder_that_cannot_be_used_turns_the_pool_off_and_nothing_else(
    tmp_path: Path, clouds: CloudEmulator
) -> None:
    (tmp_path / "s" / "state").mkdir(parents=True)
    (tmp_path / "s" / "state" / "pool").write_text("no folder")
    async with SpeakerAlone(tmp_path / "s", {**SILENT, **clouds.env()}) as speaker:
        assert speaker.holdings is not None
        assert speaker.holdings.voice == ""
        speaker.say("turn", "Да.")
        assert (await speaker.report("turn")).outcome == "spoken"
        assert speaker.log().count("the pool is off") == 1


async def test_the_budget_is_kept_and_nothing_is_asked_for_beyond_it(
    tmp_path: Path, clouds: CloudEmulator
) -> None:
    text = pool_text(entry_id="first")
    limits = {"SHUTTLE_GUIDE_POOL__CHARACTERS_PER_DAY": str(round(1.5 * len(text.text)))}
    async with SpeakerAlone(tmp_path / "s", {**SILENT, **EAGER_POOL, **clouds.env(), **limits}) as speaker:
        await speaker.fill(text)
        speaker.send(PoolVoice(text=pool_text(entry_id="second")), 0)
        await speaker.kill()
        await speaker.start()
        speaker.send(PoolVoice(text=pool_text(entry_id="third")), 0)
        await speaker.until(lambda: bool(speaker.holdings and speaker.holdings.waiting), "it to wait")
        assert speaker.holdings is not None
        assert speaker.holdings.characters_today == len(text.text)
        assert speaker.holdings.characters_left == round(1.5 * len(text.text)) - len(text.text)
    outputs = [output.text.strip() for record in clouds.requests("elevenlabs") for output in record.outputs]
    spoken = [text for text in outputs if text not in WORD.values()]  # each start tries the voice with a word
    assert spoken == [text.text]


async def test_a_service_that_refuses_is_left_alone_and_live_speech_goes_on(
    tmp_path: Path, clouds: CloudEmulator
) -> None:
    async with SpeakerAlone(tmp_path / "s", {**SILENT, **EAGER_POOL, **clouds.env()}) as speaker:
        await clouds.set_fault("elevenlabs", "zero_audio", times=1)
        speaker.send(PoolVoice(text=pool_text(entry_id="dogs")), 0)
        await speaker.until(lambda: speaker.counter("pool.failed") == 1, "the refusal")
        speaker.say("turn", "Да.")
        assert (await speaker.report("turn")).voices == ("elevenlabs",)
        await asyncio.sleep(0.5)
        assert speaker.counter("pool.failed") == 1
        assert speaker.holdings is not None
        assert (speaker.holdings.waiting, speaker.held) == (1, set())


async def test_a_text_whose_sound_breaks_off_holds_up_no_other(tmp_path: Path, clouds: CloudEmulator) -> None:
    async with SpeakerAlone(tmp_path / "s", {**SILENT, **EAGER_POOL, **clouds.env()}) as speaker:
        await clouds.set_fault("elevenlabs", "cut_mid_stream", times=1)
        speaker.send(PoolVoice(text=pool_text(entry_id="opener", use="opener")), 0)
        await speaker.until(lambda: speaker.counter("pool.failed") == 1, "the refusal")
        for entry_id in ("dogs", "cats"):
            speaker.send(PoolVoice(text=pool_text(entry_id=entry_id)), 0)
        await speaker.until(lambda: speaker.held == {"dogs", "cats"}, "the others")
        assert speaker.holdings is not None
        assert speaker.holdings.waiting == 1
