"""Three services that refuse, each for its own cause: a whole guide's journal and the doctor name them."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.clouds.causes import CauseName
from tests.service.test_true_causes import CLOUDFLARE, EXCEEDED, TOLD, Answer, error, response
from tests.support.broker import Broker
from tests.support.command import shuttle_guide
from tests.support.guide import Guide
from tests.support.parrot import Parrot

BLOCKED = Answer("Cloudflare", "address", 403, CLOUDFLARE)
EMPTY = Answer("OpenAI", "account", 429, error(EXCEEDED, "insufficient_quota", "insufficient_quota"))
CAUSES: dict[str, CauseName] = {"groq": "address", "openai": "account", "local": "path"}
WITHOUT_V1 = Answer("Ollama", "path", 404, "404 page not found")


@pytest.mark.timeout(180)
async def test_each_is_told_in_the_journal_and_by_the_doctor(tmp_path: Path, broker: Broker) -> None:
    async with (
        Parrot(response(BLOCKED)) as blocked,
        Parrot(response(EMPTY)) as empty,
        Parrot(response(WITHOUT_V1)) as without_v1,
    ):
        environment = {
            "GROQ_API_KEY": "gsk-of-nobody-1234567890",
            "OPENAI_API_KEY": "sk-of-nobody-1234567890",
            "SHUTTLE_GUIDE_SERVICES__GROQ__BASE_URL": f"http://127.0.0.1:{blocked.port}",
            "SHUTTLE_GUIDE_SERVICES__OPENAI__BASE_URL": f"http://127.0.0.1:{empty.port}/v1",
            "SHUTTLE_GUIDE_SERVICES__LOCAL__BASE_URL": f"http://127.0.0.1:{without_v1.port}",
            "SHUTTLE_GUIDE_SERVICES__LOCAL__MODEL": "gemma3:4b",
            "SHUTTLE_GUIDE_COMMENTATOR__MODELS": "groq,openai,local",
            "SHUTTLE_GUIDE_SPEAKER__VOICES": "espeak",
        }
        async with Guide(tmp_path, broker.port, environment) as guide:
            await guide.until_ready()
            turn = await guide.say("event", text="две собаки справа")
            assert (turn["outcome"], turn["rungs"]["models"]) == ("spoken", ["phrasebook"])
            await guide.until_rungs(
                lambda rungs: "ok" not in [rungs.get(f"model.{name}", "ok") for name in CAUSES]
            )
            await guide.until(
                lambda: all(f"{name} failed" in guide.log() for name in CAUSES), "a line for each"
            )
            journal = guide.log()
            found = await shuttle_guide("doctor", environment=guide.environment, folder=guide.folder)
    doctor = " ".join(found.out.split())
    for name, cause in CAUSES.items():
        lines = [line for line in journal.splitlines() if f"{name} failed" in line]
        assert lines, name
        assert all(TOLD[cause] in line for line in lines)
        assert TOLD[cause] in doctor
        assert "check its API key" not in " ".join(lines)
    asked = f"127.0.0.1:{without_v1.port}/chat/completions; check its base_url (is /v1 missing?)"
    assert asked in journal
    assert "is /v1 missing?" in doctor
