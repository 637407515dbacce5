"""A shuttle fetches its releases itself, over a network that fails and from a mirror that nobody trusts."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.endless_server import EndlessServer
from tests.support.file_server import Fault, FileServer
from tests.support.pulling import DRIVES, STANDS, Pulling
from tests.support.signing import make_key

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def mirror() -> Iterator[FileServer]:
    with FileServer({}) as server:
        yield server


@pytest.fixture
def shuttle(tmp_path: Path, mirror: FileServer) -> Pulling:
    return Pulling(tmp_path, mirror)


def test_a_later_release_is_fetched_proven_and_kept_with_the_settings_that_were(shuttle: Pulling) -> None:
    shuttle.publish("r2", 2000)
    assert shuttle.pull() == "<5>pull: r2 runs, and is proven"
    assert shuttle.files.runs() == "r2"
    assert shuttle.files.read("opt/shuttle-guide/releases/r2/guide.toml") == "# r1\n"
    assert shuttle.files.roll_out("state", "r2") == "settled"
    assert shuttle.spoken() == 1
    asked = len(shuttle.mirror.ranges)
    assert shuttle.pull() == "", "what runs is nothing to tell"
    assert len(shuttle.mirror.ranges) == asked + 2, "manifest and signature alone"


@pytest.mark.parametrize("fault", [None, "ignores_range", "other_part"])
def test_a_transfer_that_was_cut_goes_on_at_the_next_run(shuttle: Pulling, fault: str | None) -> None:
    content = shuttle.publish("r2", 2000)
    shuttle.mirror.faults.extend([None, None, "cut"])  # type: ignore[list-item]
    told = shuttle.pull()
    half = len(content) // 2
    assert told.endswith(
        f"{half} of {len(content)} bytes are here (the connection ended); the next run goes on there"
    )
    assert [part.stat().st_size for part in shuttle.parts()] == [half]
    assert shuttle.is_untouched()
    shuttle.mirror.faults.extend([None, None, fault])  # type: ignore[list-item]
    if fault == "other_part":
        assert f"expected {half} bytes, it offers bytes {half + 10}-" in shuttle.pull()
    assert shuttle.pull() == "<5>pull: r2 runs, and is proven"
    assert shuttle.mirror.ranges[-1] == f"bytes={half}-"
    assert shuttle.parts() == []


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("404", "expected the file, came 404"),
        ("503", "the mirror says 503"),
        ("redirect", "came 302 (it leads to /moved/"),
        ("web_page", "bytes, it offers "),
        ("no_length", "bytes, it offers "),
    ],
)
def test_what_a_mirror_does_wrong_is_one_line_and_harms_nothing(
    shuttle: Pulling, fault: str, told: str
) -> None:
    shuttle.publish("r2", 2000)
    shuttle.mirror.faults.extend([None, None, fault])  # type: ignore[list-item]
    said = shuttle.pull()
    assert told in said
    assert said.count("\n") == 0
    assert shuttle.is_untouched()
    assert shuttle.pull() == "<5>pull: r2 runs, and is proven", "the next run has it"


@pytest.mark.parametrize("fault", ["web_page", "no_length"])
def test_what_is_no_answer_costs_nothing_of_what_came(shuttle: Pulling, fault: Fault) -> None:
    content = shuttle.publish("r2", 2000)
    for each in ("cut", fault):
        shuttle.mirror.faults.extend([None, None, each])  # type: ignore[list-item]
        shuttle.pull()
    assert [part.stat().st_size for part in shuttle.parts()] == [len(content) // 2]


def test_a_manifest_that_was_cut_is_no_matter_of_signatures(shuttle: Pulling) -> None:
    shuttle.publish("r2", 2000)
    shuttle.mirror.faults.append("cut")
    told = shuttle.pull()
    assert told.startswith(f"<5>pull: {shuttle.mirror.url}/manifest.json: the connection ended after ")
    assert shuttle.is_untouched()


def test_a_mirror_that_is_published_to_meanwhile_is_asked_again(shuttle: Pulling) -> None:
    shuttle.publish("r2", 2000)
    shuttle.mirror.faults.extend([None, "web_page"])  # type: ignore[list-item]
    assert shuttle.pull() == "<5>pull: r2 runs, and is proven"


@pytest.mark.parametrize("kind", ["continue", "trickle", "trailer"])
def test_no_answer_however_long_holds_it_up(shuttle: Pulling, kind: str) -> None:
    if kind != "trailer":
        program = shuttle.files.opt / "pull_file.py"
        text = program.read_text().replace("FETCH_S = 3600.0", "FETCH_S = 1.0")
        program.write_text(text.replace("SMALL_S = 60.0", "SMALL_S = 1.0"))
    shuttle.publish("r2", 2000)
    with EndlessServer(shuttle.mirror.files, kind) as server:
        shuttle.settings(url=server.url)
        told = shuttle.pull()
    if kind == "trailer":
        assert "it offers no length that holds" in told
    else:
        assert "is not here after 1 s; the next run goes on there" in told
    assert shuttle.is_untouched()


@pytest.mark.parametrize("to", ["http://[", "x\r\n <5>pull: evil runs, and is proven", "x" * 5000])
def test_what_others_say_is_one_line_that_is_not_long(shuttle: Pulling, to: str) -> None:
    with EndlessServer({}, to) as server:
        shuttle.settings(url=server.url)
        told = shuttle.pull()
    assert told.startswith("<3>pull: ")
    assert "\n" not in told
    assert len(told) <= 310


def test_a_mirror_that_hangs_holds_nothing_up_for_long(shuttle: Pulling) -> None:
    program = shuttle.files.opt / "pull_file.py"
    program.write_text(program.read_text().replace("SILENCE_S = 30.0", "SILENCE_S = 3.0"))
    shuttle.publish("r2", 2000)
    shuttle.mirror.faults.extend([None, None, "silent"])  # type: ignore[list-item]
    assert "timed out); the next run goes on there" in shuttle.pull()
    assert shuttle.parts(), "what came is kept"
    assert shuttle.is_untouched()


def test_where_no_mirror_is_reached_that_is_said_and_no_failure(shuttle: Pulling) -> None:
    shuttle.settings(url="http://127.0.0.1:1")
    assert shuttle.pull().startswith("<5>pull: http://127.0.0.1:1/manifest.json: ")


def test_nothing_is_taken_that_no_trusted_key_has_signed(shuttle: Pulling, tmp_path: Path) -> None:
    shuttle.publish("r2", 2000, key=make_key(tmp_path, "foreign.key"))
    assert "has signed it; nothing is taken of it" in shuttle.pull()
    shuttle.publish("r2", 2000)
    shuttle.mirror.files["/manifest.json"] = shuttle.mirror.files["/manifest.json"].replace(b"2000", b"3000")
    assert "has signed it; nothing is taken of it" in shuttle.pull()
    assert shuttle.is_untouched()
    assert len(shuttle.mirror.ranges) == 8, "both are asked for again once; no archive was"


@pytest.mark.parametrize("change", ["other", "longer", "shorter"])
def test_an_archive_that_is_not_the_signed_one_is_not_kept(shuttle: Pulling, change: str) -> None:
    content = shuttle.publish("r2", 2000)
    other = {"other": content[:-1] + b"\1", "longer": content * 2, "shorter": content[:-1]}[change]
    shuttle.mirror.files["/guide-r2.tar"] = other
    assert ("other bytes came; removed" if change == "other" else "it offers") in shuttle.pull()
    assert [part.stat().st_size for part in shuttle.parts()] == ([] if change == "other" else [0])
    assert not (shuttle.files.opt / "cache" / "guide-r2.tar").exists()
    assert shuttle.is_untouched()


def test_a_mirror_that_shows_an_old_release_again_is_not_followed_unless_asked(shuttle: Pulling) -> None:
    shuttle.publish("r0", 999)
    assert "not later than what ran here" in shuttle.pull()
    assert shuttle.is_untouched()
    assert shuttle.pull("--again") == "<5>pull: r0 runs, and is proven"


def test_who_went_back_by_hand_is_not_brought_forward_again(shuttle: Pulling) -> None:
    shuttle.publish("r2", 2000)
    shuttle.pull()
    shuttle.files.roll_out("change-to", "r1")
    shuttle.files.roll_out("proven", "r1")
    assert "r2 is of 1970-01-01 00:33:20, not later than what ran here" in shuttle.pull()
    assert shuttle.files.runs() == "r1"


def test_a_release_that_is_not_healthy_is_put_back_and_not_tried_again(shuttle: Pulling) -> None:
    shuttle.publish("broken", 2000, doctor=1)
    told = shuttle.pull()
    assert told.startswith("<3>pull: broken did not prove healthy (the doctor misses:")
    assert told.endswith("r1 was put back.")
    assert shuttle.files.runs() == "r1"
    assert "the doctor misses" in shuttle.files.read("opt/shuttle-guide/rejected/broken")
    assert shuttle.pull().startswith("<5>pull: broken was put back here, ")
    assert shuttle.files.runs() == "r1"
    shuttle.publish("mended", 3000)
    assert shuttle.pull() == "<5>pull: mended runs, and is proven"


def test_a_release_that_came_while_it_was_fetched_stays(shuttle: Pulling) -> None:
    shuttle.publish("r2", 2000)
    shuttle.make_runnable("r3", 3000)
    shuttle.while_installing("begin", "change-to r3", "ready", "proven r3")
    assert shuttle.pull() == "<5>pull: another release came meanwhile"
    assert shuttle.files.runs() == "r3"


def test_a_rejection_that_came_while_it_was_fetched_counts(shuttle: Pulling) -> None:
    shuttle.publish("r2", 2000)
    shuttle.while_installing("begin", "change-to r2", "put-back 'not heard'")
    assert "r2 was put back here, " in shuttle.pull()
    assert shuttle.files.runs() == "r1"


def test_what_came_while_it_was_proven_is_not_put_back(shuttle: Pulling) -> None:
    shuttle.publish("r2", 2000, trigger=("begin", "change-to r3"))
    shuttle.make_runnable("r3", 3000)
    assert shuttle.pull().endswith("r3 came meanwhile, and stays.")
    assert shuttle.files.runs() == "r3"
    assert not (shuttle.files.opt / "rejected").exists()
    shuttle.files.roll_out("proven", "r3")


def test_a_change_over_that_fails_is_put_back_at_once_and_not_tried_again(shuttle: Pulling) -> None:
    shuttle.publish("r2", 2000, whole=False)
    told = shuttle.pull()
    assert told.startswith("<3>pull: r2 did not prove healthy (the change to it failed: ")
    assert told.endswith("r1 was put back.")
    assert shuttle.files.roll_out("state", "r1") == "settled"
    assert not (shuttle.files.opt / "at-risk").exists()
    assert shuttle.pull().startswith("<5>pull: r2 was put back here, ")


def test_a_change_over_that_is_cut_off_twice_is_not_tried_a_third_time(shuttle: Pulling) -> None:
    shuttle.publish("r2", 2000)
    doctor = shuttle.kill_who_asks_the_doctor()
    for _ in range(2):
        with pytest.raises(AssertionError):
            shuttle.pull()
        assert shuttle.files.runs() == "r2"
        shuttle.files.roll_out("put-back", "")
    doctor.unlink()
    assert shuttle.pull().startswith("<5>pull: r2 was cut off twice before it was ready.")
    assert shuttle.files.runs() == "r1"
    assert shuttle.pull("--again") == "<5>pull: r2 runs, and is proven"


def test_where_the_board_is_broken_a_release_is_tried_again_once_a_day(shuttle: Pulling) -> None:
    shuttle.publish("r2", 2000, doctor=1)
    former = shuttle.files.opt / "releases" / "r1" / "doctor"
    former.write_text("1")
    assert "It is NOT HEALTHY either" in shuttle.pull()
    former.write_text("0")
    assert shuttle.pull().startswith("<5>pull: r2 was put back here, ")
    (shuttle.files.opt / "releases" / "r2" / "doctor").write_text("0")
    note = shuttle.files.opt / "rejected" / "r2"
    os.utime(note, (time.time() - 90_000,) * 2)
    assert shuttle.pull() == "<5>pull: r2 runs, and is proven"
    assert not note.exists()


def test_a_manifest_that_is_not_as_it_should_be_is_one_line(shuttle: Pulling) -> None:
    shuttle.publish("r2", 2000, files={"guide": {"name": "g", "sha256": "", "bytes": 10}})
    assert shuttle.pull().startswith("<3>pull: settings or manifest are not as expected (KeyError: ")
    assert shuttle.is_untouched()


def test_a_manifest_that_a_cut_of_power_left_half_holds_nothing_up(shuttle: Pulling) -> None:
    shuttle.publish("r2", 2000)
    (shuttle.files.opt / "releases" / "r1" / "manifest.json").write_text('{"rel')
    assert shuttle.pull() == "<5>pull: r2 runs, and is proven"


def test_a_second_one_leaves_at_once(shuttle: Pulling) -> None:
    with (shuttle.files.opt / ".pull.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert shuttle.pull() == "<5>pull: another one is at work (systemctl status shuttle-pull)"


def test_a_process_that_never_gets_ready_is_put_back_and_the_former_release_is_asked_too(
    shuttle: Pulling,
) -> None:
    shuttle.publish("r2", 2000)
    (shuttle.files.root / "active").write_text("activating\n")
    told = shuttle.pull()
    assert "r2 did not prove healthy (not every process was ready within 2 s). r1 was put back." in told
    assert "It is NOT HEALTHY either" in told


def test_settings_that_a_release_does_not_take_are_told_before_anything_changes(shuttle: Pulling) -> None:
    shuttle.publish("r2", 2000, config=1)
    assert shuttle.pull().startswith("<3>pull: ")
    assert shuttle.is_untouched()


def test_a_shuttle_that_drives_fetches_and_changes_over_when_it_stands(shuttle: Pulling) -> None:
    shuttle.publish("r2", 2000)
    doctor = shuttle.files.root / "doctor.json"
    doctor.write_text(DRIVES)
    assert shuttle.pull() == "<5>pull: r2 is here, and the shuttle drives; it changes over when it stands"
    assert shuttle.is_untouched()
    asked = len(shuttle.mirror.ranges)
    doctor.write_text(STANDS)
    assert shuttle.pull() == "<5>pull: r2 runs, and is proven"
    assert len(shuttle.mirror.ranges) == asked + 2, "it was all here"


def test_what_is_owed_is_proven_without_a_mirror(shuttle: Pulling) -> None:
    shuttle.settings(url="http://127.0.0.1:1")
    shuttle.files.write("etc/mosquitto/shuttle-guide.passwords", "other passwords")
    assert shuttle.files.roll_out("state", "r1") == "unproven"
    assert shuttle.pull().startswith("<5>pull: r1 runs, and is proven\n")
    assert shuttle.files.roll_out("state", "r1") == "settled"
    assert shuttle.is_untouched()


def test_it_leaves_a_change_alone_that_somebody_else_has_begun(shuttle: Pulling) -> None:
    shuttle.publish("r2", 2000)
    shuttle.files.roll_out("begin")
    assert "another change is under way" in shuttle.pull()
    assert shuttle.mirror.ranges == []


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"arch": "sparc"}, "it is for sparc"),
        ({"build_packages": ["gcc-of-long-ago"]}, "needs gcc-of-long-ago, which only upgrade.yml installs"),
        ({"made": 9_999_999_999}, "and this clock says 20"),
        ({"files": {"guide": {"name": "g", "sha256": "", "bytes": 10**15, "unpacked_bytes": 1}}}, "MB free"),
        (
            {"files": {"guide": {"name": "here", "sha256": "", "bytes": 1, "unpacked_bytes": 10**15}}},
            "MB free",
        ),
    ],
)
def test_what_cannot_run_here_is_refused_before_it_comes(
    shuttle: Pulling, more: dict[str, object], told: str
) -> None:
    (shuttle.files.opt / "cache" / "here").touch()
    shuttle.publish("r2", **more)  # type: ignore[arg-type]
    said = shuttle.pull()
    assert said.startswith("<3>pull: r2")
    assert told in said
    assert len(shuttle.mirror.ranges) == 2
    assert shuttle.is_untouched()


def test_a_disk_that_gets_full_on_the_way_is_one_line(shuttle: Pulling) -> None:
    shuttle.publish("r2", 2000)
    program = shuttle.files.opt / "pull"
    limited = "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\nimport fcntl\n"
    program.write_text(program.read_text().replace("import fcntl\n", limited, 1))
    assert shuttle.pull().endswith(".part: File too large"), "a bound on this process stands for the disk's"
    assert shuttle.is_untouched()
