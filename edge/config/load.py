"""Reads the sources of the settings, and says in one line what is wrong with them."""

from __future__ import annotations

import json
import logging
import os
import re
import tomllib
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from edge.config.addresses import showing_settings
from edge.config.dotenv_file import read_dotenv
from edge.config.gone import Gone, gone_setting, take_out
from edge.config.kinds import PATTERNS_IN_WORDS
from edge.config.own_file import NotOursError, read_named
from edge.config.secret import Secret
from edge.config.tree import SECRETS, Settings
from edge.foreign_numbers import whole_number
from edge.masking import masked, masked_address, remember_address

log = logging.getLogger(__name__)

ENV_PREFIX = "SHUTTLE_GUIDE_"
EX_CONFIG = 78
"""Exit code for a bad configuration (sysexits.h): starting again would not help."""
DEFAULT_FILE = Path("/etc/shuttle-guide/guide.toml")
DEFAULT_CREDENTIALS = Path("/etc/shuttle-guide/credentials")
"""Where systemd takes them from; only root can read them there, for its own commands."""


class ConfigError(Exception):
    """A setting that cannot be used; the text is one line for the operator, without keys and passwords."""

    def __init__(self, text: str) -> None:
        super().__init__(masked(text))


def environment(
    ours: Mapping[str, str] | None = None, *, dotenv: Path | None = Path(".env")
) -> dict[str, str]:
    """The environment over what a ``.env`` file sets, for ``load`` and for the processes that are started."""
    env = dict(os.environ if ours is None else ours)
    names = {name.upper() for name in SECRETS}
    return (read_dotenv(dotenv, env, prefix=ENV_PREFIX, names=names) if dotenv is not None else {}) | env


def load(ours: Mapping[str, str] | None = None, *, dotenv: Path | None = Path(".env")) -> Settings:
    """Read all sources and return the settings.

    Args:
        ours: instead of ``os.environ``.
        dotenv: the ``.env`` file to read where it exists and may be trusted; None reads none.

    Raises:
        ConfigError: one line that names the setting, its value and what is allowed.
    """
    env = environment(ours, dotenv=dotenv)
    tree, origin, gone = _read(env)
    for setting in gone:
        log.warning("%s", setting)
    for name, (section, key) in SECRETS.items():
        node = tree.setdefault(section, {})
        if not isinstance(node, dict):
            continue  # _convert says what is wrong with it
        value = _read_credential(env, name) or env.get(name.upper(), "").strip()
        node[key] = value or node.get(key) or None
    # Above the defaults, so that one key of a section can be set alone.
    settings = _convert(_merged(msgspec.to_builtins(Settings(), enc_hook=_hide), tree), origin, env)
    _remember_addresses(settings, env)
    for name, address in showing_settings(settings):
        variable = ENV_PREFIX + name.replace(".", "__").upper()
        raise ConfigError(
            f"config: {name} = {masked_address(address)!r}: a key would go there unencrypted; expected an "
            "encrypted address (https://, wss://), one on this machine, or no key "
            f"(from {variable if variable in env else origin})"
        )
    return settings


def gone_settings() -> list[Gone]:
    """What our sources set that is no setting any more; ``load`` has told each in the journal.

    Raises:
        ConfigError: as ``load``.
    """
    return _read(environment())[2]


def as_dict(settings: Settings) -> dict[str, Any]:
    """The settings as plain data, secrets shown only as set or not set."""
    shown: dict[str, Any] = _masked(msgspec.to_builtins(settings, enc_hook=_hide))
    for section, key in SECRETS.values():
        shown[section][key] = "(set)" if shown[section][key] else "(not set)"
    return shown


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _masked(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(inner) for inner in value]
    return masked(value) if isinstance(value, str) else value


def _remember_addresses(settings: Settings, env: Mapping[str, str]) -> None:
    """Passwords stand in addresses too: ours, and those of the environment's proxies."""
    services = (settings.groq, settings.openai, settings.local, settings.elevenlabs)
    proxies = [value for name, value in env.items() if name.lower().endswith("_proxy")]
    addresses = [service.base_url or "" for service in services]
    addresses += [settings.models_mirror or "", f"mqtt://{settings.mqtt.host}", *proxies]
    for address in addresses:
        remember_address(address)


def _hide(value: object) -> str:
    if isinstance(value, Secret):
        return "(set)"
    raise NotImplementedError(type(value))  # msgspec's way to say: not a type of ours


def _reveal_type(kind: type, value: object) -> object:
    if kind is Secret and isinstance(value, str):
        return Secret(value)
    raise msgspec.ValidationError(f"Expected `str`, got `{type(value).__name__}`")


def _read(env: Mapping[str, str]) -> tuple[dict[str, Any], str, list[Gone]]:
    """The file with the environment laid over it, the file's name, and what is no setting any more."""
    tree, origin = _read_file(env)
    gone = [Gone(name, origin) for name in take_out(tree)]
    given = [name for name, value in env.items() if name.startswith(ENV_PREFIX) and value]
    # A table as a whole comes before its single keys.
    for name in sorted(given, key=lambda name: name.count("__")):
        keys = name.removeprefix(ENV_PREFIX).lower().split("__")
        if left := gone_setting(keys):
            gone.append(Gone(left, name))
        elif name != f"{ENV_PREFIX}CONFIG":
            _put(tree, origin, name, env[name])
    return tree, origin, gone


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
    except (ValueError, RecursionError) as error:  # no TOML, no UTF-8, too deep, a number too long
        raise ConfigError(f"config: {path} cannot be read as TOML: {error}") from error


def _read_credential(env: Mapping[str, str], name: str) -> str:
    folder = env.get("CREDENTIALS_DIRECTORY")
    if not folder and not os.access(DEFAULT_CREDENTIALS, os.R_OK):
        return ""
    try:
        return (Path(folder or DEFAULT_CREDENTIALS) / name).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"config: credential {name} cannot be read: {error}") from error


def _put(tree: dict[str, Any], origin: str, name: str, value: str) -> None:
    """Lay one environment variable into the tree: a list is split, a table read as JSON."""
    keys = name.removeprefix(ENV_PREFIX).lower().split("__")
    node = tree
    for key in keys[:-1]:
        node = node.setdefault(key, {})
        if not isinstance(node, dict):
            raise ConfigError(f"config: {name} sets a key below {key}, which {origin} sets to a plain value")
    kind = typing.get_origin(_type_at(keys))
    if kind is tuple:
        node[keys[-1]] = [part.strip() for part in value.split(",") if part.strip()]
    elif kind is dict:
        node[keys[-1]] = _table(name, value)
    else:
        node[keys[-1]] = value


def _table(name: str, value: str) -> dict[str, Any]:
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


def _type_at(keys: Sequence[str]) -> Any:
    """The declared type of a setting, None where there is no such setting. ``[…]`` steps into a container."""
    kind: Any = Settings
    for key in keys:
        if key.startswith("[") or typing.get_origin(kind) is dict:
            kind = typing.get_args(kind)[-2 if typing.get_origin(kind) is tuple else -1]
        else:
            kind = typing.get_type_hints(kind).get(key) if _is_section(kind) else None
    return kind


def _merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    both = {key: (below[key], value) for key, value in above.items() if key in below}
    nested = {
        key: _merged(old, new)
        for key, (old, new) in both.items()
        if isinstance(old, dict) and isinstance(new, dict)
    }
    return below | above | nested


def _is_section(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Struct)


def _convert(tree: dict[str, Any], origin: str, env: Mapping[str, str]) -> Settings:
    try:
        return msgspec.convert(tree, Settings, strict=False, dec_hook=_reveal_type)
    except msgspec.ValidationError as error:
        problem, _, where = str(error).replace(" - at `key` in `$", " - at `$").partition(" - at `$")
        keys = re.findall(r"\[[^\]]*\]|[^.\[\]`]+", where)  # ".listener.addressee.names[...][0]`"
        variable = ENV_PREFIX + "__".join(key for key in keys if not key.startswith("[")).upper()
        if unknown := re.search(r"unknown field `(.+)`", problem):
            variable += ("__" if keys else "") + unknown.group(1).upper()
            problem = f"there is no setting {unknown.group(1)!r} here"
        words = [words for pattern, words in PATTERNS_IN_WORDS.items() if repr(pattern) in problem]
        problem = f"expected {words[0]}" if words else problem
        source = variable if variable in env else origin
        kind = _type_at(keys)
        if " - at `key` in `$" in str(error):
            kind = typing.get_args(kind)[0]
        choices = typing.get_args(kind) if "enum" in problem else ()
        allowed = f"allowed: {', '.join(map(str, choices))}" if choices else problem
        path = ".".join(keys).replace(".[", "[")
        raise ConfigError(
            f"config: {path or 'settings'}{_shown_value(tree, keys)}: {allowed} (from {source})"
        ) from error


def _shown_value(tree: dict[str, Any], keys: Sequence[str]) -> str:
    if tuple(keys) in SECRETS.values():
        return " (a secret)"
    if _is_section(_type_at(keys)):
        return ""  # a key that was put in the wrong place shall not show either
    node: Any = tree
    for key in keys:
        if isinstance(node, list) and (index := whole_number(key[1:-1])) is not None:
            node = node[index]
        else:
            node = node.get(key) if isinstance(node, dict) else None
    if isinstance(node, str):
        node = masked_address(node)
    return "" if node is None or isinstance(node, dict) else f" = {node!r}"
