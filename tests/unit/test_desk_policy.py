"""Where sentences go, who is sent to, and what the status line and the clipboard take: all pure."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from edge.desk.copying import LONGEST_BYTES, refusal
from edge.desk.draft import TYPING_S, DictationPoint, WaitingSentences, insertion
from edge.desk.recipients import (
    SAFETY,
    announcement_text,
    choices,
    plan_of,
    receipt_lines,
    told,
)
from edge.desk.status_line import DeskStatus, newest_words, status_line
from edge.dictation.link_state import LinkState
from edge.dictation.protocol import ServerStage, Understood
from edge.dictation.sentence_tail import TAIL_S, SentenceTail
from edge.fleet.command_roll import CommandOutcome
from edge.fleet.recipients import Sending, recipients, sendings
from edge.fleet.roll import ShuttleRow
from edge.messages import MAX_TEXT_CHARS
from edge.sound.device_state import DeviceState


@pytest.mark.parametrize(
    ("before", "sentence", "after"),
    [
        ("|", "Привет.", "Привет.|"),
        ("Стоп.|", "Едем.", "Стоп. Едем.|"),
        ("Стоп. |", "Едем.", "Стоп. Едем.|"),
        ("Стоп.\n|", "Едем.", "Стоп.\nЕдем.|"),
        ("|Едем.", "Стоп.", "Стоп. |Едем."),
        ("Стоп. | Едем.", "Ждём.", "Стоп. Ждём.| Едем."),
        ("(|)", "Ждём", "(Ждём|)"),
        ("да|, едем", "нет", "да нет|, едем"),
        ("оста|новка", "Ждём.", "остановка Ждём.|"),
        ("оста|новка тут", "Ждём.", "остановка Ждём.| тут"),
        ("«|", "Луна", "«Луна|"),
        ("wait|", ", please", "wait, please|"),
        ("don|'t", "Stop.", "don't Stop.|"),
    ],
)
def test_a_sentence_has_the_blanks_that_it_needs_and_tears_no_word(
    before: str, sentence: str, after: str
) -> None:
    offset = before.index("|")
    text = before.replace("|", "")
    what = insertion(text, offset, sentence)
    written = text[: what.offset] + what.text + text[what.offset :]
    assert written == after.replace("|", "")
    shown = written[: what.end].rstrip() + "|" if what.text.endswith(" ") else written[: what.end] + "|"
    assert shown.rstrip("|") == after[: after.index("|")].rstrip()


def test_sentences_follow_each_other_also_where_the_selection_stays() -> None:
    point = DictationPoint()
    selected = (0, 5)
    assert point.offset(selected) == 5
    point.inserted(12, selected)
    assert point.offset(selected) == 12
    assert point.offset((20, 20)) == 20, "the cursor was set elsewhere"


def test_a_sentence_waits_while_somebody_types() -> None:
    waiting = WaitingSentences()
    waiting.add("one")
    assert waiting.take(10.0) == ["one"]
    waiting.typed(10.0)
    waiting.add("two")
    waiting.add("three")
    assert waiting.take(10.0 + TYPING_S / 2) == []
    assert waiting.take(10.0 + TYPING_S) == ["two", "three"]
    waiting.typed(20.0)
    waiting.add("four")
    assert waiting.take_all() == ["four"]


def test_the_server_gets_silence_until_the_sentence_has_an_end() -> None:
    shortest_s, longest_s = TAIL_S
    tail = SentenceTail()
    tail.ended(10.0)
    assert tail.wanted(10.0 + shortest_s / 2)
    assert not tail.wanted(10.0 + shortest_s)
    tail.take(ServerStage("recording_start"))
    assert tail.wanted(10.0 + shortest_s)
    assert not tail.wanted(10.0 + longest_s)
    tail.take(ServerStage("recording_stop"))
    assert not tail.wanted(10.0 + shortest_s)
    tail.take(ServerStage("recording_start"))
    tail.take(Understood("One.", final=True))
    assert tail.awaited
    assert tail.wanted(10.0 + shortest_s), "the next has begun before the words of the first came"
    tail.take(ServerStage("recording_stop"))
    tail.take(Understood("Two.", final=True))
    assert not tail.awaited


OPEN, ABSENT = DeviceState("open", ""), DeviceState("absent", "unplugged")
CONNECTED, AWAY = LinkState("connected"), LinkState("away", "it does not answer")


@pytest.mark.parametrize("width", [30, 40, 80, 200])
@pytest.mark.parametrize(
    ("status", "told"),
    [
        (DeskStatus(False, AWAY, ABSENT, -96.0), "off"),
        (DeskStatus(True, AWAY, OPEN, -20.0), "server away"),
        (DeskStatus(True, CONNECTED, ABSENT, -96.0), "microphone: unplug"),
        (DeskStatus(True, CONNECTED, OPEN, -3.0, "copied 7 characters"), "copied 7"),
        (DeskStatus(True, LinkState("refused", "x" * 300), OPEN, -3.0), "server refused"),
    ],
)
def test_the_status_line_fits_every_window(status: DeskStatus, told: str, width: int) -> None:
    line = status_line(status, width).plain
    assert cell_len(line) <= width
    assert told in line
    if width >= 80 and len(status.link.reason) < 100:
        assert "F1" in line
        assert "^Q" in line


def test_of_what_is_being_said_the_newest_words_are_shown() -> None:
    assert newest_words("один два три", 30) == "один два три"
    assert newest_words("один два три", 8) == "…два три"
    assert cell_len(newest_words("漢字" * 20, 9)) <= 9


def test_what_terminals_do_not_take_is_not_copied() -> None:
    assert refusal("я" * (LONGEST_BYTES // 2), allowed=True) is None
    assert "more than terminals take" in str(refusal("я" * LONGEST_BYTES, allowed=True))
    assert "desk.clipboard" in str(refusal("a", allowed=False))


def rows() -> list[ShuttleRow]:
    return [
        ShuttleRow(shuttle="three", online=True, groups=["hill"]),
        ShuttleRow(shuttle="one", online=True, groups=["beach"], ready=True),
        ShuttleRow(shuttle="two", online=False, groups=["beach", "hill"], told_at=1.0, muted=True),
    ]


def test_all_groups_and_shuttles_can_be_chosen() -> None:
    assert [told(each) for each in recipients(rows())] == [
        "all (3 known)",
        "group beach (2 known)",
        "group hill (2 known)",
        "one",
        "three",
        "two (away) (muted)",
    ]
    assert recipients([]) == []


@pytest.mark.parametrize(
    ("chosen", "sent"),
    [
        ({"all", "one"}, [("all", "one three two")]),
        ({"group/beach"}, [("group/beach", "one two")]),
        ({"group/beach", "one", "three"}, [("group/beach", "one two"), ("three", "three")]),
        ({"group/beach", "group/hill"}, [("group/beach", "one two"), ("three", "three")]),
        ({"two", "one"}, [("one", "one"), ("two", "two")]),
        (set(), []),
    ],
)
def test_no_shuttle_is_told_twice(chosen: set[str], sent: list[tuple[str, str]]) -> None:
    assert sendings(chosen, rows()) == [Sending(scope, tuple(names.split())) for scope, names in sent]


def test_what_is_chosen_is_marked_and_what_f5_would_do_is_told() -> None:
    assert choices(set(), []) == []
    marks = [each.told[:8] for each in choices({"one", SAFETY}, rows())]
    assert marks == ["[ ] all ", "[ ] grou", "[ ] grou", "[x] one", "[ ] thre", "[ ] two ", "[x] as s"]
    assert "Space chooses" in plan_of({SAFETY})
    assert plan_of({"one", "group/beach"}) == "F5 sends an announcement to beach, one"
    assert plan_of({"all", "one", SAFETY}) == "F5 sends SAFETY to all"


def test_who_has_played_it_is_counted() -> None:
    rolls = [
        {"one": CommandOutcome("played"), "two": CommandOutcome("refused", "too\x1blong")},
        {"three": CommandOutcome("silent")},
    ]
    lines, summary = receipt_lines(rolls)
    assert [line.told for line in lines] == ["one: played", "three: silent", "two: refused (too\\x1blong)"]
    assert summary == "played by 1 of 3"


def test_what_is_sent_is_one_line_that_shuttles_take() -> None:
    assert announcement_text(" Стоп.\n\n Едем. ") == "Стоп. Едем."
    assert announcement_text("x" * MAX_TEXT_CHARS)
    for draft, why in ((" \n", "nothing"), ("x" * (MAX_TEXT_CHARS + 1), f"shuttles take {MAX_TEXT_CHARS}")):
        with pytest.raises(ValueError, match=why):
            announcement_text(draft)
