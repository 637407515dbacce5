"""What the fleet desires: settings of a closed list, in a file that telemetry writes and every process reads.

The list holds what an operator of many shuttles turns: nothing that says where a key, a word or a sound goes
(brokers, addresses, paths, devices, what leaves the shuttle) and nothing that the shuttle is known by.
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, get_args

import msgspec

from edge.config.convert import ConfigError, dotted
from edge.config.former_names import SettingPath
from edge.config.gone import without_gone
from edge.config.tree import Settings
from edge.messages import ProcessName
from edge.text_file import read_text

FILE_NAME = "desired.toml"
LARGEST_BYTES = 64 * 1024
SOURCE = "the fleet"


class Desirable(NamedTuple):
    """How a setting of the closed list comes into force."""

    processes: tuple[ProcessName, ...] = ()
    """Who is started anew for it."""
    command: str = ""
    """The command that changes it live (``shuttle/{id}/cmd/…``); empty: none does."""


_WRITES = Desirable(("commentator",))
_SPEAKS = Desirable(("speaker",))
_HEARS = Desirable(("listener",))
_TELLS = Desirable(("telemetry",))
_BY_NAME: dict[str, Desirable] = {
    "shuttle.language": Desirable(("ingest", "listener", "commentator", "speaker", "telemetry")),
    "commentator.chattiness": Desirable(command="chattiness"),
    "commentator.models": _WRITES,
    "commentator.openers": _WRITES,
    "commentator.paid_turns_per_hour": _WRITES,
    "commentator.paid_turns_per_day": _WRITES,
    "commentator.ahead.enabled": _WRITES,
    "commentator.ahead.labels": _WRITES,
    "commentator.ahead.requests_per_day": _WRITES,
    "commentator.ahead.tokens_per_day": _WRITES,
    "speaker.volume": Desirable(command="volume"),
    "speaker.voices": _SPEAKS,
    "speaker.speed": _SPEAKS,
    "espeak.words_per_minute": _SPEAKS,
    "espeak.pitch": _SPEAKS,
    "pool.enabled": _SPEAKS,
    "pool.characters_per_day": _SPEAKS,
    "pool.quiet_s": _SPEAKS,
    "pool.pause_s": _SPEAKS,
    "listener.languages": Desirable(("listener", "commentator")),
    "listener.notice": _HEARS,
    "listener.recognizer.hint": _HEARS,
    "listener.addressee.names": _HEARS,
    "listener.addressee.follow_up_s": _HEARS,
    "answers.models": _WRITES,
    "answers.openers": _WRITES,
    "answers.forget_after_s": _WRITES,
    "answers.speculations_per_minute": Desirable(("listener", "commentator")),
    "cost.money_per_day": _WRITES,
    "cost.tokens_per_day": _WRITES,
    "cost.characters_per_day": _WRITES,
    "telemetry.state_period_s": _TELLS,
    "telemetry.slow_turn_ms": _TELLS,
}
DESIRABLE: dict[SettingPath, Desirable] = {tuple(name.split(".")): how for name, how in _BY_NAME.items()}
"""The closed list."""
_SECTIONS = {path[:length] for path in DESIRABLE for length in range(len(path))}


class Desired(NamedTuple):
    """The fleet's desired settings, as the file holds them."""

    version: str
    settings: dict[str, Any]
    """As a settings file has them."""


def desired_path(state_dir: str) -> Path:
    """Where the file lies, for a process, whose own folder is ``state_dir``, and for a person."""
    own = Path(state_dir)
    shared = own.parent if own.name in get_args(ProcessName) else own
    telemetrys = shared / "telemetry"
    return (telemetrys if os.path.isdir(telemetrys) else shared) / FILE_NAME  # noqa: PTH112 (never raises)


def read_desired(path: Path) -> Desired | None:
    """What the file holds; None: the fleet desires nothing.

    Whoever writes the file gains the closed list, and nothing else.

    Raises:
        ConfigError: it cannot be used; one line.
    """
    try:
        tree = tomllib.loads(read_text(path, LARGEST_BYTES))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError(f"config: {path} is not read: {error.strerror or type(error).__name__}") from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"config: {path} cannot be read as TOML: {error}") from error
    version = tree.pop("version", None)
    if not isinstance(version, str):
        raise ConfigError(f"config: {path} names no version")
    settings, _ = without_gone(tree)  # telemetry tells of them, and writes the file anew
    for path_of, _ in flat(settings):
        if path_of not in DESIRABLE:
            raise ConfigError(f"config: {dotted(path_of)} is none that a fleet may desire (from {path})")
    return Desired(version, settings)


def desired_text(desired: Desired) -> str:
    """The file's text, which ``read_desired`` reads.

    Raises:
        ValueError: it holds what TOML cannot say.
    """
    lines = [f"version = {_toml(desired.version)}"]
    lines += [f"{'.'.join(map(_key, path))} = {_toml(value)}" for path, value in flat(desired.settings)]
    text = (
        "# What the fleet desires, above all other settings; telemetry writes it.\n" + "\n".join(lines) + "\n"
    )
    text.encode()  # raises where a character is half of one
    if tomllib.loads(text) != {"version": desired.version, **_without_empty(desired.settings)}:
        raise ValueError("the settings cannot be written as TOML")
    return text


def flat(tree: Mapping[str, Any], above: SettingPath = ()) -> Iterator[tuple[SettingPath, Any]]:
    """Each setting of a nested table with its path; what is in no section of the list, as a whole."""
    for key, value in tree.items():
        path = (*above, key)
        if path in _SECTIONS and isinstance(value, Mapping):
            yield from flat(value, path)
        else:
            yield path, value


def nested(path: SettingPath, value: Any) -> dict[str, Any]:
    """The table that sets this alone."""
    for key in reversed(path):
        value = {key: value}
    return dict(value)


def value_of(settings: Settings, path: SettingPath) -> Any:
    """A setting's value, as plain data."""
    node: Any = settings
    for key in path:
        node = getattr(node, key)
    return msgspec.json.decode(msgspec.json.encode(node))


def _without_empty(tree: Mapping[str, Any], above: SettingPath = ()) -> dict[str, Any]:
    """The tree without sections that set nothing."""
    kept = {}
    for key, value in tree.items():
        if (*above, key) in _SECTIONS and isinstance(value, Mapping):
            value = _without_empty(value, (*above, key))
            if not value:
                continue
        kept[key] = value
    return kept


def _key(name: str) -> str:
    return name if name.replace("_", "").isalnum() and name.isascii() else _toml(name)


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(key)} = {_toml(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    # JSON's way to write text, numbers and truth is TOML's too, but for DEL.
    return json.dumps(value, ensure_ascii=False, allow_nan=False).replace("\x7f", "\\u007f")
