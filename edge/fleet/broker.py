"""How to reach the fleet's broker, for shuttles and for operators."""

from __future__ import annotations

import ssl

from edge.config import ConfigError, FleetSettings, MqttSettings
from edge.error_lines import reason_of

BACKOFF_MAX_S = 60.0


def broker_of(settings: FleetSettings) -> MqttSettings:
    """Where it is, and who we are there.

    Raises:
        ConfigError: there is no fleet.
    """
    if settings.host is None:
        raise ConfigError("config: fleet.host: expected the fleet's broker; it is not set")
    return MqttSettings(
        host=settings.host,
        port=settings.port,
        username=settings.username,
        password=settings.password,
        tls=True,
        protocol="5",
        backoff_max_s=BACKOFF_MAX_S,
    )


def tls_of(settings: FleetSettings) -> ssl.SSLContext:
    """Checks the broker's certificate and shows ours.

    Raises:
        ConfigError: a file cannot be used.
    """
    try:
        context = ssl.create_default_context(cafile=settings.ca_file)
    except OSError as error:  # ssl.SSLError too
        raise ConfigError(
            f"config: fleet.ca_file = {settings.ca_file!r} cannot be used: {reason_of(error)}"
        ) from error
    if settings.cert_file is not None:
        try:
            # A key with a passphrase would ask for it at the terminal.
            context.load_cert_chain(settings.cert_file, settings.key_file, password="")
        except OSError as error:
            raise ConfigError(
                f"config: fleet.cert_file = {settings.cert_file!r} with fleet.key_file = "
                f"{settings.key_file!r} cannot be used: {reason_of(error)}"
            ) from error
    return context
