"""Ansible filters for the firewall: whom a list of networks lets in."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Any

SSH_PORT = "22"
EVERYWHERE = ["0.0.0.0/0", "::/0"]


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
    if client and not any(_address(client) in network for network in allowed):
        named = ", ".join(networks)
        return f"expected among them a network with {client}, which this connection comes from, got {named}"
    return ""


def _address(client: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Of a peer, also of an IPv4 one that came to an IPv6 socket."""
    address = ipaddress.ip_address(client.split("%")[0])
    return getattr(address, "ipv4_mapped", None) or address


def firewall_openings(ssh_from: list[str], others: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the firewall lets in beside answers: for each port and version of IP the networks.

    The one source of the rules for nftables and for iptables.

    Args:
        ssh_from: networks that SSH is open to.
        others: ``port`` and, where it is not open to all, ``networks``; connections to it are counted unless
            ``counted`` says no.

    Returns:
        Dictionaries with ``version`` (4 or 6), ``port``, ``networks`` without overlaps, and ``counted``.
    """
    ports = [(int(SSH_PORT), ssh_from, False)]
    ports += [
        (int(other["port"]), other.get("networks") or EVERYWHERE, other.get("counted", True))
        for other in others
    ]
    openings: list[dict[str, Any]] = []
    for port, named, counted in ports:
        networks = [ipaddress.ip_network(network, strict=False) for network in named]
        for version in (4, 6):
            # nftables refuses a set whose members overlap.
            within = ipaddress.collapse_addresses(n for n in networks if n.version == version)
            if listed := [str(network) for network in within]:
                openings.append({"version": version, "port": port, "networks": listed, "counted": counted})
    return openings


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"ssh_refusal": ssh_refusal, "firewall_openings": firewall_openings}
