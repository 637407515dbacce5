"""An opener is short enough, never the same twice in a row, and one sentence with what follows it."""

from __future__ import annotations

import random
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.commentator.forbidden import Forbidden
from edge.commentator.models.phrasebook_rung import PhrasebookRung
from edge.commentator.models.request import ModelRequest
from edge.commentator.opener_overlap import OpenerOverlap
from edge.commentator.openers import Openers, Waits, mood_of, own_texts
from edge.commentator.openers.waits import FORGET_AFTER_S, LONG, TRUST_AFTER
from edge.commentator.pool.claims import read_claims
from edge.lexicon.words import words_of
from edge.messages import LANGUAGES, Kind, Language, PoolEntry, Sighting, Stage, StageTime, Turn


def held(language: Language = "ru", kinds: tuple[Kind, ...] = ("remark", "answer")) -> dict[str, PoolEntry]:
    """All texts of a language; each lasts 70 ms a character."""
    return {
        text.entry_id: PoolEntry(text=text, duration_ms=70 * len(text.text), voice="v")
        for text in own_texts(language, kinds)
    }


def turn(wait_ms: float | None = 500.0, kind: Kind = "remark", **stages: float) -> Turn:
    """``wait_ms`` None: nothing was written for it."""
    times: dict[str, float] = {"received": 0.0, "accepted": 0.001} | stages
    if wait_ms is not None:
        times |= {"first_token": 0.01, "first_text": 0.02, "first_audio": 0.001 + wait_ms / 1000} | stages
    return Turn(
        turn_id="t",
        trigger_id="t",
        kind=kind,
        priority=1,
        language="ru",
        text="x",
        outcome="spoken",
        received_at=0.0,
        stages=tuple(StageTime(_stage(name), mono) for name, mono in times.items()),
    )


def _stage(name: str) -> Stage:
    found: Stage = next(stage for stage in get_args(Stage) if stage == name)
    return found


# --- which ---


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("within_ms", [300.0, 500.0, 900.0, 1500.0])
def test_it_is_never_longer_than_the_wait_nor_the_same_twice_in_a_row(
    language: Language, within_ms: float
) -> None:
    openers, last = Openers(random.Random(1)), None
    for _ in range(50):
        chosen = openers.choose(
            held(language), "opener", "remark", language, mood="surprise", within_ms=within_ms
        )
        if chosen is None:
            continue
        assert chosen.duration_ms <= within_ms
        assert chosen.text.mood in ("", "surprise")
        assert chosen.text.entry_id != last
        last = chosen.text.entry_id


def test_when_none_is_short_enough_none_is_played() -> None:
    assert Openers().choose(held(), "opener", "remark", "ru", within_ms=100.0) is None


def test_a_longer_wait_gets_a_longer_opener() -> None:
    chosen = Openers().choose(held(), "opener", "remark", "ru", within_ms=1500.0)
    assert chosen is not None
    assert chosen.duration_ms > 700


def test_answers_have_their_own_and_other_languages_give_none() -> None:
    chosen = Openers().choose(held(), "opener", "answer", "ru", within_ms=1500.0)
    assert chosen is not None
    assert chosen.text.kind == "answer"
    assert Openers().choose(held("ru"), "opener", "answer", "en", within_ms=1500.0) is None
    assert Openers().choose(held(kinds=("remark",)), "opener", "answer", "ru", within_ms=1500.0) is None


def test_what_is_calm_is_opened_calmly() -> None:
    assert mood_of("remark", Sighting(label="sunset")) == "calm"
    assert mood_of("remark", Sighting(label="dog")) == "surprise"
    assert mood_of("place", None) == "calm"


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_own_text_says_what_is_where(language: Language) -> None:
    for text in own_texts(language, ("remark", "answer")):
        said = read_claims(text.text, "dog", language)
        assert not said.sides, text.text
        assert not said.numbers, text.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_there_are_short_ones_long_ones_bridges_and_endings(language: Language) -> None:
    for kind in ("remark", "answer"):
        texts = own_texts(language, (kind,))  # type: ignore[arg-type]
        openers = [len(text.text) for text in texts if text.use == "opener"]
        assert min(openers) <= 6
        assert max(openers) >= 14
        assert sum(text.use == "bridge" for text in texts) >= 3
        assert sum(text.use == "ending" for text in texts) >= 2


# --- how long the wait will be ---


def test_nothing_is_expected_before_some_turns_were_seen() -> None:
    waits = Waits()
    for _ in range(TRUST_AFTER):
        assert waits.expected_ms("remark", 0.0) is None
        waits.observe(turn(500.0), 0.0)
    assert waits.expected_ms("remark", 0.0) == pytest.approx(500.0)
    assert waits.expected_ms("answer", 0.0) is None


def test_the_shorter_waits_count_since_an_opener_shall_be_over_by_then() -> None:
    waits = Waits()
    for wait_ms in (400.0, 450.0, 900.0, 2000.0):
        waits.observe(turn(wait_ms), 0.0)
    assert waits.expected_ms("remark", 0.0) == pytest.approx(450.0)
    assert waits.expected_ms("remark", 0.0, LONG) == pytest.approx(2000.0)


def test_what_was_long_ago_is_forgotten() -> None:
    waits = Waits()
    for _ in range(TRUST_AFTER):
        waits.observe(turn(500.0), 0.0)
    assert waits.expected_ms("remark", FORGET_AFTER_S + 1) is None


def test_ready_words_teach_nothing() -> None:
    waits = Waits()
    for _ in range(TRUST_AFTER):
        waits.observe(turn(None), 0.0)
    assert waits.expected_ms("remark", 0.0) is None


def test_the_sound_of_an_opener_is_not_taken_for_that_of_the_words() -> None:
    waits = Waits()
    for _ in range(TRUST_AFTER):
        waits.observe(turn(500.0, first_audio=0.005, first_sample=0.006, first_content=0.701), 0.0)
    assert waits.expected_ms("remark", 0.0) == pytest.approx(700.0)


# --- one sentence ---


@pytest.mark.parametrize(
    ("opener", "clauses", "said"),
    [
        ("О, смотрите-ка…", ["О, смотрите-ка,", "две собаки!"], ["", "две собаки!"]),
        ("О, смотрите-ка…", ["О, смотрите-ка, две собаки!"], ["две собаки!"]),
        ("О, смотрите-ка…", ["О, две собаки!"], ["О, две собаки!"]),
        (
            "Так-так, что тут у нас…",
            ["Так-так,", "что тут у нас: собака.", "Так-так."],
            ["", "собака.", "Так-так."],
        ),
        ("Oh!", ["Oh, a dog!"], ["a dog!"]),
        ("Oh!", ["Ohm is a unit."], ["Ohm is a unit."]),
        ("", ["Собака."], ["Собака."]),
    ],
)
def test_what_the_opener_said_is_not_said_again(opener: str, clauses: list[str], said: list[str]) -> None:
    overlap = OpenerOverlap(opener)
    assert [overlap.behind(clause) for clause in clauses] == said


@given(st.text(max_size=30), st.lists(st.text(max_size=30), max_size=4))
def test_no_text_breaks_the_overlap(opener: str, clauses: list[str]) -> None:
    overlap = OpenerOverlap(opener)
    for clause in clauses:
        assert len(overlap.behind(clause)) <= len(clause) * 3


def test_the_request_has_what_was_said_already() -> None:
    request = ModelRequest(language="ru", system="s", user="собака", opener="О, смотрите-ка…")
    assert [message["role"] for message in request.messages()] == ["system", "user", "assistant", "user"]
    assert request.messages()[2]["content"] == "О, смотрите-ка…"
    assert "не повторяя" in request.messages()[3]["content"]
    later = ModelRequest(language="ru", system="s", user="собака", opener="О!", said="Две собаки,")
    assert later.messages()[2]["content"] == "О! Две собаки,"


async def _phrasebook(request: ModelRequest) -> str:
    rung = PhrasebookRung(Forbidden())
    return " ".join([clause.text async for clause in rung.open(request)])


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_phrasebook_says_a_whole_remark_behind_an_opener(language: Language) -> None:
    for text in own_texts(language, ("remark",)):
        request = ModelRequest(
            language=language,
            system="",
            user="",
            opener=text.text,
            sighting=Sighting(label="dog", side="left"),
        )
        remark = await _phrasebook(request)
        assert len(remark.split()) > 2
        assert words_of(remark)[: len(words_of(text.text))] != words_of(text.text)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_without_a_model_an_answer_takes_back_what_its_opener_promised(language: Language) -> None:
    promised = ModelRequest(language=language, system="", user="", is_answer=True, opener="…")
    plain = ModelRequest(language=language, system="", user="", is_answer=True)
    assert await _phrasebook(promised) != await _phrasebook(plain)
