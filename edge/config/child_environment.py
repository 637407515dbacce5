"""What of our environment a child gets: no key that it has no use for."""

from __future__ import annotations

import os
from collections.abc import Mapping

from edge.config.convert import ConfigError
from edge.config.load import ENV_PREFIX, settings_of
from edge.config.orders import services_of
from edge.config.tree import KEY_SUFFIX, Settings, secrets_with
from edge.masking import is_called_like_a_key, secrets_of
from edge.messages import ProcessName

PASSWORDS_OF: dict[ProcessName, frozenset[str]] = {
    "ingest": frozenset({"mqtt_password", "mqtt_events_password", "mqtt_control_password"}),
    "console": frozenset(
        {"mqtt_password", "mqtt_console_password", "console_token", "desk_token", "fleet_password"}
    ),
    "telemetry": frozenset({"mqtt_password", "mqtt_telemetry_password", "fleet_password"}),
}
"""What a process enters a broker or a server with, and asks of its clients; its unit's ``LoadCredential=``
have the same, but for the console's ``fleet_password``: at a desk ``[fleet]`` is an operator's account; on a
device the shuttle's, which is telemetry's alone."""


def secrets_of_process(settings: Settings, process: ProcessName) -> set[str]:
    """Names of all secrets that it needs: passwords, and the keys of the services that it asks."""
    keys = {name + KEY_SUFFIX for name in services_of(settings, process)}
    return keys | PASSWORDS_OF.get(process, frozenset())


def for_process(environment: Mapping[str, str], process: ProcessName) -> dict[str, str]:
    """``environment`` without the secrets of the other processes, and without keys that are none of ours."""
    try:
        settings, _ = settings_of(environment)
    except ConfigError:  # the process will say what is wrong
        settings = Settings()
    ours = secrets_with(settings.services)
    variables = {name: _variables(name, path) for name, path in ours.items()}
    secrets = {each for names in variables.values() for each in names}
    wanted = {each for name in secrets_of_process(settings, process) for each in variables[name]}
    return {
        name: value
        for name, value in environment.items()
        if (upper := name.upper()) in wanted or not (upper in secrets or upper.endswith(KEY_SUFFIX.upper()))
    }


def without_secrets(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Our environment (or ``environment``) for a program that needs no service: secrets stay here."""
    ours = os.environ if environment is None else environment
    return {
        name: value
        for name, value in ours.items()
        if not is_called_like_a_key(name) and not ("://" in value and secrets_of(value))
    }


def _variables(secret: str, path: tuple[str, ...]) -> set[str]:
    """Variables of the environment by which the secret may come."""
    in_tree = {path, path[1:]}  # as a service's key is written now, and as it was in a section of its own
    return {secret.upper()} | {f"{ENV_PREFIX}{'__'.join(keys)}".upper() for keys in in_tree}
