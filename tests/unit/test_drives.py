"""Recorded drives: what the guide decides and says today is what it decided and said then."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from edge.drive.lines import (
    AnyLine,
    Begin,
    DriveError,
    DroppedLine,
    MqttLine,
    Outcomes,
    Question,
    TurnLine,
    decoded,
    encoded,
    read_drive,
)
from edge.drive.report import decision, differences, report
from edge.drive.simulation import simulate
from edge.messages import DropReason

FOLDER = Path(__file__).parents[1] / "drives"
DRIVES = sorted(FOLDER.glob("*.jsonl"))
BEGIN = Begin(at=0.0, began_at=1_790_000_000.0)


def outcomes_of(lines: list[AnyLine]) -> list[Outcomes]:
    return [line for line in lines if isinstance(line, Outcomes)]


def turn(at: float, **told: object) -> TurnLine:
    given = {
        "trigger": 1,
        "kind": "remark",
        "language": "ru",
        "outcome": "spoken",
        "text": "Да.",
        "received": at - 2,
        "first_sound": at - 1,
    }
    return TurnLine(at=at, **(given | told))  # type: ignore[arg-type]


@pytest.mark.parametrize("path", DRIVES, ids=lambda path: path.stem)
def test_each_drive_is_decided_and_told_as_it_was_recorded(path: Path) -> None:
    lines = read_drive(path)
    assert differences(outcomes_of(lines), simulate(lines)) == []


def test_the_drives_hold_every_reason_to_drop_and_many_decisions_each() -> None:
    told = {path.stem: outcomes_of(read_drive(path)) for path in DRIVES}
    assert len(told) >= 12
    assert {name: len(outcomes) for name, outcomes in told.items() if len(outcomes) < 30} == {}
    reasons = {
        line.reason for outcomes in told.values() for line in outcomes if isinstance(line, DroppedLine)
    }
    assert reasons == set(get_args(DropReason))
    assert {
        line.outcome for outcomes in told.values() for line in outcomes if isinstance(line, TurnLine)
    } == {
        "spoken",
        "interrupted",
    }


def test_a_playing_does_not_depend_on_the_process_that_it_happens_in() -> None:
    command = [sys.executable, "-m", "edge", "replay", str(FOLDER / "flood.jsonl"), "--diff"]
    for seed in ("1", "2"):
        ended = subprocess.run(
            command, env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=False
        )
        assert (ended.returncode, ended.stdout.splitlines()[-1]) == (0, "as recorded"), ended


def test_each_accepted_trigger_has_exactly_one_end() -> None:
    for path in DRIVES:
        lines = read_drive(path)
        came = sum(isinstance(line, Question) for line in lines) + sum(
            isinstance(line, MqttLine) and line.topic in ("event", "announce", "safety") for line in lines
        )
        ended = [line.trigger for line in outcomes_of(lines)]
        assert set(ended) <= set(range(1, came + 1))
        firsts = {line.trigger for line in outcomes_of(lines) if getattr(line, "reason", "") != "duplicate"}
        doubles = [number for number in ended if ended.count(number) > 1]
        assert len(firsts) + len(doubles) // 2 >= len(set(ended)), path.stem


def test_another_decision_is_told_with_both_sides() -> None:
    recorded: list[Outcomes] = [turn(3.0), DroppedLine(at=4.0, trigger=2, kind="remark", reason="cooldown")]
    played: list[Outcomes] = [turn(9.0), turn(5.0, trigger=2, text="Нет.", models=("groq",))]
    assert differences(recorded, played) == [
        "- 2 remark: dropped, cooldown",
        "+ 2 remark: spoken in ru, groq: «Нет.»",
    ]


def test_what_is_of_no_trigger_of_the_drive_is_no_difference() -> None:
    begun_before: list[Outcomes] = [turn(1.0, trigger=0), turn(3.0)]
    sent_by_others: list[Outcomes] = [
        turn(3.0),
        DroppedLine(at=4.0, trigger=0, kind="remark", reason="cooldown"),
    ]
    assert differences(begun_before, sent_by_others) == []


def test_a_models_own_words_are_not_expected_to_come_again() -> None:
    recorded: list[Outcomes] = [turn(3.0, models=("groq",)), turn(4.0, trigger=2, models=("pool",))]
    played: list[Outcomes] = [
        turn(3.0, models=("scripted",), text="Нет."),
        turn(4.0, trigger=2, models=("pool",), text="Нет."),
    ]
    assert [line[:3] for line in differences(recorded, played)] == ["- 2", "+ 2"]


def test_words_that_were_not_told_are_no_words() -> None:
    assert decision(turn(3.0, text=None)).endswith("words not told")


def test_the_figures_are_those_of_the_passengers() -> None:
    outcomes: list[Outcomes] = [
        turn(10.0, received=2.0, first_sound=8.0),  # stale
        turn(20.0, received=15.0, first_sound=16.0),  # the same words
        turn(31.0, received=30.0, first_sound=30.0, outcome="interrupted", text="Д"),
        turn(60.0, received=50.0, first_sound=55.0, kind="answer"),
        turn(61.0, received=50.0, first_sound=None, outcome="failed", text=""),
        DroppedLine(at=5.0, trigger=9, kind="remark", reason="expired"),
    ]
    figures = report([BEGIN, MqttLine(at=90.0, topic="event", payload="пёс")], outcomes)
    assert figures.duration_s == 90.0
    assert figures.turns == {
        "answer spoken": 1,
        "remark failed": 1,
        "remark interrupted": 1,
        "remark spoken": 2,
    }
    assert figures.dropped == {"expired": 1}
    assert figures.remarks_per_minute == 2.0
    assert (figures.stale, figures.repeated, figures.interrupted) == (1, 1, 1)
    assert figures.longest_silence_s == 30.0


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"", "came an empty file"),
        (b'{"what":"mqtt","at":1,"topic":"event","payload":"x"}', 'expected {"what": "begin"} first'),
        (encoded(BEGIN) * 2, 'line 2: expected {"what": "begin"} first, and once'),
        (encoded(BEGIN) + b"{", "line 2: expected a line of a drive"),
        (encoded(BEGIN) + b'{"what":"mqtt","at":-1,"topic":"event","payload":"x"}', "line 2"),
        (b'{"what":"begin","at":0,"began_at":1,"format":9}', "expected format 1, came 9"),
        (encoded(BEGIN) + b'{"what":"speaking","at":1e15,"on":true}', "line 2"),
        (encoded(BEGIN) + b'{"what":"mqtt","at":1,"topic":"event","payload":"\xff"}', "line 2"),
        (b'{"what":"begin","at":0,"began_at":1,"settings":' + b'{"a":' * 5000, "line 1"),
        (b'{"what":"begin","at":0,"began_at":1,"settings":{"config":"/etc/passwd"}}', "came config"),
    ],
)
def test_what_is_no_drive_is_refused_in_one_line(text: bytes, told: str) -> None:
    with pytest.raises(DriveError) as refused:
        list(decoded(text.splitlines(), "drive.jsonl"))
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)
