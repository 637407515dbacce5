"""The roles base and mosquitto on a board whose kernel has no `ct` (JetPack 6.2), and with none at all.

Their programs are stubs that refuse what such a kernel refuses; what they let through is loaded truly.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.firewall import FAILS, STUB_NFT
from tests.support.fleet import ANSIBLE, PACKAGES, PLAYBOOKS, Fleet, Played
from tests.support.machine import Machine

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]
JETPACK_6 = r"\bct state\b|\blimit rate\b"
NOTHING = "."
IPTABLES = tuple(f"/usr/sbin/ip{six}tables-legacy{part}" for six in ("", "6") for part in ("", "-restore"))
LISTENING = "ss -Hltn 'sport = :8883 or sport = :1883'"


def told(played: Played) -> str:
    """What the play said, on one line."""
    return " ".join(played.output.split())


class Board:
    """One machine, and the two roles played on it."""

    def __init__(self, folder: Path, machine: Machine) -> None:
        self.machine = machine
        self._fleet = Fleet(folder, {"shuttle-01": machine})
        self._manifest = self._fleet.bundle / "manifest.json"
        self._manifest.parent.mkdir(parents=True, exist_ok=True)
        self.bundle_made(0)
        play = {"hosts": "shuttles", "become": True, "gather_subset": ["min", "service_mgr"]}
        (folder / "play.yml").write_text(json.dumps([play | {"roles": ["base", "mosquitto"]}]))
        self._play = os.path.relpath(folder / "play", PLAYBOOKS / "playbooks")

    def bundle_made(self, at: int) -> None:
        self._manifest.write_text(json.dumps({"made": at}))

    def play(self, *arguments: str) -> Played:
        return self._fleet.play(self._play, *arguments)

    def configure(self, **settings: object) -> Played:
        return self.play("--tags", "preflight,configure", "-e", json.dumps(settings))

    def kernel_lacks(self, what: str, *, iptables: bool = True) -> None:
        """Exchange the programs for ones that refuse what that kernel would; empty: the true ones."""
        stub = STUB_NFT.format(nft="/usr/sbin/nft.true", lacks=what or "^never$")
        self.machine.write("/usr/sbin/nft", stub, 0o755)
        for program in IPTABLES:
            self.machine.run(f"ln -sf xtables-legacy-multi {program}")  # its package comes later
            if not iptables:
                self.machine.run(f"rm {program}")
                self.machine.write(program, FAILS, 0o755)

    def reaches(self, port: int) -> bool:
        try:
            socket.create_connection((self.machine.address, port), timeout=10).close()
        except OSError:
            return False
        return True

    def firewall(self) -> str:
        return self.machine.run(
            "systemctl is-active shuttle-firewall; journalctl -u shuttle-firewall -o cat", check=False
        )

    def broker(self) -> str:
        """Its process."""
        return self.machine.run("systemctl show --property=MainPID mosquitto")


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Board]:
    """A board as JetPack 6.2 flashes it, on which the roles were played once."""
    lacking = [tool for tool in ("ssh", "ssh-keygen", "openssl") if not shutil.which(tool)]
    if lacking or not ANSIBLE.exists():
        pytest.skip(f"not on this machine: {', '.join(lacking) or 'Ansible in .venv-deploy (make setup)'}")
    with Machine(name="fire-one", network="10.213.96", packages=PACKAGES, flavour="ssh") as machine:
        for program in ("/usr/sbin/nft", *IPTABLES):
            machine.run(f"dpkg-divert --quiet --add --rename --divert {program}.true {program}")
        board = Board(tmp_path_factory.mktemp("board"), machine)
        board.kernel_lacks(JETPACK_6)
        played = board.play()
        assert played.returncode == 0, played.output
        assert "NO FIREWALL" not in told(played)
        yield board


def test_a_freshly_flashed_board_without_ct_gets_its_firewall_by_iptables(board: Board) -> None:
    assert (
        "rules loaded by iptables-legacy; new connections to the broker are limited (sets)"
        in board.firewall()
    )
    for table in ("iptables-legacy", "ip6tables-legacy"):
        rules = board.machine.run(f"{table}-save")
        assert "-A INPUT -j shuttle-guide-in" in rules
        assert "-A FORWARD -j shuttle-guide-fwd" in rules
    board.machine.run("systemd-run --unit=other python3 -m http.server 9000")
    board.machine.run("until ss -Hltn 'sport = :9000' | grep -q .; do sleep 0.1; done")
    assert [board.reaches(port) for port in (22, 8883, 9000)] == [True, True, False]
    again = board.play()
    assert again.returncode == 0, again.output
    assert again.counts("shuttle-01")["changed"] == 0, again.output


def test_another_kernel_needs_no_other_configuration(board: Board) -> None:
    board.kernel_lacks("")
    board.machine.restart()
    assert "rules loaded by nftables; new connections to the broker are limited (limit)" in board.firewall()
    assert "shuttle-guide-in" not in board.machine.run("iptables-legacy-save")
    board.kernel_lacks(JETPACK_6)
    board.machine.restart()
    assert "active" in board.firewall().splitlines()
    assert "-A INPUT -j shuttle-guide-in" in board.machine.run("iptables-legacy-save")
    assert "table inet shuttle_guide {" not in board.machine.run("nft list ruleset")
    assert board.reaches(22)
    board.machine.run("systemctl stop shuttle-firewall")
    assert "shuttle" not in board.machine.run("iptables-legacy-save; ip6tables-legacy-save; nft list ruleset")
    board.machine.run("systemctl start shuttle-firewall")


def test_where_nothing_loads_the_rules_the_broker_stays_closed_to_other_machines(board: Board) -> None:
    board.kernel_lacks(NOTHING, iptables=False)
    board.machine.restart()
    try:
        played = board.play()
        assert played.returncode == 0, played.output
        assert "NO FIREWALL: this kernel takes the rules neither" in told(played)
        assert board.machine.run(LISTENING).split()[3:4] == ["127.0.0.1:1883"]
        assert len(board.machine.run(LISTENING).splitlines()) == 1
        assert not board.reaches(8883)
        again = board.play()
        assert again.counts("shuttle-01")["changed"] == 0, again.output
    finally:
        board.kernel_lacks(JETPACK_6)
    played = board.configure()
    assert played.returncode == 0, played.output
    assert board.reaches(8883)


def test_a_board_whose_date_is_before_the_bundle_is_refused_before_anything_is_touched(board: Board) -> None:
    made = int(time.time()) + 86_400
    board.bundle_made(made)
    try:
        played = board.play()
    finally:
        board.bundle_made(0)
    assert played.returncode != 0
    assert "The shuttle's date is" in told(played)
    at = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(made))  # as in the command that sets it
    assert f"this bundle was made on {at}. Set it" in told(played)
    assert "date --utc --set=" in told(played)
    assert played.counts("shuttle-01")["changed"] == 0


def test_a_configuration_that_the_broker_would_refuse_leaves_it_as_it_is(board: Board) -> None:
    written, process = board.machine.run("cat /etc/mosquitto/mosquitto.conf"), board.broker()
    own = (board.machine.root / "etc/mosquitto/certs/shuttle-guide.crt").read_text()
    key = (board.machine.root / "etc/mosquitto/certs/shuttle-guide.key").read_text()
    refused = board.configure(mosquitto_tls={"certificate": own, "key": key, "port": 70_000})
    assert refused.returncode != 0
    assert "runs on with the one that it has" in told(refused)
    assert "Invalid port value (70000)" in told(refused)
    assert (board.machine.run("cat /etc/mosquitto/mosquitto.conf"), board.broker()) == (written, process)
    assert board.machine.run("ls /etc/mosquitto").count("mosquitto.conf") == 1


def test_a_configuration_that_the_broker_does_not_start_with_is_put_back(board: Board) -> None:
    written, process = board.machine.run("cat /etc/mosquitto/mosquitto.conf"), board.broker()
    own = (board.machine.root / "etc/mosquitto/certs/shuttle-guide.crt").read_text()
    key = (board.machine.root / "etc/mosquitto/certs/shuttle-guide.key").read_text()
    board.machine.run("systemd-run --unit=taken python3 -m http.server 9001")
    board.machine.run("until ss -Hltn 'sport = :9001' | grep -q .; do sleep 0.1; done")
    failed = board.configure(mosquitto_tls={"certificate": own, "key": key, "port": 9001})
    assert failed.returncode != 0
    assert "runs with the former one" in told(failed)
    assert board.machine.run("cat /etc/mosquitto/mosquitto.conf") == written
    assert board.machine.run("ls /etc/mosquitto").count("mosquitto.conf") == 1
    assert board.broker() not in (process, "MainPID=0\n")
    assert board.reaches(8883)


def test_passwords_go_where_a_key_has_worked_and_stay_where_none_has(board: Board, tmp_path: Path) -> None:
    closed = "sshd -T | grep -c '^passwordauthentication no'"  # Debian has the keyboard's way off by itself
    assert board.machine.run(closed).strip() == "1"
    played = board.configure(base_ssh_passwords=True)
    assert played.returncode == 0, played.output
    assert (
        "SSH TAKES PASSWORDS (from base_ssh_from) on shuttle-01: base_ssh_passwords says so" in played.output
    )
    board.machine.run("echo root:ignition-key | chpasswd")
    board.machine.write("/etc/ssh/sshd_config.d/20-site.conf", "PermitRootLogin yes\n")
    board.machine.run("systemctl reload ssh")
    by_password = {
        "ansible_password": "ignition-key",
        "ansible_ssh_private_key_file": "/dev/null",
        "ansible_ssh_common_args": "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null "
        f"-o PubkeyAuthentication=no -o ControlPath={tmp_path}/ssh",  # not the connection that came by key
    }
    played = board.configure(**by_password)
    assert played.returncode == 0, played.output
    assert "this run did not come in by key. Bring yours with ssh-copy-id" in told(played)
    assert board.machine.run(closed, check=False).strip() == "0"
    played = board.configure()
    assert played.returncode == 0, played.output
    assert board.machine.run(closed).strip() == "1"
