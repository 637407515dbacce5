"""A broker with several addresses, such as a cluster's nodes: whichever answers is taken, by chance."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from edge.mqtt import failure
from edge.mqtt.addresses import connect_to_any

TIMEOUT_S = 5.0


@contextlib.contextmanager
def listening(address: str, port: int = 0) -> Iterator[int]:
    with socket.create_server((address, port)) as server:
        yield server.getsockname()[1]


def nodes(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """Have every name mean these."""

    def found(host: str, port: int, **more: object) -> list[object]:
        kinds = [socket.AF_INET6 if ":" in each else socket.AF_INET for each in addresses]
        return [
            (kind, socket.SOCK_STREAM, 6, "", (each, port))
            for kind, each in zip(kinds, addresses, strict=True)
        ]

    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, port, *rest, **more: (
            found(host, port) if host == "fleet.test" else real(host, port, *rest, **more)
        ),
    )


def test_a_node_that_is_away_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    nodes(monkeypatch, "127.0.0.2", "127.0.0.3", "127.0.0.4")
    with listening("127.0.0.3") as port:
        for _ in range(10):
            with connect_to_any("fleet.test", port, TIMEOUT_S) as connected:
                assert connected.getpeername()[0] == "127.0.0.3"


def test_clients_spread_over_the_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    nodes(monkeypatch, "127.0.0.2", "127.0.0.3")
    with listening("127.0.0.2") as port, listening("127.0.0.3", port):
        met = set()
        for _ in range(40):
            with connect_to_any("fleet.test", port, TIMEOUT_S) as connected:
                met.add(connected.getpeername()[0])
    assert met == {"127.0.0.2", "127.0.0.3"}


def test_the_kind_of_address_that_the_system_prefers_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []

    def refuse(address: tuple[str, int], timeout: float) -> socket.socket:
        tried.append(address[0])
        raise ConnectionRefusedError

    nodes(monkeypatch, "::1", "127.0.0.2", "127.0.0.3", "::2")
    monkeypatch.setattr(socket, "create_connection", refuse)
    with pytest.raises(ConnectionRefusedError):
        connect_to_any("fleet.test", 1, TIMEOUT_S)
    assert set(tried[:2]) == {"::1", "::2"}
    assert set(tried) == {"::1", "::2", "127.0.0.2", "127.0.0.3"}


@pytest.mark.parametrize(
    ("code", "version", "kind"),
    [
        ("Not authorized", "5", "refused"),
        ("Unspecified error", "5", "unreachable"),
        ("Implementation specific error", "5", "unreachable"),
        ("Unspecified error", "3.1.1", "refused"),
    ],
)
def test_only_what_a_person_must_mend_waits_for_a_person(code: str, version: str, kind: str) -> None:
    """A cluster without its majority grants no subscription for a while."""
    granted = failure.from_suback("a/b", ReasonCode(PacketTypes.SUBACK, code), version)
    assert granted.kind == kind
