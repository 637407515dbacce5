"""From bare machines to speaking shuttles, by the playbooks, on systemd in booted containers.

The tests are one story, told in order: roll out, use, hurt, upgrade, restart.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge.signature import sign
from edge.speaker.pool import files
from edge.speaker.pool.archive import NAMESPACE, export_pool
from edge.speaker.pool.entry import encode
from edge.speaker.pool.store import EntryStore
from edge.speaker.pool.worth import StoreLimits
from tests.support.fleet import (
    ANSIBLE,
    PACKAGES,
    Fleet,
    Played,
    add_package,
    copy_bundle,
    make_bundle,
    make_llama_server,
    make_useless_wheel,
    make_variant,
    manifest_of,
    write_manifest,
)
from tests.support.machine import Machine
from tests.support.pooled import VOICE, admitted_text, held_sound
from tests.support.shuttle import PROCESSES, UNITS, Shuttle, is_heard
from tests.support.signing import make_key

pytestmark = pytest.mark.timeout(900)  # a slow machine, with the root file system not cached yet
AS_SPEAKER = "setpriv --reuid=shuttle-guide-speaker --regid=shuttle-guide --clear-groups"
AS_LISTENER = AS_SPEAKER.replace("speaker", "listener")
ASOUND = "/etc/alsa/conf.d/60-shuttle-guide.conf"
ASOUND_EXAMPLE = Path(__file__).parents[2] / "examples" / "asound.conf"
EXPOSURE_MAX = 15
"""Tenths, as ``--threshold`` takes it."""
METRICS_PORTS = dict(zip(PROCESSES, range(9560, 9566), strict=True))
CUT_OFF = "nft insert rule inet shuttle_guide input tcp dport 22 reject with tcp reset"
JOIN = "systemctl reload shuttle-firewall.service"
CAMPPLUS_BYTES = 28_281_164


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
        own_model = fleet.bundle / "models" / "whisper" / "own" / "model.bin"
        own_model.parent.mkdir(parents=True)
        own_model.write_text("weights of the site")
        make_bundle(fleet.bundle, fleet.signer)
        add_package(fleet.bundle, "guide-of-the-site", fleet.signer)
        two.write("/etc/nv_tegra_release", "# R38 (release), REVISION: 4.0\n")
        two.run("groupadd --system render")  # as udev has on a board
        fleet.own["shuttle-01"] = {"audio_card": "Device"}
        fleet.own["shuttle-02"] = {
            "gpu_wheels": {"7": [make_useless_wheel(folder)]},
            "llm_server": make_llama_server(folder),
            "llm_model": "/var/lib/shuttle-guide/models/llm/own.gguf",
            "models_wanted": ["whisper/base", "llm/vikhr-qwen-1.5b"],
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


def exchange(bundle: Path, name: str, content: bytes) -> None:
    (bundle / name).unlink()
    (bundle / name).write_bytes(content)


def change_the_manifest(bundle: Path) -> None:
    exchange(
        bundle, "manifest.json", json.dumps({**manifest_of(bundle), "build_packages": ["nmap"]}).encode()
    )


def change_the_wheels(bundle: Path) -> None:
    exchange(bundle, manifest_of(bundle)["files"]["wheels"]["name"], b"other wheels")


def change_the_packages(bundle: Path) -> None:
    exchange(bundle, "debs.tar", b"other packages")


def change_a_model(bundle: Path) -> None:
    exchange(bundle, "models/whisper/own/model.bin", b"other weights")


def take_the_signature(bundle: Path) -> None:
    (bundle / "manifest.json.sig").unlink()


def sign_by_another(bundle: Path) -> None:
    write_manifest(bundle, manifest_of(bundle), make_key(bundle.parent, "stranger"))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (change_the_manifest, "incorrect signature"),
        (sign_by_another, "not verify signature"),
        (take_the_signature, "is not signed"),
        (change_the_wheels, ".tar: FAILED"),
        (change_the_packages, "debs.tar: FAILED"),
        (change_a_model, "models/whisper/own/model.bin: FAILED"),
    ],
)
def test_nothing_is_taken_of_a_bundle_that_is_not_as_it_was_signed(
    fleet: Fleet, tmp_path: Path, change: Callable[[Path], None], told: str
) -> None:
    good, fleet.bundle = fleet.bundle, tmp_path / "changed"
    copy_bundle(good, fleet.bundle)
    change(fleet.bundle)
    try:
        played = fleet.play("site", "--limit", "shuttle-02")
    finally:
        fleet.bundle = good
    assert played.returncode != 0, played.output
    assert told in played.output, played.output
    for place in ("/opt/shuttle-guide", "/var/lib/shuttle-guide", "/etc/shuttle-guide"):
        assert fleet.machines["shuttle-02"].attempt(f"ls {place}").returncode != 0
    assert played.counts("shuttle-02")["changed"] == 0


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
    assert "MODELS ARE MISSING: whisper/base, llm/vikhr-qwen-1.5b" in first_run.output
    assert (
        "llm/vikhr-qwen-1.5b: no checksum in the catalogue, and --require-pinned is given" in first_run.output
    )
    model = "/var/lib/shuttle-guide/models/whisper/own/model.bin"
    assert other.machine.run(f"{AS_LISTENER} cat {model}") == "weights of the site"


def test_packages_come_with_the_bundle_and_no_list_of_them_stays(shuttle: Shuttle, other: Shuttle) -> None:
    for each in (shuttle, other):
        shown = each.machine.run("dpkg-query --show --showformat '${db:Status-Status}' guide-of-the-site")
        assert shown == "installed"
        assert each.machine.attempt("grep -r trusted=yes /etc/apt").returncode == 1
        assert each.machine.attempt("ls /var/lib/shuttle-guide-debs").returncode != 0
        assert "guide" not in each.machine.run("ls /var/lib/apt/lists")
        each.machine.run("apt-get check")


def test_a_model_that_is_not_what_the_catalogue_names_ends_the_play(deployed: Fleet, other: Shuttle) -> None:
    folder = "/var/lib/shuttle-guide/models/speaker/campplus"
    other.machine.run(f"mkdir -p {folder}")
    name = "3dspeaker_speech_campplus_sv_zh_en_16k-common_advanced.onnx"
    other.machine.run(f"truncate --size={CAMPPLUS_BYTES} {folder}/{name}")
    try:
        played = deployed.play("site", "--tags", "models", "--limit", other.name)
    finally:
        other.machine.run(f"rm -r {folder}")
    assert played.returncode != 0, played.output
    assert f"WRONG CHECKSUM speaker/campplus/{name}" in played.output


def test_a_model_that_was_put_beside_the_others_later_is_named_and_not_brought(
    deployed: Fleet, other: Shuttle, tmp_path: Path
) -> None:
    good, deployed.bundle = deployed.bundle, tmp_path / "more"
    copy_bundle(good, deployed.bundle)
    (deployed.bundle / "models" / "whisper" / "own" / "more.bin").write_bytes(b"more weights")
    try:
        played = deployed.play("site", "--tags", "models", "--limit", other.name)
    finally:
        deployed.bundle = good
    assert played.returncode != 0, played.output
    assert "Not in the bundle's manifest: whisper/own/more.bin" in played.output
    assert "more.bin" not in other.machine.run("ls -R /var/lib/shuttle-guide/models")


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
    assert not any(password in played.output for password in shuttle.passwords.values())
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


def test_what_a_camera_sees_is_heard_and_its_turn_is_in_the_journal_of_who_made_it(
    shuttle: Shuttle,
) -> None:
    silent_until = shuttle.sound().size
    turn = shuttle.turn_after("camera-front", "event", {"label": "dog", "count": 2, "side": "right"})
    assert turn["outcome"] == "spoken", turn
    assert is_heard(shuttle.sound_since(silent_until))
    told_by = {line["SYSLOG_IDENTIFIER"] for line in shuttle.journal(f"TURN_ID={turn['turn_id']}")}
    of_a_turn = set(PROCESSES) - {"listener", "console"}
    assert {f"shuttle-guide-{process}" for process in of_a_turn} <= told_by


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


@pytest.mark.parametrize(
    ("process", "session"), [("ingest", "events"), ("ingest", "control"), ("telemetry", "telemetry")]
)
def test_a_password_is_its_own_process_s_and_nobody_else_s(
    shuttle: Shuttle, process: str, session: str
) -> None:
    secret = shuttle.passwords[f"guide-{session}"]
    inside = shuttle.machine
    credential = f"/run/credentials/shuttle-guide-{process}.service/mqtt_{session}_password"
    for path in (f"/etc/shuttle-guide/credentials/mqtt_{session}_password", credential):
        assert secret in inside.run(f"cat {path}")
        assert inside.attempt(f"{AS_SPEAKER} cat {path}").returncode != 0
    for other in PROCESSES:
        assert secret not in inside.run(f"cat /proc/{shuttle.main_pid(other)}/environ")
        if other != process:
            elsewhere = f"grep -rl {secret} /run/credentials/shuttle-guide-{other}.service"
            assert inside.run(elsewhere, check=False) == ""
    journal = inside.run("journalctl --output=export --all --no-pager | tr -cd '[:print:]\\n'")
    assert not any(password in journal for password in shuttle.passwords.values())


def test_no_two_shuttles_share_a_password_and_each_is_hashed_at_todays_strength(
    shuttle: Shuttle, other: Shuttle
) -> None:
    assert not set(shuttle.passwords.values()) & set(other.passwords.values())
    written = shuttle.machine.run("cat /etc/mosquitto/shuttle-guide.passwords").splitlines()
    assert {line.split(":")[0] for line in written} == shuttle.passwords.keys()
    assert all(line.split(":", 1)[1].startswith("$7$210000$") for line in written)


def test_a_password_that_was_rotated_is_the_only_one(deployed: Fleet, shuttle: Shuttle) -> None:
    old = shuttle.passwords
    played = deployed.play("rotate", "--limit", shuttle.name, "-e", "rotate_accounts=camera-front")
    assert played.returncode == 0, played.output
    new = shuttle.passwords
    exchanged = {name for name in old if old[name] != new[name]}
    assert exchanged == {
        "camera-front",
        "guide-events",
        "guide-control",
        "guide-telemetry",
        "guide-console",
        "guide-cli",
    }
    assert not (deployed.secrets(shuttle.name) / "mqtt.former").exists(), "nobody goes back to them any more"
    assert shuttle.publish("camera-front", "event", '{"label":"cat"}') == ""
    topic = f"-t shuttle/{shuttle.name}/event -m x"
    denied = shuttle.machine.attempt(f"mosquitto_pub -V 5 -u camera-front -P {old['camera-front']} {topic}")
    assert "Not authorized" in denied.stderr
    shuttle.wait_ready()
    assert shuttle.speaks()


def test_an_account_that_is_not_there_is_not_rotated_and_nothing_is_forgotten(
    deployed: Fleet, shuttle: Shuttle
) -> None:
    before = shuttle.passwords
    played = deployed.play("rotate", "--limit", shuttle.name, "-e", "rotate_accounts=camera-rear")
    assert played.returncode != 0
    assert "got camera-rear" in " ".join(played.output.split())
    assert shuttle.passwords == before


def test_ssh_is_open_to_engineers_alone_and_leads_nowhere_else(deployed: Fleet, shuttle: Shuttle) -> None:
    address, foreign = shuttle.machine.address, "10.99.78.1"
    subprocess.run(["ip", "address", "add", f"{foreign}/32", "dev", "lo"], check=True)
    try:
        with pytest.raises(TimeoutError):
            socket.create_connection((address, 22), timeout=3, source_address=(foreign, 0))
    finally:
        subprocess.run(["ip", "address", "del", f"{foreign}/32", "dev", "lo"], check=True)
    socket.create_connection((address, 22), timeout=3).close()
    assert "prohibited" in deployed.ssh(shuttle.name, "-W", "127.0.0.1:1883").stderr
    forward = shuttle.machine.run("nft list chain inet shuttle_guide forward")
    assert "hook forward" in forward
    assert "policy drop" in forward
    settings = shuttle.machine.run("sshd -T").splitlines()
    for closed in ("allowagentforwarding", "allowstreamlocalforwarding", "x11forwarding", "permittunnel"):
        assert f"{closed} no" in settings


@pytest.mark.parametrize(
    ("networks", "told"),
    [
        ("[]", "base_ssh_from: expected networks that engineers come from"),
        ('["192.168.10.0/24"]', "expected among them a network with"),
        ('["10.213/16"]', "expected networks such as 10.20.0.0/24"),
    ],
)
@pytest.mark.parametrize("tags", ["all", "firewall"])
def test_a_firewall_that_would_lock_the_engineer_out_is_refused_before_anything_is_touched(
    deployed: Fleet, shuttle: Shuttle, networks: str, told: str, tags: str
) -> None:
    extra = f'{{"base_ssh_from": {networks}}}'
    played = deployed.play("site", "--limit", shuttle.name, "--tags", tags, "-e", extra)
    assert played.returncode != 0
    assert told in " ".join(played.output.split()), played.output
    assert played.counts(shuttle.name)["changed"] == 0


def test_who_tries_passwords_from_the_network_is_slowed_down(shuttle: Shuttle) -> None:
    let_in, began = 0, time.monotonic()
    for _ in range(30):
        with contextlib.suppress(TimeoutError):
            socket.create_connection((shuttle.machine.address, 8883), timeout=0.2).close()
            let_in += 1
    assert 1 <= let_in <= 5 + (time.monotonic() - began) / 3, "4 at once, and one each 3 s"
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
    depot = EntryStore(tmp_path / "depot", VOICE, StoreLimits(10**9, 10**9), Counter())
    depot.open(0.0)
    depot.write(held_sound(admitted_text()))
    export_pool(tmp_path / "depot", tmp_path / "pool.tar")
    bring = ("pool", "--limit", shuttle.name, "-e", f"pool_archive={tmp_path / 'pool.tar'}")
    unsigned = deployed.play(*bring)
    assert unsigned.returncode != 0, unsigned.output
    assert "it is not signed" in unsigned.output
    export_pool(
        tmp_path / "depot", tmp_path / "pool.tar", sign=lambda text: sign(text, deployed.signer, NAMESPACE)
    )
    played = deployed.play(*bring)
    assert played.returncode == 0, played.output
    assert "1 entries imported" in played.output
    owners = shuttle.machine.run("stat -c %U /var/lib/shuttle-guide/speaker/pool/*.sound").split()
    assert set(owners) == {"shuttle-guide-speaker"}
    again = deployed.play(*bring)
    assert again.counts(shuttle.name)["changed"] == 0, again.output


def test_what_one_shuttle_made_ahead_is_signed_here_and_taken_by_the_other(
    deployed: Fleet, shuttle: Shuttle, other: Shuttle, tmp_path: Path
) -> None:
    """The key never leaves this machine."""
    options = ("-e", f"pool_depot={shuttle.name}", "-e", f"pool_archive={tmp_path / 'pool.tar'}")
    played = deployed.play("pool", *options, "-e", f"pool_signing_key={deployed.signer}")
    assert played.returncode == 0, played.output
    assert "1 entries imported" in played.output
    owners = other.machine.run("stat -c %U /var/lib/shuttle-guide/speaker/pool/*.sound").split()
    assert set(owners) == {"shuttle-guide-speaker"}
    assert "shuttle-guide-pool" in other.machine.run("cat /etc/shuttle-guide/allowed_signers")


def test_a_speaker_that_somebody_has_got_hold_of_catches_no_command_of_root_s(
    deployed: Fleet, shuttle: Shuttle, tmp_path: Path
) -> None:
    """In its own folder it may do as it likes."""
    folder, treasure = "/var/lib/shuttle-guide/speaker/pool", "/root/treasure"
    shuttle.machine.run(f"systemctl stop shuttle-guide-speaker; mkdir {treasure}; mv {folder} {folder}.away")
    shuttle.machine.run(f"{AS_SPEAKER} ln -s {treasure} {folder}")
    try:
        for command in ("pool import /root/nothing.tar --unsigned", "pool clear", "pool status"):
            shuttle.machine.run(f"shuttle-guide {command}", check=False)
        archive = tmp_path / "pool.tar"
        folder_here = tmp_path / "depot"
        folder_here.mkdir()
        files.path_of(folder_here, "brought").write_bytes(
            encode(*held_sound(admitted_text(entry_id="brought")))
        )
        export_pool(folder_here, archive)
        options = ("-e", f"pool_archive={archive}", "-e", "pool_unsigned=true")
        played = deployed.play("pool", "--limit", shuttle.name, *options)
        assert played.returncode != 0, played.output
        assert shuttle.machine.run(f"ls -A {treasure}") == ""
    finally:
        shuttle.machine.run(f"rm {folder}; mv {folder}.away {folder}; systemctl start shuttle-guide-speaker")


def test_a_good_release_goes_to_all_that_are_there_and_to_the_others_when_they_are_back(
    deployed: Fleet, shuttle: Shuttle, other: Shuttle, tmp_path: Path
) -> None:
    before = other.release()
    good, deployed.bundle = deployed.bundle, tmp_path / "next"
    make_variant(good, deployed.bundle, "next-release", {}, deployed.signer)
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
