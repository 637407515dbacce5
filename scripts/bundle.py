"""``make bundle``: everything that a shuttle needs from the internet, in one folder to roll out from.

The folder (``out/bundle``) holds

- ``manifest.json``, which the Ansible roles read: release, Python, architecture, and SHA-256 and size of
  every file here that a shuttle gets;
- ``manifest.json.sig`` with ``--sign``: a signature over it. Shuttles take nothing of a bundle that no
  trusted key has signed;
- ``guide-DIGEST.tar``: the guide's own wheel, its units, the hash-pinned requirements;
- ``wheels-DIGEST.tar``: the wheels of all dependencies. The name changes only when one of them does, so an
  upgrade of the guide alone carries a few hundred kilobytes to each shuttle;
- ``python-DIGEST.tar`` with ``--interpreter``: for boards whose own Python is too old (JetPack 6.2 has 3.10);
- ``debs-DIGEST.tar`` with ``--debs``: the Debian packages and what they depend on;
- ``models/``, where a person or ``shuttle-guide models --dir out/bundle/models fetch …`` has put them.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from edge.signature import SignatureError, sign
from scripts.bundle_archive import forget_older, pack, sha256_of
from scripts.bundle_debs import DebsError, cuda_packages, fetch_debs, installed_bytes, rhvoice_packages
from scripts.bundle_models import ModelsError, checksums
from scripts.bundle_name import commit, release_name

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements-device.lock"
NAMESPACE = "shuttle-guide-bundle"
"""What its signatures are for."""
SOURCE_ONLY = "systemd-python"
"""The one dependency without wheels."""
BUILD_PACKAGES = ("gcc", "libsystemd-dev", "pkg-config", "python3-dev")
"""What a device needs to build it, where the engineer's machine is of another kind."""
OLDEST_GLIBC, NEWEST_GLIBC = 17, 35
"""Minor versions of glibc whose manylinux wheels are taken; Ubuntu 22.04 has 2.35."""


class BundleError(Exception):
    """What is missing and what to do, in one line."""


def main() -> int:
    options = _arguments()
    try:
        manifest = build(options)
    except (BundleError, DebsError, ModelsError, SignatureError) as error:
        print(f"bundle: {error}", file=sys.stderr)
        return 1
    target = f"Python {options.python} on {options.arch}"
    print(f"bundle: release {manifest['release']} for {target} in {options.output}")
    if not options.sign:
        print('bundle: it is NOT SIGNED: BUNDLE_ARGS="--sign KEY" (docs/operations.md)', file=sys.stderr)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bundle", description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=ROOT / "out" / "bundle")
    parser.add_argument("--python", default="3.12", help="of the shuttles (default: 3.12, JetPack 7.2)")
    parser.add_argument("--arch", default="aarch64", choices=("aarch64", "x86_64"))
    parser.add_argument(
        "--interpreter", action="store_true", help="bring a Python along (JetPack 6.2 needs it)"
    )
    parser.add_argument(
        "--debs",
        type=Path,
        metavar="SOURCES",
        help="bring Debian packages, from these apt sources: /etc/apt/sources.list of a shuttle",
    )
    parser.add_argument(
        "--cuda", action="store_true", help="with --debs: CUDA's libraries too, for gpu_wheels"
    )
    parser.add_argument(
        "--rhvoice", action="store_true", help="with --debs: RHVoice too, where rhvoice.allowed is true"
    )
    parser.add_argument(
        "--sign",
        type=Path,
        metavar="KEY",
        help="sign the manifest with this key of SSH, as shuttles demand it",
    )
    parser.add_argument(
        "--unpinned", action="store_true", help="bring models too that the catalogue names no checksum for"
    )
    return parser.parse_args()


def build(options: argparse.Namespace) -> dict[str, object]:
    """Fill the folder and return the manifest. Raises BundleError, DebsError, ModelsError, SignatureError."""
    options.output.mkdir(parents=True, exist_ok=True)
    models = checksums(options.output / "models", unpinned=options.unpinned)
    with tempfile.TemporaryDirectory() as folder:
        wheels, guide = Path(folder, "wheels"), Path(folder, "guide")
        wheels.mkdir()
        guide.mkdir()
        _fetch_wheels(wheels, options.python, options.arch)
        built = _build_source_only(wheels, options.python, options.arch)
        (guide / "requirements.txt").write_text(_requirements(built))
        _add_guide(guide)
        files = {
            "guide": pack(guide, options.output, "guide"),
            "wheels": pack(wheels, options.output, "wheels"),
        }
    if options.interpreter:
        files["interpreter"] = _fetch_interpreter(options.output, options.python, options.arch)
    needed: dict[str, object] = {
        "python": options.python,
        "arch": options.arch,
        "build_packages": [] if built else list(BUILD_PACKAGES),
    }
    debs: dict[str, object] = {}
    if options.debs:
        with tempfile.TemporaryDirectory() as folder:
            extra = [
                *(() if built else BUILD_PACKAGES),
                *(cuda_packages() if options.cuda else ()),
                *(rhvoice_packages() if options.rhvoice else ()),
            ]
            wanted = fetch_debs(Path(folder), options.debs, options.arch, extra)
            debs = {**pack(Path(folder), options.output, "debs"), "packages": wanted}
            debs["unpacked_bytes"] = int(str(debs["unpacked_bytes"])) + installed_bytes(Path(folder))
    manifest: dict[str, object] = {
        "release": release_name(ROOT, files, **needed),
        "commit": commit(ROOT),
        "made": made(),
        **needed,
        "files": files,
        "debs": debs,
        "models": models,
        "models_bytes": {name: (options.output / "models" / name).stat().st_size for name in models},
    }
    _write_manifest(options.output / "manifest.json", manifest, options.sign)
    forget_older(options.output, {file["name"] for file in (*files.values(), *([debs] if debs else []))})
    return manifest


def _write_manifest(path: Path, manifest: dict[str, object], key: Path | None) -> None:
    content = (json.dumps(manifest, indent=2) + "\n").encode()
    signature = path.with_name(f"{path.name}.sig")
    signature.unlink(missing_ok=True)
    path.write_bytes(content)
    if key is not None:
        signature.write_bytes(sign(content, key.expanduser(), NAMESPACE))


def made() -> int:
    """When the commit was made, in Unix seconds; 0: unknown. A shuttle with an earlier date is wrong."""
    git = ("git", "-C", str(ROOT), "log", "-1", "--format=%ct")
    commit = subprocess.run(git, capture_output=True, text=True)
    return int(commit.stdout) if commit.returncode == 0 else 0


def _pip(*arguments: str | Path, what: str) -> None:
    command = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", *map(str, arguments))
    # A wheel that is built here has no times of its own, so that it is the same the next time.
    environment = os.environ | {"SOURCE_DATE_EPOCH": "315532800", "CFLAGS": "-g0"}
    if subprocess.run(command, cwd=ROOT, env=environment).returncode:
        raise BundleError(f"pip could not {what} (see above; pip uses this machine's own settings)")


def _fetch_wheels(wheels: Path, python: str, arch: str) -> None:
    """Everything of the lock that has wheels, for the shuttle's Python and architecture."""
    lock = wheels.parent / "wheels-only.lock"
    lock.write_text(_without(LOCK.read_text(), SOURCE_ONLY))
    tag = "cp" + python.replace(".", "")
    target = [
        "--implementation",
        "cp",
        "--python-version",
        python,
        "--abi",
        tag,
        "--abi",
        "abi3",
        "--abi",
        "none",
    ]
    for minor in range(OLDEST_GLIBC, NEWEST_GLIBC + 1):
        target += ["--platform", f"manylinux_2_{minor}_{arch}"]
    target += ["--platform", f"manylinux2014_{arch}"]
    wanted = ("--only-binary", ":all:", "--no-deps", "--require-hashes", "--requirement", lock)
    _pip(
        "download", *target, *wanted, "--dest", wheels, what=f"fetch the wheels for Python {python} on {arch}"
    )


def _build_source_only(wheels: Path, python: str, arch: str) -> Path | None:
    """The wheel of ``systemd-python``, or None and its source where only the shuttle can build it."""
    only = wheels.parent / "source-only.lock"
    only.write_text(_block(LOCK.read_text(), SOURCE_ONLY))
    wanted = ("--no-deps", "--no-binary", ":all:", "--require-hashes", "--requirement", only)
    source = wheels.parent / "source"
    _pip(
        "download",
        *wanted,
        "--no-build-isolation",
        "--dest",
        source,
        what=f"fetch the source of {SOURCE_ONLY}",
    )
    (archive,) = source.iterdir()
    if (platform.machine(), sysconfig.get_python_version()) != (arch, python):
        shutil.move(archive, wheels)
        return None
    before = set(wheels.iterdir())
    _pip(
        "wheel",
        "--no-deps",
        "--no-index",
        "--no-build-isolation",
        "--wheel-dir",
        wheels,
        archive,
        what=f"build {SOURCE_ONLY}: apt-get install {' '.join(BUILD_PACKAGES)}",
    )
    (built,) = set(wheels.iterdir()) - before
    return built


def _requirements(built: Path | None) -> str:
    """The device's lock; what was built here is pinned by the hash that it has now."""
    lock = LOCK.read_text()
    if built is None:
        return lock
    pinned = _block(lock, SOURCE_ONLY).split(" ")[0]
    return f"{_without(lock, SOURCE_ONLY)}{pinned} --hash=sha256:{sha256_of(built)}\n"


def _block(lock: str, name: str) -> str:
    """One package of a lock: its line and the hashes below it."""
    found = re.search(rf"^{re.escape(name)}==.*\n(?:    --hash=.*\n)+", lock, re.MULTILINE)
    if found is None:
        raise BundleError(f"{LOCK.name} does not pin {name}; run: make lock")
    return found.group(0)


def _without(lock: str, name: str) -> str:
    return lock.replace(_block(lock, name), "")


def _add_guide(guide: Path) -> None:
    _pip("wheel", "--no-deps", "--no-index", "--no-build-isolation", "--wheel-dir", guide, ROOT,
         what="build the guide's wheel")  # fmt: skip
    # What systemd reads as it is stands apart from what needs another place: each is one copy on the shuttle.
    for part in (ROOT / "systemd").iterdir():
        extra = part.name in ("optional", "sysusers.d", "tmpfiles.d", "udev")
        target = guide / "systemd" / ("" if extra else "system") / part.name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(part, target) if part.is_dir() else shutil.copy(part, target)


def _fetch_interpreter(output: Path, python: str, arch: str) -> dict[str, object]:
    """uv knows the builds of python-build-standalone by their checksums, for foreign machines too."""
    wanted = f"cpython-{python}-linux-{arch}-gnu"
    with tempfile.TemporaryDirectory() as folder:
        command = (
            Path(sys.executable).with_name("uv"),
            "python",
            "install",
            "--no-bin",
            "--install-dir",
            folder,
            wanted,
        )
        if subprocess.run(command).returncode:
            raise BundleError(
                f"{wanted} could not be fetched (a release of python-build-standalone; see above). Run this "
                f"on a machine that can reach it, and copy {output}/ from there"
            )
        (found,) = [
            path for path in Path(folder).glob("cpython-*") if path.is_dir() and not path.is_symlink()
        ]
        found.rename(found.with_name("python"))
        return pack(Path(folder, "python"), output, "python")


if __name__ == "__main__":
    sys.exit(main())
