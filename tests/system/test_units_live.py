"""The units on a booted machine: they start, are watched, come back, and keep their keys to themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge.bus.topology import PIPES, PROCESSES, REPORTS, SPEECH, feed_path, pipe_path
from edge.journal_events import MessageId
from tests.support.installed_guide import RELEASE, SETTINGS
from tests.support.machine import Machine
from tests.support.units import Units

pytestmark = pytest.mark.timeout(400)  # the first one boots the machine, or even builds it

ChangeUnit = Callable[[str, str], None]
"""Name of a process, and lines as ``printf %b`` takes them."""

RUN = "/run/shuttle-guide"
KEY = "gsk-0123456789-only-the-commentator"
PASSWORD = "password-of-the-broker"
CONNECT = """\
import socket, sys
for address in sys.argv[1:]:
    try:
        socket.create_connection((address, 1883), 3).close()
        print(address, "→ reached")
    except OSError as error:
        print(address, "→", error)
"""
SOCKETS = """\
import os, socket, sys
deed, *paths = sys.argv[1:]
for path in paths:
    peer = socket.socket(socket.AF_UNIX)
    try:
        if deed == "bind" and os.path.exists(path):
            os.unlink(path)
        getattr(peer, deed)(path)
        print(path, "done")
    except OSError as error:
        print(path, type(error).__name__)
"""
OPEN_NODE = """\
import os, sys
for path in sys.argv[1:]:
    try:
        os.close(os.open(path, os.O_RDWR))
        print(path, "done")
    except OSError as error:
        print(path, type(error).__name__)
"""
LLAMA_SERVER = Path(__file__).with_name("llama_server.py")
SOUND_CARD = Path(__file__).with_name("sound_card.sh")
WEDGE = Path(__file__).with_name("wedge.py")


@pytest.fixture(scope="module")
def units(device: Machine) -> Units:
    device.write("/etc/shuttle-guide/credentials/groq_api_key", KEY, mode=0o600)
    device.write("/etc/shuttle-guide/credentials/mqtt_password", PASSWORD, mode=0o600)
    # No cloud is there: what is asked for must fail at once, and not after a time-out.
    device.write("/etc/shuttle-guide/guide.toml", SETTINGS + '[groq]\nbase_url = "http://127.0.0.1:9"\n')
    device.run("systemctl start mosquitto && systemctl enable --now shuttle-guide.target")
    units = Units(device)
    units.until_ready(*PROCESSES)
    return units


@pytest.fixture
def drop_in(device: Machine) -> Iterator[ChangeUnit]:
    """Changes a unit's section [Service] for the time of a test."""
    added: list[str] = []

    def add(name: str, text: str) -> None:
        added.append(name)
        folder = f"/run/systemd/system/shuttle-guide-{name}.service.d"
        device.run(f"mkdir -p {folder} && printf '%b' '[Service]\\n{text}\\n' >{folder}/test.conf")
        device.run("systemctl daemon-reload")

    yield add
    for name in added:
        device.run(f"rm -r /run/systemd/system/shuttle-guide-{name}.service.d && systemctl daemon-reload")
        device.run(f"systemctl restart shuttle-guide-{name}")


def test_every_process_is_ready_and_says_how_it_is(units: Units) -> None:
    status = {name: units.show(name, "StatusText")[0] for name in PROCESSES}
    assert status["speaker"].startswith("speaking via espeak to null")
    assert status["ingest"].startswith("connected to 127.0.0.1:1883")
    assert all(status.values())
    names = {f"shuttle-guide-{name}" for name in PROCESSES}
    units.until(
        lambda: {entry["SYSLOG_IDENTIFIER"] for entry in units.event(MessageId.PROCESS_READY)} == names,
        "all to tell it",
    )


def test_a_turn_is_told_by_every_process_that_it_crosses(units: Units) -> None:
    ended = units.remark("две собаки справа")
    assert ended["OUTCOME"] == "spoken"
    assert ended["SHUTTLE_ID"] == "test"
    assert ended["TURN_PRIORITY"] == "1"
    assert float(ended["TTFA_MS"]) == float(ended["STAGE_FIRST_SAMPLE_MS"]) > 0
    turn = f"TURN_ID={ended['TURN_ID']}"
    crossed = {f"shuttle-guide-{name}" for name in ("ingest", "commentator", "speaker", "telemetry")}
    units.until(
        lambda: crossed <= {entry["SYSLOG_IDENTIFIER"] for entry in units.journal(turn)}, "all to tell it"
    )


def test_every_unit_is_left_alone_also_one_that_never_notifies(device: Machine, units: Units) -> None:
    """Three times the watchdog's time, with a language model that knows nothing of it."""
    everyone = (*PROCESSES, "llm")
    device.copy(LLAMA_SERVER, "/opt/shuttle-guide/llm/llama-server")
    device.write("/etc/shuttle-guide/llm.env", "LLAMA_ARG_CTX_SIZE=2048\n")
    try:
        # A stop and a start begin the count of restarts anew.
        device.run(f"systemctl stop {' '.join(f'shuttle-guide-{name}' for name in everyone)}")
        device.run("systemctl start shuttle-guide.target shuttle-guide-llm")
        units.until_ready(*everyone)
        started = {name: units.pid(name) for name in everyone}
        device.run("sleep 30")
        assert {name: units.show(name, "NRestarts") for name in everyone} == {key: ["0"] for key in everyone}
        assert {name: units.pid(name) for name in everyone} == started
        assert {name: units.show(name, "WatchdogUSec") for name in everyone} == {
            name: ["0" if name == "llm" else "10s"] for name in everyone
        }
    finally:
        device.run(
            "systemctl stop shuttle-guide-llm; rm -r /etc/shuttle-guide/llm.env /opt/shuttle-guide/llm"
        )


@pytest.mark.parametrize("name", PROCESSES)
def test_a_killed_process_is_back_and_the_next_remark_is_heard(
    device: Machine, units: Units, name: str
) -> None:
    victim = units.pid(name)
    device.run(f"kill -KILL {victim}")
    units.until_ready(name, but_not=victim)
    assert units.remark("велосипедист слева")["OUTCOME"] == "spoken"


@pytest.mark.parametrize(
    ("name", "signal", "told"),
    [("ingest", "USR1", False), ("commentator", "USR1", False), ("speaker", "USR2", True)],
    ids=["event loop of ingest", "event loop of the commentator", "audio device of the speaker"],
)
def test_work_that_hangs_is_noticed_and_started_anew(
    device: Machine, units: Units, drop_in: ChangeUnit, name: str, signal: str, told: bool
) -> None:
    device.copy(WEDGE, "/opt/shuttle-guide/wedge.py")
    start = f"{RELEASE}/.venv/bin/python /opt/shuttle-guide/wedge.py run {name}"
    drop_in(name, f"ExecStart=\\nExecStart={start}\\nWatchdogSec=3")
    device.run(f"systemctl restart shuttle-guide-{name}")
    victim = units.pid(name)
    hangs = len(units.event(MessageId.WORK_HANGS))
    device.run(f"kill -{signal} {victim}")
    units.until_ready(name, but_not=victim)
    unit = f"_PID=1 UNIT=shuttle-guide-{name}.service"
    units.until(
        lambda: any("watchdog" in entry["MESSAGE"].lower() for entry in units.journal(unit)),
        "systemd to tell why it was started anew",
    )
    units.until(lambda: "most recent call first" in str(units.journal(f"_PID={victim}")), "where it hung")
    if told:
        units.until(lambda: len(units.event(MessageId.WORK_HANGS)) > hangs, "what hung")
        assert len(units.event(MessageId.WORK_HANGS)) == hangs + 1
    assert units.remark("храм впереди")["OUTCOME"] == "spoken"


def test_keys_reach_their_process_and_nobody_else(device: Machine, units: Units) -> None:
    key = "/run/credentials/shuttle-guide-commentator.service/groq_api_key"
    inside = f"/proc/{units.pid('commentator')}/root"
    assert device.run(f"cat {inside}{key}") == KEY
    absent = device.run(f"cat {inside}/run/credentials/shuttle-guide-commentator.service/openai_api_key")
    assert absent == "\n", "a key without a file is there, and empty"
    for name in PROCESSES:
        pid = units.pid(name)
        as_process = f"nsenter --target {pid} --mount setpriv --reuid shuttle-guide-{name} --clear-groups"
        seen = device.attempt(f"{as_process} cat {key}")
        assert (KEY in seen.stdout) is (name == "commentator")
        assert not device.attempt(f"{as_process} cat /etc/shuttle-guide/credentials/groq_api_key").stdout
        environment = device.run(f"cat /proc/{pid}/environ /proc/{pid}/cmdline")
        assert KEY not in environment
        assert PASSWORD not in environment


def test_nobody_reads_the_state_of_another_process(device: Machine, units: Units) -> None:
    device.run("mosquitto_pub -t shuttle/test/cmd/volume -m '70%'")
    state = "/var/lib/shuttle-guide/ingest/control.json"
    units.until(lambda: device.attempt(f"cat {state}").stdout, "the volume to be kept")
    reader = "setpriv --reuid shuttle-guide-speaker --regid shuttle-guide --clear-groups"
    assert device.attempt(f"{reader} cat {state}").returncode != 0
    assert device.attempt(f"{reader} rm -f /run/shuttle-guide/ingest/feed").returncode != 0


def as_process(device: Machine, units: Units, name: str) -> str:
    """Words that run a command with the rights that a process of the guide really has."""
    pid = units.pid(name)
    groups = device.run(f"sed -n 's/^Groups:[[:space:]]*//p' /proc/{pid}/status").split()
    user = f"--reuid shuttle-guide-{name} --regid shuttle-guide --groups {','.join(groups)}"
    return f"nsenter --target {pid} --mount setpriv {user} --inh-caps=-all --bounding-set=-all"


def outcomes(answer: str) -> dict[str, str]:
    return dict(line.split() for line in answer.splitlines())  # type: ignore[misc]


def test_each_process_reaches_the_sockets_that_it_needs(device: Machine, units: Units) -> None:
    feeds = {str(feed_path(RUN, name)): {*PROCESSES} for name in PROCESSES}
    pipes = {
        str(pipe_path(RUN, pipe, each.process)): {each.process, pipe.receiver}
        for pipe in PIPES
        if pipe is not REPORTS  # bound where there is a fleet
        for each in pipe.senders
    }
    wanted = feeds | pipes
    device.write("/opt/shuttle-guide/sockets.py", SOCKETS)
    for name in PROCESSES:
        act = f"{as_process(device, units, name)} /usr/bin/python3 /opt/shuttle-guide/sockets.py"
        came_of_it = outcomes(device.run(f"{act} connect {' '.join(wanted)}"))
        assert {path for path, outcome in came_of_it.items() if outcome == "done"} == {
            path for path, names in wanted.items() if name in names
        }, name
    everything = device.run(f"stat --format '%n %U %G %a' {' '.join(wanted)}")
    assert (
        f"{RUN}/speaker.commentator/speech shuttle-guide-speaker shuttle-guide-commentator 660" in everything
    )
    assert f"{RUN}/listener/feed shuttle-guide-listener shuttle-guide 660" in everything


def test_nobody_takes_the_speakers_place_while_it_is_away(device: Machine, units: Units) -> None:
    device.write("/opt/shuttle-guide/sockets.py", SOCKETS)
    paths = f"{feed_path(RUN, 'speaker')} {pipe_path(RUN, SPEECH, 'commentator')}"
    device.run("systemctl kill --signal=KILL shuttle-guide-speaker; systemctl stop shuttle-guide-speaker")
    for name in PROCESSES:
        if name != "speaker":
            act = f"{as_process(device, units, name)} /usr/bin/python3 /opt/shuttle-guide/sockets.py"
            assert {*outcomes(device.run(f"{act} bind {paths}")).values()} <= {"PermissionError", "OSError"}
    device.run("systemctl start shuttle-guide-speaker")
    units.until_ready("speaker")
    assert units.remark("собака слева")["OUTCOME"] == "spoken"


def test_the_speaker_plays_and_cannot_record(device: Machine, units: Units) -> None:
    """udev's own answer for a card's nodes; and what a node of that group lets a process do."""
    device.copy(SOUND_CARD, "/opt/shuttle-guide/sound_card.sh")
    device.write("/opt/shuttle-guide/open_node.py", OPEN_NODE)
    group_of = outcomes(device.run("/opt/shuttle-guide/sound_card.sh"))
    audio, capture = (
        device.run(f"getent group {name}").split(":")[2] for name in ("audio", "shuttle-guide-capture")
    )
    recorders = {"pcmC1D0c", "pcmC1D12c"}
    assert {node for node, group in group_of.items() if group == capture} == recorders
    assert {group for node, group in group_of.items() if node not in recorders} == {audio}
    # Nodes of /dev/null's number, which every unit may open, as udev would leave them.
    for node, group in group_of.items():
        path = f"/dev/snd/{node}"
        device.run(f"mkdir -p /dev/snd && mknod -m 660 {path} c 1 3 && chgrp {group} {path}")
    nodes = " ".join(f"/dev/snd/{node}" for node in group_of)
    try:
        may = {}
        for name in PROCESSES:
            act = f"{as_process(device, units, name)} /usr/bin/python3 /opt/shuttle-guide/open_node.py"
            came_of_it = outcomes(device.run(f"{act} {nodes}"))
            may[name] = {Path(path).name for path, outcome in came_of_it.items() if outcome == "done"}
    finally:
        device.run("rm -r /dev/snd")
    assert may["speaker"] == group_of.keys() - recorders
    assert may["listener"] == group_of.keys()
    assert may["ingest"] == may["commentator"] == may["telemetry"] == set()


def test_a_device_that_comes_later_is_open_without_a_restart(
    device: Machine, units: Units, drop_in: ChangeUnit
) -> None:
    """A sound card's driver (this kernel has none) and a path, each tried by a process inside of the unit."""
    device.write("/opt/shuttle-guide/open_node.py", OPEN_NODE)
    sound, late = "/dev/late_sound", "/dev/late_path"
    each_second = f"while sleep 1; do /usr/bin/python3 /opt/shuttle-guide/open_node.py {sound} {late}; done"
    as_shell = f'Type=exec\\nWatchdogSec=0\\nExecStart=\\nExecStart=/bin/sh -c "{each_second}"'
    drop_in("speaker", f"DeviceAllow={late} rw\\n{as_shell}")
    assert "alsa" not in device.run("cat /proc/devices")
    try:
        device.run("systemctl restart shuttle-guide-speaker")
        started = units.pid("speaker")
        # Numbers without a driver: who may open them is told that there is no such device.
        device.run(f"mknod -m 666 {sound} c 116 0 && mknod -m 666 {late} c 240 0")

        def told() -> dict[str, str]:
            lines = device.run("journalctl -b -u shuttle-guide-speaker -o cat -n 4 --no-pager").splitlines()
            return dict(line.split() for line in lines if line.startswith("/dev/late"))  # type: ignore[misc]

        units.until(lambda: told() == {sound: "OSError", late: "PermissionError"}, "the card only")
        device.run("systemctl daemon-reload")
        units.until(lambda: told() == {sound: "OSError", late: "OSError"}, "both")
        assert units.pid("speaker") == started
    finally:
        device.run(f"rm -f {sound} {late}")


def test_no_key_and_no_password_is_in_the_journal(device: Machine, units: Units) -> None:
    everything = device.run("journalctl -b -q -o export --no-pager | tr -cd '[:print:]\\n'")
    assert "shuttle-guide-commentator" in everything
    assert KEY not in everything
    assert PASSWORD not in everything


@pytest.mark.parametrize(
    ("name", "way_out"),
    [
        ("ingest", "timed out"),
        ("listener", "timed out"),
        ("telemetry", "timed out"),
        ("speaker", "refused"),
    ],
)
def test_all_but_the_speaker_and_the_commentator_reach_this_machine_only(
    device: Machine, units: Units, drop_in: ChangeUnit, name: str, way_out: str
) -> None:
    device.write("/opt/shuttle-guide/connect.py", CONNECT)
    addresses = f"127.0.0.1 {device.gateway}"
    drop_in(name, f"ExecStartPost=-/usr/bin/python3 /opt/shuttle-guide/connect.py {addresses}")
    device.run(f"systemctl restart shuttle-guide-{name}")
    lines = (f"_SYSTEMD_UNIT=shuttle-guide-{name}.service", "SYSLOG_IDENTIFIER=python3")
    units.until(lambda: len(units.journal(*lines)) == 2, "both attempts")
    here, there = (entry["MESSAGE"] for entry in units.journal(*lines))
    assert "reached" in here
    if "firewalling" in device.run("journalctl -b -q --no-pager -p warning _PID=1", check=False):
        pytest.skip("this kernel lets a container filter no addresses")
    assert way_out in there


def test_a_start_waits_as_long_as_it_works_for_a_broker_that_is_away(
    device: Machine, units: Units, drop_in: ChangeUnit
) -> None:
    limit_s = 15  # a busy machine takes some of it before the first word
    drop_in("ingest", f"TimeoutStartSec={limit_s}")
    before = units.pid("ingest")
    device.run("systemctl stop mosquitto")
    try:
        device.run("systemctl restart --no-block shuttle-guide-ingest")
        units.until(lambda: units.pid("ingest") not in (before, 0), "the new process")
        units.until(
            lambda: units.event(MessageId.BROKER_LOST, f"_PID={units.pid('ingest')}"), "the first attempt"
        )
        waiting = units.pid("ingest")
        device.run(f"sleep {2 * limit_s}")
        assert units.show("ingest", "ActiveState", "MainPID") == ["activating", str(waiting)]
    finally:
        device.run("systemctl start mosquitto")
    units.until_ready("ingest")
    assert units.pid("ingest") == waiting


def test_a_refused_setting_is_one_line_and_is_tried_again(device: Machine, units: Units) -> None:
    good = device.run("cat /etc/shuttle-guide/guide.toml")
    device.write("/etc/shuttle-guide/guide.toml", good.replace('"null"', "0.5"))
    device.run("systemctl restart --no-block shuttle-guide-speaker")
    expected = (
        "config: speaker.output = 0.5: Expected `str`, got `float` (from /etc/shuttle-guide/guide.toml)"
    )
    units.until(lambda: units.show("speaker", "StatusText") == [expected], "the reason in its status")
    units.until(lambda: units.event(MessageId.CONFIG_REFUSED), "the reason in the journal")
    lines: dict[str, list[str]] = {}
    for entry in units.event(MessageId.CONFIG_REFUSED):
        lines.setdefault(entry["_PID"], []).append(entry["MESSAGE"])
    assert all(told == [expected] for told in lines.values()), "one line of each that was tried"
    device.write("/etc/shuttle-guide/guide.toml", good)
    units.until_ready("speaker")


def test_all_stop_in_good_order_and_start_in_any(device: Machine, units: Units) -> None:
    device.run("systemctl stop shuttle-guide.target")
    names = " ".join(f"shuttle-guide-{name}" for name in reversed(PROCESSES))
    for name in PROCESSES:
        units.until(lambda name=name: units.show(name, "ActiveState") == ["inactive"], f"{name} to stop")  # type: ignore[misc]
        assert units.show(name, "Result", "ExecMainStatus") == ["success", "0"]
    device.run(f"systemctl start {names}")
    units.until_ready(*PROCESSES)
    assert units.remark("кошка справа")["OUTCOME"] == "spoken"


def test_a_restarted_machine_speaks_again(device: Machine, units: Units) -> None:
    device.run("mosquitto_pub -t shuttle/test/cmd/mute -n && sync")
    units.until(
        lambda: '"muted":true' in device.run("cat /var/lib/shuttle-guide/ingest/control.json"), "mute"
    )
    device.restart()
    units.until_ready(*PROCESSES)
    state = "mosquitto_sub -t shuttle/test/state -C 1 -W 20"
    units.until(lambda: '"muted":true' in device.run(state), "the state to tell of it")
    device.run("mosquitto_pub -t shuttle/test/cmd/unmute -n")
    units.until(lambda: '"muted":false' in device.run(state), "the state to tell of it")
    assert units.remark("две собаки слева")["OUTCOME"] == "spoken"
