"""Whom the shuttle's firewall lets in over SSH, and that it never locks out who is setting it up."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

ROLE = Path(__file__).parents[2] / "deploy" / "ansible" / "roles" / "base"
FILTERS = runpy.run_path(str(ROLE / "filter_plugins" / "networks.py"))["FilterModule"]().filters()
refusal, openings = FILTERS["ssh_refusal"], FILTERS["firewall_openings"]
FROM_DEPOT = "10.20.0.7 51234 10.20.0.11 22"


@pytest.mark.parametrize(
    ("networks", "connection"),
    [
        (["10.20.0.0/24"], FROM_DEPOT),
        (["192.168.10.0/24", "10.20.0.7"], FROM_DEPOT),
        (["10.20.0.1/24"], FROM_DEPOT),
        (["10.20.0.0/24", "fd00::/8"], "fd00::7 51234 fd00::1 22"),
        (["fe80::/10"], "fe80::7%eth0 51234 fe80::1%eth0 22"),
        (["10.20.0.0/24"], ""),  # on the machine itself
    ],
)
def test_who_comes_from_a_network_that_is_named_may_go_on(networks: list[str], connection: str) -> None:
    assert refusal(networks, connection) == ""


@pytest.mark.parametrize(
    ("networks", "connection", "told"),
    [
        ([], FROM_DEPOT, "got none; this connection comes from 10.20.0.7"),
        ([], "", "got none"),
        (["192.168.10.0/24"], FROM_DEPOT, "a network with 10.20.0.7"),
        (["fd00::/8"], FROM_DEPOT, "a network with 10.20.0.7"),
        (["10.20.0.0/24"], "10.20.0.7 51234 10.20.0.11 2222", "this connection came over port 2222"),
        (["10.20"], FROM_DEPOT, "'10.20' does not appear to be"),
    ],
)
def test_who_would_be_locked_out_is_told_so(networks: list[str], connection: str, told: str) -> None:
    assert told in refusal(networks, connection)


def test_each_port_has_its_networks_of_each_version_without_overlaps() -> None:
    ssh_from = ["10.20.0.1/24", "10.20.0.7", "fd00::/8"]
    others = [{"port": 8883, "networks": ["192.168.10.0/24"]}, {"port": 9000}]
    assert [tuple(opening.values()) for opening in openings(ssh_from, others)] == [
        (4, 22, ["10.20.0.0/24"], False),
        (6, 22, ["fd00::/8"], False),
        (4, 8883, ["192.168.10.0/24"], True),
        (4, 9000, ["0.0.0.0/0"], True),
        (6, 9000, ["::/0"], True),
    ]
    assert openings([], []) == []
    assert [opening["counted"] for opening in openings([], [{"port": 8484, "counted": False}])] == [False] * 2
    with pytest.raises(ValueError, match=r"'192\.168' does not appear to be"):
        openings(ssh_from, [{"port": 8883, "networks": ["192.168"]}])
