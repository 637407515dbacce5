"""A question finds its page however its words are inflected, and one about something else finds none."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.commentator.knowledge import Knowledge, terms
from edge.commentator.knowledge.knowledge import PASSAGES
from edge.messages import Language

EXAMPLES = Path(__file__).parents[2] / "examples" / "knowledge"
LANGUAGES: tuple[Language, ...] = ("ru", "en", "id")


@pytest.fixture(scope="module")
def examples() -> Iterator[Knowledge]:
    knowledge = Knowledge(EXAMPLES, LANGUAGES)
    knowledge.refresh()
    yield knowledge
    knowledge.close()


def knowing(folder: Path, **pages: str) -> Knowledge:
    for name, text in pages.items():
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    knowledge = Knowledge(folder, LANGUAGES)
    knowledge.refresh()
    return knowledge


@pytest.mark.parametrize(
    ("question", "source"),
    [
        ("Во сколько открывается кафе?", "ru/cafe.md"),
        ("До скольки работает «Лотос»?", "ru/cafe.md"),
        ("Есть ли вегетарианское меню?", "ru/cafe.md"),
        ("Почём чашка кофе", "ru/cafe.md"),
        ("Какой высоты башня?", "ru/tower.md"),
        ("Сколько ступенек в башне?", "ru/tower.md"),
        ("Можно ли с детьми подняться наверх?", "ru/tower.md"),
        ("Что видно с башен?", "ru/tower.md"),
        ("Сколько остановок у шаттла?", "ru/shuttle.md"),
        ("где ближайшая остановка", "ru/shuttle.md"),
        ("Можно с чемоданом?", "ru/shuttle.md"),
        ("А велосипед возьмёте?", "ru/shuttle.md"),
        ("Почём билет для ребёнка?", "ru/about.md"),
        ("Кто основал долину?", "ru/about.md"),
        ("Где найти врача?", "ru/about.md"),
        ("Можно гулять с собаками?", "ru/about.md"),
        ("Как зовут кошек у мастерской?", "ru/about.md"),
        ("Who founded the valley?", "en/about.md"),
        ("How much is a ticket for a child?", "en/about.md"),
        ("Can we rent a surfboard?", "en/beach.md"),
        ("is swimming dangerous", "en/beach.md"),
    ],
)
def test_a_question_finds_its_page(examples: Knowledge, question: str, source: str) -> None:
    language: Language = "ru" if source.startswith("ru") else "en"
    assert examples.search(question, language)[0].source == source


@pytest.mark.parametrize(
    "question",
    [
        "Кто президент Франции?", "Какая завтра погода?", "Сколько тебе лет?", "Расскажи анекдот",
        "Как правильно варить борщ?", "Сколько будет дважды два?", "Что это было?", "Включи музыку погромче",
        "Who won the football championship?", "Tell me a joke", "What was that dog?", "How are you today?",
        "Siapa presiden Indonesia?", "", "?!", "это что за",
    ],
)  # fmt: skip
def test_a_question_about_something_else_finds_nothing(examples: Knowledge, question: str) -> None:
    assert examples.search(question, "ru") == []


def test_a_passage_names_where_it_stands(examples: Knowledge) -> None:
    best = examples.search("Когда открыто кафе «Лотос»?", "ru")[0]
    assert best.source == "ru/cafe.md"
    assert best.heading == "Кафе «Лотос» › Часы работы"
    assert best.text.startswith("Открыто ежедневно с семи утра")
    assert 0.3 <= best.score <= 1.0


def test_the_best_come_first_and_not_too_many(examples: Knowledge) -> None:
    found = examples.search("башня", "ru")
    assert len(found) == PASSAGES
    assert all(passage.heading.startswith("Бамбуковая башня") for passage in found)


def test_of_equal_pages_the_one_in_the_language_of_the_question_comes_first(tmp_path: Path) -> None:
    knowledge = knowing(
        tmp_path, **{"a.en": "# Sunset Bar\n\nOpen late.", "b.id": "# Sunset Bar\n\nBuka sampai malam."}
    )
    assert [p.source for p in knowledge.search("sunset bar", "en")] == ["a.en.md", "b.id.md"]
    assert [p.source for p in knowledge.search("sunset bar", "id")] == ["b.id.md", "a.en.md"]


def test_indonesian_words_are_found_with_their_affixes(tmp_path: Path) -> None:
    knowledge = knowing(tmp_path, **{"x.id": "# Pantai\n\nAnak boleh berenang di antara dua bendera."})
    assert knowledge.search("di mana anaknya bisa renang?", "id")


def test_a_page_without_a_language_in_its_path_is_read_in_its_own(tmp_path: Path) -> None:
    knowledge = knowing(tmp_path, x="# Beaches\n\nThe beaches are black and they are for the swimmers.")
    assert knowledge.search("is there a beach for a swimmer?", "en")


def test_without_the_dictionary_words_are_stemmed_and_somebody_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "pymorphy3", None)
    monkeypatch.setattr(terms, "_morphology", cache(terms._morphology.__wrapped__))
    monkeypatch.setattr(terms, "_term", terms._term.__wrapped__)
    knowledge = knowing(tmp_path, tower="# Башня\n\nВысота двадцать метров.")
    assert knowledge.search("какой высоты башни?", "ru")
    assert [record.getMessage() for record in caplog.records] == [
        "pymorphy3 is not installed: Russian questions find fewer pages; install it"
    ]


@pytest.mark.parametrize("few", [1, 2, 5])
def test_a_small_folder_answers_as_well(tmp_path: Path, few: int) -> None:
    fillers = {f"filler{n}": f"# Тема {n}\n\nСовсем про другое дело номер {n}." for n in range(few - 1)}
    knowledge = knowing(tmp_path, cafe="# Кафе\n\nКофе варят до десяти.", **fillers)
    assert knowledge.search("где варят вкусный кофе?", "ru")[0].source == "cafe.md"
    assert knowledge.search("кто президент Франции", "ru") == []


@given(
    st.text(max_size=120) | st.from_regex(r"[\"'*^:()\-+ANDORTE ]{1,40}кафе[\"'*^:()\-]{0,9}", fullmatch=True)
)
def test_no_question_breaks_the_search(examples: Knowledge, question: str) -> None:
    for passage in examples.search(question, "ru"):
        assert 0.0 < passage.score <= 1.0


@pytest.mark.parametrize(
    "question",
    ['"кафе', "кафе*", "heading:кафе", "кафе) OR (x", "NEAR(кафе, 2)", "кафе AND NOT лотос", "кафе\x00"],
)
def test_query_syntax_is_just_words(examples: Knowledge, question: str) -> None:
    assert examples.search(question, "ru")[0].source == "ru/cafe.md"
