"""Debian packages for a bundle, with all that they depend on, for another machine than this one."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

import yaml

ROLES = Path(__file__).resolve().parent.parent / "deploy" / "ansible" / "roles"
DEBIAN_NAME = {"aarch64": "arm64", "x86_64": "amd64"}


class DebsError(Exception):
    """What is missing and what to do, in one line."""


def packages() -> list[str]:
    """What the roles install: each names it in its defaults as ``ROLE_packages``."""
    wanted: list[str] = []
    for defaults in sorted(ROLES.glob("*/defaults/main.yml")):
        role = defaults.parts[-3]
        wanted += yaml.safe_load(defaults.read_text()).get(f"{role}_packages", [])
    return wanted


def cuda_packages() -> list[str]:
    """CUDA's libraries, which NVIDIA's source has, and whose size not every shuttle shall have to bear."""
    defaults = yaml.safe_load((ROLES / "gpu" / "defaults" / "main.yml").read_text())
    return list(defaults["gpu_cuda_packages"])


def rhvoice_packages() -> list[str]:
    """RHVoice, whose licences are not for every site: Debian has it in non-free, Ubuntu in multiverse."""
    defaults = yaml.safe_load((ROLES / "app" / "defaults" / "main.yml").read_text())
    return [defaults["app_rhvoice_library"], *defaults["app_rhvoice_languages"].values()]


def fetch_debs(folder: Path, sources: Path, arch: str, extra: Iterable[str] = ()) -> list[str]:
    """Fill ``folder`` with packages and their index ``Packages``; returns those that were asked for by name.

    Args:
        sources: apt sources, such as a shuttle's own ``/etc/apt/sources.list``; ``*.sources`` are deb822.
        arch: ``aarch64`` or ``x86_64``.
        extra: packages beside those of the roles.

    Raises:
        DebsError: one line.
    """
    if missing := [tool for tool in ("apt-get", "dpkg-scanpackages") if not shutil.which(tool)]:
        raise DebsError(f"needs {', '.join(missing)}: apt-get install dpkg-dev, on Debian or Ubuntu")
    if not sources.is_file():
        raise DebsError(f"expected a list of apt sources, such as a shuttle's own; there is no {sources}")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        state = Path(name)
        for below in ("lists/partial", "archives/partial"):
            (state / below).mkdir(parents=True)
        # Nothing counts as installed, so everything comes. What the shuttle has it will not take again.
        (state / "status").touch()
        apt = ["apt-get", "--quiet", "--assume-yes"]
        for option, value in {
            "APT::Architecture": DEBIAN_NAME[arch],
            "APT::Architectures": DEBIAN_NAME[arch],
            "Dir::Etc::SourceList": str(sources.resolve()),
            "Dir::Etc::SourceParts": "/dev/null",
            "Dir::State": str(state),
            "Dir::State::Lists": str(state / "lists"),
            "Dir::State::status": str(state / "status"),
            "Dir::Cache": str(state),
            "Dir::Cache::Archives": str(state / "archives"),
        }.items():
            apt += ["--option", f"{option}={value}"]
        _run([*apt, "update"], f"read the sources of {sources}")
        install = ("--download-only", "--no-install-recommends", "install")
        wanted = [*packages(), *extra]
        _run([*apt, *install, *wanted], f"fetch: {' '.join(wanted)}")
        for package in (state / "archives").glob("*.deb"):
            shutil.move(package, folder / package.name)
    with (folder / "Packages").open("w") as index:
        _run(["dpkg-scanpackages", "--multiversion", "."], "make an index of the packages", folder, index)
    return wanted


def installed_bytes(folder: Path) -> int:
    """What the packages of its index take where they are installed."""
    sizes = re.findall(r"^Installed-Size: (\d+)$", (folder / "Packages").read_text(), re.MULTILINE)
    return sum(map(int, sizes)) * 1024


def _run(command: list[str], what: str, folder: Path | None = None, output: object = None) -> None:
    if subprocess.run(command, cwd=folder, stdout=output or subprocess.DEVNULL).returncode:  # type: ignore[call-overload]
        raise DebsError(f"could not {what} (see above)")
