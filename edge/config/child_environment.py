"""What of our environment a child gets: no key that it has no use for."""

from __future__ import annotations

import os
from collections.abc import Mapping

from edge.config.load import ENV_PREFIX
from edge.config.tree import SECRETS
from edge.masking import is_called_like_a_key, secrets_of
from edge.messages import ProcessName

SECRETS_OF: dict[ProcessName, frozenset[str]] = {
    "ingest": frozenset({"mqtt_password", "mqtt_events_password", "mqtt_control_password"}),
    "listener": frozenset({"groq_api_key", "openai_api_key"}),
    "commentator": frozenset({"groq_api_key", "openai_api_key"}),
    "speaker": frozenset({"elevenlabs_api_key", "openai_api_key"}),
    "telemetry": frozenset({"mqtt_password", "mqtt_telemetry_password"}),
}
"""What each process asks services with, as the units' ``LoadCredential=`` have it."""


def for_process(environment: Mapping[str, str], process: ProcessName) -> dict[str, str]:
    """``environment`` without the secrets of the other processes."""
    unwanted = SECRETS.keys() - SECRETS_OF[process]
    names = {variable for name in unwanted for variable in _variables(name)}
    return {name: value for name, value in environment.items() if name not in names}


def without_secrets(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Ours (or ``environment``) for a program that needs no service: what looks like a secret stays here."""
    ours = os.environ if environment is None else environment
    return {
        name: value
        for name, value in ours.items()
        if not is_called_like_a_key(name) and not ("://" in value and secrets_of(value))
    }


def _variables(secret: str) -> tuple[str, str]:
    section, key = SECRETS[secret]
    return secret.upper(), f"{ENV_PREFIX}{section}__{key}".upper()
