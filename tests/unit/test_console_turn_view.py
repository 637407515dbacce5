"""The engineer's picture of a turn: which part took how long, what was late, what was begun beside it."""

from __future__ import annotations

from xml.etree import ElementTree

import msgspec
import pytest

from edge.config import TelemetrySettings
from edge.console import pictures, turn_view
from edge.console.now import FirstSound
from edge.console.words import words_in
from edge.messages import RungFate
from edge.telemetry.payloads import RungTold, TurnPayload, turn_payload
from tests.support.console_alone import ended_turn

SVG = "{http://www.w3.org/2000/svg}"
TURN = turn_payload(ended_turn(), TelemetrySettings())


def with_stages(kind: str = "remark", **stages_ms: float) -> TurnPayload:
    return msgspec.structs.replace(TURN, kind=kind, stages_ms=stages_ms)


def parts(turn: TurnPayload) -> list[tuple[str, float]]:
    return [(each.part, round(each.ms, 1)) for each in turn_view.stretches(turn)]


def test_a_remark_is_decided_written_voiced_played_and_spoken() -> None:
    assert parts(TURN) == [
        ("accept", 10.0),
        ("write", 290.0),
        ("voice", 200.0),
        ("play", 20.0),
        ("speak", 1980.0),
    ]
    slowest = turn_view.slowest(TURN)
    assert slowest is not None
    assert slowest.part == "write"


def test_an_answers_time_begins_where_the_question_ended() -> None:
    turn = with_stages("answer", speech_end=-600.0, received=0.0, accepted=5.0, first_text=105.0)
    assert parts(turn) == [("understand", 600.0), ("accept", 5.0), ("write", 100.0)]


def test_an_opener_sounds_before_the_words_are_there() -> None:
    turn = with_stages(
        accepted=10.0, first_sample=60.0, first_text=400.0, first_content=900.0, last_sample=2000.0
    )
    assert sum(ms for _, ms in parts(turn)) == 2000.0, "no time is told twice, none is lost"


def test_a_turn_that_ended_unheard_has_a_picture_too() -> None:
    turn = with_stages(received=0.0)
    assert turn_view.stretches(turn) == []
    assert turn_view.slowest(turn) is None
    for svg in (turn_view.bar(turn, 400.0, words_in("ru")), turn_view.waterfall(turn, words_in("ru"))):
        ElementTree.fromstring(svg)


def test_a_rung_that_was_begun_in_vain_or_passed_over_is_named_and_drawn() -> None:
    tried: list[tuple[str, RungFate, float | None, float | None]] = [
        ("cerebras", "skipped", None, None),
        ("groq", "hung", -200.0, 450.0),
        ("openai", "used", 150.0, 80.0),
        ("a-service-with-a-name-longer-than-its-room", "dropped", 160.0, None),
    ]
    tries = tuple(
        RungTold(stage="model", rung=rung, fate=fate, reason=None, begun_ms=begun_ms, took_ms=took_ms)
        for rung, fate, begun_ms, took_ms in tried
    )
    turn = msgspec.structs.replace(TURN, tries=tries)
    assert [each.rung for each in turn_view.troubles(turn)] == ["cerebras", "groq"]
    drawn = turn_view.waterfall(turn, words_in("en"))
    assert 'class="try hung"' in drawn
    assert "cerebras" not in drawn, "it was not begun"
    assert "longer-than-its-room" not in drawn


@pytest.mark.parametrize(("slow_ms", "late"), [(500, True), (520, False), (5000, False)])
def test_a_turn_is_late_as_the_journal_says(slow_ms: int, late: bool) -> None:
    assert turn_view.is_late(TURN, slow_ms) is late


def test_pictures_hold_no_style_of_their_own_and_each_turn_once() -> None:
    points = [FirstSound(1000.0 + 60 * number, 300.0 + number, "remark") for number in range(30)]
    drawn = ElementTree.fromstring(pictures.first_sounds(points, 1000.0 + 3600, words_in("en")))
    assert len(drawn.findall(f"{SVG}circle")) == 30
    bar = turn_view.bar(TURN, 700.0, words_in("en"))
    for svg in (ElementTree.fromstring(bar), drawn):
        assert not [each for each in svg.iter() if "style" in each.attrib or each.tag == f"{SVG}style"]


def test_shares_are_of_all_turns() -> None:
    svg = pictures.shares(["groq", "groq", None], "t", words_in("en"))
    assert "groq: 2 (67%)" in svg
    assert "nobody: 1 (33%)" in svg


def test_a_long_day_is_drawn_by_its_slowest_turns_and_by_medians() -> None:
    now_at = 1.8e9
    points = [
        FirstSound(now_at - 40_000 + 20 * number, 300.0 + number % 7, "remark") for number in range(2000)
    ]
    points[1234] = points[1234]._replace(ttfa_ms=9000.0)
    drawn = pictures.first_sounds(points, now_at, words_in("en"))
    assert "9000 ms" in drawn
    assert drawn.count("<circle") <= pictures.MOST_DRAWN
    assert drawn.count('class="median"') < pictures.MOST_MEDIANS


def test_a_clock_that_was_set_meanwhile_squeezes_no_picture() -> None:
    now_at = 1.8e9
    before, today, ahead = (FirstSound(at, 300.0, "remark") for at in (86_400.0, now_at - 100, now_at + 7200))
    drawn = pictures.first_sounds([today, before, ahead], now_at, words_in("en"))
    assert drawn == pictures.first_sounds([today], now_at, words_in("en"))
    assert "<circle" not in pictures.first_sounds([before, ahead], now_at, words_in("en"))


def test_turns_of_about_one_length_share_a_scale() -> None:
    turns = [with_stages(received=0.0, accepted=1.0, first_sample=900.0 + more) for more in (0.0, 5.0, 20.0)]
    assert len({turn_view.scale_of([turn]) for turn in turns}) == 1
