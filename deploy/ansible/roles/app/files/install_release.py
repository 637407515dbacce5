#!/usr/bin/python3
"""Makes a release of what a bundle has brought into the cache, and removes what no release needs any more.

usage: install-release install      makes releases/NAME, unless it is there and complete
       install-release prune KEEP   leaves so many releases, and says line by line what it has removed

Lies in the folder that it works in, /opt/shuttle-guide. Standard input is the bundle's manifest, whose
archives are in cache/ and were compared with it. For the Python that the machine itself has, 3.10 or newer.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent
RELEASES, CACHE = ROOT / "releases", ROOT / "cache"
PIP = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index")
COMPLETE = ".complete"


class Bundle:
    """Where what its manifest names is, or will be."""

    def __init__(self, manifest: dict[str, Any]) -> None:
        files = manifest["files"]
        interpreter = files.get("interpreter")
        name = f"python-{manifest['python']}{'-' + interpreter['sha256'][:12] if interpreter else ''}"
        self.archives = {kind: CACHE / file["name"] for kind, file in files.items()}
        self.release = RELEASES / manifest["release"]
        # In a folder by its digest, so that a release keeps the one that it was installed with.
        self.interpreter = ROOT / name
        self.python = (
            self.interpreter / "bin" / "python3"
            if interpreter
            else Path(f"/usr/bin/python{manifest['python']}")
        )
        self.wheels = CACHE / Path(files["wheels"]["name"]).stem
        # Whoever has another interpreter has another one of these too.
        self.shared_venv = CACHE / f"venv-{files['wheels']['sha256'][:12]}-{name}"

    def remove_halves(self) -> None:
        """What was begun and not completed only fills the disk: it is made anew. Never what runs or ran."""
        begun = [self.shared_venv]
        if not (self.shared_venv / COMPLETE).exists():
            _remove(self.wheels)  # all that it is for
        if "interpreter" in self.archives:
            begun.append(self.interpreter)
        if self.release.name not in _in_use():
            begun.append(self.release)
        _remove(*(folder for folder in begun if not (folder / COMPLETE).exists()))


def install(bundle: Bundle) -> None:
    """What was begun and not completed is made anew."""
    if (bundle.release / COMPLETE).exists():
        return
    if "interpreter" in bundle.archives and not (bundle.interpreter / COMPLETE).exists():
        _unpack(bundle.archives["interpreter"], bundle.interpreter)
        _complete(bundle.interpreter)
    release, python = bundle.release, bundle.release / ".venv" / "bin" / "python"
    _unpack(bundle.archives["guide"], release)
    # Releases with the same dependencies share their files by hard links: an upgrade of the guide alone takes
    # seconds and a few megabytes, and yet each release has a virtual environment of its own.
    if not (bundle.shared_venv / COMPLETE).exists():
        _unpack(bundle.archives["wheels"], bundle.wheels)
        _run(bundle.python, "-m", "venv", "--clear", bundle.shared_venv)
        by_hash = (
            "--no-deps",
            "--find-links",
            bundle.wheels,
            "--require-hashes",
            "-r",
            release / "requirements.txt",
        )
        _run(bundle.shared_venv / "bin" / "python", *PIP, *by_hash)
        _complete(bundle.shared_venv)
    _run(bundle.python, "-m", "venv", "--without-pip", release / ".venv")
    _run("cp", "--archive", "--link", f"{bundle.shared_venv}/lib/.", release / ".venv" / "lib")
    (wheel,) = release.glob("shuttle_guide-*.whl")
    _run(python, *PIP, "--no-deps", wheel)
    _complete(release)


def prune(bundle: Bundle, keep: int) -> None:
    """Of the releases those stay that run, come, or may be come back to, and the last that were healthy.

    One that never was healthy takes nobody's place: it is nothing to go back to. What releases share by hard
    links is theirs, also without the folder that it came from.
    """
    bundle.remove_halves()
    kept = _in_use() | {bundle.release.name}
    healthy = sorted(RELEASES.glob("*/.healthy"), key=lambda mark: mark.stat().st_mtime, reverse=True)
    others = [mark.parent.name for mark in healthy if mark.parent.name not in kept]
    there = {path.name for path in RELEASES.iterdir()}
    kept |= set(others[: max(0, keep - len(kept & there))])
    _remove(*(RELEASES / name for name in there - kept))
    wanted = {*bundle.archives.values(), bundle.wheels, bundle.shared_venv}
    coming = tuple(f"{archive.name}." for archive in bundle.archives.values())  # NAME.DIGEST.part
    _remove(*(path for path in CACHE.iterdir() if path not in wanted and not path.name.startswith(coming)))
    venvs = [*RELEASES.glob("*/.venv/pyvenv.cfg"), *CACHE.glob("venv-*/pyvenv.cfg")]
    used = {
        Path(home).resolve()
        for venv in venvs
        for home in re.findall(r"^home = (.*)/bin$", venv.read_text(), re.MULTILINE)
    }
    _remove(*(path for path in ROOT.glob("python-*") if path.resolve() not in used))


def _in_use() -> set[str]:
    """Names of the releases that run, or may be come back to."""
    kept = {path.read_text().strip() for path in ROOT.glob("kept/*/release")}
    return kept | {(ROOT / "current").resolve().name}


def _unpack(archive: Path, folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    _run("tar", "--extract", "--no-same-owner", "--file", archive, "--directory", folder)


def _complete(folder: Path) -> None:
    """A cut of power must not leave the mark without what it marks."""
    _run("sync", "--file-system", ROOT)
    (folder / COMPLETE).touch()


def _remove(*paths: Path) -> None:
    for path in sorted(filter(os.path.lexists, paths)):
        if path.is_dir() and not path.is_symlink():
            for mark in (COMPLETE, ".healthy"):  # first: nobody shall take the half that a cut leaves
                (path / mark).unlink(missing_ok=True)
            shutil.rmtree(path)
        else:
            path.unlink()
        print(f"removed {path.relative_to(ROOT)}")


def _run(*command: str | Path) -> None:
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "PIP_CONFIG_FILE": "/dev/null"}
    subprocess.run(list(map(str, command)), env=environment, check=True)


def main() -> int:
    RELEASES.mkdir(exist_ok=True)
    CACHE.mkdir(exist_ok=True)
    bundle = Bundle(json.load(sys.stdin))
    with (ROOT / ".install-release.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            install(bundle) if sys.argv[1] == "install" else prune(bundle, int(sys.argv[2]))
        except (OSError, ValueError, subprocess.CalledProcessError) as error:
            bundle.remove_halves()
            print(f"install-release: {bundle.release.name}: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
