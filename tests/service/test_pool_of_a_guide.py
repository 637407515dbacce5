"""A whole guide: it fills its pool on an order, and speaks from it when every cloud is gone."""

from __future__ import annotations

import asyncio
import json
import random
import sys
from pathlib import Path
from typing import Any

import pytest

from bench.clouds import CloudEmulator, Profile
from edge.commentator.pool.plan import PER_REQUEST
from tests.support.broker import Broker
from tests.support.guide import Guide
from tests.support.speaker_alone import EAGER_POOL

pytestmark = pytest.mark.timeout(150)

SIZE = PER_REQUEST + 2
FULL = 4
"""Two requests give two remarks each; for what is missing then none is made."""
QUICK = Profile(name="quick", first_token_s=0.05, voice_first_byte_s=0.03, connection_setup_s=0.01)
SETTINGS = {
    "SHUTTLE_GUIDE_COMMENTATOR__AHEAD__ENABLED": "true",
    "SHUTTLE_GUIDE_COMMENTATOR__AHEAD__LABELS": "dog",
    "SHUTTLE_GUIDE_COMMENTATOR__AHEAD__SIZE": str(SIZE),
    **EAGER_POOL,
}


class Model:
    """Of dogs it says something new each time."""

    def __init__(self) -> None:
        self._rng = random.Random(1)

    def __call__(self, request: dict[str, Any]) -> str:
        words = ["".join(self._rng.choices("абвгдежз", k=6)) for _ in range(8)]
        remarks = [" ".join(words[:4]) + ".", " ".join(words[4:]) + "."]
        return "Вот так встреча!" if request.get("stream") else json.dumps(remarks, ensure_ascii=False)


async def test_ordered_to_fill_it_speaks_from_the_pool_also_offline_until_it_is_used_up(
    tmp_path: Path, broker: Broker
) -> None:
    async with (
        CloudEmulator(QUICK, reply=Model()) as clouds,
        Guide(tmp_path, broker.port, clouds.env() | SETTINGS) as guide,
    ):
        await guide.until_ready()
        fill = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "edge", "pool", "fill", "--timeout", "60"),
            env=guide.environment,
            cwd=guide.folder,
            stdout=asyncio.subprocess.PIPE,
        )
        told, _ = await fill.communicate()
        assert fill.returncode == 0, guide.log()
        assert told.decode().splitlines()[-1] == "pool: full"
        for service in ("groq", "openai", "elevenlabs"):
            await clouds.set_fault(service, "refuse")  # type: ignore[arg-type]
        said = []
        for number in range(FULL):
            turn = await guide.say("event", label="dog", count=1 if number < 2 else 4)
            assert turn["rungs"]["models"] == ["pool"]
            assert turn["outcome"] == "spoken"
            said.append(turn["text"])
        assert len(set(said)) == FULL
        turn = await guide.say("event", label="dog")
        assert (turn["outcome"], turn["rungs"]["model"]) == ("spoken", "phrasebook")
