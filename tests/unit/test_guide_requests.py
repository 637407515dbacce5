"""What passengers ask of the guide itself is known by rule, and nothing else is taken for it."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import get_args

import pytest

from edge.config import hearing
from edge.lexicon.words import words_of
from edge.listener.addressee import Addressee
from edge.listener.requests import RequestKind, Requests
from edge.messages import Language, Occasion
from edge.volume import LOWEST, stepped

LANGUAGES: tuple[Language, ...] = ("ru", "en", "id")
TABLE = Path(__file__).parents[1] / "data" / "guide_requests.tsv"
"""The first 62 sentences were looked at while the rules were written. The other 90 came behind them: at their
first trial 6 were missed, and none was taken for what it is not."""
LEAST_FOUND = 0.95


@pytest.fixture(scope="module")
def addressee() -> Addressee:
    return Addressee(hearing.AddresseeSettings(), LANGUAGES)


def table() -> list[tuple[str, str]]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        read = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [(row["wanted"], row["sentence"]) for row in read]


def found(addressee: Addressee, sentence: str) -> str:
    verdict = addressee.judge(sentence, 10.0, 12.0)
    if verdict.is_stop:
        return "stop"
    if not verdict.asked:
        return "-"
    request, language = verdict.asked
    return f"language-{language}" if request == "language" else request


def test_requests_are_found_and_none_is_imagined(addressee: Addressee) -> None:
    rows = [(wanted, found(addressee, sentence), sentence) for wanted, sentence in table()]
    assert [row for row in rows if row[1] not in (row[0], "-")] == []
    asked = [wanted == got for wanted, got, _ in rows if wanted != "-"]
    assert len(asked) >= 100
    assert sum(asked) / len(asked) >= LEAST_FOUND


def test_no_whole_sentence_stands_in_the_word_list() -> None:
    listed = (Path(__file__).parents[2] / "edge/listener/requests.toml").read_text("utf-8").replace("_", " ")
    for _, sentence in table():
        words = words_of(sentence)
        assert len(words) < 4 or f" {' '.join(words)} " not in f" {' '.join(words_of(listed))} ", sentence


@pytest.mark.parametrize("sentence", ["погромче", "speak louder please", "lebih keras dong", "who are you"])
def test_without_the_name_passengers_ask_each_other(addressee: Addressee, sentence: str) -> None:
    assert found(addressee, sentence) == "-"


def test_behind_an_answer_only_its_repetition_needs_no_name() -> None:
    addressee = Addressee(hearing.AddresseeSettings(), LANGUAGES)
    addressee.answered(10.0)
    assert found(addressee, "повтори пожалуйста") == "repeat"
    assert found(addressee, "could you repeat that please") == "repeat"
    assert found(addressee, "погромче") == "-"
    assert found(addressee, "say it in english please") == "-"


def test_a_language_that_the_guide_does_not_speak_is_no_request() -> None:
    assert Requests(("ru", "en")).find("по-индонезийски пожалуйста") is None
    assert Requests(("ru", "en")).find("по-английски пожалуйста") == ("language", "en")


def test_two_at_once_and_long_speeches_are_left_to_a_model() -> None:
    requests = Requests(LANGUAGES)
    assert requests.find("повтори погромче") is None
    assert requests.find("громче " * 500) is None
    assert requests.find("") is None


@pytest.mark.parametrize(
    ("sentence", "seconds"),
    [
        ("Гид, помолчи десять минут", 600),
        ("помолчи, пожалуйста, полчаса", 1800),
        ("замолчи на час", 3600),
        ("guide be quiet for ten minutes", 600),
        ("be quiet for half an hour please", 1800),
        ("quiet for 15 minutes", 900),
        ("be quiet for twenty five minutes", 1500),
        ("pemandu, diam sepuluh menit", 600),
        ("diam selama 500 menit", 7200),
        ("помолчи два часа", 7200),
        ("помолчи полтора часа", 5400),
        ("помолчи час с половиной", 5400),
        ("помолчи минут десять", 600),
        ("помолчи двадцать пять минут", 1500),
        ("помолчи час двадцать", 4800),
        ("помолчи семь минут", 420),
        ("be quiet for an hour and a half", 5400),
        ("be quiet for one and a half hours", 5400),
        ("be quiet for seven minutes", 420),
        ("be quiet for two hours", 7200),
        ("quiet for an hour and twenty minutes", 4800),
        ("diam dua puluh menit", 1200),
        ("diam lima belas menit", 900),
        ("diam dua puluh lima menit", 1500),
        ("diam setengah jam", 1800),
        ("diam satu setengah jam", 5400),
        ("diam satu jam setengah", 5400),
        ("стоп", 0),
    ],
)
def test_a_stop_word_may_say_for_how_long(addressee: Addressee, sentence: str, seconds: int) -> None:
    assert addressee.is_stop(sentence)
    assert addressee.quiet_s(sentence) == seconds


@pytest.mark.parametrize("sentence", ["через десять минут будет тихо", "ten minutes ago it was quiet here"])
def test_minutes_in_other_sentences_stop_nothing(addressee: Addressee, sentence: str) -> None:
    assert not addressee.is_stop(sentence)


def test_each_request_is_an_occasion() -> None:
    assert set(get_args(RequestKind)) <= set(get_args(Occasion))


def test_the_volume_goes_in_steps_between_its_bounds() -> None:
    assert stepped(0.8, louder=True) == 1.0
    assert stepped(1.0, louder=True) == 1.0
    assert stepped(0.8, louder=False) == 0.53
    assert stepped(0.4, louder=False) == LOWEST
    assert stepped(0.1, louder=False) == 0.1  # as dispatch wants it
    assert stepped(LOWEST, louder=False) == LOWEST
    assert stepped(0.0, louder=False) == 0.0
    assert stepped(0.0, louder=True) == pytest.approx(LOWEST, abs=0.01)
