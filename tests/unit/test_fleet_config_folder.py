"""The operator's folder, and who follows it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edge.fleet.compliance import ComplianceRoll
from edge.fleet.desired_folder import DesiredFolder, version_of
from edge.fleet.frame import FleetFrame
from edge.fleet.reading import FleetMessage
from edge.operator_error import OperatorError

NOW_AT = 1_800_000_000.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "all.toml", "[speaker]\nvolume = 0.5\nspeed = 1.0\n")
    write(tmp_path / "group" / "beach.toml", "[speaker]\nvolume = 0.6\n[espeak]\npitch = 50\n")
    write(tmp_path / "group" / "night.toml", "[espeak]\npitch = 40\n")
    write(tmp_path / "shuttle" / "seven.toml", "[speaker]\nvolume = 0.7\n")
    return tmp_path


def write(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)


def told(shuttle: str, leaf: str, **body: Any) -> FleetMessage:
    frame = FleetFrame[dict[str, Any]](
        id="i", shuttle=shuttle, boot="b", seq=0, ts=NOW_AT, late=False, body=body
    )
    return FleetMessage(shuttle, leaf, frame)


def reported(shuttle: str, version: str | None, values: dict[str, Any], **more: Any) -> FleetMessage:
    body = {"version": version, "applied_at": 1.0, "asked_at": None, "trying": None, "rejected": None}
    return told(shuttle, "config/reported", **(body | {"settings": values} | more))


def test_the_shuttles_own_file_goes_before_its_groups_and_those_before_all(folder: Path) -> None:
    desired = DesiredFolder(folder)
    assert desired.of("seven", ["beach", "night"]) == {
        "speaker": {"volume": 0.7, "speed": 1.0},
        "espeak": {"pitch": 40},
    }
    assert desired.of("eight", ["night", "beach"])["espeak"] == {"pitch": 50}, "the last group counts"
    assert desired.of("nine", ["unknown"]) == {"speaker": {"volume": 0.5, "speed": 1.0}}
    assert version_of({"a": 1, "b": 2}) == version_of({"b": 2, "a": 1}) != version_of({"a": 1})


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("all.toml", "[mqtt]\nhost = 'x'\n", "mqtt is none that a fleet may desire"),
        ("all.toml", "[speaker\n", "cannot be read as TOML"),
        ("group/all.toml", "", "expected the name of a shuttle or a group"),
        ("shuttle/seven.toml", "groups = 7\n", "groups: expected names"),
        ("all.toml", "groups = ['beach']\n", "groups is none that a fleet may desire"),
        ("shuttle/a.b.toml", "", "expected the name of a shuttle or a group"),
        ("shuttle/+.toml", "", "expected the name of a shuttle or a group"),
    ],
)
def test_a_file_of_no_use_is_named(folder: Path, name: str, text: str, reason: str) -> None:
    write(folder / name, text)
    with pytest.raises(OperatorError, match=reason) as raised:
        DesiredFolder(folder)
    assert str(folder / name) in str(raised.value)


def test_a_folder_that_is_none_is_not_taken_for_one_that_desires_nothing(tmp_path: Path) -> None:
    for path in (tmp_path / "nothing", tmp_path):
        with pytest.raises(OperatorError, match=r"all\.toml"):
            DesiredFolder(path)


def test_who_differs_is_sent_to_until_he_follows_or_says_why_not(folder: Path) -> None:
    roll = ComplianceRoll(DesiredFolder(folder))
    (row,) = roll.rows
    assert (row.shuttle, row.state, row.version) == ("seven", "not heard", None)
    assert roll.to_send(NOW_AT) == [], "nobody knows its groups"
    assert not roll.settled
    own = {"speaker.volume": 0.8, "speaker.speed": 1.0}
    roll.take(told("seven", "birth", groups=[]))
    roll.take(reported("seven", None, own))
    assert roll.rows[0].differs == {"speaker.volume": [0.7, 0.8]}
    ((shuttle, sent),) = roll.to_send(NOW_AT)
    assert (shuttle, sent.ts, sent.settings) == ("seven", NOW_AT, {"speaker": {"volume": 0.7, "speed": 1.0}})
    assert len(roll.to_send(NOW_AT + 30)) == 1, "it has not answered, so it is sent again"
    roll.take(reported("seven", None, own, trying=sent.version, asked_at=NOW_AT + 30))
    assert (roll.rows[0].state, roll.to_send(NOW_AT + 60), roll.settled) == ("trying", [], False)
    followed = own | {"speaker.volume": 0.7}
    roll.take(reported("seven", sent.version, followed, asked_at=NOW_AT + 30))
    assert (roll.rows[0].state, roll.settled) == ("follows", True)
    roll.take(reported("seven", sent.version, own, asked_at=NOW_AT + 30))
    assert roll.rows[0].state == "differs", "somebody has turned the knob"
    assert len(roll.to_send(NOW_AT + 60)) == 1


def test_who_is_away_is_sent_to_once_if_it_is_known_what(folder: Path) -> None:
    write(folder / "shuttle" / "eight.toml", 'groups = ["night"]\n[speaker]\nspeed = 1.2\n')
    roll = ComplianceRoll(DesiredFolder(folder))
    ((shuttle, sent),) = roll.to_send(NOW_AT)
    assert (shuttle, sent.settings["espeak"], sent.settings["speaker"]["speed"]) == (
        "eight",
        {"pitch": 40},
        1.2,
    )
    assert [row.shuttle for row in roll.rows if any("nobody knows its groups" in r for r in row.reasons)] == [
        "seven"
    ]
    assert roll.to_send(NOW_AT + 30) == [], "it waits in its session"
    assert [row.shuttle for row in roll.rows if any("it waits" in r for r in row.reasons)] == ["eight"]
    roll.take(told("eight", "birth", groups=["beach"]))
    roll.take(reported("eight", None, {}))
    ((_, sent),) = roll.to_send(NOW_AT + 60)
    assert sent.settings["espeak"] == {"pitch": 50}, "what it says itself counts"


def test_where_there_are_no_groups_nobody_needs_to_know_them(tmp_path: Path) -> None:
    write(tmp_path / "shuttle" / "seven.toml", "[speaker]\nvolume = 0.7\n")
    assert [shuttle for shuttle, _ in ComplianceRoll(DesiredFolder(tmp_path)).to_send(NOW_AT)] == ["seven"]


def test_a_refusal_ends_the_waiting_and_an_old_one_is_tried_again(folder: Path) -> None:
    roll = ComplianceRoll(DesiredFolder(folder))
    roll.take(told("seven", "birth", groups=[]))
    version = version_of(DesiredFolder(folder).of("seven", []))
    refusal = {"key": "speaker.volume", "value": "0.7", "reason": "too loud"}
    rejected = {"version": version, "at": 1.0, "taken_back": False, "refusals": [refusal]}
    later_at = NOW_AT + 100
    roll.take(reported("seven", None, {}, rejected=rejected, asked_at=later_at))
    assert (roll.rows[0].state, roll.rows[0].reasons, roll.settled) == ("refused", ["too loud"], False)
    ((_, sent),) = roll.to_send(NOW_AT)
    assert sent.ts > later_at, "newer than what came before, whatever this clock says"
    roll.take(reported("seven", None, {}, rejected=rejected, asked_at=sent.ts))
    assert (roll.settled, roll.to_send(NOW_AT + 1)) == (True, [])
    roll.take(reported("seven", None, {}, rejected=rejected | {"taken_back": True}, asked_at=sent.ts))
    assert roll.rows[0].state == "taken back"


def test_a_setting_that_there_is_no_more_is_sent_told_and_no_difference(folder: Path) -> None:
    """Of two releases in one fleet the earlier one may still have it."""
    write(folder / "shuttle" / "seven.toml", "[speaker]\nvolume = 0.7\nfade_ms = 9\n")
    wanted = {"speaker": {"volume": 0.7, "speed": 1.0, "fade_ms": 9}}
    roll = ComplianceRoll(DesiredFolder(folder))
    roll.take(told("seven", "birth", groups=[]))
    roll.take(reported("seven", None, {}))
    ((_, sent),) = roll.to_send(NOW_AT)
    assert sent.settings == wanted
    values = {"speaker.volume": 0.7, "speaker.speed": 1.0}
    gone, once = ({"key": f"speaker.{key}", "reason": "no more"} for key in ("fade_ms", "speed"))
    more = {"left_out": [gone], "asked_at": NOW_AT}
    roll.take(reported("seven", sent.version, values, **more))
    (row,) = roll.rows
    assert (row.state, row.differs, row.reasons, roll.settled) == ("follows", {}, ["no more"], True)
    roll.take(reported("seven", sent.version, values | {"speaker.volume": 0.1}, **more))
    assert (roll.rows[0].state, roll.settled) == ("differs", False)
    assert len(roll.to_send(NOW_AT)) == 1, "somebody has turned the knob"
    # The shuttle's release is later than the operator's, too.
    del values["speaker.speed"]
    more["left_out"] = [gone, once]
    roll.take(reported("seven", sent.version, values, **more))
    (row,) = roll.rows
    assert (row.state, row.differs, row.reasons) == ("follows", {}, ["no more", "no more"])


def test_a_version_in_force_that_is_refused_when_it_comes_again_is_refused(folder: Path) -> None:
    roll = ComplianceRoll(DesiredFolder(folder))
    roll.take(told("seven", "birth", groups=[]))
    version = version_of(DesiredFolder(folder).of("seven", []))
    refusals = [{"key": "mqtt", "reason": "none"}, {"key": "speaker.volume", "reason": "too loud"}]
    rejected = {"version": version, "at": 1.0, "taken_back": False, "refusals": refusals}
    values = {"speaker.volume": 0.7, "speaker.speed": 1.0}
    roll.take(reported("seven", version, values, rejected=rejected))
    assert roll.rows[0].state == "refused"


def test_a_report_of_no_use_is_as_none(folder: Path) -> None:
    roll = ComplianceRoll(DesiredFolder(folder))
    roll.take(told("seven", "birth", groups="beach"))
    roll.take(told("seven", "config/reported", version=7))
    assert roll.rows[0].state == "not heard"
