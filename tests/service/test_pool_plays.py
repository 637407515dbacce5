"""What was voiced ahead is heard at once, whole, and no remark twice."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from edge.bench.clouds import CloudEmulator
from edge.bench.clouds.tones import letters_of
from edge.messages import Pattern, PoolText
from tests.support.heard import Heard
from tests.support.sound_server import RATE, UNHURRIED, Recording, SoundServer, running_sound_server
from tests.support.speaker_alone import EAGER_POOL, SpeakerAlone
from tests.support.speaking_guide import QUICK, SPEED

pytestmark = pytest.mark.asyncio(loop_scope="module")

DOGS = "Две собаки! Обе рады."


class Scene:
    def __init__(self, speaker: SpeakerAlone, clouds: CloudEmulator, sound: SoundServer) -> None:
        self.speaker = speaker
        self.clouds = clouds
        self.sound = sound

    def voiced(self) -> list[str]:
        """Every text that the cloud has spoken, oldest first."""
        return [
            output.text.strip() for record in self.clouds.requests("elevenlabs") for output in record.outputs
        ]


def remark(entry_id: str, text: str = DOGS) -> PoolText:
    return PoolText(
        entry_id=entry_id, use="remark", language="ru", text=text, pattern=Pattern(label="dog", count="two")
    )


def letters(recording: Recording) -> str:
    return Heard(recording.samples, RATE).letters


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    folder = tmp_path_factory.mktemp("pool")
    with running_sound_server() as sound:
        async with CloudEmulator(QUICK) as clouds:
            environment = {
                **sound.environment,
                **UNHURRIED,
                **EAGER_POOL,
                **clouds.env(),
                "SHUTTLE_GUIDE_SPEAKER__OUTPUT": "default",
                "SHUTTLE_GUIDE_ELEVENLABS__SPEED": str(SPEED),
            }
            async with SpeakerAlone(folder / "s", environment) as speaker:
                yield Scene(speaker, clouds, sound)


async def test_a_pooled_remark_is_heard_once_and_whole_and_never_again(scene: Scene) -> None:
    await scene.speaker.fill(remark("dogs"))
    asked = len(scene.voiced())
    with scene.sound.record() as first:
        scene.speaker.say("hit", DOGS, entry="dogs")
        hit = await scene.speaker.report("hit")
    assert (hit.outcome, hit.spoken_text, hit.voices) == ("spoken", DOGS, ("pool",))
    assert letters(first) == letters_of(DOGS)
    assert len(scene.voiced()) == asked, "no voice was asked"
    await scene.speaker.until(lambda: "dogs" not in scene.speaker.held, "it to be gone")

    with scene.sound.record() as second:
        scene.speaker.say("miss", DOGS, entry="dogs")
        miss = await scene.speaker.report("miss")
    assert (miss.outcome, miss.spoken_text, miss.voices) == ("spoken", DOGS, ("elevenlabs",))
    assert letters(second) == letters_of(DOGS)
