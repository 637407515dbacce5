"""Makes settings of plain data, and says in one line what is wrong with a value."""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from edge.config.fleet import NOT_OF_ONE, is_fleet_word
from edge.config.former_names import SettingPath
from edge.config.kinds import HTTP_URL, PATTERNS_IN_WORDS
from edge.config.orders import unfit_names, unpriced
from edge.config.secret import Secret
from edge.config.services import RESERVED, Service
from edge.config.tree import Settings, secrets_with
from edge.foreign_numbers import whole_number
from edge.masking import masked, masked_address


class ConfigError(Exception):
    """A setting that cannot be used; the text is one line for the operator, without keys and passwords."""

    def __init__(self, text: str) -> None:
        super().__init__(masked(text))


class Origins:
    """Where settings were written, and by which names, for errors.

    Args:
        rest: where everything stands that was not noted.
    """

    def __init__(self, rest: str) -> None:
        self._rest = rest
        self._noted: dict[SettingPath, tuple[SettingPath, str]] = {}

    def note(self, path: SettingPath, name: SettingPath, source: str) -> None:
        """Note that ``source`` sets ``path``, which is called ``name`` there."""
        self._noted[path] = (name, source)

    def of(self, path: SettingPath) -> tuple[SettingPath, str]:
        """Name and source of a setting, of the table around it, or of what is in it."""
        for length in range(len(path), 0, -1):
            if noted := self._noted.get(path[:length]):
                return noted[0] + path[length:], noted[1]
        inside = (source for each, (_, source) in self._noted.items() if each[: len(path)] == path)
        return path, next(inside, self._rest)


def convert(tree: dict[str, Any], origins: Origins) -> Settings:
    """
    Raises:
        ConfigError: one line that names the setting, its value, what is allowed and where it came from.
    """
    try:
        settings = msgspec.convert(tree, Settings, strict=False, dec_hook=_reveal_type)
    except msgspec.ValidationError as error:
        raise _as_config_error(tree, origins, error) from error
    for name in RESERVED & settings.services.keys():
        raise refused(("services", name), "", "this name is taken; choose another", origins)
    for name, service in settings.services.items():
        if service.kind != "elevenlabs" and service.address.startswith("ws"):
            shown, expected = f" = {masked_address(service.address)!r}", PATTERNS_IN_WORDS[HTTP_URL]
            raise refused(("services", name, "base_url"), shown, f"expected {expected}", origins)
    for path, name, fit in unfit_names(settings):
        raise refused(path, f" = {name!r}", f"allowed: {', '.join(fit)}", origins)
    if settings.cost.money_per_day is not None:
        for name, price in unpriced(settings):
            expected = f"what {name} costs is not known; expected services.{name}.prices.{price} beside it"
            raise refused(("cost", "money_per_day"), f" = {settings.cost.money_per_day}", expected, origins)
    for path, name, expected in _unfit_for_fleet(settings):
        raise refused(path, f" = {name!r}", expected, origins)
    return settings


def _unfit_for_fleet(settings: Settings) -> Iterator[tuple[SettingPath, str, str]]:
    """Each setting that is of no use with the fleet's broker: path, value, what is expected."""
    fleet = settings.fleet
    if fleet.host is None:
        return
    others = ", ".join(sorted(NOT_OF_ONE))
    expected = f"expected a name without dots that is none of {others}, since there is a fleet.host"
    if not is_fleet_word(settings.shuttle.id):
        yield ("shuttle", "id"), settings.shuttle.id, expected
    for index, group in enumerate(fleet.groups):
        if not is_fleet_word(group):
            yield ("fleet", "groups", f"[{index}]"), group, expected
    if (fleet.cert_file is None) != (fleet.key_file is None):
        missing, given = ("key_file", "cert_file") if fleet.key_file is None else ("cert_file", "key_file")
        yield ("fleet", given), str(getattr(fleet, given)), f"expected fleet.{missing} beside it"


def refused(path: SettingPath, shown: str, problem: str, origins: Origins) -> ConfigError:
    """The line for a setting, by the name that it was written by."""
    name, source = origins.of(path)
    return ConfigError(f"config: {dotted(name)}{shown}: {problem} (from {source})")


def dotted(path: Sequence[str]) -> str:
    """``speaker.voices[1]``; the whole tree is ``settings``."""
    return ".".join(path).replace(".[", "[") or "settings"


def type_at(keys: Sequence[str]) -> Any:
    """The declared type of a setting, None where there is no such setting. ``[…]`` steps into a container."""
    kind: Any = Settings
    for key in keys:
        kind = _container(kind, list if key[1:-1].isdecimal() else dict)
        if key.startswith("[") or typing.get_origin(kind) is dict:
            kind = typing.get_args(kind)[-2 if typing.get_origin(kind) is tuple else -1]
        else:
            kind = typing.get_type_hints(kind).get(key) if _is_section(kind) else None
    return kind


def list_or_table(kind: Any) -> bool:
    """Whether a setting may be a list or a table."""
    return typing.get_origin(_container(kind, list)) is tuple and typing.get_origin(kind) is not tuple


def _container(kind: Any, wanted: type) -> Any:
    """The list or the table of a setting that may be either; any other kind as it is."""
    if typing.get_origin(kind) is not types.UnionType:
        return kind
    origins = (tuple, list) if wanted is list else (wanted,)
    return next((each for each in typing.get_args(kind) if typing.get_origin(each) in origins), kind)


def _as_config_error(tree: dict[str, Any], origins: Origins, error: msgspec.ValidationError) -> ConfigError:
    problem, _, where = str(error).replace(" - at `key` in `$", " - at `$").partition(" - at `$")
    keys = tuple(re.findall(r"\[[^\]]*\]|[^.\[\]`]+", where))  # ".listener.addressee.names[...][0]`"
    is_of_key = " - at `key` in `$" in str(error)
    if keys[:2] == ("services", "[...]"):
        keys = ("services", _wrong_service(tree["services"]), *keys[2:])
    if unknown := re.search(r"unknown field `(.+)`", problem):
        name, source = origins.of((*keys, unknown.group(1)))
        return ConfigError(
            f"config: {dotted(name[:-1])}: there is no setting {name[-1]!r} here (from {source})"
        )
    words = [words for pattern, words in PATTERNS_IN_WORDS.items() if repr(pattern) in problem]
    problem = f"expected {words[0]}" if words else problem
    kind = typing.get_args(_container(type_at(keys), dict))[0] if is_of_key else type_at(keys)
    choices = typing.get_args(kind) if "enum" in problem else ()
    allowed = f"allowed: {', '.join(map(str, choices))}" if choices else problem
    return refused(keys, _shown_value(tree, keys), allowed, origins)


def _wrong_service(services: Any) -> str:
    """The name of the first entry that cannot be used."""
    for name, content in services.items():
        try:
            msgspec.convert(content, Service, strict=False, dec_hook=_reveal_type)
        except msgspec.ValidationError:
            return str(name)
    return "[...]"


def _is_section(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Struct)


def _reveal_type(kind: type, value: object) -> object:
    if kind is Secret and isinstance(value, str):
        return Secret(value)
    raise msgspec.ValidationError(f"Expected `str`, got `{type(value).__name__}`")


def _shown_value(tree: dict[str, Any], keys: Sequence[str]) -> str:
    services = tree.get("services")
    if tuple(keys) in secrets_with(services if isinstance(services, Mapping) else ()).values():
        return " (a secret)"
    if _is_section(type_at(keys)):
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
