"""Tables that come with the guide: TOML files that lie beside the modules that use them."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Any


def read_table(package: str, name: str) -> dict[str, Any]:
    """One table, parsed anew; callers keep what they need of it.

    Args:
        package: whose folder it is in (``__package__``).
        name: below that folder.

    Raises:
        OSError, tomllib.TOMLDecodeError: the guide's own file is damaged.
    """
    return tomllib.loads((files(package) / name).read_text(encoding="utf-8"))


def phrases(listed: str) -> tuple[tuple[str, ...], ...]:
    """What a table lists as ``how_many where``: each phrase as its words."""
    return tuple(tuple(entry.split("_")) for entry in listed.split())
