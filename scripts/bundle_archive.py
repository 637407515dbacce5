"""The archives of a bundle, named by their content: what a shuttle has already is not brought again."""

from __future__ import annotations

import hashlib
import tarfile
import zipfile
from pathlib import Path

KINDS = ("guide", "wheels", "python", "debs")


def pack(folder: Path, output: Path, kind: str) -> dict[str, object]:
    """Make ``KIND-DIGEST.tar`` in ``output`` of what is in ``folder``; the same whenever its content is.

    Returns:
        What the manifest says of it: ``name``, ``sha256``, ``bytes`` and ``unpacked_bytes`` (with what is
        installed from wheels).
    """

    def anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        entry.uid = entry.gid = 0
        entry.uname = entry.gname = "root"
        entry.mtime = 0
        entry.mode = 0o755 if entry.isdir() or entry.mode & 0o100 else 0o644
        return entry

    unnamed = output / f"{kind}.part"
    with tarfile.open(unnamed, "w") as tar:
        for path in sorted(folder.iterdir()):
            tar.add(path, arcname=path.name, filter=anonymous)
    sha256 = sha256_of(unnamed)
    archive = unnamed.rename(output / f"{kind}-{sha256[:12]}.tar")
    size = archive.stat().st_size
    return {"name": archive.name, "sha256": sha256, "bytes": size, "unpacked_bytes": _unpacked(folder)}


def forget_older(output: Path, kept: set[object]) -> None:
    """Remove the archives of earlier bundles."""
    for kind in KINDS:
        for archive in output.glob(f"{kind}*.tar"):
            if archive.name not in kept:
                archive.unlink()


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _unpacked(folder: Path) -> int:
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    size = sum(path.stat().st_size for path in files)
    for wheel in (path for path in files if path.suffix == ".whl"):
        with zipfile.ZipFile(wheel) as content:
            size += sum(entry.file_size for entry in content.infolist())
    return size
