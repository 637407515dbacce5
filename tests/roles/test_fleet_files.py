"""What the fleet's playbooks make at the engineer's: certificates, accounts, files for compose.yaml."""

from __future__ import annotations

import json
import re
import shutil
import ssl
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from edge.fleet.client import HEARD
from edge.fleet.commands import BODIES
from edge.fleet.topics import FleetTopics
from tests.support.fleet import ANSIBLE, ROOT, Played, ansible

pytestmark = [
    pytest.mark.skipif(not ANSIBLE.exists(), reason="no Ansible in .venv-deploy; run: make setup"),
    pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl"),
    pytest.mark.timeout(180),
]
FLEET = ROOT / "deploy" / "fleet"
NODES = ("rabbitmq-1", "rabbitmq-2", "rabbitmq-3")


class Desk:
    """An engineer's inventory of two shuttles, and what the playbook makes beside it."""

    def __init__(self, folder: Path) -> None:
        self._hosts = folder / "hosts.json"
        self.secrets = folder / "secrets" / "fleet"
        shuttles: dict[str, Any] = {
            "one": {"shuttle_id": "one", "guide_settings": {"fleet": {"groups": ["beach", "north-2"]}}},
            "two": {"shuttle_id": "two"},
        }
        self.shuttles = shuttles
        self.common: dict[str, Any] = {
            "fleet_host": "fleet.example.org",
            "fleet_operators": [{"name": "ops", "safety": True}, {"name": "desk"}],
        }

    def play(self, *arguments: str) -> Played:
        inventory = {"all": {"vars": self.common}, "shuttles": {"hosts": self.shuttles}}
        self._hosts.write_text(json.dumps(inventory))
        return ansible(ANSIBLE, "-i", self._hosts, "playbooks/fleet_compose.yml", *arguments)

    def definitions(self) -> dict[str, Any]:
        made: dict[str, Any] = json.loads((self.secrets / "compose" / "definitions.json").read_text())
        return made

    def topic_permissions(self, name: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
        """Routing keys that somebody may write and read."""
        (row,) = [each for each in self.definitions()["topic_permissions"] if each["user"] == name]
        return re.compile(row["write"]), re.compile(row["read"])


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    made = Desk(tmp_path_factory.mktemp("desk"))
    played = made.play()
    assert played.returncode == 0, played.output
    return made


def routing_key(topic: str) -> str:
    """As RabbitMQ makes it of a topic or a filter."""
    return topic.replace("/", ".").replace("+", "*")


def test_accounts_may_what_shuttles_and_operators_do_and_not_what_others_do(desk: Desk) -> None:
    write, read = desk.topic_permissions("one")
    own, others = FleetTopics("one"), FleetTopics("two")
    for leaf in ("announce", "safety", "cmd/+", "config/desired"):
        for scope in ("one", "group/beach", "group/north-2", "all"):
            assert read.search(routing_key(f"guide/v1/{scope}/{leaf}"))
        for scope in ("two", "group/hills", "+", "group/+"):
            assert not read.search(routing_key(f"guide/v1/{scope}/{leaf}"))
    for leaf in ("birth", "status", "state", "turn", "receipt", "alarm/disk", "config/reported"):
        assert write.search(routing_key(own.out(leaf)))
        assert not write.search(routing_key(others.out(leaf)))
    for name, may_say_safety in (("ops", True), ("desk", False)):
        write, read = desk.topic_permissions(name)
        assert all(read.search(routing_key(each)) for each in HEARD)
        for scope in ("one", "group/beach", "all"):
            for command in BODIES:
                leaf = command if command in ("announce", "safety") else f"cmd/{command}"
                allowed = bool(write.search(routing_key(f"guide/v1/{scope}/{leaf}")))
                assert allowed == (command != "safety" or may_say_safety), (name, scope, command)
        assert not write.search("guide.v1.one.turn")
    assert {each["password_hash"] for each in desk.definitions()["users"]} == {""}, "nobody has a password"


def test_certificates_are_for_one_purpose_each(desk: Desk) -> None:
    for name, kind, purpose in (
        *((node, "broker", "sslserver") for node in NODES),
        ("one", "client", "sslclient"),
    ):
        certificate, key = (desk.secrets / name / f"{kind}.{end}" for end in ("crt", "key"))
        verified = openssl("verify", "-purpose", purpose, "-CAfile", desk.secrets / "ca.crt", certificate)
        assert "OK" in verified
        assert key.stat().st_mode & 0o777 == 0o600
        ssl.create_default_context().load_cert_chain(certificate, key)
    about = openssl("x509", "-noout", "-text", "-in", desk.secrets / "one" / "client.crt")
    assert "CN = one" in about or "CN=one" in about
    broker = openssl("x509", "-noout", "-text", "-in", desk.secrets / "rabbitmq-2" / "broker.crt")
    assert {"DNS:fleet.example.org", "DNS:rabbitmq-2"} <= set(re.findall(r"DNS:[\w.-]+", broker))


def test_a_second_run_changes_nothing_and_certificates_are_renewed_when_it_is_time(desk: Desk) -> None:
    files = ("one/client.crt", "one/client.key", "rabbitmq-1/broker.crt", "ca.crt", "erlang.cookie")
    before = [(desk.secrets / name).read_bytes() for name in files]
    again = desk.play()
    assert again.counts("localhost")["changed"] == 0, again.output
    assert [(desk.secrets / name).read_bytes() for name in files] == before
    renewed = desk.play("-e", "fleet_certificates_renew_days=1000")
    assert renewed.returncode == 0, renewed.output
    after = [(desk.secrets / name).read_bytes() for name in files]
    assert [old != new for old, new in zip(before, after, strict=True)] == [True, True, True, False, False]


@pytest.mark.parametrize("name", ["one.two", "all", "one", "operator-7"])
def test_a_name_that_would_cross_others_is_refused_before_anything_is_issued(
    tmp_path: Path, name: str
) -> None:
    desk = Desk(tmp_path)
    desk.common["fleet_operators"].append({"name": name})
    played = desk.play()
    assert played.returncode != 0
    assert "would cross the permissions" in " ".join(played.output.split())
    assert not desk.secrets.exists(), "and nothing is issued"


def test_compose_mounts_what_the_playbook_has_made(desk: Desk) -> None:
    services = yaml.safe_load((FLEET / "compose.yaml").read_text())["services"]
    nodes = [name for name in services if name.startswith("rabbitmq-")]
    assert nodes == list(NODES)
    configured = (FLEET / "rabbitmq" / "guide.conf").read_text()
    used = set(re.findall(r"/etc/rabbitmq/tls/\S+", configured))
    assert len(used) == 3
    for name in nodes:
        service = services[name]
        assert service["hostname"] == name
        assert service["environment"]["RABBITMQ_NODENAME"] == f"guide@{name}"
        mounted = dict(reversed(each.removesuffix(":ro").rsplit(":", 1)) for each in service["volumes"])
        assert used <= mounted.keys()
        for target, source in mounted.items():
            if target != "/var/lib/rabbitmq/mnesia":
                path = re.sub(r"\$\{FLEET_SECRETS[^}]*\}", str(desk.secrets), source)
                assert (FLEET / path).is_file(), path
    told = (FLEET / "rabbitmq" / "compose.conf").read_text()
    assert re.findall(r"nodes\.\d = guide@(\S+)", told) == nodes


def openssl(*arguments: str | Path) -> str:
    return subprocess.run(
        ["openssl", *map(str, arguments)], check=True, capture_output=True, text=True
    ).stdout
