"""What goes with a passenger's question, and what is said when no model answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from edge.commentator import answers as answers_module
from edge.commentator.answers import Answers
from edge.commentator.forbidden import Forbidden
from edge.commentator.models.phrasebook_rung import PhrasebookRung
from edge.commentator.models.request import ModelRequest
from edge.commentator.ready_answers import ReadyAnswers
from edge.config import Settings
from edge.messages import Language, Sighting, Turn
from edge.package_tables import read_table
from tests.support.waiting import PATIENCE_S, until

QUESTION = "when does the temple open?"


@pytest.fixture(autouse=True)
def a_folder_is_searched_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers_module, "SEARCH_TIMEOUT_S", PATIENCE_S)


def settings(folder: Path, **answers: float) -> Settings:
    tree = {"answers": {"knowledge_dir": str(folder), **answers}, "state_dir": str(folder / "state")}
    return msgspec.convert(tree, Settings)


@pytest.fixture
async def answers(tmp_path: Path) -> AsyncIterator[Answers]:
    made = Answers(settings(tmp_path))
    yield made
    made.close()


def answered(text: str) -> Turn:
    return Turn(
        turn_id="t",
        trigger_id="t",
        kind="answer",
        priority=3,
        language="en",
        text=text,
        outcome="spoken",
        received_at=0.0,
        stages=(),
    )


async def test_what_was_seen_and_said_goes_with_the_question(answers: Answers) -> None:
    answers.saw(Sighting(label="dog", side="left"), time.monotonic())
    answers.answered("what is that?", answered("That is the temple."), time.monotonic())
    request = await answers.request(QUESTION, "en")
    assert request.is_answer
    assert QUESTION in request.user
    assert "dog on the left" in request.user
    assert "guide: That is the temple." in request.user
    assert request.sources == ()


async def test_what_follows_up_is_looked_up_with_the_question_before(tmp_path: Path) -> None:
    (tmp_path / "cafe.en.md").write_text("# Café Lotus\n\nCafé Lotus is by the pond. It shuts at nine.\n")
    answers = Answers(settings(tmp_path))
    reading = asyncio.create_task(answers.keep_up())
    await until(lambda: answers.fact.startswith("1 pages"))
    assert (await answers.request("and when does it close?", "en")).sources == ()
    answers.answered("where is the café?", answered("By the pond."), time.monotonic())
    request = await answers.request("and when does it close?", "en")
    assert request.sources == ("cafe.en.md",)
    assert "It shuts at nine." in request.user
    reading.cancel()
    answers.close()


KIOSK: dict[Language, str] = {
    "ru": "# Киоск\n\nКофе стоит 30 тысяч рупий. Чай стоит 20 тысяч рупий.\n",
    "en": "# The kiosk\n\nCoffee costs 30 thousand rupiah. Tea costs 20 thousand rupiah.\n",
    "id": "# Kios\n\nHarga kopi 30 ribu rupiah. Harga teh 20 ribu rupiah.\n",
}


@pytest.mark.parametrize(
    ("language", "first", "again", "other"),
    [
        ("ru", "Сколько стоит кофе?", ("А почему?", "Ты уверен?", "А что ты сам думаешь?"), "А чай?"),
        ("en", "How much is coffee?", ("And why?", "Are you sure?", "What do you think?"), "And tea?"),
        ("id", "Berapa harga kopi?", ("Kenapa?", "Kamu yakin?", "Menurutmu bagaimana?"), "Kalau teh?"),
    ],
)
async def test_a_follow_up_without_a_topic_is_not_answered_with_the_same_sentence(
    tmp_path: Path, language: Language, first: str, again: tuple[str, ...], other: str
) -> None:
    (tmp_path / f"kiosk.{language}.md").write_text(KIOSK[language], encoding="utf-8")
    answers = Answers(settings(tmp_path))
    reading = asyncio.create_task(answers.keep_up())
    await until(lambda: answers.fact.startswith("1 pages"))

    async def quote(question: str) -> str:
        request = await answers.request(question, language)
        return request.quote.text if request.quote else ""

    for follow_up in again:
        price = await quote(first)
        assert "30" in price
        answers.answered(first, answered(price), time.monotonic())
        assert await quote(follow_up) == "", follow_up
    assert "20" in await quote(other)
    reading.cancel()
    answers.close()


async def test_an_unspoken_answer_is_no_part_of_the_conversation(answers: Answers) -> None:
    answers.answered("what is that?", answered(""), time.monotonic())
    assert "conversation" not in (await answers.request(QUESTION, "en")).user


async def test_other_passengers_do_not_hear_of_what_was_said_before_them(answers: Answers) -> None:
    asked_mono = time.monotonic()
    answers.answered("am I late for my flight?", answered("I do not know."), asked_mono)
    answers.forget()
    answers.answered("and the next one?", answered("Nor that."), asked_mono)
    assert "conversation" not in (await answers.request(QUESTION, "en")).user
    answers.answered("what is that?", answered("That is the temple."), time.monotonic())
    assert "That is the temple." in (await answers.request(QUESTION, "en")).user


async def test_other_passengers_are_not_answered_in_the_language_that_one_before_them_wanted(
    answers: Answers,
) -> None:
    asked_mono = time.monotonic()
    answers.forget()
    answers.speak("en", asked_mono)
    assert answers.language_of("Когда открывается храм?", "ru") == "ru"
    answers.speak("en", time.monotonic())
    assert answers.language_of("Когда открывается храм?", "ru") == "en"


async def test_in_a_wanted_language_a_question_in_another_one_gets_no_page_of_the_other_one(
    tmp_path: Path,
) -> None:
    (tmp_path / "kiosk.ru.md").write_text(KIOSK["ru"], encoding="utf-8")
    answers = Answers(settings(tmp_path))
    reading = asyncio.create_task(answers.keep_up())
    await until(lambda: answers.fact.startswith("1 pages"))
    answers.speak("en", time.monotonic())
    question = "Сколько стоит кофе?"
    request = await answers.request(question, answers.language_of(question, "ru"))
    assert (request.language, request.quote) == ("en", None)
    assert request.sources == ("kiosk.ru.md",)  # a model has it, and says it in English
    assert await said(request) in read_table("edge.commentator", "answers/en.toml")["no_model"]
    reading.cancel()
    answers.close()


async def test_after_a_quiet_time_nothing_is_remembered_though_nobody_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers_module, "FORGET_PERIOD_S", 0.01)
    answers = Answers(settings(tmp_path, forget_after_s=0.05))
    answers.answered("am I late for my flight?", answered("I do not know."), time.monotonic())
    forgetting = asyncio.create_task(answers.forget_in_time())
    await until(lambda: "flight" not in repr(vars(answers._conversation)))
    forgetting.cancel()
    answers.close()


@pytest.mark.parametrize(
    ("text", "heard", "language"),
    [
        ("Когда открывается храм?", None, "ru"),
        (QUESTION, "ru", "en"),
        ("Sunset Bar?", "id", "id"),
        ("Sunset Bar?", None, "ru"),
    ],
)
def test_it_is_answered_in_the_language_of_the_question(
    tmp_path: Path, text: str, heard: Language | None, language: Language
) -> None:
    assert Answers(settings(tmp_path)).language_of(text, heard) == language


async def said(request: ModelRequest) -> str:
    rung = PhrasebookRung(Forbidden())
    return " ".join([clause.text async for clause in rung.open(request)])


@pytest.mark.parametrize(("before", "occasion"), [("", "no_model"), ("The temple is", "broken_off")])
async def test_without_a_model_it_says_so_and_remarks_on_nothing(before: str, occasion: str) -> None:
    request = ModelRequest(language="en", system="", user=QUESTION, is_answer=True, said=before)
    lines = ReadyAnswers("en")
    known = {lines.pick(occasion) for _ in range(200)}  # type: ignore[arg-type]
    assert await said(request) in known
