"""A shuttle goes away in mid roll-out: the true playbook, with roles that write down who did what."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.fleet import ANSIBLE, PLAYBOOKS, Played
from tests.support.played import Stand

pytestmark = [
    pytest.mark.skipif(not ANSIBLE.exists(), reason="no Ansible in .venv-deploy; run: make setup"),
    pytest.mark.timeout(400),
]
STEPS = {
    "bundle": ["main"],
    "base": ["main"],
    "audio": ["main"],
    "power": ["main", "activate"],
    "metrics": ["main"],
    "app": [
        *("begin", "not_rejected", "running", "prepare", "configure", "activate", "still_healthy"),
        *("keys", "prove_running", "rollback"),
    ],
    "mosquitto": ["preflight", "install", "configure", "rotate", "rotate_back", "forget_former"],
    "models": ["main"],
    "gpu": ["main"],
    "llm": ["main", "activate"],
}
"""Role → its files of tasks that the playbooks call for."""
STEP = """\
[ "$(cat {{ stand }}/fails 2>/dev/null)" = "{{ inventory_hostname }} STEP" ] && exit 1
echo STEP >>{{ stand }}/{{ inventory_hostname }}/done
if [ "$(cat {{ stand }}/vanishes 2>/dev/null)" = "{{ inventory_hostname }} STEP" ]; then
  touch {{ stand }}/{{ inventory_hostname }}/gone
fi
"""
FIRST, SECOND, THIRD = "shuttle-01", "shuttle-02", "shuttle-03"


class RollOut:
    """Three machines, and what is played on them."""

    def __init__(self, folder: Path) -> None:
        self.stand = Stand(folder, FIRST, SECOND, THIRD)
        self._roles = folder / "roles"
        for role, files in STEPS.items():
            (self._roles / role / "tasks").mkdir(parents=True)
            for name in files:
                step = STEP.replace("STEP", f"{role}/{name}")
                tasks = [{"name": f"Do {role}/{name}", "ansible.builtin.shell": step}]
                (self._roles / role / "tasks" / f"{name}.yml").write_text(json.dumps(tasks))
        (self._roles / "app" / "vars").mkdir()
        release = {"app_release_dir": "/r", "app_wheels_dir": "/w", "app_recognizer": {"whisper": {}}}
        (self._roles / "app" / "vars" / "main.yml").write_text(
            json.dumps({**release, "app_changed_over": True})
        )

    def upgrade(self, *arguments: str) -> Played:
        return self.play("upgrade", *arguments)

    def play(self, name: str, *arguments: str) -> Played:
        for host in self.stand.hosts:
            (self.stand.folder / host / "done").unlink(missing_ok=True)
        options = {"upgrade_canary_s": 0, "bundle_dir": str(self.stand.folder)}
        return self.stand.play(PLAYBOOKS / f"playbooks/{name}.yml", self._roles, *arguments, **options)

    def tell(self, what: str, host: str, step: str) -> None:
        """It ``vanishes`` behind a step, or ``fails`` at it."""
        (self.stand.folder / what).write_text(f"{host} {step}\n")

    def return_of(self, host: str) -> None:
        (self.stand.folder / "vanishes").unlink()
        self.stand.gone(host).unlink()

    def done(self, host: str) -> list[str]:
        path = self.stand.folder / host / "done"
        return path.read_text().split() if path.exists() else []


@pytest.fixture
def roll_out(tmp_path: Path) -> RollOut:
    return RollOut(tmp_path)


def record_systemctl(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """One for all machines, whose services are all there and do not run; what it was asked."""
    asked = folder / "asked"
    stub = folder / "bin" / "systemctl"
    stub.parent.mkdir()
    show = "case $1 in show) echo LoadState=loaded; echo ActiveState=inactive ;; esac"
    stub.write_text(f'#!/bin/sh\necho "$*" >>{asked}\n{show}\n')
    stub.chmod(0o755)
    monkeypatch.setenv("PATH", f"{stub.parent}:{os.environ['PATH']}")
    return lambda: asked.read_text().replace("'", "").splitlines()


def changed_over(roll_out: RollOut) -> list[str]:
    return [host for host in roll_out.stand.hosts if "llm/activate" in roll_out.done(host)]


@pytest.mark.parametrize("step", ["app/prepare", "app/activate"])
def test_who_goes_away_in_the_middle_is_left_and_catches_up(roll_out: RollOut, step: str) -> None:
    roll_out.tell("vanishes", SECOND, step)
    played = roll_out.upgrade()
    assert played.returncode == 4, played.output
    assert changed_over(roll_out) == [FIRST, THIRD]
    assert roll_out.done(SECOND)[-1] == step
    told = [line for line in played.output.splitlines() if "WENT AWAY" in line]
    assert len(told) == 1
    assert told[0].startswith(f'{SECOND} WENT AWAY at "')
    assert "Run the same again when it is back." in told[0]

    roll_out.return_of(SECOND)
    played = roll_out.upgrade()
    assert played.returncode == 0, played.output
    assert SECOND in changed_over(roll_out)
    assert "WENT AWAY" not in played.output


def test_without_a_canary_that_has_shown_it_the_others_keep_what_they_have(roll_out: RollOut) -> None:
    roll_out.tell("vanishes", FIRST, "app/activate")
    played = roll_out.upgrade()
    assert played.returncode == 4, played.output
    assert f"No canary has shown what this does: {FIRST} is away" in " ".join(played.output.split())
    assert f'{FIRST} WENT AWAY at "' in played.output
    assert changed_over(roll_out) == []
    roll_out.stand.gone(FIRST).unlink()
    assert roll_out.upgrade("-e", "upgrade_without_canary=true").returncode == 4
    assert changed_over(roll_out) == [SECOND, THIRD]


@pytest.mark.parametrize(
    ("name", "step"), [("site", "app/configure"), ("rotate", "app/keys"), ("upgrade", "app/prepare")]
)
def test_a_canary_that_is_away_holds_the_others_up_unless_one_goes_without_it(
    roll_out: RollOut, name: str, step: str
) -> None:
    roll_out.stand.gone(FIRST).touch()
    played = roll_out.play(name)
    assert played.returncode == 2, played.output
    assert f"{FIRST} is" in played.output or f"No canary is there ({FIRST})" in played.output
    assert "-e without_canary=true" in played.output
    assert all(step not in roll_out.done(host) for host in (SECOND, THIRD))
    played = roll_out.play(name, "-e", "without_canary=true", "--limit", f"{FIRST},{SECOND}")
    assert played.returncode == 0, played.output
    assert step in roll_out.done(SECOND)


def test_an_inventory_without_canaries_is_told_to_have_one_or_to_go_without(roll_out: RollOut) -> None:
    roll_out.stand.canaries.clear()
    played = roll_out.upgrade("--limit", SECOND)
    assert played.returncode == 2, played.output
    assert "No canary is there (the inventory has none)" in " ".join(played.output.split())
    played = roll_out.upgrade("--limit", SECOND, "-e", "upgrade_without_canary=true")
    assert played.returncode == 0, played.output
    assert changed_over(roll_out) == [SECOND]


def test_a_canary_that_drives_and_was_not_heard_is_no_proof_for_the_others(roll_out: RollOut) -> None:
    unheard = ("-e", '{"app_heard": false}')
    played = roll_out.upgrade("--limit", f"{FIRST},{SECOND}", *unheard)
    assert played.returncode == 2, played.output
    assert f"No canary has shown what this does: {FIRST} drives and was not heard." in " ".join(
        played.output.split()
    )
    assert changed_over(roll_out) == [FIRST]
    assert roll_out.upgrade("--limit", FIRST, *unheard).returncode == 0, "nobody waits for it"


@pytest.mark.parametrize("name", ["site", "upgrade"])
def test_a_certificate_that_cannot_serve_ends_it_before_anything_comes(roll_out: RollOut, name: str) -> None:
    roll_out.tell("fails", FIRST, "mosquitto/preflight")
    played = roll_out.play(name, "--limit", FIRST)
    assert played.returncode == 2
    assert roll_out.done(FIRST) == []
    assert played.counts(FIRST)["changed"] == 0, "nothing was begun"


@pytest.mark.parametrize(("host", "reached"), [(FIRST, []), (SECOND, [FIRST])])
def test_who_fails_comes_back_at_once_and_ends_it_for_those_behind(
    roll_out: RollOut, host: str, reached: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    roll_out.tell("fails", host, "app/activate")
    asked = record_systemctl(roll_out.stand.folder, monkeypatch)
    begun = roll_out.stand.folder / "at-risk"
    begun.touch()
    played = roll_out.upgrade("-e", f"app_root={begun.parent}")
    assert played.returncode == 2, played.output
    assert asked().count("start shuttle-put-back.service") == 1
    assert f"It ends at {host}, which failed at" in " ".join(played.output.split())
    assert set(reached) <= set(changed_over(roll_out)) <= {FIRST, SECOND, THIRD} - {host}
    for name in {FIRST, SECOND, THIRD} - {host}:
        assert played.counts(name)["failed"] == 0, "what had its turn, or none yet, is as it was"
        assert ("app/configure" in roll_out.done(name)) is (name in changed_over(roll_out))


def test_who_is_away_from_the_first_is_told_and_no_reason_to_end_otherwise_than_well(
    roll_out: RollOut,
) -> None:
    roll_out.stand.gone(THIRD).touch()
    played = roll_out.upgrade()
    assert played.returncode == 0, played.output
    assert f"{THIRD} IS AWAY and keeps what it has" in played.output
    assert changed_over(roll_out) == [FIRST, SECOND]


@pytest.mark.parametrize(
    ("name", "step"),
    [("site", "app/activate"), ("rotate", "app/keys")],
)
def test_every_playbook_that_goes_from_one_to_the_next_does_so(
    roll_out: RollOut, name: str, step: str
) -> None:
    roll_out.tell("vanishes", SECOND, step)
    played = roll_out.play(name)
    assert played.returncode == 4, played.output
    assert f"{SECOND} WENT AWAY" in played.output
    assert [host for host in (FIRST, THIRD) if step in roll_out.done(host)] == [FIRST, THIRD]
    forgotten = [host for host in roll_out.stand.hosts if "mosquitto/forget_former" in roll_out.done(host)]
    assert forgotten == ([FIRST, THIRD] if name == "rotate" else [])
    roll_out.return_of(SECOND)
    roll_out.tell("fails", FIRST, step)
    played = roll_out.play(name)
    assert played.returncode == 2, played.output
    assert all(step not in roll_out.done(host) for host in (SECOND, THIRD))
