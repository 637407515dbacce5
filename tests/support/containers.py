"""Containers of a test's own: an engine's storage in a folder, and a base image made on this machine.

No image is pulled: the base is a root file system from this machine's own mirror, built once and then cached,
as are the layers of what is built on it.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MACHINE = Path(__file__).parents[1] / "system" / "machine.sh"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "shuttle-guide"
SUITE = "trixie"
BASE = "localhost/shuttle-guide-test-base"
AUTHORITIES = "/etc/ssl/outside-ca.crt"
TOOLS = {"buildah": "buildah", "podman": "podman", "runc": "runc", "mmdebstrap": "mmdebstrap"}


def containers_missing() -> str | None:
    """Why no container can be built and run here, in words for a skipped test; None when one can."""
    if os.geteuid() != 0:
        return "needs root to build and run containers"
    if absent := [package for tool, package in TOOLS.items() if shutil.which(tool) is None]:
        return f"apt-get install --no-install-recommends {' '.join(absent)}"
    return None


class ContainerEngine:
    """Buildah and Podman with a storage of their own, which is kept for the next run."""

    def __init__(self, folder: Path) -> None:
        storage, settings = folder / "storage.conf", folder / "containers.conf"
        storage.write_text(
            f'[storage]\ndriver = "overlay"\ngraphroot = "{CACHE}/containers"\nrunroot = "{folder}/run"\n'
        )
        # This machine may be a container itself: runc takes its control groups as they are.
        settings.write_text(
            '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]\n'
            '[engine]\nruntime = "runc"\n'
        )
        pip = folder / "pip.conf"
        pip.write_text(f"[global]\n{self._index()}cert = {AUTHORITIES}\n")
        self.environment = os.environ | {
            "CONTAINERS_STORAGE_CONF": str(storage),
            "CONTAINERS_CONF": str(settings),
            "BUILDAH_ISOLATION": "chroot",
            "DISABLE_HC_SYSTEMD": "true",
            "PIP_CONF": str(pip),
            "BASE_IMAGE": BASE,
        }

    def run(self, *command: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command with this storage."""
        ended = subprocess.run(
            list(map(str, command)),
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert not check or ended.returncode == 0, ended.stdout[-2000:] + ended.stderr[-2000:]
        return ended

    def make_base(self) -> None:
        """The base image, unless it is there."""
        if self.run("podman", "image", "exists", BASE, check=False).returncode == 0:
            return
        script = (
            f'. "{MACHINE}"; sources="$(machine_apt_sources {SUITE})"; '
            f'mmdebstrap --quiet --variant=minbase --include=ca-certificates {SUITE} "$1" '
            '${sources:+-} <<<"$sources"'
        )
        archive = Path(self.environment["PIP_CONF"]).with_name("base.tar")
        self.run("bash", "-c", script, "base", archive)
        made = self.run("buildah", "from", "scratch").stdout.strip()
        self.run("buildah", "add", "--quiet", made, archive, "/")
        authorities = os.environ.get("PIP_CERT") or "/etc/ssl/certs/ca-certificates.crt"
        self.run("buildah", "copy", "--quiet", made, authorities, AUTHORITIES)
        self.run("buildah", "commit", "--quiet", "--rm", made, BASE)
        archive.unlink()

    @staticmethod
    def _index() -> str:
        asked = [sys.executable, "-m", "pip", "config", "get", "global.index-url"]
        told = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
        index = os.environ.get("PIP_INDEX_URL") or told
        return f"index-url = {index}\n" if index else ""


@contextmanager
def container_engine(folder: Path) -> Iterator[ContainerEngine]:
    """One at a time, since all share what is cached."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "containers.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        engine = ContainerEngine(folder)
        try:
            yield engine
        finally:
            # Layers of former code.
            engine.run("podman", "image", "prune", "--force", check=False)
            subprocess.run(["umount", CACHE / "containers" / "overlay"], capture_output=True, check=False)
