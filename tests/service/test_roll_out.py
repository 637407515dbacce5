"""What a shuttle comes back to by itself, by the role's program, on files of its own."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.shuttle_files import ROLL_OUT, ShuttleFiles

KEY = "etc/shuttle-guide/credentials/groq_api_key"
PASSWORDS = "etc/mosquitto/shuttle-guide.passwords"
DROP_IN = "shuttle-guide-listener.service.d/gpu.conf"
SERVICE_DROP_IN = "shuttle-guide-commentator.service.d/service-cerebras.conf"


@pytest.fixture
def shuttle(tmp_path: Path) -> ShuttleFiles:
    """r1 runs and is proven; r2 is there."""
    shuttle = ShuttleFiles(tmp_path / "root")
    shuttle.make_release("r1", "shuttle-guide-old.service")
    shuttle.make_release("r2", "shuttle-guide-new.service")
    (shuttle.opt / "releases" / "r2" / "drop-ins").write_text(f"{DROP_IN}\n", "utf-8")
    shuttle.roll_out("change-to", "r1")
    shuttle.roll_out("proven", "r1")
    return shuttle


def units(shuttle: ShuttleFiles) -> set[str]:
    return {path.name for path in (shuttle.etc / "systemd" / "system").iterdir() if path.is_file()}


def test_what_is_proven_is_settled_and_health_is_owed_of_all_else(shuttle: ShuttleFiles) -> None:
    assert shuttle.roll_out("state", "r1") == "settled"
    assert shuttle.roll_out("state", "r2") == "stale"
    shuttle.write(PASSWORDS, "other passwords")
    assert shuttle.roll_out("state", "r1") == "unproven", (
        "the broker has read them; the guide need not start anew"
    )
    shuttle.write(KEY, "another key")
    assert shuttle.roll_out("state", "r1") == "stale"
    shuttle.roll_out("change-to", "r1")
    assert shuttle.roll_out("state", "r1") == "unproven"
    shuttle.roll_out("proven", "r1")
    assert shuttle.roll_out("state", "r1") == "settled"


def test_a_release_that_was_never_proven_is_owed_each_time(tmp_path: Path) -> None:
    shuttle = ShuttleFiles(tmp_path / "root")
    shuttle.make_release("r1")
    shuttle.roll_out("begin")
    assert not (shuttle.opt / "at-risk").exists(), "nothing runs that could be lost"
    shuttle.roll_out("change-to", "r1")
    for _ in range(2):
        assert shuttle.roll_out("state", "r1") == "unproven"
        shuttle.roll_out("begin")
        assert shuttle.roll_out("put-back", "broken") == "There was none to put back."
        assert shuttle.runs() == "r1"
    assert not (shuttle.opt / "at-risk").exists()


def test_release_units_drop_ins_settings_keys_and_passwords_come_back_together(shuttle: ShuttleFiles) -> None:
    before = units(shuttle)
    shuttle.roll_out("begin")
    shuttle.write(PASSWORDS, "other passwords")
    shuttle.write(KEY, "another key")
    shuttle.write("etc/shuttle-guide/credentials/new_key", "new")
    (shuttle.etc / "systemd" / "system" / SERVICE_DROP_IN).parent.mkdir()
    shuttle.write(f"etc/systemd/system/{SERVICE_DROP_IN}", "[Service]\n")
    shuttle.write("opt/shuttle-guide/releases/r1/guide.toml", "changed")
    shuttle.roll_out("change-to", "r2")
    assert units(shuttle) == before - {"shuttle-guide-old.service"} | {"shuttle-guide-new.service"}
    assert (shuttle.etc / "systemd" / "system" / DROP_IN).is_symlink()

    assert shuttle.roll_out("put-back", "speaker is\nnot ready") == "r1 was put back."
    assert shuttle.runs() == "r1"
    assert units(shuttle) == before
    assert not (shuttle.etc / "systemd" / "system" / DROP_IN).is_symlink()
    assert (shuttle.read(KEY), shuttle.read(PASSWORDS)) == ("first key", "first passwords")
    assert shuttle.read("opt/shuttle-guide/releases/r1/guide.toml") == "# r1\n"
    assert not (shuttle.etc / "shuttle-guide" / "credentials" / "new_key").exists()
    assert not (shuttle.etc / "systemd" / "system" / SERVICE_DROP_IN).exists()
    assert shuttle.read("opt/shuttle-guide/rejected/r2").endswith("Z: speaker is not ready\n")
    assert "systemctl restart --no-block mosquitto.service" in shuttle.commands()
    assert not (shuttle.opt / "at-risk").exists()
    assert shuttle.roll_out("state", "r1") == "settled"


def test_a_release_that_proves_healthy_after_all_is_rejected_no_more(shuttle: ShuttleFiles) -> None:
    shuttle.roll_out("change-to", "r2")
    shuttle.roll_out("put-back", "not ready")
    shuttle.roll_out("change-to", "r2")
    shuttle.roll_out("proven", "r2")
    assert not (shuttle.opt / "rejected" / "r2").exists()


def test_where_nothing_has_changed_nothing_is_restarted(shuttle: ShuttleFiles) -> None:
    shuttle.roll_out("begin")
    before = shuttle.commands()
    assert shuttle.roll_out("put-back", "cut off") == "r1 runs with what it had before."
    assert shuttle.commands() == [*before, "systemctl stop shuttle-put-back.timer"]


@pytest.mark.parametrize(
    ("doctor_ends_with", "ready"),
    [("0", True), ("1", False), ("$(mkdir $0.asked && echo 1 || echo 0)", True)],
)
def test_alone_it_comes_back_and_rejects_only_what_is_not_ready(
    shuttle: ShuttleFiles, doctor_ends_with: str, ready: bool
) -> None:
    doctor = shuttle.opt / "releases" / "r2" / ".venv" / "bin" / "shuttle-guide"
    doctor.parent.mkdir(parents=True)
    doctor.write_text(f"#!/bin/sh\nexit {doctor_ends_with}\n", "utf-8")
    doctor.chmod(0o755)
    shuttle.roll_out("begin")
    shuttle.roll_out("change-to", "r2")
    told = shuttle.roll_out("alone")
    assert told.startswith("<4>r2: ")
    assert told.endswith("r1 was put back.")
    assert shuttle.runs() == "r1"
    assert (shuttle.opt / "rejected" / "r2").exists() is not ready


@pytest.mark.parametrize("how", [["alone"], ["put-back", "broken"]])
def test_a_way_back_that_fails_is_told_and_tried_again(shuttle: ShuttleFiles, how: list[str]) -> None:
    archive = shuttle.opt / "kept" / "proven" / "files.tar"
    kept = archive.read_bytes()
    shuttle.roll_out("begin")
    shuttle.write(KEY, "another key")
    shuttle.write(PASSWORDS, "other passwords")
    shuttle.roll_out("change-to", "r2")

    archive.write_bytes(b"x" * 10240)
    ended = shuttle.attempt(*how)
    assert ended.returncode != 0
    assert "was put back" not in ended.stdout
    assert f"{archive} cannot be read, so everything stays as it is" in ended.stderr
    assert (shuttle.read(KEY), shuttle.read(PASSWORDS)) == ("another key", "other passwords")

    archive.write_bytes(kept)
    users = shuttle.opt / "releases" / "r1" / "systemd" / "sysusers.d" / "shuttle-guide.conf"
    users.rename(users.with_suffix(".away"))
    assert shuttle.attempt(*how).returncode != 0
    assert (shuttle.opt / "at-risk").exists(), "it is tried again"

    users.with_suffix(".away").rename(users)
    assert shuttle.roll_out(*how).endswith("r1 was put back.")
    assert (shuttle.runs(), shuttle.read(KEY)) == ("r1", "first key")
    assert not (shuttle.opt / "at-risk").exists()


def cut_at_the_sync(shuttle: ShuttleFiles, nth: int) -> Path:
    """Program that ends who calls it for the nth time, as a loss of power would."""
    program = shuttle.root.with_name("programs") / "sync"
    count = shuttle.root.with_name("syncs")
    program.write_text(
        f'#!/bin/sh\necho >>"{count}"\n[ "$(wc -l <"{count}")" -lt {nth} ] || kill -9 "$PPID"\n', "utf-8"
    )
    program.chmod(0o755)
    return program


@pytest.mark.parametrize("nth", [1, 2, 3])
@pytest.mark.parametrize("how", [["alone"], ["put-back", "broken"]])
def test_half_a_change_over_is_gone_back_from_all_the_way(
    shuttle: ShuttleFiles, how: list[str], nth: int
) -> None:
    before = units(shuttle)
    shuttle.roll_out("begin")
    cut = cut_at_the_sync(shuttle, nth)
    assert shuttle.attempt("change-to", "r2").returncode < 0
    cut.unlink()
    assert shuttle.roll_out("state", shuttle.runs()) == "stale"
    assert shuttle.roll_out(*how)
    assert (shuttle.runs(), units(shuttle)) == ("r1", before)
    assert not (shuttle.etc / "systemd" / "system" / DROP_IN).is_symlink()
    assert shuttle.roll_out("state", "r1") == "settled"
    assert not (shuttle.opt / "at-risk").exists()


def test_units_of_every_change_over_that_failed_go(shuttle: ShuttleFiles) -> None:
    before = units(shuttle)
    shuttle.make_release("r3", "shuttle-guide-newest.service")
    shuttle.roll_out("begin")
    for name in ("r2", "r3"):
        (shuttle.opt / "releases" / name / "systemd" / "sysusers.d" / "shuttle-guide.conf").unlink()
        assert shuttle.attempt("change-to", name).returncode != 0
    assert units(shuttle) - before == {"shuttle-guide-newest.service"}, "r3 has taken r2's"
    assert shuttle.roll_out("put-back", "failed") == "r1 has its former settings and keys back."
    assert (units(shuttle), shuttle.roll_out("state", "r1")) == (before, "settled")
    assert not (shuttle.opt / "rejected").exists()


def test_half_a_change_over_that_is_repeated_is_a_whole_one(shuttle: ShuttleFiles) -> None:
    shuttle.roll_out("begin")
    cut = cut_at_the_sync(shuttle, 2)
    assert shuttle.attempt("change-to", "r2").returncode < 0
    cut.unlink()
    shuttle.roll_out("begin")
    assert shuttle.roll_out("state", "r1") == "stale", "whoever configures r1 goes all the way too"
    shuttle.roll_out("change-to", "r2")
    assert shuttle.roll_out("state", "r2") == "unproven"
    assert "shuttle-guide-old.service" not in units(shuttle)


def shorten(shuttle: ShuttleFiles, program: str, *arguments: str) -> None:
    """Have time limits of a program, given as these arguments, be 1 s instead."""
    path = shuttle.root.with_name("programs") / program
    cases = "".join(f"{argument}) a={argument.rstrip('0123456789')}1 ;; " for argument in arguments)
    path.write_text(
        f'#!/bin/sh\nfor a; do shift; case "$a" in {cases}esac; set -- "$@" "$a"; done\n'
        f'exec {shutil.which(program)} "$@"\n',
        "utf-8",
    )
    path.chmod(0o755)


def test_a_doctor_that_hangs_holds_up_neither_the_way_back_nor_the_lock(shuttle: ShuttleFiles) -> None:
    doctor = shuttle.opt / "releases" / "r2" / ".venv" / "bin" / "shuttle-guide"
    doctor.parent.mkdir(parents=True)
    doctor.write_text(
        "#!/bin/sh\nsetsid sleep 25 2>/dev/null &\ntrap '' TERM\nsleep 25 2>/dev/null\n", "utf-8"
    )
    doctor.chmod(0o755)
    shuttle.roll_out("begin")
    shuttle.roll_out("change-to", "r2")
    shorten(shuttle, "timeout", "300", "--kill-after=10")
    shorten(shuttle, "flock", "900")
    assert shuttle.roll_out("alone").endswith("r1 was put back.")
    assert (shuttle.opt / "rejected" / "r2").exists()
    assert shuttle.roll_out("state", "r1") == "settled"


def test_who_waits_in_vain_for_another_one_says_so(shuttle: ShuttleFiles) -> None:
    shorten(shuttle, "flock", "900")
    with (shuttle.opt / ".roll-out.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ended = shuttle.attempt("state", "r1")
    assert ended.returncode != 0
    assert "another one has been at work for 15 minutes" in ended.stderr


def test_alone_it_does_nothing_where_contact_and_readiness_were_proven(shuttle: ShuttleFiles) -> None:
    shuttle.roll_out("begin")
    shuttle.roll_out("change-to", "r2")
    shuttle.roll_out("ready")
    assert shuttle.roll_out("alone") == ""
    assert shuttle.runs() == "r2"
    assert shuttle.roll_out("state", "r2") == "unproven"


def test_a_change_that_comes_later_than_the_timer_has_a_way_back_too(shuttle: ShuttleFiles) -> None:
    shuttle.roll_out("begin")
    shuttle.roll_out("alone")
    assert not (shuttle.opt / "at-risk").exists(), "nothing was changed yet"
    shuttle.roll_out("change-to", "r2")
    assert (shuttle.opt / "at-risk").exists()
    shuttle.roll_out("alone")
    assert shuttle.runs() == "r1"


def test_a_run_after_one_that_was_cut_off_starts_everything_anew(shuttle: ShuttleFiles) -> None:
    shuttle.roll_out("begin")
    shuttle.roll_out("begin")
    assert "systemctl try-restart mosquitto.service" not in shuttle.commands(), "nothing was written"
    assert shuttle.roll_out("state", "r1") == "settled"
    shuttle.write(PASSWORDS, "other passwords")
    shuttle.roll_out("begin")
    assert "systemctl try-restart mosquitto.service" in shuttle.commands()
    assert shuttle.roll_out("state", "r1") == "stale"


def test_what_was_proven_last_can_be_undone(shuttle: ShuttleFiles) -> None:
    shuttle.roll_out("change-to", "r2")
    shuttle.roll_out("proven", "r2")
    assert shuttle.roll_out("undo", "died on the canary") == "r1 was put back."
    assert (shuttle.runs(), shuttle.roll_out("state", "r1")) == ("r1", "settled")
    assert not (shuttle.opt / "releases" / "r2" / ".healthy").exists()


def test_a_proof_of_what_was_put_back_meanwhile_does_not_count(shuttle: ShuttleFiles) -> None:
    ended = shuttle.attempt("proven", "r2")
    assert ended.returncode != 0
    assert "r2 was put back meanwhile; r1 runs" in ended.stderr
    assert shuttle.roll_out("state", "r1") == "settled"


def test_who_begins_stops_the_one_that_fetches_until_there_is_an_end(shuttle: ShuttleFiles) -> None:
    stop = "systemctl stop shuttle-pull.timer shuttle-pull.service"
    start = "systemctl start --no-block shuttle-pull.timer"
    shuttle.roll_out("begin")
    shuttle.roll_out("ready")
    assert not {stop, start} & set(shuttle.commands()), "it fetches none"

    wanted = shuttle.etc / "systemd/system/timers.target.wants/shuttle-pull.timer"
    wanted.parent.mkdir()
    wanted.symlink_to("/etc/systemd/system/shuttle-pull.timer")
    shuttle.write("etc/systemd/system/shuttle-pull.service", "")
    shuttle.roll_out("begin", "by-pull")
    assert stop not in shuttle.commands(), "it does not stop itself"
    for end in (["ready"], ["put-back", "broken"], ["proven", "r2"], ["undo", "broken"], ["alone"]):
        shuttle.roll_out("begin")
        assert stop in shuttle.commands()[-3:], end
        shuttle.roll_out("change-to", "r2")
        shuttle.roll_out(*end)
        assert shuttle.commands()[-1] == start, end


@pytest.mark.parametrize("how", ["put-back", "undo"])
def test_who_puts_back_one_release_leaves_another_one_alone(shuttle: ShuttleFiles, how: str) -> None:
    shuttle.make_release("r3")
    shuttle.roll_out("begin")
    shuttle.roll_out("change-to", "r3")
    assert shuttle.roll_out(how, "not heard", "r2") == "r3 came meanwhile, and stays."
    assert shuttle.runs() == "r3"
    assert (shuttle.opt / "at-risk").exists(), "of whoever brought r3"
    assert not (shuttle.opt / "rejected").exists()
    assert shuttle.roll_out(how, "not heard", "r3") == "r1 was put back."
    assert (shuttle.opt / "rejected" / "r3").exists()


def test_half_a_change_over_that_failed_is_put_back_by_its_name(shuttle: ShuttleFiles) -> None:
    (shuttle.opt / "releases/r2/systemd/sysusers.d/shuttle-guide.conf").unlink()
    shuttle.roll_out("begin")
    shuttle.write(KEY, "another key")
    assert shuttle.attempt("change-to", "r2").returncode != 0
    assert shuttle.roll_out("put-back", "it failed", "r2") == "r1 was put back."
    assert (shuttle.opt / "rejected" / "r2").exists()
    assert shuttle.roll_out("state", "r1") == "settled"


def test_who_never_changed_to_it_gets_files_back_and_rejects_nothing(shuttle: ShuttleFiles) -> None:
    shuttle.roll_out("begin")
    shuttle.write(KEY, "another key")
    assert shuttle.roll_out("put-back", "failed", "r2") == "r1 has its former settings and keys back."
    assert shuttle.read(KEY) == "first key"
    assert not (shuttle.opt / "rejected").exists()


def test_a_release_that_is_not_there_changes_nothing(shuttle: ShuttleFiles) -> None:
    ended = shuttle.attempt("change-to", "r3")
    assert ended.returncode != 0
    assert "r3 is not in" in ended.stderr
    assert shuttle.roll_out("state", "r1") == "settled"


def test_a_shuttle_that_was_healthy_before_there_was_this_program_comes_back_too(tmp_path: Path) -> None:
    shuttle = ShuttleFiles(tmp_path / "root")
    release = shuttle.make_release("r1")
    (release / "drop-ins").unlink()
    (shuttle.opt / "current").symlink_to(release)
    (release / ".healthy").touch()
    shuttle.roll_out("begin")
    assert shuttle.roll_out("state", "r1") == "settled"
    shuttle.write("opt/shuttle-guide/releases/r1/guide.toml", "changed")
    assert shuttle.roll_out("put-back", "") == "r1 has its former settings and keys back."
    assert shuttle.read("opt/shuttle-guide/releases/r1/guide.toml") == "# r1\n"


CUT = """set -T; n=0; trap 'n=$((n+1)); [ $n -eq $CUT_AT ] && kill -9 $$' DEBUG; source "$0" "$@\""""
"""Bash that kills itself before its n-th command."""


@pytest.mark.parametrize("at", range(5, 110, 12))
def test_a_change_that_is_cut_anywhere_is_gone_back_from_all_the_way(shuttle: ShuttleFiles, at: int) -> None:
    before = units(shuttle)
    shuttle.roll_out("begin")
    shuttle.write(KEY, "another key")
    subprocess.run(
        ["bash", "-c", CUT, ROLL_OUT, "change-to", "r2"],
        env={**shuttle.environment, "CUT_AT": str(at)},
        capture_output=True,
        check=False,
    )
    shuttle.roll_out("put-back", "cut")
    assert (shuttle.runs(), units(shuttle), shuttle.read(KEY)) == ("r1", before, "first key")
    assert shuttle.roll_out("state", "r1") == "settled"


def test_a_key_of_any_name_goes_and_a_full_disk_for_the_note_holds_nothing_up(shuttle: ShuttleFiles) -> None:
    shuttle.roll_out("begin")
    shuttle.write("etc/shuttle-guide/credentials/groq key (copy)", "x")
    shuttle.roll_out("change-to", "r2")
    (shuttle.opt / "rejected").write_text("no folder")  # as a note that cannot be written
    assert shuttle.roll_out("put-back", "not ready") == "r1 was put back."
    assert [path.name for path in (shuttle.etc / "shuttle-guide/credentials").iterdir()] == ["groq_api_key"]


def test_a_release_that_is_not_whole_is_not_gone_back_to(shuttle: ShuttleFiles) -> None:
    shuttle.roll_out("begin")
    shuttle.write(KEY, "another key")
    shuttle.roll_out("change-to", "r2")
    (shuttle.opt / "releases/r1/.complete").unlink()
    refused = shuttle.attempt("alone")
    assert refused.returncode != 0
    assert "everything stays as it is" in refused.stderr
    assert (shuttle.runs(), shuttle.read(KEY)) == ("r2", "another key")
    assert (shuttle.opt / "at-risk").exists()
