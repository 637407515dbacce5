"""Whom the console's desk sends to, and what became of it at this shuttle: pure."""

from __future__ import annotations

import pytest

from edge.config import Settings
from edge.console.desk_outcomes import HERE, DeskRefusedError, SentDraft, outcomes_of, plan_of
from edge.console.now import GuideNow
from edge.console.words import words_in
from edge.fleet.command_roll import CommandRoll
from edge.fleet.roll import ShuttleRow
from edge.messages import MAX_TEXT_CHARS, Dropped, Progress
from tests.support.console_alone import ended_turn

ROWS = [
    ShuttleRow(shuttle="one", online=True, groups=["beach"]),
    ShuttleRow(shuttle="own", online=True, groups=["beach"]),
]
WORDS = words_in("en")


@pytest.mark.parametrize(
    ("to", "safety", "here", "scopes"),
    [
        ({HERE}, False, True, []),
        ({HERE, "one"}, False, True, ["one"]),
        ({HERE, "own"}, False, False, ["own"]),
        ({HERE, "all"}, True, False, ["all"]),
        ({HERE, "group/beach"}, False, False, ["group/beach"]),
        ({"one", "own"}, True, False, ["one", "own"]),
    ],
)
def test_this_shuttle_is_told_once_by_whichever_way(
    to: set[str], safety: bool, here: bool, scopes: list[str]
) -> None:
    plan = plan_of(" Стоп.\n Едем. ", to, ROWS, "own", WORDS, safety=safety)
    assert (plan.text, plan.here) == ("Стоп. Едем.", here)
    assert [each.scope for each in plan.sendings] == scopes


@pytest.mark.parametrize(
    ("draft", "to", "safety", "why"),
    [
        (" \n", {HERE}, False, "no text"),
        ("x" * (MAX_TEXT_CHARS + 1), {HERE}, False, f"takes {MAX_TEXT_CHARS}"),
        ("Стоп.", set(), False, "Choose first"),
        ("Стоп.", {"two"}, False, "not known"),
        ("Стоп.", {"group/hill", "one"}, False, "not known"),
        ("Стоп.", {HERE}, True, "by the fleet alone"),
        ("Стоп.", {HERE, "one"}, True, "by the fleet alone"),
    ],
)
def test_what_cannot_be_sent_is_refused_in_one_line(draft: str, to: set[str], safety: bool, why: str) -> None:
    with pytest.raises(DeskRefusedError, match=why):
        plan_of(draft, to, ROWS, "own", WORDS, safety=safety)


def test_what_became_of_it_here_is_followed_and_its_end_stays() -> None:
    now = GuideNow(Settings())
    own = now.settings.shuttle.id
    sent = SentDraft("Стоп.", safety=False, here="trigger of t1", rolls=[CommandRoll("c", ("one",))])
    assert [outcome.state for outcome in outcomes_of(sent, now).values()] == ["silent", "silent"]
    progress = Progress(
        turn_id="t1", trigger_id="trigger of t1", stage="accepted", mono=1.0, since_received_ms=9.0
    )
    now.take(progress, 1.0)
    assert outcomes_of(sent, now)[own].state == "accepted"
    now.take(ended_turn("t1"), 2.0)
    assert outcomes_of(sent, now)[own].state == "played"
    now.turns.clear()
    assert outcomes_of(sent, now)[own].state == "played"
    dropped = SentDraft("Стоп.", safety=False, here="d")
    now.take(Dropped(trigger_id="d", kind="announcement", reason="stopped", received_at=1.0), 3.0)
    assert outcomes_of(dropped, now)[own] == ("refused", "stopped")
