"""Which sentences of a page answer a question, and when none does."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.commentator.knowledge import Knowledge
from edge.commentator.knowledge.pages import sentences
from edge.commentator.knowledge.question_kinds import asked
from edge.commentator.knowledge.related_words import are_alike, same_terms
from edge.messages import Language

BAR = """# Sunset Bar

The bar stands on the cliff above Dr. Hale's house. It opens at five. A lemonade costs 40 thousand rupiah.

## Music

- A band plays on Fridays.
- On other days there is silence.
"""


def knowing(folder: Path, **pages: str) -> Knowledge:
    for name, text in pages.items():
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    knowledge = Knowledge(folder, ("ru", "en", "id"))
    knowledge.refresh()
    return knowledge


def said(knowledge: Knowledge, question: str, language: Language = "en") -> str:
    quote = knowledge.quote(question, language)
    return quote.text if quote else ""


def test_the_form_of_the_question_chooses_the_sentence(tmp_path: Path) -> None:
    knowledge = knowing(tmp_path, bar=BAR)
    assert said(knowledge, "what time does the sunset bar open") == "It opens at five."
    assert said(knowledge, "how much is a lemonade at the bar") == "A lemonade costs 40 thousand rupiah."
    assert said(knowledge, "on which days does the band play") == "A band plays on Fridays."
    assert said(knowledge, "how much is the band") == ""
    assert said(knowledge, "where is the sunset bar") == "The bar stands on the cliff above Dr. Hale's house."


def test_a_sentence_that_has_not_what_is_wanted_gets_another_beside_it(tmp_path: Path) -> None:
    knowledge = knowing(tmp_path, bar=BAR)
    assert said(knowledge, "is there a band at the bar") == (
        "A band plays on Fridays. On other days there is silence."
    )


def test_a_page_in_another_language_is_not_quoted(tmp_path: Path) -> None:
    knowledge = knowing(tmp_path, **{"bar.en": BAR})
    assert said(knowledge, "sunset bar", "en")
    assert said(knowledge, "sunset bar", "id") == ""


def test_words_that_are_only_related_to_the_question_answer_nothing(tmp_path: Path) -> None:
    knowledge = knowing(tmp_path, sea="# The sea\n\nA swimmer was lost behind the cape. The water is warm.")
    assert said(knowledge, "where can we swim") == ""
    assert said(knowledge, "how warm is the sea") == "A swimmer was lost behind the cape. The water is warm."


def test_under_a_strange_heading_a_sentence_has_to_be_much_better_than_all_others(tmp_path: Path) -> None:
    bus = "# The bus\n\nThe driver puts out a ramp. It has ten seats."
    knowledge = knowing(tmp_path, bus=bus)
    assert said(knowledge, "is there a driver").startswith("The driver puts out a ramp.")
    beside = knowing(tmp_path, desk="# The desk\n\nThe desk is beside the door. Call a driver there.")
    assert said(beside, "is there a driver") == ""
    assert said(beside, "is there a driver on the bus").startswith("The driver puts out a ramp.")


def test_of_two_pages_that_fit_alike_none_is_quoted(tmp_path: Path) -> None:
    knowledge = knowing(
        tmp_path,
        north="# North gate\n\nThe gate opens at six.",
        south="# South gate\n\nThe gate opens at nine.",
    )
    assert said(knowledge, "when does the gate open") == ""
    assert said(knowledge, "when does the south gate open") == "The gate opens at nine."


@pytest.mark.parametrize(
    "question", ["", "?!", "what time is it now", "take it", "'; DROP TABLE page; --", '" OR "']
)
def test_a_question_without_a_topic_has_no_answer(tmp_path: Path, question: str) -> None:
    assert said(knowing(tmp_path, bar=BAR), question) == ""


def test_sentences_end_at_full_stops_that_are_ends_and_at_lines() -> None:
    assert sentences("Mr. Sura met A. Lind in 2011. It rained…\nBatik\nSilver, too") == (
        "Mr. Sura met A. Lind in 2011.",
        "It rained…",
        "Batik",
        "Silver, too",
    )


@pytest.mark.parametrize(
    ("question", "language", "answer", "other"),
    [
        ("почем билет", "ru", "Он стоит сто рублей, а рупий — больше.", "Он синий."),
        ("когда построили маяк", "ru", "Это было в 1897 году.", "Он высотой 38 метров."),
        ("во сколько ужин", "ru", "Кормят в 19:30.", "Кормят по вторникам."),
        ("how tall is it", "en", "Its height is 38 metres.", "It was built in 1897."),
        ("who made it", "en", "It was made by Ketut Sura.", "It was made long ago."),
        ("berapa harganya", "id", "Harganya 30 ribu.", "Warnanya biru."),
    ],
)  # fmt: skip
def test_what_a_question_wants_is_seen_in_a_sentence(
    question: str, language: Language, answer: str, other: str
) -> None:
    kind, _ = asked(question, language)
    assert kind is not None
    assert (kind.is_in(answer), kind.is_in(other)) == (True, False)


def test_words_are_related_by_form_and_by_what_they_mean() -> None:
    assert are_alike("обменя", "обменник")
    assert not are_alike("парк", "парковк")
    assert "sell" in same_terms("buy", "en")
    assert "terbang" in same_terms("menerbangkan", "id")
    assert same_terms("xylophone", "en") == frozenset()
