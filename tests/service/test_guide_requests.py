"""What passengers ask of the guide itself is done without a model, and is a turn like any other."""

from __future__ import annotations

import time
from pathlib import Path

import zmq.asyncio

from edge.bus import Delivery, PipeSender
from edge.bus.topology import ORDERS
from edge.messages import Language, Occasion, StopRequest, Trigger, VolumeOrder
from edge.package_tables import read_table
from tests.support.broker import Broker, running
from tests.support.commentator_alone import CommentatorAlone
from tests.support.guide import Guide
from tests.support.page_questions import PAGES
from tests.support.sound_server import UNHURRIED, running_sound_server

SETTINGS = {
    "SHUTTLE_GUIDE_SHUTTLE__LANGUAGE": "ru",
    "SHUTTLE_GUIDE_COMMENTATOR__AHEAD__ENABLED": "false",
    "SHUTTLE_GUIDE_COMMENTATOR__CHATTINESS": "unlimited",
    "SHUTTLE_GUIDE_LISTENER__LANGUAGES": "ru,en,id",
    "SHUTTLE_GUIDE_ANSWERS__KNOWLEDGE_DIR": str(PAGES),
}


def heard(occasion: Occasion | None, language: Language, text: str | None = None) -> Trigger:
    now = time.monotonic()
    return Trigger(
        kind="answer",
        occasion=occasion,
        text=text,
        language=language,
        received_mono=now,
        received_at=time.time(),
        expires_mono=now + 20.0,
    )


def lines(language: Language, occasion: Occasion) -> list[str]:
    said: list[str] = read_table("edge.commentator", f"answers/{language}.toml")[occasion]
    return said


async def test_it_says_the_last_words_again_who_it_is_and_that_it_obeys(tmp_path: Path) -> None:
    async with CommentatorAlone(tmp_path, SETTINGS) as guide:

        async def react(occasion: Occasion, language: Language) -> str:
            asked = heard(occasion, language)
            guide.hear(asked)
            turn = await guide.turn(asked.trigger_id)
            assert (turn.kind, turn.occasion, turn.outcome) == ("answer", occasion, "spoken")
            assert turn.models == ()
            assert {"accepted", "first_text", "last_sample"} <= {stage.stage for stage in turn.stages}
            return turn.text

        assert await react("repeat", "ru") in lines("ru", "repeat")
        remark = await guide.remark(label="dog", count=2)
        assert await react("repeat", "ru") == remark.text
        assert await react("introduction", "en") in lines("en", "introduction")
        assert await react("louder", "id") in lines("id", "louder")
        assert await react("quietest", "ru") in lines("ru", "quietest")
        assert await react("repeat", "en") == remark.text


async def test_a_language_that_was_asked_for_holds_for_the_conversation(tmp_path: Path) -> None:
    async with CommentatorAlone(tmp_path, SETTINGS) as guide:
        await guide.until(
            lambda: guide.state is not None and guide.state.facts["knowledge"].startswith("36"), "pages"
        )
        asked = heard("language", "en")
        guide.hear(asked)
        turn = await guide.turn(asked.trigger_id)
        assert (turn.language, turn.occasion) == ("en", "language")
        assert turn.text in lines("en", "language")
        for text, heard_as in (("сколько стоит парковка", "ru"), ("how tall is the lighthouse", "ru")):
            question = heard(None, heard_as, text)  # type: ignore[arg-type]
            guide.hear(question)
            assert (await guide.turn(question.trigger_id)).language == "en"


async def test_a_site_s_guide_says_itself_who_it_is(tmp_path: Path) -> None:
    prompts = tmp_path / "prompts"
    prompts.mkdir()
    (prompts / "introduction_en.txt").write_text("I am Putu,\nthe gecko.\n", encoding="utf-8")
    own = SETTINGS | {"SHUTTLE_GUIDE_COMMENTATOR__PROMPTS_DIR": str(prompts)}
    async with CommentatorAlone(tmp_path, own) as guide:
        for language, said in (("en", ["I am Putu, the gecko."]), ("ru", lines("ru", "introduction"))):
            asked = heard("introduction", language)  # type: ignore[arg-type]
            guide.hear(asked)
            assert (await guide.turn(asked.trigger_id)).text in said


async def test_remarks_rest_for_the_minutes_that_were_asked_for_and_answers_do_not(tmp_path: Path) -> None:
    async with CommentatorAlone(tmp_path, SETTINGS) as guide:
        await guide.remark(label="dog")
        guide.hear(StopRequest(quiet_s=600.0))
        asked = heard("introduction", "en")
        guide.hear(asked)
        await guide.turn(asked.trigger_id)
        seen = guide.see(label="cat")
        await guide.until(
            lambda: guide.state is not None and guide.state.counters.get("dropped.silent") == 1, "a drop"
        )
        assert seen not in guide.turns


async def test_a_volume_that_a_passenger_wanted_is_the_volume_until_the_doors_open(tmp_path: Path) -> None:
    with running(Broker(tmp_path / "broker")) as broker, running_sound_server() as sound:
        environment = {**sound.environment, **UNHURRIED, "SHUTTLE_GUIDE_SPEAKER__OUTPUT": "default"}
        async with Guide(tmp_path / "guide", broker.port, environment) as guide:
            await guide.until_ready()
            await order(guide, 0.53)
            await guide.until_state(lambda state: state["volume"] == 0.53)
            kept = lambda: b"".join(path.read_bytes() for path in guide.folder.rglob("control.json"))  # noqa: E731
            await guide.until(lambda: b'"wished_volume":0.53' in kept(), "the volume to be kept")
            guide.kill("ingest")
            await guide.until_back("ingest")
            await guide.until_state(lambda state: state["volume"] == 0.53)
            await guide.publish("cmd/volume", b"70%")
            await guide.until_state(lambda state: state["volume"] == 0.7)
            await order(guide, 0.47)
            await guide.until_state(lambda state: state["volume"] == 0.47)
            await guide.publish("vehicle", {"doors_open": True})
            await guide.until_state(lambda state: state["volume"] == 0.7)


async def order(guide: Guide, volume: float) -> None:
    """As the listener does."""
    context = zmq.asyncio.Context()
    listener = PipeSender(guide.folder / "run", ORDERS, "listener")
    listener.start(context)
    try:
        sent = listener.put(VolumeOrder(volume=volume), priority=3, expires_mono=time.monotonic() + 20.0)
        assert await sent is Delivery.ACKNOWLEDGED
    finally:
        await listener.close()
        context.destroy(linger=0)
