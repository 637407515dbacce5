"""What a guide asks of paid services is counted in all processes, outlives them, and is held to a ceiling."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bench.clouds import CloudEmulator, Profile
from bench.clouds.replies import tokenize
from bench.guide_process import PATIENCE_S
from bench.own_limits import program_with
from tests.support.broker import Broker
from tests.support.cabin_microphone import CabinMicrophone
from tests.support.guide import BUDGET_MS, Guide, JsonObject
from tests.support.listening_guide import process_of
from tests.support.spoken_english import has_synthesizer, say

QUICK = Profile(name="quick", first_token_s=0.05, voice_first_byte_s=0.03, connection_setup_s=0.01)
REMARK, ANSWER = "A dog looks at us.", "Yes."
SETTINGS = {
    "SHUTTLE_GUIDE_SHUTTLE__LANGUAGE": "en",
    "SHUTTLE_GUIDE_LISTENER__LANGUAGES": "en",
    "SHUTTLE_GUIDE_LISTENER__VAD__ENGINE": "webrtc",
    "SHUTTLE_GUIDE_LISTENER__ADDRESSEE__MODE": "always",
    "SHUTTLE_GUIDE_LISTENER__RECOGNIZER__CLOUD_ALLOWED": "true",
    "SHUTTLE_GUIDE_LISTENER__RECOGNIZER__ORDER": "groq,pocketsphinx",
    "SHUTTLE_GUIDE_ANSWERS__OPENERS": "false",
    "SHUTTLE_GUIDE_COMMENTATOR__OPENERS": "false",
    "SHUTTLE_GUIDE_COMMENTATOR__AHEAD__ENABLED": "false",
    "SHUTTLE_GUIDE_TELEMETRY__STATE_PERIOD_S": "1",
    "SHUTTLE_GUIDE_LISTENER__RECOGNIZER__BUDGET__INITIAL_MS": str(BUDGET_MS),
}
UNHURRIED = program_with(min_ms=BUDGET_MS, stall_ms=BUDGET_MS)
"""Nobody is asked beside a service that a busy machine has made late: all of it would be paid for."""
PRICES = {
    "SHUTTLE_GUIDE_SERVICES__GROQ__PRICES__PER_MILLION_TOKENS_IN": "1000",
    "SHUTTLE_GUIDE_SERVICES__GROQ__PRICES__PER_MILLION_TOKENS_OUT": "2000",
    "SHUTTLE_GUIDE_SERVICES__GROQ__PRICES__PER_HOUR_OF_AUDIO": "36",
}
for package in ("pocketsphinx", "webrtcvad"):
    pytest.importorskip(package)
pytestmark = pytest.mark.skipif(not has_synthesizer("flite"), reason="flite is missing (scripts/setup.sh)")


@dataclass
class Scene:
    guide: Guide
    clouds: CloudEmulator
    microphone: CabinMicrophone

    async def answer(self) -> JsonObject:
        """A passenger asks something."""
        before = len(self._answers)
        self.microphone.hears(say("what is the temple", "flite"))
        await self.guide.until(lambda: len(self._answers) > before, "an answer")
        return self._answers[before]

    async def remark(self, number: int) -> JsonObject:
        return await self.guide.say("event", text=f"something number {number}")

    async def until_cost(self, level: int) -> JsonObject:
        state = await self.guide.until_state(
            lambda state: (state["cost"] or {}).get("ceiling_level") == level
        )
        cost: JsonObject = state["cost"]
        return cost

    @property
    def _answers(self) -> list[JsonObject]:
        return [turn for turn in self.guide.turns if turn["kind"] == "answer"]


@contextlib.asynccontextmanager
async def scene(folder: Path, broker: Broker, settings: Mapping[str, str]) -> AsyncIterator[Scene]:
    def reply(request: dict[str, Any]) -> str:
        if not request.get("stream"):
            return json.dumps(["A dog is here.", "A dog sits down."])
        return ANSWER if "<question>" in request["messages"][-1]["content"] else REMARK

    with CabinMicrophone(folder / "microphone") as microphone:
        async with CloudEmulator(QUICK, reply=reply, hear=lambda *_: "what is the temple") as clouds:
            given = {
                **clouds.env(),
                **SETTINGS,
                "SHUTTLE_GUIDE_LISTENER__INPUT": microphone.input,
                **settings,
            }
            async with Guide(folder / "guide", broker.port, given, program=UNHURRIED) as guide:
                await guide.until_ready()
                await guide.until_state(
                    lambda state: "listening to" in process_of(state, "listener")["status"]
                )
                yield Scene(guide, clouds, microphone)


async def told_by_cost(guide: Guide, *arguments: str, **settings: str) -> str:
    command = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "edge", "cost", *arguments),
        env=guide.environment | settings,
        cwd=guide.folder,
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await command.communicate()
    assert command.returncode == 0
    return out.decode()


async def cost(guide: Guide) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(await told_by_cost(guide, "--json"))
    return found


def asked_of(clouds: CloudEmulator) -> dict[str, float]:
    """What the emulated clouds have counted themselves."""
    chats = [record for record in clouds.requests("groq") if record.body and "messages" in record.body]
    prompts = ["".join(message["content"] for message in chat.body["messages"]) for chat in chats]
    said = [
        message.message["text"]
        for record in clouds.requests("elevenlabs")
        for message in record.messages
        if message.message.get("flush")
    ]
    heard = [record.body["seconds"] for record in clouds.requests("groq_transcription")]
    return {
        "tokens_in": sum(len(tokenize(prompt)) for prompt in prompts),
        "tokens_out": sum(len(tokenize(output.text)) for chat in chats for output in chat.outputs),
        "characters": sum(map(len, said)),
        "audio_s": round(sum(heard), 3),
    }


def sums_of(found: dict[str, Any]) -> dict[str, float]:
    return {unit: found["today"][unit] for unit in ("tokens_in", "tokens_out", "characters", "audio_s")}


async def told_whole(own: Scene, kinds: int) -> dict[str, Any]:
    """What ``cost`` tells once it has turns of so many kinds, and all that the clouds were asked for."""
    async with asyncio.timeout(PATIENCE_S):
        while True:  # each process tells its part by itself
            found = await cost(own.guide)
            if len(found["per_turn"]) == kinds and sums_of(found) == pytest.approx(asked_of(own.clouds)):
                return found


async def until_kept(guide: Guide, told: list[Any]) -> None:
    """Wait until the disk knows it, whoever dies."""
    nobody = {"SHUTTLE_GUIDE_RUNTIME_DIR": str(guide.folder / "nobody")}
    async with asyncio.timeout(PATIENCE_S):
        while without_probes(json.loads(await told_by_cost(guide, "--json", **nobody))) != told:
            await asyncio.sleep(0.1)


def without_probes(found: dict[str, Any]) -> list[Any]:
    """What a start asks by itself to see whether the services work is left out."""
    return [each for each in found["services"] if each["purpose"] != "probe"]


@pytest.mark.slow
async def test_cost_tells_what_the_clouds_were_asked_for_and_goes_on_telling_it_after_a_kill(
    tmp_path: Path, broker: Broker
) -> None:
    ahead = {
        "SHUTTLE_GUIDE_COMMENTATOR__MODELS": "groq",
        "SHUTTLE_GUIDE_SPEAKER__VOICES": "elevenlabs",
        "SHUTTLE_GUIDE_COMMENTATOR__AHEAD__ENABLED": "true",
        "SHUTTLE_GUIDE_COMMENTATOR__AHEAD__LABELS": "dog",
        "SHUTTLE_GUIDE_COMMENTATOR__AHEAD__SIZE": "2",
        "SHUTTLE_GUIDE_POOL__QUIET_S": "0",
        "SHUTTLE_GUIDE_POOL__PAUSE_S": "0",
    }
    async with scene(tmp_path, broker, ahead | PRICES) as own:
        guide = own.guide
        await guide.publish("cmd/pool", "fill")
        await guide.until_state(
            lambda state: process_of(state, "commentator")["facts"].get("pool.writing") == "full"
        )
        for number in range(3):
            assert (await own.remark(number))["rungs"]["model"] == "groq"
        assert (await guide.say("announce", text="The next stop is the moon."))["outcome"] == "spoken"
        assert (await own.answer())["rungs"]["models"] == ["groq"]
        found = await told_whole(own, kinds=3)
        expected = sums_of(found)
        assert all(expected.values())
        assert found["running"] is True
        by_line = {(each["service"], each["purpose"]): each for each in found["services"]}
        assert by_line["elevenlabs", "announcement"]["characters"] == len("The next stop is the moon. ")
        assert by_line["elevenlabs", "answer"]["characters"] == len(f"{ANSWER} ")
        assert by_line["elevenlabs", "remark"]["characters"] == 3 * len(f"{REMARK} ")
        assert by_line.keys() >= {
            ("groq", "remark"),
            ("groq", "answer"),
            ("groq", "hearing"),
            ("groq", "ahead"),
            ("groq", "probe"),
            ("elevenlabs", "ahead"),
        }
        # Prices of one service, and none of the other.
        known = (expected["tokens_in"] * 1000 + expected["tokens_out"] * 2000) / 1e6 + expected[
            "audio_s"
        ] / 3600 * 36
        assert found["today"]["money"] == pytest.approx(known, abs=1e-5)
        assert found["today"]["unknown"] == ["elevenlabs"]
        assert {each["kind"]: each["turns"] for each in found["per_turn"]} == {
            "remark": 3,
            "answer": 1,
            "announcement": 1,
        }
        # The same in ``state``.
        told = await guide.until_state(
            lambda state: state["cost"] and state["cost"]["money"] == pytest.approx(known, abs=1e-4)
        )
        state = told["cost"]
        assert (state["unknown"], state["ceiling_level"], state["ceilings"]) == (["elevenlabs"], 0, {})
        table = await told_by_cost(guide)
        assert "unknown" in table
        assert max(map(len, table.splitlines())) <= 80
        before = without_probes(await cost(guide))
        await until_kept(guide, before)
        for process in ("commentator", "speaker", "listener"):
            guide.kill(process)  # type: ignore[arg-type]
        for process in ("commentator", "speaker", "listener"):
            await guide.until_back(process)  # type: ignore[arg-type]
        after = await told_whole(own, kinds=3)
        assert without_probes(after) == before
        assert await guide.stop() == 0
        assert sums_of(left := await cost(guide)) == pytest.approx(asked_of(own.clouds))
        assert left["running"] is False


@pytest.mark.slow
async def test_near_the_ceiling_remarks_turn_local_at_it_answers_do_and_an_announcement_is_still_spoken(
    tmp_path: Path, broker: Broker
) -> None:
    ceiling = {"SHUTTLE_GUIDE_COST__CHARACTERS_PER_DAY": "96"}
    async with scene(tmp_path, broker, ceiling) as own:
        guide = own.guide
        assert (await own.remark(0))["rungs"]["voices"] == ["elevenlabs"]
        assert (await own.until_cost(0))["ceilings"]["characters"] < 0.8
        spoken = await guide.say(
            "announce", text="We stop here. " + "Please stay in your seats until then. " + "Thanks."
        )
        assert spoken["rungs"]["voices"] == ["elevenlabs"]
        near = await own.until_cost(1)
        assert 0.8 <= near["ceilings"]["characters"] < 1.0
        remark = await own.remark(1)
        assert (remark["outcome"], remark["rungs"]["model"], remark["rungs"]["voice"]) == (
            *("spoken", "phrasebook", "espeak"),
        )
        answer = await own.answer()
        assert (answer["rungs"]["model"], answer["rungs"]["voice"]) == ("groq", "elevenlabs")
        more = await guide.say("announce", text="We drive on now.")
        assert more["rungs"]["voices"] == ["elevenlabs"]
        assert (await own.until_cost(2))["ceilings"]["characters"] >= 1.0
        await guide.until_state(lambda state: "ceiling of cost" in state["rungs"].get("recognizer.groq", ""))
        answer = await own.answer()
        assert (answer["rungs"]["model"], answer["rungs"]["voice"]) == ("phrasebook", "espeak")
        last = await guide.say("announce", text="Mind the step.")
        assert (last["outcome"], last["rungs"]["voices"]) == ("spoken", ["elevenlabs"])
        crossed = [line for line in guide.log().splitlines() if "(cost.characters_per_day = 96)" in line]
        told = [line for line in crossed if " W commentator " in line]
        assert ["is near" in line for line in told] == [True, False]
        assert ["is reached" in line for line in told] == [False, True]
        await guide.until_state(lambda state: "is reached" in process_of(state, "commentator")["status"])
