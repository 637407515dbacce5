"""What is said and answered, of the news of a guide, and how it looks on a screen."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from edge.desk.conversation import MOST_EXCHANGES, ConversationLog
from edge.desk.conversation_screen import ConversationScreen, meter
from edge.messages import (
    Caption,
    Hearing,
    Playback,
    Priority,
    ProcessState,
    Progress,
    StageTime,
    Turn,
)

WORDS = "Гид, что это за храм справа, и когда он открыт?"


def caption(text: str, segment: str = "s", *, final: bool = False, addressed: bool = False) -> Caption:
    return Caption(segment_id=segment, text=text, language="ru", final=final, addressed=addressed)


def turn(turn_id: str = "s", **changes: object) -> Turn:
    told: dict[str, object] = {
        "kind": "answer",
        "priority": Priority.ANSWER,
        "text": "Храм из бамбука.",
        "outcome": "spoken",
        "stages": (StageTime("speech_end", 5.0), StageTime("first_sample", 6.25)),
    }
    common = {"turn_id": turn_id, "trigger_id": turn_id, "language": "ru", "received_at": 0.0}
    return Turn(**{**common, **told, **changes})  # type: ignore[arg-type]


def drawn(log: ConversationLog, columns: int = 80, rows: int = 24, now_mono: float = 0.0) -> list[str]:
    console = Console(file=io.StringIO(), width=columns, height=rows, color_system=None, legacy_windows=False)
    options = console.options.update(height=rows)
    console.print(ConversationScreen(log, now_mono, ("a note",)), height=options.height)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().rstrip("\n").split("\n")


def test_an_utterance_grows_is_judged_and_answered() -> None:
    log = ConversationLog()
    log.take(caption("Гид, что"), 0.0)
    log.take(caption(WORDS, final=True, addressed=True), 0.1)
    log.take(caption("Гид"), 0.2)
    log.take(Progress(turn_id="s", stage="first_token", mono=1.0, since_received_ms=90.0), 0.3)
    (exchange,) = log.exchanges
    assert (exchange.heard, exchange.final, exchange.addressed) == (WORDS, True, True)
    assert exchange.stages_ms == {"first_token": 90.0}
    log.take(turn(), 0.4)
    assert exchange.stages_ms == {"speech_end": 0.0, "first_sample": 1250.0}
    assert exchange.ended == "spoken"


def test_what_sounds_is_shown_as_far_as_it_was_heard() -> None:
    log = ConversationLog()
    playing = Playback(
        instance="1",
        started_mono=0.0,
        turn_id="r",
        text="Ого, две собаки!",
        heard="Ого,",
        output="open",
        voice="espeak",
        muted=False,
        volume=1.0,
    )
    log.take(playing, 0.0)
    assert log.exchanges[0].said == "Ого,"
    log.take(turn("r", kind="remark", outcome="interrupted", reason="stopped", text="Ого, две"), 0.1)
    log.take(playing, 0.2)
    assert any("remark: Ого, две  interrupted (stopped)" in line for line in drawn(log))


def test_what_nobody_tells_any_more_counts_no_more() -> None:
    log = ConversationLog()
    assert "nobody tells" in drawn(log)[0]
    log.take(Hearing(level_dbfs=-20.0, speaking=True, barge_in=False), 100.0)
    log.take(ProcessState(process="listener", instance="1", ready=True, status="hears\x1b"), 100.0)
    first, second, *_ = drawn(log, now_mono=101.0)
    assert "-20 dB" in first
    assert second == "hears\\x1b"
    assert "nobody tells" in drawn(log, now_mono=104.0)[0]


@pytest.mark.parametrize("columns", [20, 30, 80])
@pytest.mark.parametrize("rows", [3, 10, 24])
def test_the_newest_is_at_the_bottom_of_every_window(columns: int, rows: int) -> None:
    log = ConversationLog()
    for number in range(30):
        log.take(caption(f"{WORDS} {number}", f"s{number}", final=True), 0.0)
    lines = drawn(log, columns, rows)
    assert len(lines) <= rows
    assert all(len(line.rstrip()) <= columns for line in lines)
    if rows > 4:
        assert "29" in " ".join(lines[-3:])


def test_of_a_long_ride_the_last_exchanges_are_kept() -> None:
    log = ConversationLog()
    for number in range(MOST_EXCHANGES + 5):
        log.take(caption("a", f"s{number}", final=True), 0.0)
    assert len(log.exchanges) == MOST_EXCHANGES
    assert log.exchanges[0].id == "s5"


@pytest.mark.parametrize(("level", "full"), [(-96.0, 0), (-60.0, 0), (-30.0, 8), (0.0, 16), (6.0, 16)])
def test_the_meter_has_its_cells(level: float, full: int) -> None:
    assert meter(level).plain == "█" * full + "·" * (16 - full)
