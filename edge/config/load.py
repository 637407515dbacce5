"""Reads the sources of the settings, and says in one line what is wrong with them."""

from __future__ import annotations

import copy
import json
import logging
import os
import tomllib
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from edge.config.addresses import showing_settings
from edge.config.convert import ConfigError, Origins, convert, dotted, list_or_table, refused, type_at
from edge.config.desired import SOURCE, Desired, desired_path, flat, read_desired
from edge.config.dotenv_file import read_dotenv
from edge.config.former_names import SettingPath, Twice, present_name, take_former
from edge.config.gone import Gone, gone_setting, without_gone
from edge.config.own_file import NotOursError, read_named
from edge.config.secret import Secret
from edge.config.tree import KEY, KEY_SUFFIX, SECRETS, Settings, secrets_with
from edge.masking import masked, masked_address, remember_address
from edge.text_file import read_text


class NotFollowed(NamedTuple):
    """What the fleet desires does not fit the other settings any more."""

    reason: str

    def __str__(self) -> str:
        return f"what the fleet desires is not followed: {self.reason}"


SettingsNote = Gone | Twice | NotFollowed
"""Something about the settings that stops nothing, in one line."""
log = logging.getLogger(__name__)

ENV_PREFIX = "SHUTTLE_GUIDE_"
DEFAULT_FILE = Path("/etc/shuttle-guide/guide.toml")
DEFAULT_CREDENTIALS = Path("/etc/shuttle-guide/credentials")
"""Where systemd takes them from; only root can read them there, for its own commands."""
LARGEST_CREDENTIAL_BYTES = 64 * 1024


def environment(
    ours: Mapping[str, str] | None = None, *, dotenv: Path | None = Path(".env")
) -> dict[str, str]:
    """The environment over what a ``.env`` file sets, for ``load`` and for the processes that are started."""
    env = dict(os.environ if ours is None else ours)
    return (read_dotenv(dotenv, env, _is_ours) if dotenv is not None else {}) | env


def load(ours: Mapping[str, str] | None = None, *, dotenv: Path | None = Path(".env")) -> Settings:
    """Read all sources and return the settings.

    Args:
        ours: instead of ``os.environ``.
        dotenv: the ``.env`` file to read where it exists and may be trusted; None reads none.

    Raises:
        ConfigError: one line that names the setting, its value and what is allowed.
    """
    settings, notes = settings_of(environment(ours, dotenv=dotenv))
    for note in notes:
        log.warning("%s", note)
    return settings


class LoadedSettings(NamedTuple):
    """What all sources of settings say together."""

    settings: Settings
    notes: list[SettingsNote]
    """To be told."""
    desired: Desired | None
    """What of it the fleet desires."""


def settings_of(env: Mapping[str, str]) -> tuple[Settings, list[SettingsNote]]:
    """``load`` of a whole environment that tells nothing: the notes are for the caller.

    Raises:
        ConfigError: as ``load``.
    """
    return loaded(env)[:2]


def loaded(env: Mapping[str, str]) -> LoadedSettings:
    """Settings and notes as ``settings_of`` has them, with what the fleet desires.

    Raises:
        ConfigError: as ``load``. What the fleet desires is left out where it cannot be used.
    """
    own = OwnSources(env)
    settings = own.settings()
    if settings.fleet.host is None:
        return LoadedSettings(settings, own.notes, None)
    try:
        desired = read_desired(desired_path(settings.state_dir))
        if desired is not None:
            settings = own.settings(desired.settings)
    except ConfigError as error:
        return LoadedSettings(settings, [*own.notes, NotFollowed(str(error))], None)
    return LoadedSettings(settings, own.notes, desired)


class OwnSources:
    """The sources of settings but the fleet.

    Raises:
        ConfigError: one cannot be read.
    """

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env
        self._tree, self._origins, self.notes = _read(env)

    def settings(self, desired: Mapping[str, Any] | None = None) -> Settings:
        """What is in force where the fleet desires this.

        Raises:
            ConfigError: as ``load``.
        """
        tree, origins = copy.deepcopy(self._tree), copy.deepcopy(self._origins)
        for path, value in flat(desired or {}):
            _section_for(tree, path, f"{SOURCE} sets a key", "another source")[path[-1]] = value
            origins.note(path, path, SOURCE)
        return _converted(tree, origins, self._env)

    def source_of(self, path: SettingPath) -> str:
        """The file or the variable that sets it; empty: none does, so it is the default."""
        node: Any = self._tree
        for key in path:
            if not isinstance(node, dict) or key not in node:
                return ""
            node = node[key]
        return self._origins.of(path)[1]


def _converted(tree: dict[str, Any], origins: Origins, env: Mapping[str, str]) -> Settings:
    """Settings of what the sources hold, and of the secrets."""
    services = tree.get("services")
    for name, path in secrets_with(services if isinstance(services, dict) else ()).items():
        node: Any = tree
        for section in path[:-1]:
            node = node.setdefault(section, {}) if isinstance(node, dict) else None
        if isinstance(node, dict):  # else convert says what is wrong with it
            given = _read_credential(env, name) or env.get(name.upper(), "").strip() or node.get(path[-1])
            if not isinstance(given, str | None):
                raise refused(path, " (a secret)", "expected text", origins)
            node[path[-1]] = given or None
    # Above the defaults, so that one key of a section can be set alone.
    settings = convert(_merged(msgspec.to_builtins(Settings(), enc_hook=_hide), tree), origins)
    _remember_addresses(settings, env)
    for path, address in showing_settings(settings):
        expected = (
            "a key would go there unencrypted; expected an encrypted address (https://, wss://), one on this "
            "machine, or no key"
        )
        raise refused(path, f" = {masked_address(address)!r}", expected, origins)
    return settings


def gone_settings() -> list[Gone]:
    """What our sources set that is no setting any more; ``load`` has told each in the journal.

    Raises:
        ConfigError: as ``load``.
    """
    return [note for note in _read(environment())[2] if isinstance(note, Gone)]


def as_dict(settings: Settings) -> dict[str, Any]:
    """The settings as plain data, secrets shown only as set or not set."""
    shown: dict[str, Any] = _masked(msgspec.to_builtins(settings, enc_hook=_hide))
    for *sections, key in secrets_with(settings.services).values():
        node = shown
        for section in sections:
            node = node[section]
        node[key] = "(set)" if node[key] else "(not set)"
    return shown


def flattened(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """``as_dict`` by dotted keys."""
    for key, value in tree.items():
        if isinstance(value, dict) and value:
            yield from flattened(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _is_ours(variable: str) -> bool:
    """Whether it may be a setting, or the key of a service, whose name is not known yet."""
    return (
        variable.startswith(ENV_PREFIX)
        or variable.lower() in SECRETS
        or variable.endswith(KEY_SUFFIX.upper())
    )


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _masked(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(inner) for inner in value]
    return masked(value) if isinstance(value, str) else value


def _remember_addresses(settings: Settings, env: Mapping[str, str]) -> None:
    """Passwords stand in addresses too: ours, and those of the environment's proxies."""
    proxies = [value for name, value in env.items() if name.lower().endswith("_proxy")]
    addresses = [service.address for service in settings.services.values()]
    addresses += [
        settings.models_mirror or "",
        f"mqtt://{settings.mqtt.host}",
        f"mqtt://{settings.fleet.host or ''}",
        *proxies,
    ]
    for address in addresses:
        remember_address(address)


def _hide(value: object) -> str:
    if isinstance(value, Secret):
        return "(set)"
    raise NotImplementedError(type(value))  # msgspec's way to say: not a type of ours


def _read(env: Mapping[str, str]) -> tuple[dict[str, Any], Origins, list[SettingsNote]]:
    """The file with the environment laid over it, where each setting stands, and what is to be told."""
    written, file = _read_file(env)
    origins = Origins(file)
    tree, gone = without_gone(written)
    notes: list[SettingsNote] = [Gone(name, file) for name in gone]
    for name, value in list(take_former(tree)):
        path = present_name(name)
        node = _section_for(tree, path, f"{dotted(name)} sets a key", file)
        if path[-1] in node:
            notes.append(Twice(dotted(name), dotted(path), file))
        else:
            node[path[-1]] = value
            origins.note(path, name, file)
    variables: dict[SettingPath, str] = {}
    for variable in (name for name, value in env.items() if name.startswith(ENV_PREFIX) and value):
        keys = tuple(variable.removeprefix(ENV_PREFIX).lower().split("__"))
        if left := gone_setting(keys):
            notes.append(Gone(left, variable))
        elif variable != f"{ENV_PREFIX}CONFIG":
            variables[keys] = variable
    # A table as a whole comes before its single keys, a former name before the present one.
    for keys in sorted(variables, key=lambda keys: (len(present_name(keys)), keys == present_name(keys))):
        path, variable = present_name(keys), variables[keys]
        if keys != path and path in variables:
            notes.append(Twice(variable, variables[path], "the environment"))
        else:
            _put(tree, file, path, variable, env[variable])
            origins.note(path, keys, variable)
    return tree, origins, notes


def _read_file(env: Mapping[str, str]) -> tuple[dict[str, Any], str]:
    named = env.get(f"{ENV_PREFIX}CONFIG")
    path = Path(named) if named else DEFAULT_FILE
    try:
        return tomllib.loads(read_named(path)), str(path)
    except FileNotFoundError as error:
        if named:
            raise ConfigError(f"config: {ENV_PREFIX}CONFIG names {path}, which does not exist") from error
        return {}, "defaults"
    except NotOursError as error:
        raise ConfigError(f"config: {path} is not read: {error}") from error
    except OSError as error:
        raise ConfigError(f"config: {path} is not read: {error.strerror or type(error).__name__}") from error
    except (ValueError, RecursionError) as error:  # no TOML, too deep, a number too long
        raise ConfigError(f"config: {path} cannot be read as TOML: {error}") from error


def _read_credential(env: Mapping[str, str], name: str) -> str:
    folder = env.get("CREDENTIALS_DIRECTORY")
    if not folder and not os.access(DEFAULT_CREDENTIALS, os.R_OK):
        return ""
    try:
        path = Path(folder or DEFAULT_CREDENTIALS) / name
        return read_text(path, LARGEST_CREDENTIAL_BYTES, follow=True).strip()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise ConfigError(f"config: credential {name} cannot be read: {error.strerror}") from error


def _put(tree: dict[str, Any], file: str, path: SettingPath, variable: str, value: str) -> None:
    """Lay one environment variable into the tree: a list is split, a table read as JSON."""
    node = _section_for(tree, path, f"{variable} sets a key", file)
    kind = typing.get_origin(type_at(path))
    if list_or_table(type_at(path)):
        kind = dict if value.lstrip().startswith("{") else tuple
    if kind is tuple:
        node[path[-1]] = [part.strip() for part in value.split(",") if part.strip()]
    elif kind is dict:
        node[path[-1]] = _table(variable, value)
    else:
        node[path[-1]] = value


def _section_for(tree: dict[str, Any], path: SettingPath, who: str, file: str) -> dict[str, Any]:
    """The table in which ``path`` stands, made where it is not there."""
    node = tree
    for key in path[:-1]:
        node = node.setdefault(key, {})
        if not isinstance(node, dict):
            raise ConfigError(f"config: {who} below {key}, which {file} sets to a plain value")
    return node


def _table(name: str, value: str) -> dict[str, Any]:
    if KEY in value:  # children get this variable, and only some of them the key
        raise ConfigError(f"config: {name} holds a key: give it as NAME{KEY_SUFFIX.upper()} of its service")
    try:
        table = json.loads(value)
    except (ValueError, RecursionError):
        table = None
    if not isinstance(table, dict):
        path = name.removeprefix(ENV_PREFIX).lower().replace("__", ".")
        raise ConfigError(
            f"config: {path} = {value!r}: expected a table as JSON, such as "
            f"""'{{"ru": "…"}}', or one key by {name}__RU (from {name})"""
        )
    return table


def _merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    both = {key: (below[key], value) for key, value in above.items() if key in below}
    nested = {
        key: _merged(old, new)
        for key, (old, new) in both.items()
        if isinstance(old, dict) and isinstance(new, dict)
    }
    return below | above | nested
