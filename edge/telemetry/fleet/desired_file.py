"""Checks what the fleet desires with the code that reads the settings, and writes the file that all read."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edge.atomic_file import remove_half_written, whole_file
from edge.config import ConfigError, Settings
from edge.config.convert import dotted
from edge.config.desired import (
    DESIRABLE,
    LARGEST_BYTES,
    SOURCE,
    Desired,
    desired_text,
    flat,
    nested,
    value_of,
)
from edge.config.former_names import SettingPath
from edge.config.gone import Gone, without_gone
from edge.config.load import OwnSources
from edge.fleet.configuration import MAX_REFUSALS, DesiredBody, SettingRefusal, refusal_of
from edge.plain_file import read_plain

READABLE_BY_GROUP = 0o640


def checked(
    document: DesiredBody | None, env: Mapping[str, str]
) -> tuple[Settings, tuple[SettingRefusal, ...]]:
    """The settings with it; or those without, and why not: all but ``left_out`` is taken, or nothing.

    Args:
        env: where the shuttle's own sources are.

    Raises:
        ConfigError: the shuttle's own sources cannot be used.
    """
    own = OwnSources(env)
    if document is None:
        return own.settings(), ()
    desired = _desired(document)
    try:
        together, why = own.settings(desired.settings), ""
        desired_text(desired)
    except (ConfigError, ValueError) as error:
        together, why = None, str(error)
    alone = (_refusal(path, value, own, together) for path, value in flat(desired.settings))
    refusals = tuple(filter(None, alone))[:MAX_REFUSALS]
    if together is None and not refusals:
        refusals = (refusal_of(None, None, why),)
    if together is None or refusals:
        return own.settings(), refusals
    return together, ()


def left_out(document: DesiredBody | None) -> tuple[SettingRefusal, ...]:
    """What it desires of settings that there are no more: all the rest is taken."""
    _, names = without_gone(document.settings if document else {})
    return tuple(refusal_of(name, None, str(Gone(name, SOURCE))) for name in names[:MAX_REFUSALS])


def write(path: Path, document: DesiredBody | None) -> None:
    """Have all processes read it from now on; None: nothing. Blocks while the disk does. Raises OSError."""
    remove_half_written(path)
    if document is None:
        path.unlink(missing_ok=True)
        return
    content = desired_text(_desired(document)).encode()
    if _content(path) == content:
        return
    with whole_file(path) as file:
        os.fchmod(file.fileno(), READABLE_BY_GROUP)  # our umask lets nobody else in
        file.write(content)


def values(settings: Settings) -> dict[str, Any]:
    """Dotted name → value, of the closed list."""
    return {dotted(path): value_of(settings, path) for path in DESIRABLE}


def _desired(document: DesiredBody) -> Desired:
    """What of it there still is to desire."""
    return Desired(document.version, without_gone(document.settings)[0])


def _refusal(
    path: SettingPath, value: Any, own: OwnSources, together: Settings | None
) -> SettingRefusal | None:
    """Why one setting cannot be taken, by itself where they cannot be taken together."""
    reason = _reason(path, value, own, together)
    return refusal_of(dotted(path), value if path in DESIRABLE else None, reason) if reason else None


def _reason(path: SettingPath, value: Any, own: OwnSources, together: Settings | None) -> str:
    if path not in DESIRABLE:
        return f"config: {dotted(path)} is none that a fleet may desire"
    if value is None:
        return f"config: {dotted(path)} = null: leave it out for the shuttle's own"
    try:
        taken = value_of(together or own.settings(nested(path, value)), path)
    except ConfigError as error:
        return str(error)
    # A file may say "0.5" for a number; the fleet is to find in force what it desired.
    return "" if taken == value else f"config: {dotted(path)} = {value!r}: write it as {taken!r}"


def _content(path: Path) -> bytes:
    try:
        return read_plain(path, LARGEST_BYTES)
    except OSError:
        return b""
