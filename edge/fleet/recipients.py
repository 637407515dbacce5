"""Whom a text is sent to, so that nobody is told it twice. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Literal, NamedTuple

from edge.fleet.command_roll import SILENT
from edge.fleet.roll import ShuttleRow

ALL = "all"
GROUP = "group/"
GOOD = frozenset({"played", "done"})
"""States of a receipt that say that it was heard."""

RecipientMark = Literal["away", "silent", "not_ready", "muted"]


class Recipient(NamedTuple):
    """Whom a text can be sent to."""

    scope: str
    """As it stands in the topic: ``all``, ``group/NAME`` or a shuttle's id."""
    known: int = 1
    """Shuttles that it reaches, as far as they have told."""
    marks: tuple[RecipientMark, ...] = ()
    """What keeps a shuttle from speaking."""

    @property
    def group(self) -> str | None:
        """The name of a group; None: it is none."""
        return self.scope.removeprefix(GROUP) if self.scope.startswith(GROUP) else None


class Sending(NamedTuple):
    """One command: its scope, and the shuttles that it will reach, as far as they are known."""

    scope: str
    expected: tuple[str, ...]


def as_one_line(draft: str) -> str:
    """What is said of a draft."""
    return " ".join(draft.split())


def recipients(rows: Iterable[ShuttleRow]) -> list[Recipient]:
    """All, then the groups, then the shuttles by name. Nothing before a shuttle is known."""
    rows = sorted(rows, key=lambda row: row.shuttle)
    groups = sorted({group for row in rows for group in row.groups})
    names = [Recipient(ALL, len(rows))] if rows else []
    names += [Recipient(GROUP + group, len(members_of(rows, group))) for group in groups]
    return [*names, *(Recipient(row.shuttle, 1, _marks(row)) for row in rows)]


def sendings(chosen: Collection[str], rows: Collection[ShuttleRow]) -> list[Sending]:
    """One command for each scope that is needed, and none that reaches a shuttle again."""
    if ALL in chosen:
        return [Sending(ALL, tuple(sorted(row.shuttle for row in rows)))]
    return list(_sendings(chosen, rows))


def members_of(rows: Iterable[ShuttleRow], group: str) -> set[str]:
    """Shuttles that have told that they are of it."""
    return {row.shuttle for row in rows if group in row.groups}


def _sendings(chosen: Collection[str], rows: Collection[ShuttleRow]) -> Iterator[Sending]:
    reached: set[str] = set()
    for scope in sorted(chosen, key=lambda scope: (not scope.startswith(GROUP), scope)):
        if scope.startswith(GROUP):
            members = members_of(rows, scope.removeprefix(GROUP))
            if reached.isdisjoint(members):
                reached |= members
                yield Sending(scope, tuple(sorted(members)))
                continue
        else:
            members = {scope}
        for shuttle in sorted(members - reached):
            reached.add(shuttle)
            yield Sending(shuttle, (shuttle,))


def _marks(row: ShuttleRow) -> tuple[RecipientMark, ...]:
    marks: list[RecipientMark] = []
    if row.online is False:
        marks.append("away")
    elif row.online is None and not row.told_at:
        marks.append(SILENT)
    if row.ready is False:
        marks.append("not_ready")
    if row.muted:
        marks.append("muted")
    return tuple(marks)
