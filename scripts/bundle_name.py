"""A release's name: its version, for people, and a digest of what it holds."""

from __future__ import annotations

import hashlib
import json
import subprocess
import tomllib
from collections.abc import Mapping
from pathlib import Path


def release_name(root: Path, files: Mapping[str, Mapping[str, object]], **told: object) -> str:
    """``VERSION-DIGEST``; the same for the same content, whenever and wherever the bundle was made.

    Args:
        root: the repository.
        files: what the release is installed from, as in the manifest: each with its ``sha256``.
        told: what else decides what is installed, such as the version of Python.
    """
    version = tomllib.loads((root / "pyproject.toml").read_text())["project"]["version"]
    content = {"files": {name: file["sha256"] for name, file in files.items()}, **told}
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return f"{version}-{digest[:12]}"


def commit(root: Path) -> str:
    """The commit that it was made from, with ``-changed`` where the work tree has what is in no commit."""
    git = ("git", "-C", str(root))
    found = subprocess.run((*git, "rev-parse", "--short=12", "HEAD"), capture_output=True, text=True)
    if found.returncode:
        return "none"
    changed = subprocess.run((*git, "status", "--porcelain"), capture_output=True, text=True).stdout
    return found.stdout.strip() + ("-changed" if changed.strip() else "")
