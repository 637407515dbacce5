"""The topics of the fleet: ``guide/v1/…``."""

from __future__ import annotations

from collections.abc import Sequence

PREFIX = "guide/v1"
REPLIES = f"{PREFIX}/reply/"
"""Where a command may ask for its receipts: nowhere else may it have a shuttle publish."""
MAX_REPLY_CHARS = 200
SPOKEN = frozenset({"announce", "safety"})
"""What is to be said, each on a topic of its own."""
DESIRED = "config/desired"
REPORTED = "config/reported"


class FleetTopics:
    """The topics of one shuttle and of its groups."""

    def __init__(self, shuttle: str, groups: Sequence[str] = ()) -> None:
        self._own = f"{PREFIX}/{shuttle}"
        self._scopes = (self._own, *(f"{PREFIX}/group/{group}" for group in groups), f"{PREFIX}/all")

    def out(self, leaf: str) -> str:
        """Where the shuttle tells something."""
        return f"{self._own}/{leaf}"

    @property
    def orders(self) -> tuple[str, ...]:
        """Filters of the commands that concern the shuttle and are not said."""
        return tuple(f"{scope}/cmd/+" for scope in self._scopes)

    @property
    def speech(self) -> tuple[str, ...]:
        """Filters of what it is to say."""
        return tuple(f"{scope}/{leaf}" for scope in self._scopes for leaf in sorted(SPOKEN))

    @property
    def desired(self) -> tuple[str, ...]:
        """Topics on which the fleet says how the shuttle shall be configured."""
        return tuple(f"{scope}/{DESIRED}" for scope in self._scopes)

    def command_of(self, topic: str) -> str | None:
        """The name of a command (``announce``, ``safety``, ``mute``, …) that came there; None: it is none.

        Who may have something said is told by its topic: below ``cmd/`` there is none of that.
        """
        for scope in self._scopes:
            if topic.startswith(f"{scope}/"):
                leaf = topic.removeprefix(f"{scope}/")
                if leaf in SPOKEN:
                    return leaf
                name = leaf.removeprefix("cmd/")
                if name == leaf or "/" in name:
                    return None
                return leaf if name in SPOKEN else name
        return None


def reply_topic(wanted: str | None) -> str | None:
    """Where receipts are sent too; None: none was named, or one that may not be."""
    if wanted is None or not wanted.startswith(REPLIES) or len(wanted) > MAX_REPLY_CHARS:
        return None
    return wanted if wanted.isprintable() and not {"+", "#"} & set(wanted) else None
