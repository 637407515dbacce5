"""What a desk's text is sent to, and what became of it at each shuttle. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import NamedTuple

from edge.console.now import GuideNow
from edge.console.words import PageWords
from edge.fleet.command_roll import ENDS, SILENT, CommandOutcome, CommandRoll
from edge.fleet.recipients import GOOD, Sending, as_one_line, recipients, sendings
from edge.fleet.roll import ShuttleRow
from edge.messages import MAX_TEXT_CHARS

NOTHING_TOLD = CommandOutcome(SILENT)
HERE = "/here"
"""This shuttle, by its own broker; no id has a slash."""


class DeskRefusedError(Exception):
    """Nothing is sent; the text is one line for the page."""


class SendingPlan(NamedTuple):
    """One text, and where it goes."""

    text: str
    here: bool
    sendings: list[Sending]


@dataclass
class SentDraft:
    """A text that is on its way."""

    text: str
    safety: bool
    here: str = ""
    """The id of this shuttle's announcement; empty: there is none."""
    own: CommandOutcome = NOTHING_TOLD
    """What became of it at this shuttle."""
    rolls: list[CommandRoll] = field(default_factory=list)
    """One for each command to the fleet."""


def plan_of(
    draft: str,
    to: Collection[str],
    rows: Collection[ShuttleRow],
    own_id: str,
    words: PageWords,
    *,
    safety: bool,
) -> SendingPlan:
    """Where a draft goes.

    Args:
        to: as chosen.
        rows: who of the fleet is known.
        own_id: this shuttle's.

    Raises:
        DeskRefusedError: there is nothing to send, or nobody who may be told it.
    """
    text = as_one_line(draft)
    if not text:
        raise DeskRefusedError(words("desk.empty"))
    if len(text) > MAX_TEXT_CHARS:
        raise DeskRefusedError(words("desk.too_long", length=len(text), most=MAX_TEXT_CHARS))
    if not to:
        raise DeskRefusedError(words("desk.choose"))
    if {*to} - {HERE} - {each.scope for each in recipients(rows)}:
        raise DeskRefusedError(words("desk.unknown"))
    plan = sendings({*to} - {HERE}, rows)
    reached = {shuttle for each in plan for shuttle in each.expected}
    here = HERE in to and own_id not in reached
    if here and safety:
        raise DeskRefusedError(words("desk.no_safety_here"))
    return SendingPlan(text, here, plan)


def outcomes_of(sent: SentDraft, now: GuideNow) -> dict[str, CommandOutcome]:
    """Shuttle → what became of the text there, by name; an end stays, also when its turn is forgotten."""
    found = {shuttle: outcome for roll in sent.rolls for shuttle, outcome in roll.states.items()}
    if sent.here:
        if sent.own.state not in ENDS:
            sent.own = _own_outcome(sent.here, now)
        found[now.settings.shuttle.id] = sent.own
    return dict(sorted(found.items()))


def heard_by(outcomes: dict[str, CommandOutcome]) -> int:
    """How many have played it."""
    return sum(outcome.state in GOOD for outcome in outcomes.values())


def _own_outcome(trigger_id: str, now: GuideNow) -> CommandOutcome:
    """How it ended, in the states of receipts."""
    for turn in reversed(now.turns):
        if turn.trigger_id == trigger_id:
            if turn.outcome == "spoken":
                return CommandOutcome("played")
            return CommandOutcome("failed", turn.reason or turn.outcome)
    for drop in reversed(now.drops):
        if drop.trigger_id == trigger_id:
            return CommandOutcome("refused", drop.reason)
    is_live = any(turn.trigger_id == trigger_id for turn in now.live.values())
    return CommandOutcome("accepted" if is_live else SILENT)
