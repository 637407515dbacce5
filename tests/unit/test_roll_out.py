"""What a shuttle comes back to by itself, by the role's program, on files of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.shuttle_files import ShuttleFiles

KEY = "etc/shuttle-guide/credentials/groq_api_key"
PASSWORDS = "etc/mosquitto/shuttle-guide.passwords"
DROP_IN = "shuttle-guide-listener.service.d/gpu.conf"


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


@pytest.mark.parametrize("ready", [True, False])
def test_alone_it_comes_back_and_rejects_only_what_is_not_ready(shuttle: ShuttleFiles, ready: bool) -> None:
    doctor = shuttle.opt / "releases" / "r2" / ".venv" / "bin" / "shuttle-guide"
    doctor.parent.mkdir(parents=True)
    doctor.write_text(f"#!/bin/sh\nexit {0 if ready else 1}\n", "utf-8")
    doctor.chmod(0o755)
    shuttle.roll_out("begin")
    shuttle.roll_out("change-to", "r2")
    told = shuttle.roll_out("alone")
    assert told.startswith("<4>r2: ")
    assert told.endswith("r1 was put back.")
    assert shuttle.runs() == "r1"
    assert (shuttle.opt / "rejected" / "r2").exists() is not ready


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
