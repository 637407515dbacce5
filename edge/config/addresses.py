"""Which addresses a key may be sent to."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from edge.config.tree import Settings
from edge.masking import secrets_of

PLAIN = ("http", "ws")


def is_on_this_machine(address: str) -> bool:
    """Whether it is written ``localhost`` or as a loopback address: what a name resolves to can change."""
    try:
        host = urlsplit(address).hostname or ""
    except ValueError:
        return False
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def shows_key(address: str, *, has_key: bool = False) -> bool:
    """Whether a request there would carry a key or a password over the network unencrypted.

    Args:
        has_key: one is sent in a header; those in the address count anyway.
    """
    plain = address.partition("://")[0].lower() in PLAIN
    return plain and not is_on_this_machine(address) and (has_key or bool(secrets_of(address)))


def showing_settings(settings: Settings) -> list[tuple[tuple[str, ...], str]]:
    """Name and value of each setting that would send a key unencrypted."""
    addresses: list[tuple[tuple[str, ...], str, bool]] = [
        (("services", name, "base_url"), service.address, service.api_key is not None)
        for name, service in settings.services.items()
    ]
    addresses.append((("models_mirror",), settings.models_mirror or "", False))
    return [(name, address) for name, address, has_key in addresses if shows_key(address, has_key=has_key)]
