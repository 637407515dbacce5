"""How long name, connection and TLS take to what the settings name outside this machine."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

from edge.acceptance.result import Result, not_there, passed_if
from edge.config import Settings
from edge.config.addresses import is_on_this_machine
from edge.doctor.check import Check
from edge.error_lines import reason_of
from edge.masking import masked

WITHIN_S = 5.0
"""For each step."""
SLOW_MS = 1500.0
"""All steps together; the guide keeps connections warm, so this is met after each loss of the uplink."""
PORTS = {"https": 443, "wss": 443, "http": 80, "ws": 80}
ADVICE = {
    "name": "DNS: resolvectl status, the uplink's resolver",
    "connection": "the uplink, a firewall on the way, the port",
    "TLS": "the clock, a proxy that breaks TLS open, mqtt.ca_file",
}


class Target(NamedTuple):
    """Something outside that the guide connects to."""

    name: str
    host: str
    port: int
    tls: bool
    ca_file: str | None = None


def targets(settings: Settings) -> Iterator[Target]:
    """The broker, if it is elsewhere, and each service that has a key or an address."""
    mqtt = settings.mqtt
    if not is_on_this_machine(f"mqtt://{mqtt.host}"):
        yield Target("broker", mqtt.host, mqtt.port, mqtt.tls, mqtt.ca_file)
    for name, service in settings.services.items():
        if service.can_be_asked:
            parts = urlsplit(service.address)
            tls = parts.scheme in ("https", "wss")
            shown = f"{name} model" if service.local else name
            yield Target(shown, parts.hostname or "", parts.port or PORTS.get(parts.scheme, 443), tls)


def check_network(settings: Settings) -> Result:
    """All of them one after the other, each step within ``WITHIN_S``."""
    found = [_check(target) for target in targets(settings)]
    if not found:
        return not_there("network", "nothing outside this machine is configured (broker, keys)")
    return Result(
        [check for check, _ in found],
        {check.name: figures for check, figures in found},
    )


def _check(target: Target) -> tuple[Check, dict[str, float]]:
    requested = masked(f"{target.host}:{target.port}{' over TLS' if target.tls else ''}")
    took_ms: dict[str, float] = {}
    step = "name"
    try:
        started = time.monotonic()
        address = asyncio.run(_resolve(target))
        took_ms["name"] = _ms_since(started)
        step, started = "connection", time.monotonic()
        with socket.create_connection(address, timeout=WITHIN_S) as connection:
            took_ms["connection"] = _ms_since(started)
            if target.tls:
                step, started = "TLS", time.monotonic()
                context = ssl.create_default_context(cafile=target.ca_file)
                with context.wrap_socket(connection, server_hostname=target.host):
                    took_ms["TLS"] = _ms_since(started)
    except (OSError, ValueError) as error:
        told = f"{step}: {reason_of(error)}"
        return passed_if(False, f"network {target.name}", requested, told, ADVICE[step]), took_ms
    whole = sum(took_ms.values())
    told = ", ".join(f"{step} {ms:.0f} ms" for step, ms in took_ms.items())
    advice = f"more than {SLOW_MS:.0f} ms: {ADVICE[max(took_ms, key=lambda step: took_ms[step])]}"
    return passed_if(whole <= SLOW_MS, f"network {target.name}", requested, told, advice), took_ms


async def _resolve(target: Target) -> tuple[str, int]:
    """The first address. Raises OSError."""
    loop = asyncio.get_running_loop()
    found = await asyncio.wait_for(
        loop.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM), WITHIN_S
    )
    host, port = found[0][4][:2]
    return str(host), int(port)


def _ms_since(started_mono: float) -> float:
    return round((time.monotonic() - started_mono) * 1000, 1)
