"""What a drive was like for whoever rode in it: figures of its turns and drops. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from edge.drive.lines import AnyLine, DroppedLine, Outcomes, TurnLine

STALE_S = 3.0
"""A remark that is first heard so long after its sighting is about what has passed by."""
COME_AGAIN = frozenset({"scripted", "knowledge", "phrasebook", "pool", "ending"})
"""Who writes the same words in each playing of the same drive."""


class Report(NamedTuple):
    """Figures of one playing."""

    duration_s: float
    """From the beginning to the last thing that came or ended."""
    turns: dict[str, int]
    """By kind and outcome (``remark spoken``)."""
    dropped: dict[str, int]
    """By reason."""
    remarks_per_minute: float
    stale: int
    repeated: int
    """Remarks that had been heard before, word for word."""
    interrupted: int
    longest_silence_s: float
    """In which nothing of the guide was heard."""


def report(lines: Sequence[AnyLine], outcomes: Sequence[Outcomes]) -> Report:
    """The figures of one playing.

    Args:
        lines: of the drive.
        outcomes: what became of it, then or now.
    """
    duration_s = max((line.at for line in (*lines, *outcomes)), default=0.0)
    turns = [line for line in outcomes if isinstance(line, TurnLine)]
    remarks = [turn for turn in turns if turn.kind in ("remark", "place") and turn.first_sound is not None]
    texts = Counter(turn.text for turn in remarks if turn.text and turn.outcome == "spoken")
    return Report(
        duration_s=round(duration_s, 1),
        turns=dict(sorted(Counter(f"{turn.kind} {turn.outcome}" for turn in turns).items())),
        dropped=dict(
            sorted(Counter(line.reason for line in outcomes if isinstance(line, DroppedLine)).items())
        ),
        remarks_per_minute=round(60 * len(remarks) / duration_s, 2) if duration_s else 0.0,
        stale=sum(turn.first_sound - turn.received > STALE_S for turn in remarks if turn.first_sound),
        repeated=sum(count - 1 for count in texts.values()),
        interrupted=sum(turn.outcome == "interrupted" for turn in turns),
        longest_silence_s=round(_longest_silence_s(turns, duration_s), 1),
    )


def _longest_silence_s(turns: Sequence[TurnLine], duration_s: float) -> float:
    heard = sorted((turn.first_sound, turn.at) for turn in turns if turn.first_sound is not None)
    longest_s, silent_since = 0.0, 0.0
    for began, ended in heard:
        longest_s = max(longest_s, began - silent_since)
        silent_since = max(silent_since, ended)
    return max(longest_s, duration_s - silent_since)


def decision(line: Outcomes, *, words: bool = True) -> str:
    """What was decided about a trigger and said, in one line, without times.

    Args:
        words: with them, and with who wrote them.
    """
    if isinstance(line, DroppedLine):
        return f"{line.trigger} {line.kind}: dropped, {line.reason}"
    why = f" ({line.reason})" if line.reason else ""
    decided = f"{line.trigger} {line.kind}: {line.outcome}{why} in {line.language}"
    if not words:
        return decided
    text = "words not told" if line.text is None else f"«{line.text}»"
    return f"{decided}, {'+'.join(line.models) or 'as given'}: {text}"


def differences(recorded: Sequence[Outcomes], played: Sequence[Outcomes]) -> list[str]:
    """Decisions that are not the same, ``-`` as recorded and ``+`` as played, by trigger.

    A model's own words do not come again: where one wrote them, only what was decided is compared.
    """
    before, after = _by_trigger(recorded), _by_trigger(played)
    told = []
    for trigger in sorted(before.keys() | after.keys()):
        then, now = before.get(trigger, []), after.get(trigger, [])
        words = all(_comes_again(line) for line in then)
        was, is_now = ([decision(line, words=words) for line in lines] for lines in (then, now))
        if was != is_now:
            told += [f"- {line}" for line in was] + [f"+ {line}" for line in is_now]
    return told


def _comes_again(line: Outcomes) -> bool:
    return isinstance(line, DroppedLine) or (line.text is not None and COME_AGAIN.issuperset(line.models))


def _by_trigger(outcomes: Sequence[Outcomes]) -> dict[int, list[Outcomes]]:
    """Decisions about each trigger of the drive; what came before it, or from others meanwhile, has none."""
    decisions: dict[int, list[Outcomes]] = {}
    for line in outcomes:
        if line.trigger:
            decisions.setdefault(line.trigger, []).append(line)
    return decisions
