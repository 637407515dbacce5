"""Which of the broker's accounts a session uses."""

from __future__ import annotations

from typing import Literal

import msgspec

from edge.config import ConfigError, MqttSettings

SessionName = Literal["events", "control", "telemetry", "console", "cli"]
"""The guide's sessions: ``events`` and ``control`` are of ingest, ``cli`` is that of people's commands."""


def account_of(settings: MqttSettings, session: SessionName) -> MqttSettings:
    """``settings`` with the session's own account, ``{username}-{session}``, where it has a password.

    A broker that takes the user's name as client id (so that nobody can throw out a session of somebody
    else) allows one connection an account. A session without a password of its own uses the common account.

    Raises:
        ConfigError: there is such a password and no ``mqtt.username``.
    """
    password = {
        "events": settings.events_password,
        "control": settings.control_password,
        "telemetry": settings.telemetry_password,
        "console": settings.console_password,
        "cli": settings.cli_password,
    }[session]
    if password is None:
        return settings
    if settings.username is None:
        raise ConfigError(
            f"config: mqtt.username: expected what accounts' names begin with (guide for guide-{session}), "
            f"since there is a mqtt_{session}_password; it is not set"
        )
    return msgspec.structs.replace(settings, username=f"{settings.username}-{session}", password=password)
