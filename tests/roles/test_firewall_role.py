"""Who gets through the shuttle's firewall, by nftables and by what JetPack 6.2's kernel has."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.firewall import UNREAD, Networks, lacking, networks, play, stubs
from tests.support.late_input import late_input

pytestmark = pytest.mark.timeout(400)
SETTINGS: dict[str, Any] = {
    "base_ssh_from": ["10.20.0.1/24", "10.20.0.7", "fd00::/64"],
    "base_firewall_open": [{"port": 8883, "networks": ["192.168.10.0/24", "fd00::7"]}, {"port": 9000}],
}
SHUTTLE = {"10.20.0.7": "10.20.0.11", "10.99.0.1": "10.20.0.11", "192.168.10.5": "192.168.10.11"} | {
    "fd00::7": "fd00::11",
    "2001:db8::7": "2001:db8::11",
}
"""Who → how the shuttle is called there."""
OPEN = {
    "10.20.0.7": {22, 9000},
    "10.99.0.1": {9000},
    "192.168.10.5": {8883, 9000},
    "fd00::7": {22, 8883, 9000},
    "2001:db8::7": {9000},
}
FOREIGN = "-A INPUT -p tcp -m tcp --dport 7 -j ACCEPT"
PORTS = (22, 1883, 8883, 9000)
NO_CT = r"\bct state\b"
"""What JetPack 6.2's kernel lacks (no NFT_CT)."""
NO_LIMIT = rf"{NO_CT}|\blimit rate\b"
"""And this (no NFT_LIMIT)."""
BACKENDS = {"nftables": "", "iptables-legacy": NO_CT}


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the role writes."""
    if reason := lacking():
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("rules")
    assert "LOADED BY [nftables]" in play(folder, SETTINGS)
    return folder


@pytest.fixture
def net() -> Iterator[Networks]:
    with networks("fire-test") as made:
        yield made


def openings_of_nft(text: str) -> set[tuple[str, str]]:
    """(network, port) of what is accepted."""
    found = set()
    for networks_, port in re.findall(
        r"^\tip6? saddr \{ (.*) \} tcp dport (\d+) accept$", text.replace("\t\t", "\t"), re.M
    ):
        found |= {(network, port) for network in networks_.split(", ")}
    return found


def openings_of_iptables(*texts: str) -> set[tuple[str, str]]:
    line = re.compile(r"^-A shuttle-guide-in -s (\S+) -p tcp --dport (\d+) -j RETURN$", re.M)
    return {opening for text in texts for opening in line.findall(text)}


def test_both_forms_have_the_same_openings_and_answers(rules: Path) -> None:
    nft, ip4, ip6 = ((rules / f"firewall.{name}").read_text() for name in ("nft", "ip4", "ip6"))
    assert openings_of_nft(nft) == openings_of_iptables(ip4, ip6)
    assert openings_of_nft(nft) == {
        ("10.20.0.0/24", "22"),
        ("fd00::/64", "22"),
        ("192.168.10.0/24", "8883"),
        ("fd00::7/128", "8883"),
        ("0.0.0.0/0", "9000"),
        ("::/0", "9000"),
    }
    assert openings_of_iptables(ip4) == {(net, port) for net, port in openings_of_nft(nft) if ":" not in net}
    accepted = re.findall(r"^\t\t(?:meta l4proto|(udp) dport) (\d+) accept$", nft, re.M)
    for text in (ip4, ip6):
        returned = re.findall(r"^-A shuttle-guide-in -p (?:(udp) --dport )?(\d+) -j RETURN$", text, re.M)
        assert returned == accepted == [("", "1"), ("", "58"), ("udp", "68"), ("udp", "546")]
        assert [line for line in text.splitlines() if line.endswith("DROP")] == [
            "-A shuttle-guide-in -m conntrack --ctstate INVALID -j DROP",
            "-A shuttle-guide-in -j DROP",
            "-A shuttle-guide-fwd -j DROP",
        ]
    for kind in ("limit", "sets"):
        limits = (rules / f"firewall-{kind}.nft").read_text()
        counted = openings_of_nft(limits.replace("goto from_one_address", "accept"))
        assert counted == {opening for opening in openings_of_nft(nft) if opening[1] != "22"}


@pytest.mark.parametrize(
    ("console", "more", "opened"),
    [
        ({}, {}, set()),
        ({"address": "127.0.0.1", "port": 9443}, {}, set()),
        ({"address": "::1"}, {}, set()),
        ({"address": "0.0.0.0", "enabled": False}, {}, set()),
        ({"address": "0.0.0.0"}, {}, {("0.0.0.0/0", "8484"), ("::/0", "8484")}),
        (
            {"address": "10.20.0.11", "port": 9443},
            {"base_console_from": ["10.20.0.0/24"]},
            {("10.20.0.0/24", "9443")},
        ),
    ],
)
def test_the_consoles_port_is_open_where_it_is_served_to_others(
    tmp_path: Path, console: dict[str, Any], more: dict[str, Any], opened: set[tuple[str, str]]
) -> None:
    if reason := lacking():
        pytest.skip(reason)
    play(tmp_path, {"base_ssh_from": [], "guide_settings": {"console": console}} | more)
    nft, ip4, ip6 = ((tmp_path / f"firewall.{name}").read_text() for name in ("nft", "ip4", "ip6"))
    assert openings_of_nft(nft) == openings_of_iptables(ip4, ip6) == opened
    limits = (tmp_path / "firewall-limit.nft").read_text()
    assert openings_of_nft(limits.replace("goto from_one_address", "accept")) == set()


@pytest.mark.parametrize("by", BACKENDS)
def test_the_same_come_in_by_either(rules: Path, net: Networks, tmp_path: Path, by: str) -> None:
    path = stubs(tmp_path / "bin", BACKENDS[by])
    attempts = [(who, SHUTTLE[who], port) for who in OPEN for port in PORTS]
    with net.serving(net.shuttle, *PORTS), net.serving(net.others, 5000):
        assert all(net.probe(attempts)), "without a firewall"
        assert f"rules loaded by {by}; new connections to the broker are limited (limit)" in net.load(
            rules, path
        )
        came_in = dict.fromkeys(OPEN, frozenset[int]())
        for (who, _, port), came in zip(attempts, net.probe(attempts), strict=True):
            came_in[who] |= {port} if came else set()
        assert came_in == OPEN
        answers = [("10.20.0.11", "10.20.0.7", 5000), ("fd00::11", "fd00::7", 5000)]
        assert net.probe(answers, net.shuttle) == [True, True], "answers to what the shuttle itself asked"
        assert net.probe([("127.0.0.1", "127.0.0.1", 1883), ("::1", "::1", 9000)], net.shuttle) == [
            True,
            True,
        ]
        before = net.rules()
        net.load(rules, path)
        assert _without_numbers(net.rules()) == _without_numbers(before), "loaded twice"


def _without_numbers(loaded: str) -> list[str]:
    """What is loaded, without counters, dates and who has called."""
    lines = re.sub(r"elements = \{[^}]*\}", "", re.sub(r"\[\d+:\d+\]", "", loaded)).splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


@pytest.mark.parametrize(("kind", "lacks"), [("limit", NO_CT), ("sets", NO_LIMIT)])
def test_new_connections_are_limited_by_either(
    rules: Path, net: Networks, tmp_path: Path, kind: str, lacks: str
) -> None:
    path = stubs(tmp_path / "bin", lacks)
    camera, neighbour = ("192.168.10.5", "192.168.10.11", 8883), ("fd00::7", "fd00::11", 8883)
    with net.serving(net.shuttle, 8883, 1883):
        assert f"iptables-legacy; new connections to the broker are limited ({kind})" in net.load(rules, path)
        began = time.monotonic()
        let_in = sum(net.probe([camera] * 12))
        assert 4 <= let_in <= 5 + (time.monotonic() - began) / 3, (
            "4 at once, and 20 a minute from one address"
        )
        assert net.probe([neighbour] * 2) == [True, True], "who is refused costs others nothing"
        began = time.monotonic()
        from_all = sum(net.probe([neighbour] * 12))
        assert 1 <= from_all <= 5 + (time.monotonic() - began), "8 at once, and 60 a minute from all"
        began = time.monotonic()
        here = sum(net.probe([("127.0.0.1", "127.0.0.1", 1883)] * 14, net.shuttle))
        assert 8 <= here <= 9 + (time.monotonic() - began)


def test_another_kernel_has_the_rules_of_the_one_before_taken_away(
    rules: Path, net: Networks, tmp_path: Path
) -> None:
    old = stubs(tmp_path / "old", NO_LIMIT)
    net.load(rules, old)
    assert "shuttle-guide-in" in net.rules()
    assert "table inet shuttle_guide {" not in net.rules()
    net.run(net.shuttle, "iptables-legacy", *FOREIGN.split())
    net.load(rules)
    assert "table inet shuttle_guide {" in net.rules()
    assert "shuttle-guide-in" not in net.rules()
    net.load(rules, old)
    assert "table inet shuttle_guide {" not in net.rules()
    assert net.rules().count("-j shuttle-guide-in") == net.rules().count("-j shuttle-guide-fwd") == 2
    net.load(rules, old, "forget")
    assert "shuttle" not in net.rules()
    assert FOREIGN in net.rules(), "what is others' stays"


def test_a_kernel_that_takes_neither_says_so_and_has_nothing_half_loaded(
    rules: Path, net: Networks, tmp_path: Path
) -> None:
    told = net.load(rules, stubs(tmp_path / "bin", ".", iptables=False))
    assert "neither nftables nor iptables-legacy takes the rules: there is no firewall" in told
    assert "shuttle" not in net.rules()


@pytest.mark.parametrize(
    ("lacks", "iptables", "by"),
    [(NO_CT, True, "iptables-legacy"), (".", True, "iptables-legacy"), (".", False, "")],
)
def test_the_role_finds_out_what_loads_the_rules_and_says_so_where_nothing_does(
    tmp_path: Path, lacks: str, iptables: bool, by: str
) -> None:
    if reason := lacking():
        pytest.skip(reason)
    told = play(tmp_path, SETTINGS, stubs(tmp_path / "bin", lacks, iptables=iptables))
    assert f"LOADED BY [{by}]" in told
    assert told.count("NO FIREWALL: this kernel takes the rules neither by nftables (stub: Error") == (not by)


@pytest.mark.parametrize(("ends", "by"), [(0, "iptables-legacy"), (1, "")])
def test_what_ends_before_it_has_read_the_rules_is_believed(tmp_path: Path, ends: int, by: str) -> None:
    """As the trial for IPv6 does on a kernel without it."""
    if reason := lacking():
        pytest.skip(reason)
    path = tmp_path / "bin"
    path.mkdir()
    for name, status in (("nft", 1), ("iptables-legacy-restore", ends), ("ip6tables-legacy-restore", ends)):
        (path / name).write_text(UNREAD.format(status=status))
        (path / name).chmod(0o755)
    told = play(tmp_path, SETTINGS, path, late_input(tmp_path / "late", "--"))
    assert f"LOADED BY [{by}]" in told
    assert told.count("neither by nftables (stub: it ends at once) nor by iptables-legacy (stub: it") == (
        not by
    )
