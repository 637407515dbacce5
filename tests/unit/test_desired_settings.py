"""What the fleet desires as a layer of the settings: a closed list, above all others, never in the way."""

from __future__ import annotations

import typing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.config import ConfigError, Settings
from edge.config.convert import type_at
from edge.config.desired import (
    DESIRABLE,
    Desired,
    desired_path,
    desired_text,
    flat,
    read_desired,
    value_of,
)
from edge.config.follow import DesiredFollower
from edge.config.load import loaded
from edge.config.tree import SECRETS
from edge.messages import ProcessName

NEVER = ("mqtt", "services", "fleet", "metrics", "piper", "runtime_dir", "state_dir", "models_dir")
NEVER_KEYS = ("_dir", "_file", "input", "output", "button", "model", "_allowed", "_text")


def environment(folder: Path, **more: str) -> dict[str, str]:
    return {
        "SHUTTLE_GUIDE_FLEET__HOST": "fleet.example",
        "SHUTTLE_GUIDE_STATE_DIR": str(folder),
        "SHUTTLE_GUIDE_CONFIG": str(folder / "guide.toml"),
        **more,
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "guide.toml").write_text("[speaker]\nspeed = 0.9\nvolume = 0.7\n")
    return tmp_path


def desire(folder: Path, settings: dict[str, object], version: str = "v1") -> None:
    (folder / "desired.toml").write_text(desired_text(Desired(version, settings)))


def test_the_list_names_settings_that_there_are_and_none_that_says_where_anything_goes() -> None:
    for path, how in DESIRABLE.items():
        value_of(Settings(), path)
        assert bool(how.processes) != bool(how.command), path
        assert path not in SECRETS.values()
        assert path[0] not in NEVER, path
        assert not path[-1].endswith(NEVER_KEYS), path


def test_it_goes_above_the_file_and_the_environment(folder: Path) -> None:
    desire(folder, {"speaker": {"volume": 0.25}, "commentator": {"models": ["local"]}})
    now = loaded(environment(folder, SHUTTLE_GUIDE_SPEAKER__VOLUME="0.6"))
    assert (now.settings.speaker.volume, now.settings.speaker.speed) == (0.25, 0.9)
    assert now.settings.commentator.models == ("local",)
    assert now.desired is not None
    assert now.desired.version == "v1"


def test_without_a_fleet_it_is_not_looked_at(folder: Path) -> None:
    desire(folder, {"speaker": {"volume": 0.25}})
    now = loaded(environment(folder, SHUTTLE_GUIDE_FLEET__HOST=""))
    assert (now.settings.speaker.volume, now.desired) == (0.7, None)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ('version = "v"\n[mqtt]\nhost = "evil"\n', "mqtt is none that a fleet may desire"),
        ('version = "v"\nspeaker.output = "null"\n', "speaker.output is none that a fleet may desire"),
        ('version = "v"\nspeaker = 3\n', "speaker is none that a fleet may desire"),
        (
            'version = "v"\nspeaker.volume = 3\n',
            "speaker.volume = 3: Expected `float` <= 1.0 (from the",
        ),
        ('version = "v"\nspeaker.voices = ["nobody"]\n', "speaker.voices[0] = 'nobody': allowed: "),
        ("speaker.volume = 0.5\n", "names no version"),
        ("version = ", "cannot be read as TOML"),
        ("x" * 70_000, "is not read"),
    ],
)
def test_what_cannot_be_used_is_told_and_stops_nothing(folder: Path, content: str, reason: str) -> None:
    (folder / "desired.toml").write_text(content)
    now = loaded(environment(folder))
    assert (now.settings.speaker.volume, now.desired) == (0.7, None)
    (note,) = map(str, now.notes)
    assert note.startswith("what the fleet desires is not followed: config: ")
    assert reason in note
    assert "\n" not in note


def test_a_file_of_an_earlier_release_is_followed_without_what_there_is_no_more(folder: Path) -> None:
    (folder / "desired.toml").write_text('version = "v"\nspeaker = { volume = 0.25, fade_ms = 9 }\n')
    now = loaded(environment(folder))
    assert (now.settings.speaker.volume, now.notes) == (0.25, [])
    assert now.desired == Desired("v", {"speaker": {"volume": 0.25}})


@pytest.mark.parametrize(
    ("made", "state_dir", "expected"),
    [
        ("telemetry", "commentator", "telemetry/desired.toml"),
        ("telemetry", "telemetry", "telemetry/desired.toml"),
        ("telemetry", "", "telemetry/desired.toml"),
        ("", "", "desired.toml"),
    ],
)
def test_it_lies_where_telemetry_writes(tmp_path: Path, made: str, state_dir: str, expected: str) -> None:
    (tmp_path / made).mkdir(exist_ok=True)
    assert desired_path(str(tmp_path / state_dir)) == tmp_path / expected


values = st.recursive(
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(st.text(min_size=1), st.dictionaries(st.sampled_from(sorted(DESIRABLE)), values, max_size=4))
def test_whatever_json_holds_is_read_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, version: str, settings: dict[tuple[str, ...], object]
) -> None:
    tree: dict[str, typing.Any] = {}
    for path, value in settings.items():
        node = tree
        for key in path[:-1]:
            node = node.setdefault(key, {})
        node[path[-1]] = value
    file = tmp_path_factory.getbasetemp() / "desired.toml"
    file.write_text(desired_text(Desired(version, tree)), "utf-8")
    read = read_desired(file)
    assert read is not None
    assert read.version == version
    assert dict(flat(read.settings)) == settings


@pytest.mark.parametrize("process", typing.get_args(ProcessName))
def test_a_process_is_outdated_only_by_what_concerns_it(folder: Path, process: ProcessName) -> None:
    env = environment(folder)
    follower = DesiredFollower(process, loaded(env).settings, lambda: loaded(env))
    assert (follower.look(), follower.version) == (False, None)
    desire(folder, {"espeak": {"pitch": 60}, "speaker": {"volume": 0.2}}, "pitch")
    concerned = process == "speaker"
    assert follower.look() is concerned
    assert follower.version == (None if concerned else "pitch")
    again = DesiredFollower(process, loaded(env).settings, lambda: loaded(env))
    assert (again.look(), again.version) == (False, "pitch"), "started anew it follows"
    (folder / "desired.toml").unlink()
    assert (follower.look(), follower.version) == (False, None), "taken back before it had left"
    assert again.look() is concerned


def test_a_process_stays_while_the_file_is_of_no_use(folder: Path) -> None:
    env = environment(folder)
    desire(folder, {"espeak": {"pitch": 60}})
    settings = loaded(environment(folder, SHUTTLE_GUIDE_FLEET__HOST="")).settings

    def fails() -> typing.NoReturn:
        raise ConfigError("config: …")

    follower = DesiredFollower("speaker", settings, fails)
    assert (follower.look(), follower.version) == (False, None)
    assert DesiredFollower("speaker", settings, lambda: loaded(env)).look()


def test_every_desirable_setting_has_a_declared_type() -> None:
    assert all(type_at(path) is not None for path in DESIRABLE)
