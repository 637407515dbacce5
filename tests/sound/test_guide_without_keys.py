"""Without any key and without a network the guide speaks all the same, in each of its languages."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import pytest_asyncio

from edge.commentator.clauses import ClauseCutter
from edge.config import Espeak
from edge.messages import Language
from edge.sound.resample import Resampler
from edge.speaker.voices.espeak import EspeakVoice
from tests.support.broker import Broker, running
from tests.support.guide import Guide
from tests.support.shared_scene import SharedScene, shared_scene
from tests.support.sound_match import WINDOW, Sound, offset_of, windows_heard
from tests.support.sound_server import RATE, UNHURRIED, SoundServer, running_sound_server
from tests.support.speaking import script_of, speak

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.real_time("the sound is compared with what the voice gave, window by window"),
]

QUIET = 0.01
"""RMS below which a window is a pause, in which nothing can be recognised."""


class Scene(NamedTuple):
    """A guide with a loudspeaker and nothing else."""

    guide: Guide
    sound: SoundServer


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scenes(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SharedScene[Scene]]:
    async with shared_scene(lambda _: speaking_alone(tmp_path_factory.mktemp("alone"))) as scenes:
        yield scenes


@contextlib.asynccontextmanager
async def speaking_alone(folder: Path) -> AsyncIterator[Scene]:
    with running(Broker(folder / "broker")) as broker, running_sound_server() as sound:
        environment = {**sound.environment, **UNHURRIED, "SHUTTLE_GUIDE_SPEAKER__OUTPUT": "default"}
        async with Guide(folder / "guide", broker.port, environment) as guide:
            await guide.until_ready()
            await guide.until_state(lambda state: state["output"] == "open")
            yield Scene(guide, sound)


@pytest.mark.parametrize(
    ("language", "typed", "about"),
    [
        ("ru", "две собаки справа", "собак"),
        ("en", "two dogs on the right", "dogs"),
        ("id", "dua anjing di kanan", "anjing"),
        ("ru", "закат над рисовым полем", ""),
    ],
)
async def test_a_remark_is_written_and_spoken_on_this_machine(
    scene: Scene, language: Language, typed: str, about: str
) -> None:
    with scene.sound.record() as recording:
        turn = await scene.guide.say("event", text=typed, language=language)
    assert (turn["outcome"], turn["language"]) == ("spoken", language)
    assert turn["rungs"]["models"] == ["phrasebook"]
    assert turn["rungs"]["voices"] == ["espeak"]
    assert about in turn["text"].lower()
    assert_heard(await espeak_saying(turn["text"], language), recording.samples)


async def test_nothing_else_is_tried(scene: Scene) -> None:
    await scene.guide.until_state(
        lambda state: state["rungs"] == {"model.phrasebook": "ok", "voice.espeak": "ok"}
    )


async def espeak_saying(text: str, language: Language) -> Sound:
    """What the guide's last voice makes of it, shape (n,), at the loudspeaker's rate."""
    cutter = ClauseCutter()
    clauses = [*cutter.feed(text), cutter.rest()]
    spoken = await speak(EspeakVoice(Espeak()), script_of(clauses), language=language)
    assert spoken.error is None
    sound = spoken.samples.astype(np.float32) / np.float32(32768)
    resampler = Resampler(spoken.sample_rate, RATE)
    return np.concatenate((resampler.push(sound), resampler.flush()))


def assert_heard(sound: Sound, recording: Sound) -> None:
    """All of it, in one piece, to its last word."""
    at_once = windows_heard(sound, recording, offset_of(sound, recording))
    levels = np.sqrt(np.square(sound[: len(at_once) * WINDOW].reshape(-1, WINDOW)).mean(axis=1))
    assert at_once[levels > QUIET].all()
