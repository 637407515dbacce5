"""The role ``audio``, run by Ansible on a folder and a card of stubs."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.audio_role import AudioRole
from tests.support.fleet import ANSIBLE

pytestmark = [
    pytest.mark.skipif(not ANSIBLE.exists(), reason="no Ansible in .venv-deploy; run: make setup"),
    pytest.mark.timeout(400),  # a play takes its time on a busy machine
]

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


EXAMPLE = Path(__file__).parents[2] / "examples" / "asound.conf"
MASTER = Path("/usr/share/alsa/alsa.conf")
FORMER = """# Ansible managed
# What it means: examples/asound.conf of the guide.

pcm.shuttle_card {
    type hw
    card "Device"
}
"""
BY_HAND = 'pcm.shuttle_speaker { type hw card "Other" }\n'


def alsa_of(role: AudioRole, tmp_path: Path) -> Path:
    """The machine's own alsa.conf, reading the role's folder in place of the machine's.

    Raises:
        AssertionError: it reads no such folder (Debian's and Ubuntu's do).
    """
    master = MASTER.read_text()
    assert '"/etc/alsa/conf.d"' in master
    path = tmp_path / "alsa.conf"
    path.write_text(master.replace('"/etc/alsa/conf.d"', f'"{role.etc / "alsa/conf.d"}"'))
    return path


@pytest.mark.skipif(not shutil.which("aplay"), reason="alsa-utils is not installed")
def test_alsa_reads_two_cards_from_a_file_of_the_roles_own(role: AudioRole, tmp_path: Path) -> None:
    settings = {"audio_card": "Device", "audio_device": 1, "audio_capture_card": "Microphone"}
    played = role.play(settings | {"audio_capture_rate": 16_000})
    assert played.returncode == 0, played.output
    written = (role.etc / "alsa/conf.d/60-shuttle-guide.conf").read_text()
    assert not (role.etc / "asound.conf").exists()
    capture = written[written.index("pcm.shuttle_capture_card") :]
    assert 'card "Microphone"' in capture
    assert "rate 16000" in capture
    assert "period_size 160\n" in capture
    assert "device" not in capture
    assert "rate 48000" in written[: written.index("pcm.shuttle_capture_card")]
    assert "device 1" in written[: written.index("pcm.shuttle_speaker")]
    environment = os.environ | {"ALSA_CONFIG_PATH": str(alsa_of(role, tmp_path))}
    listed = subprocess.run(["aplay", "-L"], env=environment, capture_output=True, text=True, check=True)
    assert {"shuttle_speaker", "shuttle_microphone"} <= set(listed.stdout.splitlines())
    (role.etc / "alsa/conf.d/99-null.conf").write_text("pcm.!shuttle_speaker { type null }\n")
    for program, device, ends in (("aplay", "shuttle_speaker", 0), ("arecord", "shuttle_microphone", 1)):
        arguments = [program, "-q", "-D", f"plug:{device}", "-s", "480", "-f", "S16_LE", "/dev/zero"]
        ended = subprocess.run(arguments, env=environment, capture_output=True, text=True, check=False)
        assert ended.returncode == ends, ended.stderr
        assert not ends or os.strerror(errno.ENODEV) in ended.stderr or "No such file" in ended.stderr


def test_the_file_of_an_earlier_release_goes_and_one_of_the_sites_own_stays(role: AudioRole) -> None:
    former = role.etc / "asound.conf"
    former.write_text(FORMER)
    assert role.play({"audio_card": "Device"}).returncode == 0
    assert not former.exists()
    written, example = (role.etc / "alsa/conf.d/60-shuttle-guide.conf").read_text(), EXAMPLE.read_text()
    assert written[written.index("pcm.") :] == example[example.index("pcm.") :]
    former.write_text(BY_HAND)
    played = role.play({"audio_card": "Device"})
    assert former.read_text() == BY_HAND
    assert "NAMES DEVICES OF THE GUIDE TOO" in played.output
    assert played.counts("localhost")["changed"] == 0, played.output


def test_equal_cards_are_named_by_what_udev_tells_them_apart_by(role: AudioRole) -> None:
    names = {
        "Loudspeaker": {"ID_PATH": "platform-3610000.usb-usb-0:2.1:1.0"},
        "Microphone": {"ID_SERIAL_SHORT": "4711"},
    }
    rules = role.etc / "udev/rules.d/79-shuttle-guide-cards.rules"
    played = role.play({"audio_card_names": names})
    assert played.returncode == 0, played.output
    of_a_card = 'ACTION!="remove", SUBSYSTEM=="sound", KERNEL=="card[0-9]*"'
    assert [line for line in rules.read_text().splitlines() if line[0] != "#"] == [
        f'{of_a_card}, ENV{{{key}}}=="{value}", ATTR{{id}}!="{name}", ATTR{{id}}="{name}"'
        for name, by in names.items()
        for key, value in by.items()
    ]
    refused = role.play({"audio_card_names": {"2nd": names["Microphone"]}})
    assert "2nd cannot be a card's name" in refused.output
    assert role.play({}).returncode == 0
    assert not rules.exists()


MASKED = "pulseaudio.socket"


@pytest.mark.parametrize("before", ["", "/lib/systemd/system/graphical.target"])
def test_a_shuttle_starts_without_a_screen_and_can_have_it_back(role: AudioRole, before: str) -> None:
    target = role.etc / "systemd/system/default.target"
    target.parent.mkdir(parents=True)
    if before:
        target.symlink_to(before)
    played = role.play({})
    assert played.returncode == 0, played.output
    assert target.readlink().name == "multi-user.target"
    masks = role.etc / "systemd/user"
    assert (masks / MASKED).readlink() == Path("/dev/null")
    (masks / "own.service").symlink_to("/dev/null")  # the site's
    again = role.play({})
    assert again.counts("localhost")["changed"] == 0, again.output
    undone = role.play({"audio_headless": False})
    assert undone.returncode == 0, undone.output
    assert (str(target.readlink()) if target.is_symlink() else "") == before
    assert [path.name for path in masks.iterdir()] == ["own.service"]
    assert role.play({"audio_headless": False}).counts("localhost")["changed"] == 0


def test_a_target_that_somebody_else_chose_is_left_as_it_is(role: AudioRole) -> None:
    target = role.etc / "systemd/system/default.target"
    target.parent.mkdir(parents=True)
    target.symlink_to("/lib/systemd/system/multi-user.target")
    assert role.play({"audio_headless": False}).counts("localhost")["changed"] == 0
    assert target.is_symlink()


def test_a_check_on_a_bare_machine_changes_nothing(role: AudioRole) -> None:
    shutil.rmtree(role.etc)
    names = {"Microphone": {"ID_SERIAL_SHORT": "4711"}}
    played = role.play({"audio_card": "Device", "audio_card_names": names}, "configure", "--check")
    assert played.returncode == 0, played.output
    assert not role.etc.exists()
    played = role.play({"audio_card": "Device", "audio_card_names": names})
    assert played.returncode == 0, played.output
    assert (role.etc / "udev/rules.d/79-shuttle-guide-cards.rules").exists()
