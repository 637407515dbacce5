"""The role ``accept``, run by Ansible on this machine: what it makes of what the parts say."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.fleet import ANSIBLE, PLAYBOOKS, Played
from tests.support.guide import clean_environment
from tests.support.ports import free_port

pytestmark = [
    pytest.mark.skipif(not ANSIBLE.exists(), reason="no Ansible in .venv-deploy; run: make setup"),
    pytest.mark.timeout(400),  # a play takes its time on a busy machine
]
GOOD = {"name": "heat", "verdict": "passed", "wanted": "below 90 °C", "found": "cpu 61 °C", "advice": ""}
LONG = "look at amplifier, cable, volume, the microphone's gain, and whether both are the right cards; " * 2


def stub(folder: Path, said: dict[str, str]) -> list[str]:
    """A command that says this for each part, and fails where it says anything of a failure."""
    for part, text in said.items():
        (folder / part).write_text(text)
    script = folder / "guide"
    script.write_text(
        f'#!/bin/sh\nfor part; do [ -f {folder}/"$part" ] && cat {folder}/"$part" && '
        f'! grep -q failed {folder}/"$part"; [ -f {folder}/"$part" ] && exit $?; done\n'
        'echo "no such part: $*" >&2; exit 2\n'
    )
    script.chmod(0o755)
    return [str(script)]


def play(
    folder: Path, command: list[str], *arguments: str, **more: Any
) -> tuple[Played, dict[str, Any], str]:
    playbook = folder / "play.json"
    roles = [{"role": "accept"}]
    playbook.write_text(json.dumps([{"hosts": "localhost", "connection": "local", "roles": roles}]))
    values = {
        "ansible_python_interpreter": sys.executable,
        "accept_command": command,
        "accept_sound_units": [],
        "accept_dir": str(folder / "out"),
        **more,
    }
    played = subprocess.run(
        [str(ANSIBLE), "-i", "localhost,", "-e", json.dumps(values), *arguments, str(playbook)],
        cwd=PLAYBOOKS,
        env=os.environ
        | {
            "ANSIBLE_ROLES_PATH": str(PLAYBOOKS / "roles"),
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            "ANSIBLE_GATHERING": "explicit",
            "ANSIBLE_NOCOLOR": "1",
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    output = played.stdout + played.stderr
    assert (folder / "out/localhost.json").exists(), output
    report = json.loads((folder / "out/localhost.json").read_text())
    return Played(played.returncode, output), report, (folder / "out/localhost.txt").read_text()


def test_each_part_has_its_lines_and_one_that_says_nothing_has_failed(tmp_path: Path) -> None:
    said = {"heat": json.dumps({"part": "heat", "checks": [GOOD], "figures": {"hottest_c": {"cpu": 61}}})}
    tone = GOOD | {"name": "tone", "verdict": "failed", "found": "not heard", "advice": LONG}
    said["sound"] = json.dumps({"part": "sound", "checks": [tone], "figures": {}})
    said["gps"] = json.dumps({"part": "gps", "checks": [GOOD | {"name": "gps", "verdict": "not there"}]})
    said["restarts"] = json.dumps(
        {"part": "restarts", "checks": [GOOD | {"name": "restarts"}], "figures": {}}
    )
    said["network"] = "Traceback: it is broken, and failed"
    played, report, page = play(tmp_path, stub(tmp_path, said))
    assert played.returncode != 0
    assert "localhost HAS NOT PASSED: tone, button, network" in " ".join(played.output.split())
    found = {check["name"]: check for part in report["parts"] for check in part["checks"]}
    assert {name: check["verdict"] for name, check in found.items()} == {
        **{"tone": "failed", "button": "failed", "gps": "not there", "network": "failed"},
        **{"heat": "passed", "restarts": "passed"},
    }
    assert "no such part" in found["button"]["found"]
    assert report["passed"] is False
    assert report["parts"][-2]["figures"] == {"hottest_c": {"cpu": 61}}
    assert report["kernel"] == os.uname().release
    assert max(map(len, page.splitlines())) <= 80, page
    assert page.startswith("ACCEPTANCE OF localhost: NOT PASSED\n")
    assert "passed     heat: cpu 61 °C (wanted: below 90 °C)\n" in page
    assert "           to do: look at amplifier" in page


def test_the_true_command_tries_what_this_machine_has(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "edge", "accept", "--json"]
    environment = clean_environment(tmp_path, free_port()) | {"SHUTTLE_GUIDE_SPEAKER__OUTPUT": "null"}
    played, report, page = play(
        tmp_path,
        command,
        *("--tags", "sound,button,gps,network,heat"),
        accept_environment=environment,
        accept_minutes=0.02,
        accept_button_within_s=1,
    )
    assert played.returncode == 0, played.output
    assert played.counts("localhost")["changed"] == 0, played.output
    assert [part["part"] for part in report["parts"]] == ["sound", "button", "gps", "network", "heat"]
    assert report["passed"] is True
    assert "not there  tone: no loudspeaker (speaker.output) is configured\n" in page


SYSTEMCTL = """\
#!/bin/sh
echo "$@" >>{folder}/calls
for unit; do :; done
case "$1" in
    start) echo active >{folder}/state-$unit;;
    stop) echo inactive >{folder}/state-$unit;;
    show) printf 'Id=%s\\nLoadState=loaded\\nActiveState=%s\\n' "$unit" "$(cat {folder}/state-$unit)";;
    is-enabled) echo static;;
esac
exit 0
"""


@pytest.mark.parametrize("sound", ["it is broken, and failed", ""])
def test_the_guide_gets_its_card_back_whatever_comes(
    sound: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    units = ["shuttle-guide-speaker.service", "shuttle-guide-listener.service"]
    for unit in units:
        (tmp_path / f"state-{unit}").write_text("active\n")
    systemctl = tmp_path / "bin" / "systemctl"
    systemctl.parent.mkdir()
    systemctl.write_text(SYSTEMCTL.format(folder=tmp_path))
    systemctl.chmod(0o755)
    monkeypatch.setenv("PATH", f"{systemctl.parent}:{os.environ['PATH']}")
    command = stub(tmp_path, {"sound": sound})
    if not sound:
        command = ["/no/such/guide"]
    played, report, _ = play(tmp_path, command, "--tags", "sound", accept_sound_units=units)
    assert played.returncode != 0
    assert report["parts"][0]["checks"][0]["verdict"] == "failed"
    deeds = [line.split() for line in (tmp_path / "calls").read_text().splitlines()]
    changed = [(deed[0], deed[-1]) for deed in deeds if deed[0] in ("start", "stop")]
    assert changed == [(deed, unit) for deed in ("stop", "start") for unit in units]
