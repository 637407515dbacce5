"""From a flashed board to an entry of the inventory: the playbook, with stubs for its files and for SSH."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import socket
import ssl
import stat
import subprocess
import threading
from pathlib import Path

import numpy as np
import pytest
import yaml
import zxingcpp

from tests.support.board import MODEL, Bench, missing
from tests.support.fleet import ANSIBLE, PLAYBOOKS

pytestmark = [pytest.mark.skipif(bool(missing()), reason=str(missing())), pytest.mark.timeout(400)]
SERIAL, ADDRESS = "1421324000123", "10.20.0.21"
ACCOUNTS = ["camera-front", "camera-rear", "dispatch", "vehicle"]
GUIDE_ACCOUNTS = ["guide-cli", "guide-console", "guide-control", "guide-events", "guide-telemetry"]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """With the example's inventory, and one board provisioned."""
    folder = tmp_path_factory.mktemp("bench")
    shutil.copytree(PLAYBOOKS / "inventory" / "example", folder / "inventory")
    vault = folder / "inventory" / "group_vars" / "all" / "vault.yml"
    shutil.copy(vault.with_suffix(".yml.example"), vault)
    bench = Bench(folder)
    bench.new_host_key(ADDRESS)
    played = bench.provision(SERIAL, ADDRESS, "-e", '{"broker_names": ["192.168.10.1"]}')
    assert played.returncode == 0, played.output
    return bench


def variables(bench: Bench, host: str, *names: str) -> dict[str, object]:
    """What Ansible makes of the inventory for that host, templates filled in."""
    asked = json.dumps({"msg": {name: f"{{{{ {name} }}}}" for name in names}})
    ended = subprocess.run(
        [
            ANSIBLE.with_name("ansible"),
            "-i",
            bench.inventory,
            "-c",
            "local",
            host,
            "-m",
            "debug",
            "-a",
            asked,
        ],
        env={
            "ANSIBLE_CONFIG": str(PLAYBOOKS / "ansible.cfg"),
            "ANSIBLE_NOCOLOR": "1",
            "PATH": "/usr/bin:/bin",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    read: dict[str, object] = json.loads(ended.stdout[ended.stdout.index("{") :])["msg"]
    return read


def test_the_entry_says_which_board_it_is(bench: Bench) -> None:
    entry = yaml.safe_load((bench.inventory / "boards.yml").read_text())["shuttles"]["hosts"]["shuttle-04"]
    assert entry["ansible_host"] == ADDRESS
    assert entry["board_serial"] == SERIAL
    assert entry["board_model"] == MODEL
    assert entry["board_macs"] == {"eth0": "48:b0:2d:00:00:01"}  # and no bridge


def test_files_of_others_stay_as_they_were(bench: Bench) -> None:
    example = PLAYBOOKS / "inventory" / "example"
    for path in ("hosts.yml", "group_vars/all/main.yml"):
        assert (bench.inventory / path).read_bytes() == (example / path).read_bytes()


def test_the_roles_find_what_they_need(bench: Bench) -> None:
    found = variables(
        bench, "shuttle-04", "shuttle_id", "mosquitto_tls", "ansible_ssh_common_args", "ansible_user"
    )
    assert found["shuttle_id"] == "shuttle-04"
    assert found["ansible_user"] == "shuttle"
    own = bench.inventory / "secrets" / "shuttle-04"
    assert found["mosquitto_tls"] == {
        "certificate": (own / "broker.crt").read_text().strip(),
        "key": (own / "broker.key").read_text().strip(),
    }
    known = f"-o UserKnownHostsFile={bench.inventory}/known_hosts -o HostKeyAlias=shuttle-04"
    assert found["ansible_ssh_common_args"] == f"{known} -o StrictHostKeyChecking=yes"


def test_passwords_are_made_for_each_account_and_are_no_hosts(bench: Bench) -> None:
    folder = bench.inventory / "secrets" / "shuttle-04" / "mqtt"
    passwords = {path.name: path.read_text().strip() for path in folder.iterdir()}
    assert sorted(passwords) == sorted(ACCOUNTS + GUIDE_ACCOUNTS)
    assert len(set(passwords.values())) == len(passwords)
    listed = subprocess.run(
        [ANSIBLE.with_name("ansible-inventory"), "-i", bench.inventory, "--list"],
        env={"ANSIBLE_CONFIG": str(PLAYBOOKS / "ansible.cfg"), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "ungrouped" not in json.loads(listed.stdout)
    assert "WARNING" not in listed.stderr
    assert not [password for password in passwords.values() if password in listed.stdout]


@pytest.mark.parametrize("name", ["shuttle-04", ADDRESS, "192.168.10.1"])
def test_a_camera_that_knows_the_authority_accepts_the_broker(bench: Bench, name: str) -> None:
    own = bench.inventory / "secrets" / "shuttle-04"
    assert (
        handshake(own / "broker.crt", own / "broker.key", bench.inventory / "secrets" / "ca.crt", name) == ""
    )


def test_a_camera_does_not_take_another_name(bench: Bench) -> None:
    own = bench.inventory / "secrets" / "shuttle-04"
    assert "shuttle-05" in handshake(
        own / "broker.crt", own / "broker.key", bench.inventory / "secrets" / "ca.crt", "shuttle-05"
    )


def handshake(certificate: Path, key: Path, authority: Path, name: str) -> str:
    """Why a client that trusts the authority does not take the server for ``name``; empty where it does."""
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(certificate, key)
    asking = ssl.create_default_context(cafile=str(authority))
    asking.verify_flags |= ssl.VERIFY_X509_STRICT
    server, client = socket.socketpair()

    def serve() -> None:
        with server, contextlib.suppress(OSError):  # the client may have refused
            serving.wrap_socket(server, server_side=True).close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        asking.wrap_socket(client, server_hostname=name).close()
    except ssl.SSLCertVerificationError as error:
        return error.verify_message
    finally:
        client.close()
        thread.join()
    return ""


def test_keys_are_readable_to_the_engineer_alone(bench: Bench) -> None:
    for path in ("ca.key", "shuttle-04/broker.key", "shuttle-04/mqtt/vehicle"):
        assert stat.S_IMODE((bench.inventory / "secrets" / path).stat().st_mode) == 0o600, path


def test_the_label_can_be_read_and_has_no_secret(bench: Bench) -> None:
    page = (bench.labels / "shuttle-04.svg").read_text()
    runs = [tuple(map(int, run)) for run in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\d+z", page)]
    side = max(x + width for x, _, width in runs) + 4
    picture = np.full((side, side), 255, np.uint8)
    for x, y, width in runs:
        picture[y, x : x + width] = 0
    (code,) = zxingcpp.read_barcodes(np.kron(picture, np.ones((4, 4), np.uint8)))
    assert code.text == f"shuttle-04\nserial {SERIAL}\neth0 48:b0:2d:00:00:01"
    for secret in (bench.inventory / "secrets").rglob("*"):
        assert secret.is_dir() or secret.read_text().strip() not in page


def test_the_same_board_again_changes_nothing(bench: Bench) -> None:
    before = everything(bench)
    played = bench.provision(SERIAL, ADDRESS, "-e", '{"broker_names": ["192.168.10.1"]}')
    assert played.returncode == 0, played.output
    assert played.counts(ADDRESS)["changed"] == 0
    assert everything(bench) == before


def test_the_next_board_gets_the_next_number_and_the_same_authority(bench: Bench) -> None:
    authority = (bench.inventory / "secrets" / "ca.crt").read_bytes()
    bench.new_host_key("10.20.0.22")
    played = bench.provision("1421324000124", "10.20.0.22", mac="48:b0:2d:00:00:02")
    assert played.returncode == 0, played.output
    own = bench.inventory / "secrets" / "shuttle-05"
    assert (
        handshake(
            own / "broker.crt", own / "broker.key", bench.inventory / "secrets" / "ca.crt", "10.20.0.22"
        )
        == ""
    )
    assert (bench.inventory / "secrets" / "ca.crt").read_bytes() == authority


def test_what_stands_in_hosts_by_hand_counts(bench: Bench) -> None:
    hosts = bench.inventory / "hosts.yml"
    was = hosts.read_text()
    hosts.write_text(
        was.replace("  hosts:\n", "  hosts:\n    shuttle-04:\n      ansible_host: 10.20.0.99\n", 1)
    )
    try:
        assert variables(bench, "shuttle-04", "ansible_host", "board_serial") == {
            "ansible_host": "10.20.0.99",
            "board_serial": SERIAL,
        }
    finally:
        hosts.write_text(was)


def test_an_authority_of_which_half_is_lost_is_not_made_anew(bench: Bench) -> None:
    key = bench.inventory / "secrets" / "ca.key"
    aside = key.rename(key.with_name("aside"))
    before = everything(bench)
    try:
        played = bench.provision(SERIAL, ADDRESS)
    finally:
        aside.rename(key)
    assert played.returncode != 0
    assert "Bring back the copy" in played.output
    assert not key.with_name("aside").exists()
    assert everything(bench).keys() - before.keys() == {"secrets/ca.key"}


def test_a_machine_without_ssh_is_told(bench: Bench) -> None:
    before = everything(bench)
    played = bench.provision(SERIAL, "10.20.0.77")
    assert played.returncode != 0
    assert "Expected SSH at 10.20.0.77" in played.output
    assert everything(bench) == before


def everything(bench: Bench) -> dict[str, bytes]:
    """All files of inventory and labels."""
    files = [path for path in bench.inventory.rglob("*") if path.is_file()]
    return {str(path.relative_to(bench.inventory)): path.read_bytes() for path in files} | {
        path.name: path.read_bytes() for path in bench.labels.iterdir()
    }
