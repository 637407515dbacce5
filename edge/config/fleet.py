"""Settings of the fleet: where its broker is, and which groups the shuttle belongs to."""

from __future__ import annotations

import re
from typing import Annotated

from msgspec import Meta

from edge.config.kinds import FLEET_WORD, FleetWord, Port, Section
from edge.config.secret import Secret

NOT_OF_ONE = frozenset({"all", "group", "reply"})
"""What stands in a topic where a shuttle's id does, and means something else."""


def is_fleet_word(name: str) -> bool:
    """Whether it may name a shuttle or a group on a fleet's broker: one level of a topic.

    RabbitMQ turns ``/`` into ``.``, so that a dot would cross the permissions of others.
    """
    return re.match(FLEET_WORD, name) is not None and name not in NOT_OF_ONE


class FleetSettings(Section, frozen=True):
    """The fleet's broker (MQTT 5 over TLS), where there is one. See docs/fleet.md."""

    host: Annotated[str, Meta(min_length=1)] | None = None
    """Without it there is no fleet."""
    port: Port = 8883
    ca_file: str | None = None
    """Whose certificates count; absent: the system's authorities."""
    cert_file: str | None = None
    """The shuttle's own certificate, with ``key_file``."""
    key_file: str | None = None
    username: str | None = None
    """An account instead of a certificate."""
    password: Secret | None = None
    groups: tuple[FleetWord, ...] = ()
    """Groups of shuttles that are spoken to together."""
    metered: bool = False
    """The connection costs by the byte: the heartbeat is five times as slow, ``state`` is told with it alone,
    and turns are told without their words."""
