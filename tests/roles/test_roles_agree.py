"""Two roles that know nothing of each other: the guide is given the passwords that its broker has."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.fleet import ANSIBLE, PLAYBOOKS, ansible

pytestmark = [
    pytest.mark.skipif(not ANSIBLE.exists(), reason="no Ansible in .venv-deploy; run: make setup"),
    pytest.mark.timeout(120),
]
ROLES = PLAYBOOKS / "roles"
WIRING = PLAYBOOKS / "playbooks" / "group_vars" / "all.yml"


@pytest.mark.parametrize("guide_first", [True, False])
@pytest.mark.parametrize("moved", [False, True], ids=["secrets", "a folder of the site"])
def test_the_guide_has_the_passwords_of_its_broker(tmp_path: Path, guide_first: bool, moved: bool) -> None:
    tasks = [
        {"ansible.builtin.debug": {"var": "app_all_credentials"}},
        {"ansible.builtin.import_role": {"name": "mosquitto", "tasks_from": "passwords"}},
        {"ansible.builtin.debug": {"var": "mosquitto_passwords"}},
        {"ansible.builtin.debug": {"var": "app_all_credentials"}},
    ]
    files = [str(ROLES / "app" / part / "main.yml") for part in ("defaults", "vars")]
    play = {
        "hosts": "s1",
        "connection": "local",
        "gather_facts": False,
        "vars_files": [*files, str(WIRING)],
        "tasks": tasks[0 if guide_first else 1 :],
    }
    site = {"mosquitto_passwords_dir": str(tmp_path / "elsewhere")} if moved else {}
    (tmp_path / "play.json").write_text(json.dumps([play]))
    hosts = {"s1": {"shuttle_id": "s1", "mqtt_accounts": [{"name": "camera", "role": "camera"}], **site}}
    (tmp_path / "hosts.json").write_text(json.dumps({"all": {"hosts": hosts}}))
    environment = {
        "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.minimal",
        "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
    }
    hosts_file, playbook = tmp_path / "hosts.json", tmp_path / "play.json"
    played = ansible(ANSIBLE, "-i", hosts_file, playbook, environment=environment)
    assert played.returncode == 0, played.output
    folder = tmp_path / ("elsewhere" if moved else "secrets/s1/mqtt")
    made = {path.name: path.read_text().strip() for path in folder.iterdir()}
    assert sorted(made) == [
        "camera",
        "guide-cli",
        "guide-console",
        "guide-control",
        "guide-events",
        "guide-telemetry",
    ]
    assert not (moved and (tmp_path / "secrets").exists())
    for session in ("cli", "console", "control", "events", "telemetry"):
        password = made[f"guide-{session}"]
        assert len(password) == 32
        times = 2 if guide_first else 1
        assert played.output.count(f'"mqtt_{session}_password": "{password}"') == times
        assert played.output.count(f'"guide-{session}": "{password}"') == 1
