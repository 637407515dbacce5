"""The operator's folder of desired settings: ``all.toml``, ``group/NAME.toml``, ``shuttle/ID.toml``.

What stands in a shuttle's own file goes before its groups', and that before what is for all; of two groups
the one that the shuttle names last (``fleet.groups``). A shuttle's file may name its ``groups``, for as long
as the shuttle itself cannot be asked.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from edge.config.convert import dotted
from edge.config.desired import DESIRABLE, LARGEST_BYTES, flat
from edge.config.fleet import is_fleet_word
from edge.config.gone import without_gone
from edge.error_lines import reason_of
from edge.operator_error import OperatorError
from edge.text_file import read_text

VERSION_DIGITS = 12
SettingsTree = dict[str, Any]


EXPECTED = "all.toml, group/NAME.toml or shuttle/ID.toml"


class DesiredFolder:
    """What it holds, read once.

    Raises:
        OperatorError: a file cannot be used; one line.
    """

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise OperatorError(f"{folder}: expected a folder with {EXPECTED}")
        everybody = folder / "all.toml"
        self._all = _read(everybody) if everybody.exists() else {}
        self._groups = dict(_named(folder / "group"))
        self._own_groups: dict[str, tuple[str, ...]] = {}
        self._shuttles = dict(_named(folder / "shuttle", self._own_groups))
        if not (everybody.exists() or self._groups or self._shuttles):
            raise OperatorError(f"{folder}: there is no {EXPECTED}")

    @property
    def shuttles(self) -> list[str]:
        """Who has a file of his own."""
        return sorted(self._shuttles)

    def groups_of(self, shuttle: str) -> Sequence[str] | None:
        """Groups of a shuttle that has not told them; None: they are needed, and nobody has named them."""
        return self._own_groups.get(shuttle, None if self._groups else ())

    def of(self, shuttle: str, groups: Sequence[str]) -> SettingsTree:
        """All that is desired of a shuttle."""
        of_groups = (self._groups.get(group, {}) for group in groups)
        layers = [self._all, *of_groups, self._shuttles.get(shuttle, {})]
        settings = {path: value for layer in layers for path, value in flat(layer)}
        return _together(settings)


def version_of(settings: SettingsTree) -> str:
    """Names these settings; the same for the same."""
    ordered = msgspec.json.encode(settings, order="sorted")
    return hashlib.sha256(ordered).hexdigest()[:VERSION_DIGITS]


def _together(settings: dict[tuple[str, ...], Any]) -> SettingsTree:
    tree: SettingsTree = {}
    for path, value in settings.items():
        *sections, key = path
        node = tree
        for section in sections:
            node = node.setdefault(section, {})
        node[key] = value
    return tree


def _named(
    folder: Path, groups: dict[str, tuple[str, ...]] | None = None
) -> Iterator[tuple[str, SettingsTree]]:
    """Name and settings of each file; where ``groups`` are given, they get those that a file names."""
    for path in sorted(folder.glob("*.toml")):
        if not is_fleet_word(path.stem):
            raise OperatorError(f"{path}: expected the name of a shuttle or a group before .toml")
        tree = _toml(path)
        if groups is not None and "groups" in tree:
            named = tree.pop("groups")
            if not isinstance(named, list) or not all(isinstance(name, str) for name in named):
                raise OperatorError(f"{path}: groups: expected names of groups in brackets")
            groups[path.stem] = tuple(named)
        yield path.stem, _checked(path, tree)


def _read(path: Path) -> SettingsTree:
    return _checked(path, _toml(path))


def _toml(path: Path) -> SettingsTree:
    try:
        return tomllib.loads(read_text(path, LARGEST_BYTES, follow=True))
    except OSError as error:
        raise OperatorError(f"{path} cannot be read: {reason_of(error)}") from error
    except (ValueError, RecursionError) as error:
        raise OperatorError(f"{path} cannot be read as TOML: {error}") from error


def _checked(path: Path, tree: SettingsTree) -> SettingsTree:
    for key, _ in flat(without_gone(tree)[0]):  # a shuttle of an earlier release may still have them
        if key not in DESIRABLE:
            raise OperatorError(f"{path}: {dotted(key)} is none that a fleet may desire")
    return tree
