"""What a freshly flashed board is like, for machines of a test; what a bundle needs without a mirror."""

from __future__ import annotations

import functools
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from scripts.bundle_debs import fetch_debs, packages
from tests.support.fleet import PACKAGES, Fleet, manifest_of, write_manifest
from tests.support.machine import Machine

USER, PASSWORD = "shuttle", "as flashed"
BOARD_PACKAGES = (*PACKAGES, "needrestart", "unattended-upgrades")
"""Beside these each suite has its own way to set the clock."""
CLOCKS = {
    "bookworm": "chrony",
    "trixie": "systemd-timesyncd",
    "jammy": "chrony",
    "noble": "systemd-timesyncd",
}
GLIBC = {"jammy": 35, "bookworm": 36, "noble": 39, "trixie": 41}
"""Minor versions: what is made on one of them runs on those behind it too."""
DEBIAN_12_GLIBC = 36
"""Its Python asks for no more than 35."""
UBUNTU = ("jammy", "noble")
UBUNTU_KEYS = Path("/usr/share/keyrings/ubuntu-archive-keyring.gpg")
CACHE = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "shuttle-guide"
PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"
HELD = "nvidia-l4t-core"
MIRROR = """\
Types: deb
URIs: http://mirror.invalid/archive
Suites: {suite}
Components: main
"""
SNAP = """\
#!/bin/sh
case "$*" in
    "get system refresh.timer") cat /var/lib/snap-timer ;;
    "set system refresh.timer="*) echo "${3#*=}" >/var/lib/snap-timer; echo "$*" >>/var/lib/snap-calls ;;
    *) echo "error: unknown command" >&2; exit 1 ;;
esac
"""
GPS = "refclock SHM 0 refid GPS precision 1e-1 offset 0.2\nrefclock SOCK /run/chrony.gps.sock refid PPS\n"


@functools.cache
def missing(suite: str) -> str | None:
    """Why no board of that suite can be had here; None when one can."""
    if not Path(f"/usr/bin/{PYTHON}").exists() or not Path("/usr/share/python-wheels").is_dir():
        return f"no {PYTHON} of Debian's with venv here, to be brought as the bundle's interpreter"
    here = int((os.confstr("CS_GNU_LIBC_VERSION") or "glibc 2.0").split(".")[1])
    if here > DEBIAN_12_GLIBC and GLIBC[suite] < here:
        return f"{PYTHON} of this machine needs its own glibc 2.{here}"
    if suite in UBUNTU and not any(CACHE.glob(f"rootfs-flashed-{suite}-*")):
        if not UBUNTU_KEYS.exists():
            return f"no keys of Ubuntu's archive here ({UBUNTU_KEYS}, package ubuntu-keyring)"
        reach = ("mmdebstrap", "--quiet", "--simulate", "--variant=essential", suite, "/dev/null")
        if subprocess.run(reach, capture_output=True, check=False).returncode:
            return "Ubuntu's archive cannot be reached from here"
    return None


def board(suite: str, name: str, network: str) -> Machine:
    """One that is not booted yet."""
    chosen = (*BOARD_PACKAGES, CLOCKS[suite])
    return Machine(suite, name=name, network=network, packages=chosen, flavour="flashed")


def flash(machine: Machine, suite: str) -> Path:
    """Make the machine like one that was flashed, with no way out; returns the apt sources of its making."""
    sources = _deb822(machine.root / "etc/apt", machine.root.parent / "sources")
    groups = "sudo,audio,video"
    machine.run(f"useradd --create-home --shell /bin/bash --groups {groups} {USER}")
    machine.run(f"echo '{USER}:{PASSWORD}' | chpasswd; rm /etc/sudoers.d/*")
    machine.write("/etc/ssh/sshd_config.d/50-image.conf", "PermitRootLogin no\n")
    machine.run("systemctl reload-or-restart ssh.service")
    machine.run("rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/* /var/lib/apt/lists/*")
    machine.write("/etc/apt/sources.list.d/image.sources", MIRROR.format(suite=suite))
    machine.run("ip route del default; rm -f /etc/resolv.conf")
    machine.write("/usr/bin/snap", SNAP, 0o755)
    machine.run("touch /run/snapd.socket")
    _install_stub(machine, HELD)
    if CLOCKS[suite] == "chrony":
        machine.write("/etc/chrony/conf.d/gps.conf", GPS)
        # A container may not set the clock: here it computes and sets nothing.
        machine.write("/etc/systemd/system/chrony.service.d/container.conf", "[Unit]\nConditionCapability=\n")
        machine.write("/etc/default/chrony", 'DAEMON_OPTS="-x"\n')
        machine.run("systemctl daemon-reload; systemctl restart chrony.service")
    return sources


def complete_bundle(fleet: Fleet, suite: str, sources: Path) -> None:
    """Give the fleet's bundle an interpreter and the Debian packages of the suite, as ``make bundle``."""
    bundle = fleet.bundle
    manifest = manifest_of(bundle)
    _pack_interpreter(bundle / "python.tar")
    shutil.copy(_debs(suite, sources), bundle / "debs.tar")
    manifest["files"]["interpreter"] = {"name": "python.tar", "sha256": _sha256(bundle / "python.tar")}
    manifest["debs"] = {
        "name": "debs.tar",
        "sha256": _sha256(bundle / "debs.tar"),
        "packages": packages(),
    }
    write_manifest(bundle, manifest, fleet.signer)


def _deb822(apt: Path, target: Path) -> Path:
    """The sources in the form that new images have them in, as one file that apt knows by its name."""
    text = "\n\n".join(path.read_text() for path in apt.glob("sources.list.d/*.sources"))
    one_line = r"^deb (?:\[signed-by=\"?([^\"\]]+)\"?\] )?(\S+) (\S+) (.+)$"
    if (old := apt / "sources.list").exists():
        for keys, uri, suite, components in re.findall(one_line, old.read_text(), re.MULTILINE):
            text += f"\n\nTypes: deb\nURIs: {uri}\nSuites: {suite}\nComponents: {components}\n"
            text += f"Signed-By: {keys}\n" if keys else ""
    path = target.with_suffix(".sources")
    path.write_text(text + "\n")
    return path


def _debs(suite: str, sources: Path) -> Path:
    """The archive of Debian packages, fetched once and kept."""
    digest = hashlib.sha256(" ".join(packages()).encode()).hexdigest()[:12]
    archive = CACHE / f"debs-{suite}-{os.uname().machine}-{digest}.tar"
    if not archive.exists():
        for older in CACHE.glob(f"debs-{suite}-*"):
            older.unlink()
        with tempfile.TemporaryDirectory() as name:
            fetch_debs(Path(name), sources, os.uname().machine)
            unfinished = archive.with_suffix(".unfinished")
            with tarfile.open(unfinished, "w") as tar:
                for path in sorted(Path(name).iterdir()):
                    tar.add(path, arcname=path.name)
            unfinished.rename(archive)
    return archive


def _pack_interpreter(archive: Path) -> None:
    """Debian's Python, laid out as those that ``make bundle --interpreter`` brings.

    It uses libraries (OpenSSL, libffi, …) of the machine that it runs on, where the real ones have their own.
    """
    unused = shutil.ignore_patterns(
        "dist-packages", "test", "__pycache__", "idlelib", "lib2to3", "config-*", "_sysconfigdata__linux*"
    )
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        shutil.copytree(Path("/usr/lib", PYTHON), root / "lib" / PYTHON, ignore=unused, symlinks=True)
        shutil.copytree("/usr/share/python-wheels", root / "share" / "python-wheels")
        (root / "bin").mkdir()
        shutil.copy(f"/usr/bin/{PYTHON}", root / "bin" / PYTHON)
        (root / "bin" / "python3").symlink_to(PYTHON)
        # Debian's ensurepip looks for pip there; it is to find its own.
        (data,) = (root / "lib" / PYTHON).glob("_sysconfigdata_*.py")
        with data.open("a") as file:
            file.write(
                "import sys\nbuild_time_vars['WHEEL_PKG_DIR'] = sys.base_prefix + '/share/python-wheels'\n"
            )
        with tarfile.open(archive, "w") as tar:
            for path in sorted(root.iterdir()):
                tar.add(path, arcname=path.name)


def _install_stub(machine: Machine, name: str) -> None:
    about = "Version: 36.4.7\nArchitecture: all\nMaintainer: test\nDescription: stub\n"
    control = f"Package: {name}\n{about}"
    machine.write(f"/root/{name}/DEBIAN/control", control)
    machine.run(f"dpkg-deb --build /root/{name} && dpkg --install /root/{name}.deb && rm -r /root/{name}*")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
