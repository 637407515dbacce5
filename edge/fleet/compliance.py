"""Whether shuttles are configured as it is desired, of what they have told. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from edge.config.convert import dotted
from edge.config.desired import flat
from edge.config.gone import without_gone
from edge.fleet.configuration import DesiredBody, ReportedBody
from edge.fleet.desired_folder import DesiredFolder, version_of
from edge.fleet.reading import FleetMessage
from edge.fleet.topics import REPORTED

LATER_S = 0.001
GROUPS_UNKNOWN = "nobody knows its groups, so nothing is sent: name them in its file (groups = […])"
SENT_AHEAD = "sent: it waits for the shuttle at the broker, for 30 days at most"
ComplianceState = Literal["follows", "differs", "trying", "refused", "taken back", "not heard"]


class Compliance(msgspec.Struct, kw_only=True):
    """One shuttle."""

    shuttle: str
    state: ComplianceState
    online: bool | None
    version: str | None
    """Desired; null: nobody knows its groups."""
    reported: str | None
    differs: dict[str, list[Any]] = {}
    """Dotted name → desired and reported value."""
    reasons: list[str] = []
    """Why it was refused or taken back, or what it is followed without."""


class _Heard(msgspec.Struct):
    groups: tuple[str, ...] | None = None
    online: bool | None = None
    reported: ReportedBody | None = None


class ComplianceRoll:
    """Compares a folder with what is heard.

    Args:
        folder: what is desired.
    """

    def __init__(self, folder: DesiredFolder) -> None:
        self._folder = folder
        self._heard: dict[str, _Heard] = {shuttle: _Heard() for shuttle in folder.shuttles}
        self._sent: dict[str, float] = {}

    @property
    def rows(self) -> list[Compliance]:
        """A row for each shuttle; who does not follow comes first."""
        rows = [self._row(shuttle) for shuttle in self._heard]
        return sorted(rows, key=lambda row: (row.state == "follows", row.shuttle))

    def take(self, message: FleetMessage) -> None:
        heard = self._heard.setdefault(message.shuttle, _Heard())
        body = message.frame.body
        match message.leaf:
            case "birth":
                groups = body.get("groups")
                if isinstance(groups, list):
                    heard.groups = tuple(map(str, groups))
            case "status":
                heard.online = body.get("online") is True
            case leaf if leaf == REPORTED:
                try:
                    heard.reported = msgspec.convert(body, ReportedBody)
                except msgspec.ValidationError:
                    heard.reported = None

    def to_send(self, now_at: float) -> list[tuple[str, DesiredBody]]:
        """What is to be sent to those that do not follow and are not trying it; noted as sent."""
        wanted = []
        for row in self.rows:
            heard = self._heard[row.shuttle]
            if row.version is None or row.state in ("follows", "trying") or self._has_answered(row.shuttle):
                continue
            if heard.groups is None and row.shuttle in self._sent:
                continue  # it waits in the session of who is away
            settings = self._folder.of(row.shuttle, self._groups_of(row.shuttle) or ())
            # Whoever sent before may have had another clock.
            known_at = (heard.reported and heard.reported.asked_at) or 0.0
            ts = self._sent[row.shuttle] = max(now_at, known_at + LATER_S)
            wanted.append((row.shuttle, DesiredBody(version=row.version, ts=ts, settings=settings)))
        return wanted

    @property
    def settled(self) -> bool:
        """Nothing more is to be waited for: each follows, or has said why not."""
        return all(row.state == "follows" or self._has_answered(row.shuttle) for row in self.rows)

    def _groups_of(self, shuttle: str) -> Sequence[str] | None:
        """Groups as the shuttle has told them, else as the folder has them; None: nobody knows."""
        told = self._heard[shuttle].groups
        return self._folder.groups_of(shuttle) if told is None else told

    def _has_answered(self, shuttle: str) -> bool:
        """Whether it has refused or taken back what was sent last."""
        reported, sent_at = self._heard[shuttle].reported, self._sent.get(shuttle)
        return (
            reported is not None
            and sent_at is not None
            and reported.asked_at is not None
            and reported.asked_at >= sent_at
            and reported.trying is None
            and reported.rejected is not None
        )

    def _row(self, shuttle: str) -> Compliance:
        heard = self._heard[shuttle]
        groups = self._groups_of(shuttle)
        if groups is None or heard.reported is None:
            return Compliance(
                shuttle=shuttle,
                state="not heard",
                online=heard.online,
                version=None if groups is None else version_of(self._folder.of(shuttle, groups)),
                reported=None,
                reasons=[GROUPS_UNKNOWN] if groups is None else [SENT_AHEAD] * (shuttle in self._sent),
            )
        settings, reported = self._folder.of(shuttle, groups), heard.reported
        version = version_of(settings)
        row = Compliance(
            shuttle=shuttle,
            state="follows",
            online=heard.online,
            version=version,
            reported=reported.version,
        )
        left_out = {each.key: each.reason for each in reported.left_out if reported.version == version}
        row.reasons = [*left_out.values()]
        for name, value in ((dotted(path), value) for path, value in flat(without_gone(settings)[0])):
            is_left_out = any(f"{name}.".startswith(f"{gone}.") for gone in left_out)
            if not is_left_out and reported.settings.get(name) != value:
                row.differs[name] = [value, reported.settings.get(name)]
        rejected = reported.rejected
        if reported.trying == version:
            row.state = "trying"
        elif rejected is not None and rejected.version == version:
            row.state = "taken back" if rejected.taken_back else "refused"
            row.reasons = [each.reason for each in rejected.refusals]
        elif reported.version != version or row.differs:
            row.state = "differs"
        return row
