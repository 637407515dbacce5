"""From bare machines to speaking shuttles, by the playbooks, on systemd in booted containers.

The tests are one story, told in order: roll out, use, hurt, upgrade, restart.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.speaker.pool.archive import export_pool
from edge.speaker.pool.store import Store
from edge.speaker.pool.worth import Limits
from tests.support.fleet import (
    ANSIBLE,
    PACKAGES,
    Fleet,
    Played,
    make_bundle,
    make_llama_server,
    make_useless_wheel,
    make_variant,
)
from tests.support.machine import Machine
from tests.support.pooled import VOICE, held_sound
from tests.support.shuttle import PROCESSES, UNITS, Shuttle, is_heard

pytestmark = pytest.mark.timeout(900)  # a slow machine, with the root file system not cached yet
AS_SPEAKER = "setpriv --reuid=shuttle-guide-speaker --regid=shuttle-guide --clear-groups"
AS_LISTENER = AS_SPEAKER.replace("speaker", "listener")
ASOUND = "/etc/alsa/conf.d/60-shuttle-guide.conf"
ASOUND_EXAMPLE = Path(__file__).parents[2] / "examples" / "asound.conf"
EXPOSURE_MAX = 15
"""Tenths, as ``--threshold`` takes it."""
METRICS_PORTS = dict(zip(PROCESSES, range(9560, 9565), strict=True))
CUT_OFF = "nft insert rule inet shuttle_guide input tcp dport 22 reject with tcp reset"
JOIN = "systemctl reload shuttle-firewall.service"
CRASHES = 'raise SystemExit("this release is broken")\n'


def _lacking() -> str | None:
    if not ANSIBLE.exists():
        return "no Ansible in .venv-deploy; run: make setup"
    lacking = [tool for tool in ("ssh", "ssh-keygen", "openssl", "mosquitto_pub") if not shutil.which(tool)]
    return f"not on this machine: {', '.join(lacking)}" if lacking else None


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """Two bare machines, and a bundle."""
    if reason := _lacking():
        pytest.skip(f"system tests: {reason}")
    folder = tmp_path_factory.mktemp("fleet")
    with (
        Machine(name="guide-one", network="10.213.81", packages=PACKAGES, flavour="ssh") as one,
        Machine(name="guide-two", network="10.213.82", packages=PACKAGES, flavour="ssh") as two,
    ):
        fleet = Fleet(folder, {"shuttle-01": one, "shuttle-02": two})
        make_bundle(fleet.bundle)
        own_model = fleet.bundle / "models" / "whisper" / "own" / "model.bin"
        own_model.parent.mkdir(parents=True)
        own_model.write_text("weights of the site")
        two.write("/etc/nv_tegra_release", "# R38 (release), REVISION: 4.0\n")
        fleet.own["shuttle-01"] = {"audio_card": "Device"}
        fleet.own["shuttle-02"] = {
            "gpu_wheels": {"7": [make_useless_wheel(folder)]},
            "llm_server": make_llama_server(folder),
            "llm_model": "/var/lib/shuttle-guide/models/llm/own.gguf",
            "models_wanted": ["whisper/base"],
            "models_mirror": "/mnt/not-mounted",
        }
        yield fleet


@pytest.fixture(scope="module")
def first_run(fleet: Fleet) -> Played:
    """site.yml has been run on bare machines."""
    played = fleet.play("site")
    assert played.returncode == 0, played.output
    return played


@pytest.fixture(scope="module")
def deployed(fleet: Fleet, first_run: Played) -> Fleet:
    """The fleet after it."""
    del first_run
    return fleet


@pytest.fixture
def shuttle(deployed: Fleet) -> Shuttle:
    shuttle = Shuttle(deployed, "shuttle-01")
    shuttle.wait_ready()
    return shuttle


@pytest.fixture
def other(deployed: Fleet) -> Shuttle:
    return Shuttle(deployed, "shuttle-02")


def test_check_mode_works_on_a_bare_machine_and_leaves_it_bare(fleet: Fleet) -> None:
    played = fleet.play("site", "--check", "--diff", "--limit", "shuttle-02")
    assert played.returncode == 0, played.output
    there = fleet.machines["shuttle-02"].run("ls /opt /etc/shuttle-guide 2>&1", check=False)
    assert "shuttle-guide" not in there.replace("cannot access '/etc/shuttle-guide'", "")


def test_a_bare_machine_becomes_a_shuttle_that_speaks(shuttle: Shuttle, other: Shuttle) -> None:
    assert shuttle.machine.run("systemctl is-active shuttle-guide.target").strip() == "active"
    assert shuttle.speaks()
    assert other.speaks()


def test_wheels_that_this_gpu_cannot_run_leave_the_cpu_s_and_say_so(
    first_run: Played, other: Shuttle
) -> None:
    assert "INFERENCE IS ON THE CPU" in first_run.output
    assert "no kernel image is available" in first_run.output
    other.machine.run("/opt/shuttle-guide/current/.venv/bin/python -c 'import onnxruntime, ctranslate2'")


def test_models_come_with_the_bundle_and_one_that_cannot_be_had_is_told_of(
    first_run: Played, other: Shuttle
) -> None:
    assert "MODELS ARE MISSING: whisper/base" in first_run.output
    model = "/var/lib/shuttle-guide/models/whisper/own/model.bin"
    assert other.machine.run(f"{AS_LISTENER} cat {model}") == "weights of the site"


def test_a_language_model_on_board_is_the_sites_own_server_with_the_model_named(other: Shuttle) -> None:
    fetch = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8080/health').read().decode())"
    answer = other.machine.run(f'python3 -c "{fetch}"')
    assert answer.strip() == "/var/lib/shuttle-guide/models/llm/own.gguf"


def test_the_card_that_is_named_is_shared_as_the_example_shows(first_run: Played, shuttle: Shuttle) -> None:
    assert "THE CARD Device IS NOT THERE" in first_run.output
    written, example = shuttle.machine.run(f"cat {ASOUND}"), ASOUND_EXAMPLE.read_text()
    assert written[written.index("pcm.") :].strip() == example[example.index("pcm.") :].strip()
    assert {"shuttle_speaker", "shuttle_microphone"} <= set(shuttle.machine.run("aplay -L").splitlines())


def test_devices_have_the_rules_of_the_release(shuttle: Shuttle) -> None:
    rules = (Path(__file__).parents[2] / "systemd/udev/70-shuttle-guide.rules").read_text()
    assert shuttle.machine.run("cat /etc/udev/rules.d/70-shuttle-guide.rules") == rules
    assert shuttle.machine.run("getent group shuttle-guide-capture").startswith("shuttle-guide-capture:")


def test_each_process_may_do_little_on_the_machine_itself(shuttle: Shuttle) -> None:
    shuttle.machine.run(f"systemd-analyze security --no-pager --threshold={EXPOSURE_MAX} {' '.join(UNITS)}")


def test_commands_of_people_find_what_each_process_keeps(shuttle: Shuttle) -> None:
    """As root, with nothing in the environment."""
    shuttle.machine.run("shuttle-guide pool status")
    assert "from /var/lib/shuttle-guide/speaker/pool" in shuttle.machine.run("shuttle-guide pool clear")
    shuttle.machine.run("shuttle-guide voices list")
    shuttle.machine.run("shuttle-guide doctor --json")  # it misses nothing, the broker's password included


@pytest.mark.parametrize(("process", "port"), METRICS_PORTS.items())
def test_metrics_are_served_on_loopback(shuttle: Shuttle, process: str, port: int) -> None:
    fetch = f"import urllib.request as u; print(u.urlopen('http://127.0.0.1:{port}/metrics').read().decode())"
    assert process in shuttle.machine.run(f'python3 -c "{fetch}"')


def test_a_second_run_changes_nothing(deployed: Fleet) -> None:
    played = deployed.play("site")
    assert played.returncode == 0, played.output
    for host in deployed.machines:
        assert played.counts(host)["changed"] == 0, played.output


def test_check_mode_shows_what_a_setting_would_change_and_changes_nothing(
    deployed: Fleet, shuttle: Shuttle
) -> None:
    before = shuttle.machine.run("cat /etc/shuttle-guide/guide.toml")
    deployed.settings["espeak"] = {"words_per_minute": 199}
    try:
        played = deployed.play("site", "--check", "--diff", "--tags", "configure", "--limit", shuttle.name)
    finally:
        del deployed.settings["espeak"]
    assert played.returncode == 0, played.output
    assert "+words_per_minute = 199" in played.output
    assert not any(password in played.output for password in deployed.passwords.values())
    assert shuttle.machine.run("cat /etc/shuttle-guide/guide.toml") == before


@pytest.mark.parametrize(
    ("host", "succeeds", "told"),
    [
        ("10.20.30.40", True, "+IPAddressAllow=10.20.30.40"),
        ("broker.example", False, "set mqtt_broker_addresses to its addresses"),
    ],
)
def test_a_broker_that_is_elsewhere_is_reached_by_its_address(
    deployed: Fleet, shuttle: Shuttle, host: str, succeeds: bool, told: str
) -> None:
    deployed.settings["mqtt"] = {"host": host}
    try:
        played = deployed.play("site", "--check", "--diff", "--tags", "configure", "--limit", shuttle.name)
    finally:
        del deployed.settings["mqtt"]
    assert (played.returncode == 0) is succeeds, played.output
    assert told in played.output


def test_what_a_camera_sees_is_heard_and_its_turn_is_in_the_journal_of_every_process(
    shuttle: Shuttle,
) -> None:
    silent_until = shuttle.sound().size
    turn = shuttle.turn_after("camera-front", "event", {"label": "dog", "count": 2, "side": "right"})
    assert turn["outcome"] == "spoken", turn
    assert is_heard(shuttle.sound_since(silent_until))
    told_by = {line["SYSLOG_IDENTIFIER"] for line in shuttle.journal(f"TURN_ID={turn['turn_id']}")}
    assert {f"shuttle-guide-{process}" for process in PROCESSES if process != "listener"} <= told_by


def test_a_camera_on_the_shuttles_network_reaches_the_broker_over_tls(
    deployed: Fleet, shuttle: Shuttle
) -> None:
    shuttle.publish_over_tls(deployed.authority(), "camera-front", "event", '{"label":"cat"}')


def test_who_does_not_say_who_he_is_may_do_nothing(shuttle: Shuttle) -> None:
    assert "Not authorized" in shuttle.publish_unauthenticated("event", "две собаки справа")


@pytest.mark.parametrize("topic", ["announce", "safety", "cmd/mute", "vehicle", "turn"])
def test_a_camera_may_say_what_it_sees_and_nothing_else(shuttle: Shuttle, topic: str) -> None:
    assert "Not authorized" in shuttle.publish("camera-front", topic, "Проезд закрыт.")


@pytest.mark.parametrize("topic", ["event", "vehicle"])
def test_dispatch_is_no_camera(shuttle: Shuttle, topic: str) -> None:
    assert "Not authorized" in shuttle.publish("dispatch", topic, "две собаки справа")


@pytest.mark.parametrize("process", PROCESSES)
def test_a_killed_process_comes_back_and_the_next_words_are_heard(shuttle: Shuttle, process: str) -> None:
    pid = shuttle.main_pid(process)
    shuttle.machine.run(f"kill -KILL {pid}")
    shuttle.wait_ready({process: pid})
    assert shuttle.speaks()


def test_a_process_that_hangs_is_started_anew_by_the_watchdog(shuttle: Shuttle) -> None:
    pid = shuttle.main_pid("speaker")
    shuttle.machine.run(f"kill -STOP {pid}")
    shuttle.wait_ready({"speaker": pid})
    assert shuttle.speaks()


def test_a_password_is_its_own_process_s_and_nobody_else_s(deployed: Fleet, shuttle: Shuttle) -> None:
    secret = deployed.passwords["guide"]
    inside = shuttle.machine
    credential = "/run/credentials/shuttle-guide-ingest.service/mqtt_password"
    for path in ("/etc/shuttle-guide/credentials/mqtt_password", credential):
        assert secret in inside.run(f"cat {path}")
        assert inside.attempt(f"{AS_SPEAKER} cat {path}").returncode != 0
    for process in PROCESSES:
        assert secret not in inside.run(f"cat /proc/{shuttle.main_pid(process)}/environ")
    journal = inside.run("journalctl --output=export --all --no-pager")
    assert not any(password in journal for password in deployed.passwords.values())


def test_a_password_that_was_rotated_is_the_only_one(deployed: Fleet, shuttle: Shuttle) -> None:
    old, new = deployed.passwords["camera-front"], "another-password-1"
    deployed.passwords |= {"camera-front": new, "guide": "another-password-2"}
    played = deployed.play("rotate", "--limit", shuttle.name)
    assert played.returncode == 0, played.output
    assert shuttle.publish("camera-front", "event", '{"label":"cat"}') == ""
    deployed.passwords["camera-front"] = old
    assert "Not authorized" in shuttle.publish("camera-front", "event", '{"label":"cat"}')
    deployed.passwords["camera-front"] = new
    assert shuttle.speaks()


def test_status_tells_what_runs_and_changes_nothing(deployed: Fleet, shuttle: Shuttle) -> None:
    played = deployed.play("status", "--limit", shuttle.name)
    assert played.returncode == 0, played.output
    assert played.counts(shuttle.name)["changed"] == 0
    assert shuttle.release() in played.output
    assert "speaking via espeak" in played.output


def test_the_figures_of_the_hardware_are_brought_home(
    deployed: Fleet, shuttle: Shuttle, tmp_path: Path
) -> None:
    options = ("-e", "bench_rounds=1", "-e", f"bench_dir={tmp_path}")
    played = deployed.play("bench", "--limit", shuttle.name, *options)
    assert played.returncode == 0, played.output
    figures = json.loads((tmp_path / f"{shuttle.name}.json").read_text())
    assert figures["bench"]["spoken"] == 5
    assert {check["name"] for check in figures["doctor"]} >= set(PROCESSES)
    assert all(any(process in line for line in figures["ready_after_s"]) for process in PROCESSES)


def test_a_pool_is_brought_to_the_shuttles(deployed: Fleet, shuttle: Shuttle, tmp_path: Path) -> None:
    depot = Store(tmp_path / "depot", VOICE, Limits(10**9, 10**9), Counter())
    depot.open(0.0)
    depot.write(held_sound())
    export_pool(tmp_path / "depot", tmp_path / "pool.tar")
    bring = ("pool", "--limit", shuttle.name, "-e", f"pool_archive={tmp_path / 'pool.tar'}")
    played = deployed.play(*bring)
    assert played.returncode == 0, played.output
    assert "1 entries imported" in played.output
    owners = shuttle.machine.run("stat -c %U /var/lib/shuttle-guide/speaker/pool/*.sound").split()
    assert set(owners) == {"shuttle-guide-speaker"}
    again = deployed.play(*bring)
    assert again.counts(shuttle.name)["changed"] == 0, again.output


def test_a_broken_release_is_put_back_by_itself_and_ends_the_roll_out(
    deployed: Fleet, shuttle: Shuttle, other: Shuttle, tmp_path: Path
) -> None:
    release, untouched_since = shuttle.release(), other.main_pid("speaker")
    good, deployed.bundle = deployed.bundle, tmp_path / "broken"
    make_variant(good, deployed.bundle, "broken-release", {"edge/speaker/main.py": CRASHES})
    try:
        played = deployed.play("upgrade", "-e", "app_ready_within_s=24")
    finally:
        deployed.bundle = good
    assert played.returncode != 0, played.output
    assert "was put back" in played.output, played.output
    assert (shuttle.release(), other.release()) == (release, release)
    assert other.main_pid("speaker") == untouched_since
    shuttle.wait_ready()
    assert shuttle.speaks()


def test_a_good_release_goes_to_all_that_are_there_and_to_the_others_when_they_are_back(
    deployed: Fleet, shuttle: Shuttle, other: Shuttle, tmp_path: Path
) -> None:
    before = other.release()
    good, deployed.bundle = deployed.bundle, tmp_path / "next"
    make_variant(good, deployed.bundle, "next-release", {})
    other.machine.run(CUT_OFF)
    try:
        played = deployed.play("upgrade")
        assert played.returncode == 0, played.output
        assert "shuttle-02 IS AWAY" in played.output
        assert (shuttle.release(), other.release()) == ("next-release", before)
        running_since = shuttle.main_pid("speaker")
    finally:
        other.machine.run(JOIN)
    played = deployed.play("upgrade")
    assert played.returncode == 0, played.output
    assert (shuttle.release(), other.release()) == ("next-release", "next-release")
    assert shuttle.main_pid("speaker") == running_since
    assert shuttle.speaks()
    assert other.speaks()


def test_one_step_back(deployed: Fleet, shuttle: Shuttle) -> None:
    before = shuttle.release()
    played = deployed.play("rollback", "--limit", shuttle.name)
    assert played.returncode == 0, played.output
    assert shuttle.release() != before
    assert shuttle.speaks()


def test_after_a_restart_of_the_machine_it_speaks_and_is_muted_if_it_was(shuttle: Shuttle) -> None:
    assert shuttle.publish("dispatch", "cmd/mute", "") == ""
    shuttle.machine.run("sleep 2")
    shuttle.machine.restart()
    shuttle.wait_ready()
    state = shuttle.machine.run("cat /var/lib/shuttle-guide/ingest/control.json")
    assert '"muted":true' in state.replace(" ", "")
    assert shuttle.speaks()  # safety is heard all the same
