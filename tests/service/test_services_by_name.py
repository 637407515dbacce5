"""Each job has the services that its order names, each at its own address; one stands in for the other."""

from __future__ import annotations

import time
from pathlib import Path

from bench.clouds import CloudEmulator, Profile
from bench.clouds.server import ELEVENLABS_KEY, OPENAI_KEY
from edge.messages import Trigger
from tests.support.broker import Broker, running
from tests.support.commentator_alone import CommentatorAlone
from tests.support.guide import Guide
from tests.support.patient import PATIENT, patient

QUICK = Profile(name="quick", first_token_s=0.02, voice_first_byte_s=0.03, connection_setup_s=0.01)
SETTINGS = {
    "SHUTTLE_GUIDE_SHUTTLE__LANGUAGE": "en",
    "SHUTTLE_GUIDE_COMMENTATOR__MODELS": "cerebras,openai",
    "SHUTTLE_GUIDE_COMMENTATOR__AHEAD__ENABLED": "false",
}
QUESTION = "what is the temple?"


def at(name: str, clouds: CloudEmulator, model: str) -> dict[str, str]:
    """A compatible service by its name in the environment."""
    return {
        f"SHUTTLE_GUIDE_SERVICES__{name}__BASE_URL": clouds.openai_base_url,
        f"SHUTTLE_GUIDE_SERVICES__{name}__MODEL": model,
        f"{name}_API_KEY": OPENAI_KEY,
    }


def models_asked(clouds: CloudEmulator) -> set[str]:
    return {record.body["model"] for record in clouds.requests("openai") if record.body}


async def test_cerebras_writes_openai_stands_behind_it_and_speaks_beside_it(tmp_path: Path) -> None:
    with running(Broker(tmp_path / "broker")) as broker:
        async with (
            CloudEmulator(QUICK, reply=lambda request: "Two dogs from the first.") as cerebras,
            CloudEmulator(QUICK, reply=lambda request: "Two dogs from the second.") as openai,
        ):
            environment = (
                SETTINGS | at("CEREBRAS", cerebras, "gpt-oss-120b") | at("OPENAI", openai, "gpt-4o-mini")
            )
            environment |= {
                "SHUTTLE_GUIDE_SPEAKER__VOICES": "openai,elevenlabs",
                "SHUTTLE_GUIDE_SPEAKER__SPEED": "1.3",
                "SHUTTLE_GUIDE_SERVICES__ELEVENLABS__BASE_URL": openai.elevenlabs_base_url,
                "ELEVENLABS_API_KEY": ELEVENLABS_KEY,
            }
            async with Guide(tmp_path / "guide", broker.port, environment, program=PATIENT) as guide:
                await guide.until_ready()
                turn = await guide.say("event", text="two dogs")
                assert turn["rungs"]["models"] == ["cerebras"]
                assert turn["rungs"]["voices"] == ["openai"]
                assert guide.log().count("elevenlabs speaks at speed 1.2, its limit, instead of 1.3") == 1
                assert turn["text"] == "Two dogs from the first."
                assert models_asked(cerebras) == {"gpt-oss-120b"}
                assert cerebras.requests("speech") == []
                assert {record.body["speed"] for record in openai.requests("speech") if record.body} == {1.3}

                await cerebras.set_fault("openai", "refuse")
                turn = await guide.say("event", text="two cats")
                assert turn["rungs"]["models"] == ["openai"]
                assert turn["text"] == "Two dogs from the second."


async def test_gemini_writes_answers_while_others_write_remarks(tmp_path: Path) -> None:
    async with (
        CloudEmulator(QUICK, reply=lambda request: "A temple, says the fast one.") as fast,
        CloudEmulator(QUICK, reply=lambda request: "A house of bamboo.") as gemini,
    ):
        environment = SETTINGS | at("CEREBRAS", fast, "gpt-oss-120b") | at("GEMINI", gemini, "gpt-4o-mini")
        environment["SHUTTLE_GUIDE_ANSWERS__MODELS"] = "gemini,cerebras"
        async with patient(CommentatorAlone(tmp_path, environment)) as guide:
            remark = await guide.remark(text="a temple")
            assert (remark.models, remark.text) == (("cerebras",), "A temple, says the fast one.")
            assert (await answer(guide)) == (("gemini",), "A house of bamboo.")
            assert models_asked(gemini) == {"gpt-4o-mini"}

            await gemini.set_fault("openai", "refuse")  # the one that writes remarks stands behind it
            assert (await answer(guide)) == (("cerebras",), "A temple, says the fast one.")


async def answer(guide: CommentatorAlone) -> tuple[tuple[str, ...], str]:
    """Which models had a part in an answer, and the answer."""
    now = time.monotonic()
    trigger = Trigger(
        kind="answer",
        turn_id=f"turn-{now}",
        text=QUESTION,
        language="en",
        received_mono=now,
        received_at=time.time(),
        expires_mono=now + 20.0,
    )
    guide.hear(trigger)
    turn = await guide.turn(trigger.trigger_id)
    return tuple(turn.models), turn.text
