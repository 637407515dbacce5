"""The models of a bundle: each file by its checksum, which the catalogue must name."""

from __future__ import annotations

import re
from pathlib import Path

from edge.model_files.catalogue import Catalogue, load_catalogue
from edge.model_files.store import LOCK_FILE, sha256_of

NOT_BROUGHT = ("README.md", ".gitkeep")
CACHE = "cache"
"""Where a fetch keeps what is on its way."""
PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*(?:/[A-Za-z0-9_][A-Za-z0-9._-]*)*")


class ModelsError(Exception):
    """What cannot be brought and what to do, in one line."""


def checksums(folder: Path, *, unpinned: bool) -> dict[str, str]:
    """Path below ``folder``, a models folder → SHA-256, of all that a shuttle gets; empty without a folder.

    Args:
        unpinned: bring also what the catalogue names no checksum for.

    Raises:
        ModelsError: a file is not what the catalogue demands, or it demands nothing.
    """
    catalogue = load_catalogue()
    found: dict[str, str] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_dir() or name in NOT_BROUGHT or name.startswith(f"{CACHE}/") or name.endswith(".part"):
            continue
        if not PLAIN.fullmatch(name):
            raise ModelsError(f"models/{name}: expected a name of letters, digits and ._-; rename it")
        if name == LOCK_FILE and not unpinned:
            continue  # about unpinned ones alone
        sha256 = sha256_of(path)
        expected = _expected(catalogue, name)
        if expected is None and not unpinned:
            raise ModelsError(
                f"models/{name}: the catalogue names no checksum for it, so nobody vouches for it. Pin it "
                "(models/README.md), take it away, or bring it all the same: --unpinned"
            )
        if expected not in (None, sha256):
            raise ModelsError(
                f"models/{name}: expected the checksum {str(expected)[:12]}…, came {sha256[:12]}…; "
                "fetch it again"
            )
        found[name] = sha256
    return found


def _expected(catalogue: Catalogue, name: str) -> str | None:
    for model in catalogue.models:
        for file in model.file:
            if f"{model.name}/{file.name}" == name:
                return file.sha256
    return None
