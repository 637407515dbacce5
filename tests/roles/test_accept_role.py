"""The role ``accept``, run by Ansible on this machine: what it makes of what the parts say."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
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


SYSTEMCTL = """\
#!/bin/sh
echo "$@" >>{folder}/calls
verb=$1
shift
for unit; do
    case "$unit" in -*) continue;; esac
    case "$verb" in
        start) echo active >{folder}/state-$unit;;
        stop) echo inactive >{folder}/state-$unit;;
        show) printf 'Id=%s\\nLoadState=loaded\\nActiveState=%s\\n' "$unit" "$(cat {folder}/state-$unit)";;
        is-enabled) echo static;;
    esac
done
exit 0
"""
SYSTEMD_RUN = """\
#!{python}
# The unit is no child of the client's, which only waits for it: it goes on where the client is killed.
import itertools, os, shlex, subprocess, sys
given = list(itertools.takewhile(lambda one: one.startswith("--"), sys.argv[1:]))
command = sys.argv[1 + len(given):]
def values(option):
    return dict(one.removeprefix(option).split("=", 1) for one in given if one.startswith(option))
properties, environment = values("--property="), values("--setenv=")
assert {{"--wait", "--pipe", "--collect"}} <= set(given), given
ended, ending = os.pipe()
if os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    os.close(ended)
    def run(line):
        program, *arguments = shlex.split(line)
        return subprocess.call([os.path.basename(program), *arguments], stdout=subprocess.DEVNULL)
    rc = run(properties["ExecStartPre"]) or subprocess.call(command, env=os.environ | environment)
    run(properties["ExecStopPost"])
    os.write(ending, bytes([rc]))
    os._exit(0)
os.close(ending)
sys.exit(os.read(ended, 1)[0])
"""
UNITS = ["shuttle-guide-speaker.service", "shuttle-guide-listener.service"]
DRIVING = '{"name": "  vehicle", "verdict": "ok", "requested": "", "actual": "driving"}'


@pytest.fixture(autouse=True)
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the role asks systemd to do is in ``calls``."""
    for unit in UNITS:
        (tmp_path / f"state-{unit}").write_text("active\n")
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, text in (("systemctl", SYSTEMCTL), ("systemd-run", SYSTEMD_RUN)):
        (folder / name).write_text(text.format(folder=tmp_path, python=sys.executable))
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def changes(folder: Path) -> list[str]:
    """What was stopped and started."""
    calls = folder / "calls"
    lines = calls.read_text().splitlines() if calls.exists() else []
    return [line for line in lines if line.startswith(("stop ", "start "))]


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


def begin(folder: Path, command: list[str], *arguments: str, **more: Any) -> subprocess.Popen[str]:
    playbook = folder / "play.json"
    roles = [{"role": "accept"}]
    playbook.write_text(json.dumps([{"hosts": "all", "connection": "local", "roles": roles}]))
    values = {
        "ansible_python_interpreter": sys.executable,
        "accept_command": command,
        "accept_doctor_command": [*command, "doctor"],
        "accept_sound_units": UNITS,
        "accept_dir": str(folder / "out"),
        **more,
    }
    return subprocess.Popen(
        [str(ANSIBLE), "-i", "localhost,", "-e", json.dumps(values), *arguments, str(playbook)],
        cwd=PLAYBOOKS,
        env=os.environ
        | {
            "ANSIBLE_ROLES_PATH": str(PLAYBOOKS / "roles"),
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            "ANSIBLE_GATHERING": "explicit",
            "ANSIBLE_NOCOLOR": "1",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def played_out(playing: subprocess.Popen[str]) -> Played:
    output, _ = playing.communicate(timeout=300)
    return Played(playing.returncode, output)


def play(
    folder: Path, command: list[str], *arguments: str, **more: Any
) -> tuple[Played, dict[str, Any], str]:
    """How it ended, and the report of it: of some parts where tags are given."""
    played = played_out(begin(folder, command, *arguments, **more))
    name = "localhost-part" if arguments else "localhost"
    assert (folder / f"out/{name}.json").exists(), played.output
    report = json.loads((folder / f"out/{name}.json").read_text())
    return played, report, (folder / f"out/{name}.txt").read_text()


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
        accept_doctor_command=["true"],
        accept_minutes=0.02,
        accept_button_within_s=1,
    )
    assert played.returncode == 0, played.output
    assert played.counts("localhost")["changed"] == 0, played.output
    assert [part["part"] for part in report["parts"]] == ["sound", "button", "gps", "network", "heat"]
    assert (report["passed"], report["missing"]) == (False, ["restarts"])
    assert page.startswith("ACCEPTANCE OF localhost: IN PART\nNot tried: restarts\n")
    assert "not there  tone: no loudspeaker (speaker.output) is configured\n" in page


def kill_all_of(pid: int) -> None:
    """A process and its descendants at once, as a line that is cut takes Ansible and its SSH."""
    os.kill(pid, signal.SIGSTOP)
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        kill_all_of(int(child))
    os.kill(pid, signal.SIGKILL)


def until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not happened():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


GAVE_AND_TOOK = ["stop " + " ".join(UNITS), "start --no-block " + " ".join(UNITS)]


@pytest.mark.parametrize("sound", ["it is broken, and failed", ""])
def test_the_guide_gets_its_card_back_whatever_comes(sound: str, tmp_path: Path) -> None:
    command = stub(tmp_path, {"sound": sound}) if sound else ["/no/such/guide"]
    played, report, _ = play(tmp_path, command, "--tags", "sound")
    assert played.returncode != 0
    assert report["parts"][0]["checks"][0]["verdict"] == "failed"
    assert changes(tmp_path) == GAVE_AND_TOOK


def test_the_guide_gets_its_card_back_where_ssh_is_lost_meanwhile(tmp_path: Path) -> None:
    (tmp_path / "guide").write_text(
        f'#!/bin/sh\n[ "$1" = sound ] || exit\ntouch {tmp_path}/plays\n'
        f"for _ in $(seq 600); do [ -e {tmp_path}/killed ] && exit; sleep 0.1; done\n"
    )
    (tmp_path / "guide").chmod(0o755)
    playing = begin(tmp_path, [str(tmp_path / "guide")], "--tags", "sound")
    until(lambda: (tmp_path / "plays").exists())
    kill_all_of(playing.pid)
    playing.communicate(timeout=60)
    assert changes(tmp_path) == GAVE_AND_TOOK[:1]
    (tmp_path / "killed").touch()
    until(lambda: changes(tmp_path) == GAVE_AND_TOOK)


def test_a_guide_whose_vehicle_drives_is_not_silenced(tmp_path: Path) -> None:
    played = played_out(begin(tmp_path, stub(tmp_path, {"doctor": DRIVING, "sound": "", "heat": ""})))
    assert played.returncode != 0
    assert "localhost DRIVES, and would be silent" in " ".join(played.output.split())
    assert changes(tmp_path) == []
    assert not (tmp_path / "out").exists()


def test_shuttles_are_accepted_one_by_one(tmp_path: Path) -> None:
    command = stub(tmp_path, {"sound": ""})
    played = played_out(begin(tmp_path, command, "-i", "shuttle-01,shuttle-02,", "--limit", "shuttle-0*"))
    assert played.returncode != 0
    assert "Expected one (--limit SHUTTLE), got shuttle-01, shuttle-02." in " ".join(played.output.split())
    assert changes(tmp_path) == []


def test_only_all_parts_are_an_acceptance_and_some_do_not_take_its_place(tmp_path: Path) -> None:
    parts = ("sound", "button", "gps", "network", "heat", "restarts")
    command = stub(
        tmp_path, {part: json.dumps({"part": part, "checks": [GOOD], "figures": {}}) for part in parts}
    )
    played, report, page = play(tmp_path, command)
    assert played.returncode == 0, played.output
    assert (report["passed"], report["missing"]) == (True, [])
    assert page.startswith("ACCEPTANCE OF localhost: PASSED\n")
    played, report, _ = play(tmp_path, command, "--tags", "heat")
    assert played.returncode == 0, played.output
    assert "has passed IN PART, without sound, button, gps, network, restarts," in " ".join(
        played.output.split()
    )
    assert report["passed"] is False
    assert (tmp_path / "out/localhost.txt").read_text() == page
    nothing = played_out(begin(tmp_path, command, "--tags", "buton"))
    assert nothing.returncode != 0
    assert "No part was tried. Expected --tags with one or more of sound, button," in " ".join(
        nothing.output.split()
    )
    assert (tmp_path / "out/localhost.txt").read_text() == page
