"""The role ``audio``, run by Ansible on a folder and a card of stubs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.audio_role import AudioRole
from tests.support.fleet import ANSIBLE

pytestmark = pytest.mark.skipif(not ANSIBLE.exists(), reason="no Ansible in .venv-deploy; run: make setup")

CARD = {
    "PCM": {"min": 0, "max": 37, "value": "5", "unmuted": False},
    "I2S2 Mux": {"choices": ["None", "ADMAIF1", "ADMAIF2"], "value": "0"},
    "Mic Switch": {"value": "off"},
    "Gain": {"min": 0, "max": 37, "value": "0"},
}
SETTINGS = {
    "audio_card": "Device",
    "audio_volume": {"PCM": "80%"},
    "audio_controls": [
        {"control": "name='I2S2 Mux'", "value": "ADMAIF2"},
        {"control": "name='Mic Switch'", "value": True},  # what YAML makes of a bare on
        {"control": "name='Gain'", "value": "50%", "card": "Microphone"},
        {"control": "name='Gain'", "value": 7, "card": "Absent"},
    ],
}


@pytest.fixture
def role(tmp_path: Path) -> AudioRole:
    return AudioRole(tmp_path, {"Device": CARD, "Microphone": CARD, "Device_1": CARD})


def test_what_a_card_rounds_is_set_once_and_changes_nothing_after_it(role: AudioRole) -> None:
    played = role.play(SETTINGS)
    assert played.returncode == 0, played.output
    assert role.raw("Device", "PCM") == "30"  # 80 % of 37 steps, which read back as 81 %
    assert role.raw("Device", "I2S2 Mux") == "2"
    assert role.raw("Device", "Mic Switch") == "on"
    assert (role.raw("Device", "Gain"), role.raw("Microphone", "Gain")) == ("0", "19")
    assert '"value": "30"' in role.stored.read_text()
    assert played.counts("localhost")["changed"] >= 1, played.output
    again = role.play(SETTINGS)
    assert again.returncode == 0, again.output
    assert again.counts("localhost")["changed"] == 0, again.output


def test_what_somebody_turned_is_turned_back(role: AudioRole) -> None:
    role.play(SETTINGS)
    turned = role.play(SETTINGS | {"audio_volume": {"PCM": "79%"}})  # 30 too
    assert turned.counts("localhost")["changed"] == 0, turned.output
    turned = role.play(SETTINGS | {"audio_volume": {"PCM": "70%"}})
    assert turned.counts("localhost")["changed"] == 1, turned.output
    assert role.raw("Device", "PCM") == "26"


def test_a_check_turns_nothing(role: AudioRole) -> None:
    played = role.play(SETTINGS, "configure", "--check")
    assert played.returncode == 0, played.output
    assert role.raw("Device", "PCM") == "5"
    assert not role.stored.exists()


def test_a_card_that_is_not_there_is_told_of_by_its_whole_name(role: AudioRole) -> None:
    told = role.play(SETTINGS, "preflight").output
    assert "THE CARD Absent IS NOT THERE" in told
    assert "THE CARD Device IS NOT THERE" not in told
    assert "THE CARD Dev IS NOT THERE" in role.play({"audio_card": "Dev"}, "preflight").output


def test_a_control_that_the_card_has_not_is_named(role: AudioRole) -> None:
    played = role.play({"audio_card": "Device", "audio_volume": {"Master": "80%"}})
    assert played.returncode != 0
    assert "Unable to find simple control 'Master'" in played.output
