"""The roll-out gives each unit the keys of the services that it asks, by one drop-in for each."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.bound import play
from tests.support.fleet import PLAYBOOKS, Played

pytestmark = pytest.mark.timeout(200)
UNITS = Path(__file__).parents[2] / "systemd"
TASKS = [
    {"ansible.builtin.import_role": {"name": str(PLAYBOOKS / "roles" / "app"), "tasks_from": "services"}},
]
SETTINGS: dict[str, Any] = {
    "commentator": {"models": ["cerebras", "openai"]},
    "answers": {"models": ["gemini"]},
    "speaker": {"voices": ["elevenlabs", "my_voice", "piper"]},
    "listener": {"recognizer": {"order": ["my_voice", "faster_whisper"]}},
}
KEYS = {f"{name}_api_key": "k" for name in ("cerebras", "gemini", "my_voice", "openai", "unused")}


def give(folder: Path, settings: dict[str, Any], keys: dict[str, str]) -> Played:
    etc = folder / "system"
    etc.mkdir(exist_ok=True)
    about = {"bundle_dir": "/", "shuttle_id": "s1", "app_bundle_dir": "/", "app_shuttle_id": "s1"}
    places = {"/etc/systemd/system": etc}
    played = play(folder, TASKS, places, {**about, "app_settings": settings, "app_credentials": keys})
    assert played.returncode == 0, played.output
    return played


def given(folder: Path) -> set[str]:
    return {str(path.relative_to(folder / "system")) for path in (folder / "system").rglob("*.conf")}


def test_each_unit_is_given_the_keys_of_the_services_that_it_asks(tmp_path: Path) -> None:
    give(tmp_path, SETTINGS, KEYS)
    assert given(tmp_path) == {
        "shuttle-guide-commentator.service.d/service-cerebras.conf",
        "shuttle-guide-commentator.service.d/service-gemini.conf",
        "shuttle-guide-speaker.service.d/service-my_voice.conf",
    }
    text = (tmp_path / "system/shuttle-guide-speaker.service.d/service-my_voice.conf").read_text()
    assert text.splitlines()[1:] == [
        "[Service]",
        "LoadCredential=my_voice_api_key:/etc/shuttle-guide/credentials/my_voice_api_key",
        r"SetCredential=my_voice_api_key:\n",
    ]
    assert "changed=0" in give(tmp_path, SETTINGS, KEYS).output

    # Sound may leave the shuttle from here on; answers are written by another one.
    recognizer = SETTINGS["listener"]["recognizer"] | {"cloud_allowed": True}
    settings = SETTINGS | {"answers": {}, "listener": {"recognizer": recognizer}}
    give(tmp_path, settings, KEYS)
    assert given(tmp_path) == {
        "shuttle-guide-commentator.service.d/service-cerebras.conf",
        "shuttle-guide-listener.service.d/service-my_voice.conf",
        "shuttle-guide-speaker.service.d/service-my_voice.conf",
    }
    table = recognizer | {"order": {"ru": ["faster_whisper"], "en": ["my_voice", "faster_whisper"]}}
    assert "changed=0" in give(tmp_path, settings | {"listener": {"recognizer": table}}, KEYS).output
    give(tmp_path, {}, {})
    assert given(tmp_path) == set()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not on this machine")
def test_systemd_takes_the_drop_in(tmp_path: Path) -> None:
    give(tmp_path, SETTINGS, KEYS)
    name = "shuttle-guide-speaker.service"
    shutil.copy(UNITS / name, tmp_path / "system")
    ended = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(tmp_path / "system" / name)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "redential" not in ended.stderr


def test_the_key_of_a_service_that_the_site_has_no_more_leaves_the_shuttle(tmp_path: Path) -> None:
    etc = tmp_path / "shuttle-guide"
    etc.mkdir()
    tasks = [
        {"ansible.builtin.import_role": {"name": str(PLAYBOOKS / "roles" / "app"), "tasks_from": "keys"}}
    ]
    settings = {
        "bundle_dir": "/",
        "shuttle_id": "s1",
        "mqtt_accounts": [],
        "app_mqtt_passwords_dir": str(tmp_path / "mqtt"),
        "mosquitto_passwords_dir": str(tmp_path / "mqtt"),
    }
    for keys in ({"cerebras_api_key": "first"}, {"gemini_api_key": "second"}):
        site = settings | {"app_credentials": keys}
        played = play(tmp_path, tasks, {"/etc/shuttle-guide": etc}, site)
        assert played.returncode == 0, played.output
    there = {path.name: path.read_text() for path in (etc / "credentials").glob("*_api_key")}
    assert there == {
        "gemini_api_key": "second",
        **dict.fromkeys(("groq_api_key", "openai_api_key", "elevenlabs_api_key"), ""),
    }


def test_telemetry_reaches_the_fleets_broker_where_there_is_one(tmp_path: Path) -> None:
    role = {"name": str(PLAYBOOKS / "roles" / "app"), "tasks_from": "fleet"}
    etc = tmp_path / "system"
    etc.mkdir()
    drop_in = etc / "shuttle-guide-telemetry.service.d" / "fleet.conf"
    for fleet, more, allowed in (
        ({"host": "10.1.2.3"}, {}, "10.1.2.3"),
        ({"host": "fleet.example.org"}, {}, "any"),
        (
            {"host": "fleet.example.org"},
            {"fleet_broker_addresses": ["10.1.0.0/16", "10.2.0.1"]},
            "10.1.0.0/16 10.2.0.1",
        ),
        ({}, {}, None),
    ):
        about = {"bundle_dir": "/", "shuttle_id": "s1", "app_settings": {"fleet": fleet}, **more}
        played = play(tmp_path, [{"ansible.builtin.import_role": role}], {"/etc/systemd/system": etc}, about)
        assert played.returncode == 0, played.output
        if allowed is None:
            assert not drop_in.exists()
        else:
            assert drop_in.read_text().splitlines()[1:] == ["[Service]", f"IPAddressAllow={allowed}"]


def test_telemetry_is_given_the_certificate_that_was_issued_for_it(tmp_path: Path) -> None:
    role = {"name": str(PLAYBOOKS / "roles" / "app"), "tasks_from": "fleet"}
    issued, etc, system = (tmp_path / name for name in ("issued", "etc", "system"))
    for folder in (issued / "s1", etc, system):
        folder.mkdir(parents=True)
    for name in ("ca.crt", "s1/client.crt", "s1/client.key"):
        (issued / name).write_text(name)
    about = {
        "bundle_dir": "/",
        "shuttle_id": "s1",
        "app_fleet_dir": str(issued),
        "app_settings": {"fleet": {"host": "fleet.example.org"}},
    }
    tasks = [
        {"ansible.builtin.import_role": role},
        {"ansible.builtin.debug": {"msg": "{{ app_all_settings.fleet | to_json }}"}},
    ]
    places = {"/etc/shuttle-guide": etc, "/etc/systemd/system": system}
    played = play(tmp_path, tasks, places, about)
    assert played.returncode == 0, played.output
    there = {path.name: path.stat().st_mode & 0o777 for path in (etc / "fleet").iterdir()}
    assert there == {"ca.crt": 0o644, "client.crt": 0o644, "client.key": 0o600}
    drop_in = (system / "shuttle-guide-telemetry.service.d" / "fleet.conf").read_text()
    assert "LoadCredential=fleet.key:/etc/shuttle-guide/fleet/client.key" in drop_in
    key_file = "/run/credentials/shuttle-guide-telemetry.service/fleet.key"
    assert (
        f'\\"key_file\\": \\"{key_file}\\"' in played.output or f'"key_file": "{key_file}"' in played.output
    )
    own = about | {"app_settings": {"fleet": {"host": "fleet.example.org", "cert_file": "/mine.crt"}}}
    played = play(tmp_path, tasks, places, own)
    assert played.returncode == 0, played.output
    assert key_file not in played.output, "a site's own files are named by itself"
