"""What comes back by itself: releases, settings and keys that do not prove healthy, with contact and without.

The example's own inventory, on booted machines. The tests are one story, told in order.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.fleet import ANSIBLE, PACKAGES, PLAYBOOKS, WAV, Fleet, Played, make_bundle, make_variant
from tests.support.machine import Machine
from tests.support.shuttle import PROCESSES, Shuttle

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]
NETWORK = "10.213.0.0/16"
CRASHES = 'raise SystemExit("this release is broken")\n'
SETTING = ("site", "--tags", "configure,activate")
CUT_OFF = "nft insert rule inet shuttle_guide input tcp dport 22 reject with tcp reset"
JOIN = "systemctl reload shuttle-firewall.service"
ROOT = "/opt/shuttle-guide"
TURN_ENDED = "5519be395c8345d4920d87a0a2d3798f"


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """Two bare machines, a bundle, and the example's inventory with these machines' addresses and keys."""
    if not ANSIBLE.exists():
        pytest.skip("system tests: no Ansible in .venv-deploy; run: make setup")
    if lacking := [tool for tool in ("ssh", "ssh-keygen", "openssl") if not shutil.which(tool)]:
        pytest.skip(f"system tests: not on this machine: {', '.join(lacking)}")
    folder = tmp_path_factory.mktemp("fleet")
    with (
        Machine(name="roll-one", network="10.213.91", packages=PACKAGES, flavour="ssh") as one,
        Machine(name="roll-two", network="10.213.92", packages=PACKAGES, flavour="ssh") as two,
    ):
        fleet = Fleet(folder, {"shuttle-01": one, "shuttle-02": two})
        shutil.copytree(PLAYBOOKS / "inventory" / "example" / "group_vars", folder / "group_vars")
        example = folder / "group_vars" / "all" / "vault.yml.example"
        example.rename(example.with_suffix(""))
        signer = fleet.signer.with_name(f"{fleet.signer.name}.pub").read_text().strip()
        for own in fleet.own.values():
            own |= {
                "ansible_user": "root",
                "bundle_dir": "{{ inventory_dir }}/bundle",
                "trusted_signers": [signer],
                "base_firewall_open": [{"port": 8883, "networks": [NETWORK]}],
                "base_ssh_from": [NETWORK],
                "guide_settings": {"speaker": {"output": f"wav:{WAV}", "voices": ["espeak"]}},
            }
        make_bundle(fleet.bundle, fleet.signer)
        yield fleet


@pytest.fixture
def canary(fleet: Fleet) -> Shuttle:
    return Shuttle(fleet, "shuttle-01")


@pytest.fixture
def other(fleet: Fleet) -> Shuttle:
    return Shuttle(fleet, "shuttle-02")


@contextmanager
def another_bundle(fleet: Fleet, folder: Path, release: str, edits: dict[str, str]) -> Iterator[None]:
    good, fleet.bundle = fleet.bundle, folder / release
    make_variant(good, fleet.bundle, release, edits, fleet.signer)
    for own in fleet.own.values():
        own["bundle_dir"] = str(fleet.bundle)
    try:
        yield
    finally:
        fleet.bundle = good
        for own in fleet.own.values():
            own["bundle_dir"] = str(good)


@contextmanager
def setting(fleet: Fleet, section: str, value: dict[str, Any], *names: str) -> Iterator[None]:
    """Of the shuttles that are named, or of all."""
    before = {name: fleet.own[name]["guide_settings"] for name in names or fleet.own}
    for name, settings in before.items():
        fleet.own[name]["guide_settings"] = {**settings, section: value}
    try:
        yield
    finally:
        for name, settings in before.items():
            fleet.own[name]["guide_settings"] = settings


def lives(shuttle: Shuttle) -> list[int]:
    return [shuttle.main_pid(process) for process in PROCESSES]


def settings_of(shuttle: Shuttle) -> str:
    return shuttle.machine.run("cat /etc/shuttle-guide/guide.toml")


def told(played: Played) -> str:
    return " ".join(played.output.split())


def is_settled(shuttle: Shuttle) -> bool:
    state = shuttle.machine.run(f"{ROOT}/roll-out state {shuttle.release()}").strip()
    return state == "settled" and shuttle.machine.attempt(f"ls {ROOT}/at-risk").returncode != 0


def wait_for(condition: str, shuttle: Shuttle, within_s: float) -> None:
    deadline = time.monotonic() + within_s
    while shuttle.machine.attempt(condition).returncode:
        assert time.monotonic() < deadline, f"waited in vain for {condition}"
        time.sleep(0.5)


def cut_off_at_the_switch(shuttle: Shuttle, release: str) -> None:
    wait = f'until [ "$(basename $(readlink {ROOT}/current))" = {release} ]; do sleep 0.02; done; {CUT_OFF}'
    shuttle.machine.run(f"systemd-run --quiet --collect sh -c '{wait}'")


def test_a_first_release_that_is_broken_fails_twice(fleet: Fleet, other: Shuttle, tmp_path: Path) -> None:
    with another_bundle(fleet, tmp_path, "broken-first", {"edge/speaker/main.py": CRASHES}):
        for _ in range(2):
            played = fleet.play("site", "--limit", other.name, "-e", "app_ready_within_s=12")
            assert played.returncode != 0, played.output
            assert "There was none to put back." in told(played), played.output
            assert other.release() == "broken-first"


def test_a_release_that_never_was_healthy_makes_room_for_the_next_bundle(
    fleet: Fleet, other: Shuttle
) -> None:
    played = fleet.play("site")
    assert played.returncode == 0, played.output
    assert other.release() != "broken-first"
    assert is_settled(other)


def test_a_setting_changes_nothing_but_the_setting(fleet: Fleet, canary: Shuttle, other: Shuttle) -> None:
    release, untouched = canary.release(), lives(other)
    with setting(fleet, "espeak", {"words_per_minute": 199}, canary.name):
        played = fleet.play(*SETTING)
        assert played.returncode == 0, played.output
        assert "words_per_minute = 199" in settings_of(canary)
        assert played.counts(canary.name)["changed"] == 2, "the file, and the restart"
        assert played.counts(other.name)["changed"] == 0
        assert lives(other) == untouched
    assert canary.release() == release
    assert is_settled(canary)


def test_a_setting_after_which_a_process_never_gets_ready_is_put_back_on_the_canary(
    fleet: Fleet, canary: Shuttle, other: Shuttle
) -> None:
    before, others, untouched = settings_of(canary), settings_of(other), lives(other)
    with setting(fleet, "mqtt", {"port": 1}):
        played = fleet.play(*SETTING, "-e", "app_ready_within_s=12")
    assert played.returncode != 0, played.output
    assert "has its former settings and keys back" in told(played), played.output
    assert settings_of(canary) == before
    assert (settings_of(other), lives(other)) == (others, untouched)
    canary.wait_ready()
    assert is_settled(canary)


def test_passengers_of_a_shuttle_that_drives_hear_no_test(fleet: Fleet, canary: Shuttle) -> None:
    vehicle = f"-r -u vehicle -P {canary.passwords['vehicle']} -t shuttle/{canary.name}/vehicle"
    canary.machine.run(f"mosquitto_pub -q 1 {vehicle} -m '{{\"speed_kmh\":12.5}}'")
    limit = ("--limit", canary.name)
    heard = f"journalctl --output=cat --no-pager MESSAGE_ID={TURN_ENDED} KIND=announcement | wc -l"
    before = canary.machine.run(heard)
    with setting(fleet, "espeak", {"words_per_minute": 170}):
        played = fleet.play(*SETTING, *limit, "-e", "app_wait_standing_s=10")
        assert played.returncode == 0, played.output
        assert f"{canary.name} DRIVES" in told(played), played.output
        assert canary.machine.run(heard) == before
        assert not is_settled(canary)
        running = lives(canary)
        canary.machine.run(f"mosquitto_pub -q 1 {vehicle} -m '{{\"speed_kmh\":0}}'")
        played = fleet.play(*SETTING, *limit)
        assert played.returncode == 0, played.output
        assert canary.machine.run(heard) != before
    assert is_settled(canary)
    assert lives(canary) == running


def test_a_shuttle_that_is_lost_at_the_switch_comes_back_and_gets_the_release_later(
    fleet: Fleet, canary: Shuttle, tmp_path: Path
) -> None:
    release = canary.release()
    limit = ("--limit", canary.name)
    with another_bundle(fleet, tmp_path, "lost-release", {}):
        cut_off_at_the_switch(canary, "lost-release")
        played = fleet.play("upgrade", *limit, "-e", "app_put_back_after_s=60", "-e", "ansible_timeout=5")
        assert played.returncode != 0, played.output
        wait_for(f"! test -e {ROOT}/at-risk", canary, within_s=120)
        assert canary.release() == release
        canary.wait_ready()
        canary.machine.run(JOIN)
        assert is_settled(canary)
        played = fleet.play("upgrade", *limit)
        assert played.returncode == 0, played.output
    assert canary.release() == "lost-release"
    assert is_settled(canary)


def test_a_broken_release_is_put_back_after_a_loss_of_power_too_and_is_not_tried_again_by_itself(
    fleet: Fleet, canary: Shuttle, tmp_path: Path
) -> None:
    release, before = canary.release(), settings_of(canary)
    limit = ("--limit", canary.name)
    with another_bundle(fleet, tmp_path, "broken-release", {"edge/speaker/main.py": CRASHES}):
        cut_off_at_the_switch(canary, "broken-release")
        fleet.play("upgrade", *limit, "-e", "app_put_back_after_s=60", "-e", "ansible_timeout=5")
        assert canary.release() == "broken-release"
        canary.machine.restart()
        assert canary.release() == "broken-release"
        wait_for(f"! test -e {ROOT}/at-risk", canary, within_s=120)
        assert (canary.release(), settings_of(canary)) == (release, before)
        canary.wait_ready()
        played = fleet.play("upgrade", *limit)
        assert played.returncode != 0
        assert "broken-release was put back here" in told(played), played.output
        assert "upgrade_again=true" in told(played)
    assert is_settled(canary)


def test_neither_a_way_back_nor_a_canary_that_failed_makes_a_setting_bring_a_release(
    fleet: Fleet, canary: Shuttle, other: Shuttle, tmp_path: Path
) -> None:
    left = canary.release()
    played = fleet.play("rollback", "--limit", canary.name)
    assert played.returncode == 0, played.output
    release, untouched = canary.release(), (other.release(), lives(other))
    assert release != left
    with another_bundle(fleet, tmp_path, "broken-release", {"edge/speaker/main.py": CRASHES}):
        played = fleet.play("upgrade", "-e", "app_ready_within_s=12", "-e", "upgrade_again=true")
        assert played.returncode != 0, played.output
        assert f"{release} was put back." in told(played), played.output
        with setting(fleet, "espeak", {"words_per_minute": 166}, canary.name):
            played = fleet.play(*SETTING)
            assert played.returncode == 0, played.output
            assert "words_per_minute = 166" in settings_of(canary)
    assert canary.release() == release
    assert (other.release(), lives(other)) == untouched


def test_passwords_with_which_the_guide_does_not_get_ready_are_put_back_here_and_there(
    fleet: Fleet, canary: Shuttle, other: Shuttle
) -> None:
    before, others = canary.passwords, other.passwords
    drop_in = "/run/systemd/system/shuttle-guide-telemetry.service.d/fails.conf"
    fails = f"mkdir -p $(dirname {drop_in}); printf '[Service]\\nExecStartPre=false\\n' >{drop_in}"
    canary.machine.run(f"{fails}; systemctl daemon-reload")
    try:
        played = fleet.play("rotate", "-e", "app_ready_within_s=12")
    finally:
        canary.machine.run(
            f"rm {drop_in}; systemctl daemon-reload; systemctl restart shuttle-guide-telemetry"
        )
    assert played.returncode != 0, played.output
    assert "has its former settings and keys back. It is NOT HEALTHY either" in told(played), played.output
    assert (canary.passwords, other.passwords) == (before, others)
    canary.wait_ready()
    assert is_settled(canary)
