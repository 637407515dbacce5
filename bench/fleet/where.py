"""Where the fleet's broker is: one of the bench's own, or somebody's."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from edge.config import FleetSettings
from edge.config.secret import Secret
from tests.support.fleet_broker import FleetBroker

# Mosquitto's defaults are for a client or two: a reader of the whole fleet has more that waits for it.
FOR_MANY = ("max_queued_messages 0", "max_inflight_messages 1000")


class Where(NamedTuple):
    """The broker, and how everybody gets in."""

    settings: FleetSettings
    own: FleetBroker | None
    """None: somebody else's, which is not restarted."""

    def environment(self) -> dict[str, str]:
        """The same, for a process of the guide."""
        keys = ("host", "port", "ca_file", "cert_file", "key_file", "username")
        values = {key: getattr(self.settings, key) for key in keys}
        password = self.settings.password
        if password is not None:
            values["password"] = password.reveal()
        return {
            f"SHUTTLE_GUIDE_FLEET__{key.upper()}": str(value)
            for key, value in values.items()
            if value is not None
        }


@contextlib.contextmanager
def broker_of(options: argparse.Namespace, folder: Path) -> Iterator[Where]:
    """The broker that was named, or a Mosquitto that lives as long as the context."""
    if options.broker:
        host, _, port = options.broker.rpartition(":")
        yield Where(
            FleetSettings(
                host=host,
                port=int(port),
                ca_file=options.ca,
                cert_file=options.cert,
                key_file=options.key,
                username=options.username,
                password=Secret(options.password_file.read_text().strip()) if options.password_file else None,
            ),
            None,
        )
        return
    own = FleetBroker(folder / "fleet", extra=FOR_MANY, saves_each_change=False)
    own.start()
    try:
        yield Where(own.fleet_settings("bench"), own)
    finally:
        own.kill()
