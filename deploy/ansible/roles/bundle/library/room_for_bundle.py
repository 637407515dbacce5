#!/usr/bin/python
"""Ansible module: whether the disks have room for what a bundle brings, asked before anything comes."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: room_for_bundle
short_description: Whether there is room for what comes
description:
  - Adds up what is not there yet, for each file system, and fails where it would leave less than spare_bytes.
options:
  manifest:
    description: The bundle's. What it tells no size of counts as nothing.
    type: dict
    required: true
  app_root:
    description: Where releases go.
    type: path
    required: true
  models_dir:
    description: Where models go.
    type: path
    required: true
  spare_bytes:
    description: What must be left.
    type: int
    required: true
"""
ADVICE = (
    "Nothing was brought. What is large: du -xhd2 /opt /var | sort -h | tail. What can go: models that are "
    "not used (shuttle-guide models list), recordings, apt-get clean, journalctl --vacuum-size=200M"
)


class Coming(NamedTuple):
    """Something that comes: where to, and how many bytes it takes there in all."""

    path: Path
    size: int


def coming(manifest: dict[str, Any], app_root: Path, models_dir: Path, dpkg: Path) -> Iterator[Coming]:
    """What the bundle brings and is not there yet.

    Args:
        dpkg: folder with what dpkg knows of what is installed.
    """
    unpacked = {"wheels": "cache/venv-{}-*/.complete", "interpreter": "python-*-{}/.complete"}
    if not (app_root / "releases" / manifest["release"] / ".complete").exists():
        for kind, file in manifest["files"].items():
            brought = app_root / "cache" / file["name"]
            if not brought.exists():
                yield Coming(brought, file.get("bytes", 0))
            mark = unpacked.get(kind, "").format(file["sha256"][:12])
            if not (mark and any(app_root.glob(mark))):
                yield Coming(app_root / "releases" / "any", file.get("unpacked_bytes", 0))
    for name, size in manifest.get("models_bytes", {}).items():
        if not (models_dir / name).exists():
            yield Coming(models_dir / name, size)
    debs = manifest.get("debs") or {}
    if not all(_installed(dpkg, package) for package in debs.get("packages", [])):
        size = debs.get("bytes", 0) + debs.get("unpacked_bytes", 0)
        yield Coming(Path("/var/lib/shuttle-guide-debs/debs.tar"), size)


def _installed(dpkg: Path, package: str) -> bool:
    return any(dpkg.glob(f"{package}.list")) or any(dpkg.glob(f"{package}:*.list"))


def missing_room(wanted: Iterable[Coming], spare: int) -> list[str]:
    """One line for each file system that is too small; none where there is room."""
    needed: dict[int, int] = {}
    places: dict[int, Path] = {}
    for path, size in wanted:
        folder = next(parent for parent in path.parents if parent.exists())
        # What came before the connection was cut (the action `bring`).
        came = sum(part.stat().st_size for part in path.parent.glob(f"{glob.escape(path.name)}.*.part"))
        device = folder.stat().st_dev
        needed[device] = needed.get(device, 0) + max(0, size - came)
        places.setdefault(device, folder)
    lines = []
    for device, size in needed.items():
        disk = os.statvfs(places[device])
        free = disk.f_bavail * disk.f_frsize
        if size and free < size + spare:
            lines.append(
                f"The disk of {places[device]} is too full: expected {_mb(size + spare)} free "
                f"({_mb(size)} for what comes, {_mb(spare)} to spare), found {_mb(free)}."
            )
    return lines


def _mb(size: int) -> str:
    return f"{-(-size // 10**6)} MB"


def main() -> None:
    arguments = {
        "manifest": {"type": "dict", "required": True},
        "app_root": {"type": "path", "required": True},
        "models_dir": {"type": "path", "required": True},
        "spare_bytes": {"type": "int", "required": True},
    }
    module = AnsibleModule(arguments, supports_check_mode=True)
    given = module.params
    folders = (Path(given["app_root"]), Path(given["models_dir"]), Path("/var/lib/dpkg/info"))
    if lines := missing_room(coming(given["manifest"], *folders), given["spare_bytes"]):
        module.fail_json(msg=" ".join([*lines, ADVICE]))
    module.exit_json(changed=False)


if __name__ == "__main__":
    main()
