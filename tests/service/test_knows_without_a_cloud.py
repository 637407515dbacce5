"""Where no model answers, the pages do, in the question's language; what they do not say is not known."""

from __future__ import annotations

import time
import wave
from pathlib import Path

import numpy as np
import zmq.asyncio

from edge.bus import Delivery, PipeSender
from edge.bus.topology import TRIGGERS
from edge.messages import Guess, Language, Priority, SpeechStart, Trigger
from edge.package_tables import read_table
from tests.support.broker import Broker, running
from tests.support.commentator_alone import CommentatorAlone
from tests.support.guide import Guide
from tests.support.page_questions import PAGES
from tests.support.patient import PATIENT, patient

SETTINGS = {
    "SHUTTLE_GUIDE_COMMENTATOR__AHEAD__ENABLED": "false",
    "SHUTTLE_GUIDE_LISTENER__LANGUAGES": "ru,en,id",
    "SHUTTLE_GUIDE_ANSWERS__KNOWLEDGE_DIR": str(PAGES),
}
TELLS = {"SHUTTLE_GUIDE_TELEMETRY__ANSWER_TEXT": "true"}


def asked(text: str, language: Language, turn_id: str) -> Trigger:
    now = time.monotonic()
    return Trigger(
        kind="answer",
        turn_id=turn_id,
        text=text,
        language=language,
        received_mono=now,
        received_at=time.time(),
        expires_mono=now + 20.0,
    )


async def until_known(guide: CommentatorAlone) -> None:
    await guide.until(
        lambda: guide.state is not None and guide.state.facts["knowledge"].startswith("36 pages"), "36 pages"
    )


async def test_a_page_answers_in_its_own_words_and_what_no_page_says_is_not_known(tmp_path: Path) -> None:
    async with patient(CommentatorAlone(tmp_path, SETTINGS)) as guide:
        await until_known(guide)
        for number, (question, language, said, page) in enumerate(
            (
                ("почем чашка кофе", "ru", "чашка стоит 30 тысяч рупий", "ru/cafe.md"),
                ("how tall is the lighthouse", "en", "It is 38 metres tall", "en/lighthouse.md"),
                ("kapan anggrek hitam mekar", "id", "bulan November", "id/garden.md"),
            )
        ):
            question_asked = asked(question, language, f"t{number}")  # type: ignore[arg-type]
            guide.hear(question_asked)
            turn = await guide.turn(question_asked.trigger_id)
            assert (turn.outcome, turn.language) == ("spoken", language)
            assert (turn.models, turn.sources) == (("knowledge",), (page,))
            assert said in turn.text
        unknown = asked("who is the president of France", "en", "u")
        guide.hear(unknown)
        turn = await guide.turn(unknown.trigger_id)
        assert turn.models == ("phrasebook",)
        assert turn.text in read_table("edge.commentator", "answers/en.toml")["no_model"]


async def test_an_answer_that_was_begun_on_a_guess_is_a_page_s_as_well(tmp_path: Path) -> None:
    async with patient(CommentatorAlone(tmp_path, SETTINGS)) as guide:
        await until_known(guide)
        question = "who built the lighthouse?"
        guide.hear(Guess(turn_id="a", text=question, language="en", expires_mono=time.monotonic() + 20.0))
        certain = asked(question, "en", "a")
        guide.hear(certain)
        turn = await guide.turn(certain.trigger_id)
        assert (turn.models, turn.sources) == (("knowledge",), ("en/lighthouse.md",))
        assert "The Dutch built the lighthouse in 1897" in turn.text


async def test_what_the_site_forbids_is_not_quoted_either(tmp_path: Path) -> None:
    blocklists = tmp_path / "blocklists"
    blocklists.mkdir()
    (blocklists / "en.txt").write_text("Dutch\n", encoding="utf-8")
    settings = SETTINGS | {"SHUTTLE_GUIDE_COMMENTATOR__BLOCKLIST_DIR": str(blocklists)}
    async with patient(CommentatorAlone(tmp_path, settings)) as guide:
        await until_known(guide)
        question = asked("who built the lighthouse?", "en", "a")
        guide.hear(question)
        turn = await guide.turn(question.trigger_id)
        assert turn.models == ("phrasebook",)
        assert not any("Dutch" in m.text for m in guide.of_turn("a") if isinstance(m, SpeechStart))


async def test_a_russian_question_is_answered_aloud_with_a_page_s_sentence_and_a_voice_of_this_machine(
    tmp_path: Path,
) -> None:
    with running(Broker(tmp_path / "broker")) as broker:
        async with Guide(tmp_path / "guide", broker.port, SETTINGS | TELLS, program=PATIENT) as guide:
            await guide.until_ready()
            await guide.until_state(
                lambda state: "36 pages" in str(state["processes"].get("commentator", {}).get("facts"))
            )
            question = asked("почем чашка кофе", "ru", "q")
            context = zmq.asyncio.Context()
            listener = PipeSender(guide.folder / "run", TRIGGERS, "listener")
            listener.start(context)
            sent = listener.put(question, priority=Priority.ANSWER, expires_mono=time.monotonic() + 20.0)
            assert await sent is Delivery.ACKNOWLEDGED
            turn = await guide.turn(question.trigger_id)
            await listener.close()
            context.destroy(linger=0)
            (heard,) = tmp_path.rglob("heard.wav")
            with wave.open(str(heard)) as file:
                samples = np.frombuffer(file.readframes(file.getnframes()), np.int16)
                sounding_s = np.count_nonzero(np.abs(samples) > 300) / file.getframerate()
    assert (turn["kind"], turn["outcome"], turn["language"]) == ("answer", "spoken", "ru")
    assert (turn["rungs"]["models"], turn["rungs"]["voices"]) == (["knowledge"], ["espeak"])
    assert "чашка стоит 30 тысяч рупий" in turn["text"]
    assert sounding_s > 1.0
