"""Ansible filters for the firewall: whom a list of networks lets in."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Any

SSH_PORT = "22"


def ssh_refusal(networks: list[str], connection: str) -> str:
    """Why the connection that a play runs over could not be made again; empty when it could.

    Args:
        networks: those that SSH is open to.
        connection: sshd's ``SSH_CONNECTION``: the client's address and port, then the server's. Empty: the
            play does not run over SSH.
    """
    client, port = ("", SSH_PORT) if not connection.strip() else connection.split()[::3]
    here = f"; this connection comes from {client}" if client else ""
    if not networks:
        return f"expected networks that engineers come from, such as [10.20.0.0/24], got none{here}"
    try:
        allowed = [ipaddress.ip_network(network, strict=False) for network in networks]
    except ValueError as error:
        return f"expected networks such as 10.20.0.0/24: {error}"
    if port != SSH_PORT:
        return f"SSH would be open on port {SSH_PORT}, and this connection came over port {port}"
    if client and not any(ipaddress.ip_address(client.split("%")[0]) in network for network in allowed):
        named = ", ".join(networks)
        return f"expected among them a network with {client}, which this connection comes from, got {named}"
    return ""


def nft_sources(networks: list[str]) -> list[str]:
    """The networks as nft's matches of a packet's source, one for each family that is among them."""
    families = {
        "ip": [network for network in networks if ":" not in network],
        "ip6": [network for network in networks if ":" in network],
    }
    return [f"{name} saddr {{ {', '.join(listed)} }}" for name, listed in families.items() if listed]


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"ssh_refusal": ssh_refusal, "nft_sources": nft_sources}
