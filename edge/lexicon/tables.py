"""Reading the lexicon's own tables, which lie beside this file."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Any


def load(name: str) -> dict[str, Any]:
    """One table, parsed anew; callers keep what they need of it."""
    return tomllib.loads((files(__package__) / name).read_text(encoding="utf-8"))
