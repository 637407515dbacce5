"""A board's acceptance, its report and its headless base, on a booted machine over SSH."""

from __future__ import annotations

import json
import os
import tarfile
import time
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.acceptance.tone import signal
from edge.bus.topology import PROCESSES
from tests.support import installed_guide
from tests.support.canaries import KEY, PASSWORD, QUESTION, parts_found
from tests.support.fleet import ANSIBLE, PACKAGES, PLAYBOOKS, WAV, Fleet, Played
from tests.support.machine import Machine
from tests.support.room import impulse_response
from tests.support.units import Units

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not ANSIBLE.exists(), reason="no Ansible in .venv-deploy; run: make setup"),
    pytest.mark.timeout(900),  # the first one builds the machine
]
SOUND_SERVERS = ("pulseaudio", "pipewire", "pipewire-pulse", "wireplumber", "dbus-user-session", "alsa-utils")
RATE = 16_000
ROOM = "/etc/shuttle-guide/room.wav"
GUIDE = "/opt/shuttle-guide/current/.venv/bin/shuttle-guide"
SETTINGS = f"""\
[shuttle]
id = "accp-one"
[speaker]
output = "wav:{WAV}"
voices = ["espeak"]
[listener]
input = "wav:{ROOM}"
[commentator]
chattiness = "unlimited"
[groq]
base_url = "http://127.0.0.1:9100"
[elevenlabs]
base_url = "http://127.0.0.1:9100"
"""
CLOUD = "systemd-run --unit=cloud python3 -m http.server 9100 --bind 127.0.0.1"
"""Stands in for both: it takes connections, and knows nothing."""
GREETER = "[Service]\nExecStart=/bin/sleep infinity\n[Install]\nWantedBy=graphical.target\n"
AUDIO = "- hosts: shuttles\n  gather_facts: false\n  roles: [{role: audio}]\n"


def room(heard: bool) -> bytes:
    """What the microphone gives while the tone is played, as 16-bit PCM."""
    played = signal(RATE)
    echo = impulse_response(0.5 if heard else 1e-9)[::3]  # at a third of the rate: another room
    sound = np.convolve(played, echo / np.float32(np.sqrt(np.sum(np.square(echo))) / 0.5 if heard else 1))
    sound += np.random.default_rng(1).standard_normal(len(sound)) * 3e-4
    return np.rint(np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes()


def put_room(machine: Machine, heard: bool) -> None:
    with wave.open(str(machine.root / ROOM.lstrip("/")), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(room(heard))


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    packages = (*installed_guide.PACKAGES, *PACKAGES, *SOUND_SERVERS)
    with Machine(name="accp-one", network="10.213.88", packages=packages, flavour="accept") as machine:
        installed_guide.install(machine, SETTINGS)
        machine.write("/etc/shuttle-guide/credentials/groq_api_key", KEY, mode=0o600)
        machine.write("/etc/shuttle-guide/credentials/elevenlabs_api_key", PASSWORD, mode=0o600)
        put_room(machine, heard=True)
        machine.run(f"{CLOUD} && until ss -Hltn 'sport = :9100' | grep -q .; do sleep 0.1; done")
        machine.run("systemctl start mosquitto && systemctl enable --now shuttle-guide.target")
        Units(machine).until_ready(*PROCESSES)
        yield machine


@pytest.fixture(scope="module")
def fleet(machine: Machine, tmp_path_factory: pytest.TempPathFactory) -> Fleet:
    return Fleet(tmp_path_factory.mktemp("fleet"), {"accp-one": machine})


def accept(fleet: Fleet, folder: Path, *arguments: str) -> tuple[Played, dict[str, Any], str]:
    values = {"accept_dir": str(folder), "accept_minutes": 0.03, "accept_restarts": 2}
    played = fleet.play("accept", "-e", json.dumps(values | {"accept_button_within_s": 1}), *arguments)
    name = "accp-one-part" if "--tags" in arguments else "accp-one"
    assert (folder / f"{name}.json").exists(), played.output
    return played, json.loads((folder / f"{name}.json").read_text()), (folder / f"{name}.txt").read_text()


def verdicts(report: dict[str, Any]) -> dict[str, str]:
    return {check["name"]: check["verdict"] for part in report["parts"] for check in part["checks"]}


def test_a_board_is_accepted_and_its_report_is_kept(fleet: Fleet, machine: Machine, tmp_path: Path) -> None:
    played, report, page = accept(fleet, tmp_path)
    found = verdicts(report)
    assert {"tone", "level", "noise floor", "clipping", "distortion"} <= found.keys(), page
    assert "failed" not in found.values(), page
    assert played.returncode == 0, played.output
    assert played.counts("accp-one")["changed"] == 0, played.output
    assert [part["part"] for part in report["parts"]] == [
        *("sound", "button", "gps", "network", "heat", "restarts")
    ]
    restarts = next(part["figures"] for part in report["parts"] if part["part"] == "restarts")
    assert len(restarts["ready_after_s"]) == 2
    assert set(restarts["slowest_s"]) == set(PROCESSES)
    assert found["button"] == found["gps"] == "not there"
    assert report["release"] == "test"
    assert report["passed"] is True
    assert max(map(len, page.splitlines())) <= 80, page
    assert page.startswith("ACCEPTANCE OF accp-one: PASSED\n")
    assert not parts_found(page + json.dumps(report, ensure_ascii=False))
    Units(machine).until_ready(*PROCESSES)


def test_a_board_that_is_not_heard_fails_and_speaks_on(
    fleet: Fleet, machine: Machine, tmp_path: Path
) -> None:
    put_room(machine, heard=False)
    try:
        played, report, page = accept(fleet, tmp_path, "--tags", "sound")
    finally:
        put_room(machine, heard=True)
    assert played.returncode != 0
    assert "accp-one HAS NOT PASSED: tone" in played.output
    assert verdicts(report) == {"tone": "failed"}
    assert "\nfailed     tone: not heard" in page
    assert "to do: look at amplifier" in page
    Units(machine).until_ready(*PROCESSES)


def test_a_report_comes_home_without_keys_and_words(fleet: Fleet, machine: Machine, tmp_path: Path) -> None:
    spoken = machine.run(f"{GUIDE} trigger --topic announce --as-json '{QUESTION}'", timeout_s=60)
    turn = json.loads(spoken)
    assert turn["outcome"] == "spoken"
    refused = json.dumps({"text": [QUESTION], "priority": QUESTION}, ensure_ascii=False)
    machine.run(f"mosquitto_pub -t shuttle/accp-one/announce -m '{refused}'")
    journal = "journalctl --no-pager -u 'shuttle-guide-*'"  # there is something to leave out
    Units(machine).until(lambda: QUESTION in (told := machine.run(journal)) and "refused" in told, "both")
    played = fleet.play("report", "-e", f"report_dir={tmp_path}")
    assert played.returncode == 0, played.output
    (file,) = tmp_path.glob("accp-one-*.tar.gz")
    with tarfile.open(file) as archive:
        content = {Path(name).name: archive.extractfile(name) for name in archive.getnames()}
        files = {name: entry.read().decode() for name, entry in content.items() if entry}
    whole = "\n".join(files.values()) + played.output
    assert not parts_found(whole), parts_found(whole)
    lines = [json.loads(line) for line in files["journal-0.jsonl"].splitlines()[1:]]
    events = [line.get("EVENT") for line in lines if line.get("TURN_ID") == turn["turn_id"]]
    assert "TURN_ENDED" in events
    assert "MESSAGE_REFUSED" in {line.get("EVENT") for line in lines}
    assert any(line["UNIT"] == "shuttle-guide-speaker.service" and "MESSAGE" in line for line in lines)
    assert "Id=shuttle-guide-speaker.service" in files["units.txt"]
    assert machine.run("ls -A /tmp | grep -c ansible", check=False).strip() == "0"


def play_audio(fleet: Fleet, folder: Path, *arguments: str) -> Played:
    (folder / "audio.yml").write_text(AUDIO)
    name = os.path.relpath(folder / "audio", PLAYBOOKS / "playbooks")
    played = fleet.play(name, "--tags", "configure", *arguments)
    assert played.returncode == 0, played.output
    return played


def sound_servers(machine: Machine) -> set[str]:
    return set(machine.run("ps -o comm= -C pulseaudio -C pipewire -C wireplumber", check=False).split())


def until(machine: Machine, wanted: bool) -> None:
    """Wait until users have sound servers, or none."""
    deadline = time.monotonic() + 60
    while bool(sound_servers(machine)) != wanted:
        assert time.monotonic() < deadline, sound_servers(machine)
        time.sleep(0.5)


def test_a_headless_base_takes_the_card_from_nobody_else(
    fleet: Fleet, machine: Machine, tmp_path: Path
) -> None:
    machine.write("/etc/systemd/system/display-manager.service", GREETER)
    machine.run("systemctl daemon-reload && systemctl enable --now display-manager.service")
    machine.run("useradd --create-home driver && loginctl enable-linger driver")
    until(machine, True)
    assert machine.run("systemctl get-default").strip() == "graphical.target"
    checked = play_audio(fleet, tmp_path, "--check")
    assert sound_servers(machine), checked.output
    assert machine.run("systemctl get-default").strip() == "graphical.target"

    assert play_audio(fleet, tmp_path).counts("accp-one")["changed"] > 0
    until(machine, False)
    assert machine.run("systemctl is-active display-manager.service", check=False).strip() == "inactive"
    assert machine.run("systemctl is-active user@$(id -u driver).service").strip() == "active"
    again = play_audio(fleet, tmp_path)
    assert again.counts("accp-one")["changed"] == 0, again.output

    machine.restart()
    Units(machine).until_ready(*PROCESSES)
    machine.run("systemctl is-active user@$(id -u driver).service")
    assert machine.run("systemctl get-default").strip() == "multi-user.target"
    assert machine.run("systemctl is-active display-manager.service", check=False).strip() == "inactive"
    machine.run("su --login driver --command 'XDG_RUNTIME_DIR=/run/user/$(id -u) pactl info'", check=False)
    assert not sound_servers(machine)

    play_audio(fleet, tmp_path, "-e", "audio_headless=false")
    assert machine.run("systemctl get-default").strip() == "graphical.target"
    machine.run("systemctl restart user@$(id -u driver).service")
    until(machine, True)
