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
