"""Listeners that are set otherwise than those of ``test_listener_answers``, each in a guide of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.config import MqttSettings
from tests.support.broker import Broker, running
from tests.support.cabin_microphone import CabinMicrophone
from tests.support.guide import Guide
from tests.support.listener_alone import ListenerAlone
from tests.support.listening_guide import CHATTER, FOLLOW_UP, QUESTION, SPHINX, SUNSET, listener_of, listening
from tests.support.mqtt_watch import Watch
from tests.support.spoken_english import has_synthesizer

pytest.importorskip("pocketsphinx")
pytestmark = [
    pytest.mark.real_time("a recognizer has to understand words as they are said"),
    pytest.mark.skipif(not has_synthesizer("flite"), reason="flite is not installed"),
]


async def test_a_stop_word_ends_what_the_guide_says_where_it_can_be_heard_meanwhile(tmp_path: Path) -> None:
    async with listening(tmp_path, **SPHINX, LISTENER__DUPLEX="full") as scene:
        remark_id = await scene.guide.begin("event", text=SUNSET)
        await scene.guide.until_stage(remark_id, "first_sample")
        scene.passenger_says("stop")
        remark = await scene.guide.turn(remark_id)
    assert (remark["outcome"], remark["reason"]) == ("interrupted", "a passenger asked for silence")


@pytest.mark.slow
async def test_by_default_no_word_of_a_conversation_is_published_logged_or_written(tmp_path: Path) -> None:
    async with listening(tmp_path, **SPHINX, LOG_LEVEL="DEBUG") as scene:
        port = int(scene.guide.environment["SHUTTLE_GUIDE_MQTT__PORT"])
        async with Watch(MqttSettings(port=port), "eavesdropper", subscriptions=("#",)) as mqtt:
            await mqtt.until_connected()
            scene.passenger_says(CHATTER)
            await scene.guide.until(lambda: scene.utterances("not_addressed") > 0, "the utterance")
            turn = await scene.answer_to(QUESTION)
            await scene.answer_to(FOLLOW_UP)
            published = b" ".join(mqtt.payloads()).decode()
        log = scene.guide.log()
        pages = scene.guide.folder / "knowledge"
        index = scene.guide.folder / "state" / "knowledge.sqlite"
        files = [f for f in scene.guide.folder.rglob("*") if f.is_file() and pages not in f.parents]
        written = b" ".join(bytes_of(file) for file in files if file != index).decode(errors="replace")
    assert "weather" in scene.asked()[-1], "it was understood"
    assert (turn["outcome"], turn["text"], turn["sources"]) == ("spoken", None, [])
    for told in (published, log, written):
        assert not [word for word in ("place very much", "weather", "bamboo") if word in told.lower()]


def bytes_of(file: Path) -> bytes:
    """Nothing for one that got its name meanwhile."""
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return b""


@pytest.mark.parametrize(
    ("settings", "status"),
    [
        ({"INPUT": "wav:/nowhere.wav", "RECOGNIZER__ORDER": "pocketsphinx"}, "listening to nobody: wav:"),
        ({"INPUT": "MICROPHONE"}, "shuttle-guide models fetch whisper/base"),
    ],
)
async def test_without_ears_it_is_there_and_says_why(
    tmp_path: Path, settings: dict[str, str], status: str
) -> None:
    with CabinMicrophone(tmp_path / "mic") as microphone:
        environment = {
            f"SHUTTLE_GUIDE_LISTENER__{key}": value.replace("MICROPHONE", microphone.input)
            for key, value in settings.items()
        }
        async with ListenerAlone(tmp_path / "listener", environment) as listener:
            await listener.until(lambda: status in listener.state.status if listener.state else False, status)


async def test_without_ears_it_speaks_all_the_same(tmp_path: Path) -> None:
    with running(Broker(tmp_path / "broker")) as broker:
        async with Guide(tmp_path / "guide", broker.port) as guide:
            await guide.until_ready()
            status = "listening to nobody: no microphone is configured"
            await guide.until_state(lambda state: status in listener_of(state)["status"])
            assert (await guide.say("event", text="собака слева"))["outcome"] == "spoken"
