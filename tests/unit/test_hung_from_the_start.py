"""A service that hangs before anything was learned of it: how long its turn waits, and the turn after it.

The emulated clouds' usual latencies, in simulated time: the voice gets its text when the model has it.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import pytest

from bench.clouds import PROFILES
from edge.clock import monotonic
from edge.commentator.models.ladder import make_model_ladder
from edge.commentator.models.request import ModelRequest, WrittenClause
from edge.config import Budget, Settings
from edge.drive import simulated_time
from edge.ladder import Ladder
from edge.speaker.script import Script
from edge.speaker.voices.base import Piece, VoiceRequest
from edge.speaker.voices.ladder import make_voice_ladder

FIRST_S, SECOND_S = 1.0, 0.7
"""From the trigger to the first sound."""
OURS_S = 0.02
"""Beside models and voices; the bench measures it."""
SEED = PROFILES["seed"]
CLAUSE_S = SEED.first_token_s + 8 * SEED.per_token_s
WHOLE_CLAUSE_S = SEED.voice_first_byte_s + 1.5 / SEED.audio_speedup
"""Of a voice that gives each clause whole."""
QUIET_S = 3.0
"""Between two turns."""

CLOUDS = {
    "model": {"groq": CLAUSE_S, "openai": CLAUSE_S},
    "voice": {"elevenlabs": SEED.voice_first_byte_s, "openai": WHOLE_CLAUSE_S},
}
LAST = {"model": ("phrasebook", 0.0), "voice": ("espeak", 0.03)}


@dataclass
class EmulatedRung:
    """A rung that gives its first output after ``needs_s``, or never."""

    name: str
    needs_s: float
    output: Any
    local: bool = False
    hangs: bool = False
    opened: int = 0

    @property
    def paid(self) -> bool:
        return not self.local

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def probe(self) -> None:
        await self._work()

    async def open(self, request: object) -> AsyncGenerator[Any, None]:
        self.opened += 1
        await self._work()
        yield self.output

    async def _work(self) -> None:
        await (asyncio.Event().wait() if self.hangs else asyncio.sleep(self.needs_s))


class Scene:
    """Both ladders with the settings' budgets; a turn is the one behind the other."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        outputs = {
            "model": WrittenClause("Вот они.", 0.0),
            "voice": Piece(np.zeros(480, np.int16), 48_000, len("Вот они.")),
        }
        self.rungs = {
            stage: [EmulatedRung(name, needs_s, outputs[stage]) for name, needs_s in clouds.items()]
            + [EmulatedRung(*LAST[stage], outputs[stage], local=True)]
            for stage, clouds in CLOUDS.items()
        }

    async def turns(self, count: int) -> list[tuple[float, str, str]]:
        """Of each: seconds to the first sound, who wrote it, who spoke it."""
        models: Ladder[ModelRequest, WrittenClause] = make_model_ladder(self.settings, self.rungs["model"])
        voices = make_voice_ladder(self.settings, self.rungs["voice"])
        done = []
        for _ in range(count):
            begun_mono = monotonic()
            writer = await _first(models, ModelRequest("ru", "prompt", "две собаки"))
            script = Script()
            script.add("Вот они.")
            script.close()
            speaker = await _first(voices, VoiceRequest("ru", script))
            done.append((monotonic() - begun_mono + OURS_S, writer, speaker))
            await asyncio.sleep(QUIET_S)
        await models.close()
        await voices.close()
        return done

    def hang(self, *names: str) -> None:
        """``stage.rung`` each."""
        for name in names:
            stage, _, rung = name.partition(".")
            next(each for each in self.rungs[stage] if each.name == rung).hangs = True


async def _first(ladder: Ladder[Any, Any], request: Any) -> str:
    async for rung, _ in ladder.run(request):
        return rung
    raise AssertionError("nothing came")


@pytest.mark.parametrize(
    ("hung", "who_writes", "who_speaks"),
    [
        (["model.groq"], "openai", "elevenlabs"),
        (["model.groq", "model.openai"], "phrasebook", "elevenlabs"),
        (["voice.elevenlabs"], "groq", "openai"),
    ],
)
def test_the_first_turn_waits_a_second_and_the_next_one_hardly(
    hung: list[str], who_writes: str, who_speaks: str
) -> None:
    scene = Scene()
    scene.hang(*hung)
    (first_s, *_), (second_s, *of_second) = simulated_time.run(scene.turns(2))
    assert first_s <= FIRST_S
    assert second_s <= SECOND_S
    assert of_second == [who_writes, who_speaks]


def test_with_the_budgets_of_before_the_first_turn_waits_longer() -> None:
    """The control of the test above."""
    settings = Settings()
    settings = msgspec.structs.replace(
        settings,
        commentator=msgspec.structs.replace(
            settings.commentator, budget=Budget(initial_ms=1200, max_ms=2000)
        ),
        speaker=msgspec.structs.replace(settings.speaker, budget=Budget(initial_ms=900, max_ms=1500)),
    )
    for hung, least_s in {"model.groq": 1.65, "voice.elevenlabs": 1.35}.items():
        scene = Scene(settings)
        scene.hang(hung)
        assert simulated_time.run(scene.turns(1))[0][0] > least_s


def test_clouds_that_are_well_are_not_asked_twice() -> None:
    scene = Scene()
    turns = simulated_time.run(scene.turns(30))
    assert {turn[1:] for turn in turns} == {("groq", "elevenlabs")}
    asked = Counter(
        {rung.name: rung.opened for rungs in scene.rungs.values() for rung in rungs if rung.opened}
    )
    assert asked == {"groq": 30, "elevenlabs": 30}


def test_one_that_hung_once_is_used_again_as_soon_as_a_probe_succeeds() -> None:
    scene = Scene()
    groq = scene.rungs["model"][0]

    async def scenario() -> list[str]:
        models: Ladder[ModelRequest, WrittenClause] = make_model_ladder(scene.settings, scene.rungs["model"])
        request = ModelRequest("ru", "prompt", "две собаки")
        groq.hangs = True
        writers = [await _first(models, request)]
        groq.hangs = False
        await asyncio.sleep(QUIET_S)
        writers.append(await _first(models, request))
        await models.close()
        return writers

    assert simulated_time.run(scenario()) == ["openai", "groq"]


def test_a_cloud_that_is_only_slow_loses_one_turn_and_no_more() -> None:
    """It is the only one, so the phrasebook would speak in its place."""
    scene = Scene()
    scene.rungs["model"] = [scene.rungs["model"][0], scene.rungs["model"][-1]]
    scene.rungs["model"][0].needs_s = 1.1
    turns = simulated_time.run(scene.turns(8))
    assert [writer for _, writer, _ in turns] == ["phrasebook", *["groq"] * 7]


def test_a_cloud_that_is_known_to_be_slow_since_the_start_loses_none() -> None:
    scene = Scene()
    scene.rungs["model"] = [scene.rungs["model"][0], scene.rungs["model"][-1]]
    scene.rungs["model"][0].needs_s = 0.9

    async def scenario() -> str:
        models: Ladder[ModelRequest, WrittenClause] = make_model_ladder(scene.settings, scene.rungs["model"])
        await models.warm_up()
        return await _first(models, ModelRequest("ru", "prompt", "две собаки"))

    assert simulated_time.run(scenario()) == "groq"
