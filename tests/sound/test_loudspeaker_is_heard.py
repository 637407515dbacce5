"""What was announced was heard: a real sound server, whose loudspeaker the microphone hears, or does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.conversing_guide import ConversingGuide, conversing_guide
from tests.support.guide import JsonObject

pytestmark = [
    pytest.mark.slow,
    pytest.mark.asyncio,
    pytest.mark.real_time("the loudspeaker has to be heard by the microphone without holes"),
]
MOST_REMARKS = 8


def alarm(scene: ConversingGuide) -> JsonObject:
    return scene.guide.retained.get("alarm/not_heard", {})


async def remark_until(scene: ConversingGuide, raised: bool, loudspeaker: str) -> None:
    """Have it speak until the loudspeaker counts as this; a wait for news of the last remark goes before."""
    for number in range(MOST_REMARKS):
        assert (await scene.remark(number))["outcome"] == "spoken", "it is played, whoever hears it"
        await scene.settled()
        if (alarm(scene).get("raised"), scene.listener["facts"]["loudspeaker"]) == (raised, loudspeaker):
            return
    pytest.fail(f"{alarm(scene)}, {scene.listener['facts']}")


@pytest.mark.parametrize("settings", [{"LISTENER__DUPLEX": "half"}, {}], ids=["half duplex", "full duplex"])
async def test_a_loudspeaker_that_dies_raises_an_alarm_until_it_is_heard_again(
    tmp_path: Path, settings: dict[str, str]
) -> None:
    async with conversing_guide(tmp_path, settings) as scene:
        await scene.guide.until(lambda: alarm(scene).get("raised") is False, "its alarm")
        assert scene.listener["facts"]["loudspeaker"] == "not judged", "nothing was said yet"
        await remark_until(scene, False, "heard")
        scene.room.cut_loudspeaker(True)
        await remark_until(scene, True, "not heard by the microphone")
        assert alarm(scene)["reason"] == "the microphone does not hear what the loudspeaker plays"
        scene.room.cut_loudspeaker(False)
        await remark_until(scene, False, "heard")
        assert scene.sound.captures() == 1
        await scene.guide.publish("cmd/microphone", "off")
        off = "listening to nobody: the microphone is switched off"
        told = (off, "not judged")
        await scene.guide.until(
            lambda: (scene.listener["status"], scene.listener["facts"]["loudspeaker"]) == told,
            "it to be told",
        )
        await scene.guide.until(lambda: scene.sound.captures() == 0, "the device to be let go")
        await scene.guide.publish("cmd/microphone", "on")
        await remark_until(scene, False, "heard")
