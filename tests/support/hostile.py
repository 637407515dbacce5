"""A service that somebody has got hold of: what its folder then holds, for commands of root to fall into."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

_SERVICE = pwd.getpwnam("games")
UID, GID = _SERVICE.pw_uid, _SERVICE.pw_gid
"""Of the service: a user that every Debian has and nobody uses."""
REPOSITORY = Path(__file__).parents[2]
PIDS = 200
"""A temporary name with the process's number is guessed by trying the next ones."""
SECRET = "root:$6$secret\n"


@cache
def python_for_all() -> str | None:
    """A Python that a user without rights can read, as one is on a shuttle; None: there is none here."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    for python in (sys.executable, f"/usr/bin/python{version}"):
        try:
            tried = subprocess.run(
                [python, "-c", "import edge.cli.pool, onnxruntime, lzma, uuid"],
                env=environment_for_all(),
                user=UID,
                group=GID,
                extra_groups=[],
                cwd="/",
                capture_output=True,
                check=False,
            )
        except OSError:
            continue
        if tried.returncode == 0:
            return python
    return None


def environment_for_all() -> dict[str, str]:
    """The guide and what it needs, for any Python of this version."""
    return {"PATH": os.environ["PATH"], "PYTHONPATH": f"{REPOSITORY}:{sysconfig.get_path('purelib')}"}


class Trap:
    """A state folder as on a shuttle, whose services are hostile, and what root alone may read and write.

    ``state`` is root's; ``speaker``, ``listener`` and ``models`` below it are the services'.
    """

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="guide-trap-"))
        self.folder.chmod(0o755)
        self.secret = self.folder / "root" / "secret"
        self.secret.parent.mkdir(mode=0o700)
        self.secret.write_text(SECRET)
        self.secret.chmod(0o600)
        self.state = self.folder / "state"
        for service in ("speaker", "listener", "models"):
            (self.state / service).mkdir(mode=0o700, parents=True)
            self.give_away(self.state / service)

    def close(self) -> None:
        shutil.rmtree(self.folder)

    def give_away(self, folder: Path) -> None:
        """All of it belongs to the service."""
        for path in (folder, *folder.rglob("*")):
            os.lchown(path, UID, GID)

    def link_to_secret(self, path: Path, *, itself: bool = True) -> None:
        """Where a command would write this file on its way, and ``itself``, is a link to root's secret."""
        for name in (*self._names_on_the_way(path), *([path.name] if itself else [])):
            link = path.with_name(name)
            link.unlink(missing_ok=True)
            link.symlink_to(self.secret)
            os.lchown(link, UID, GID)

    def link_to_treasure(self, folder: Path) -> None:
        """In place of the folder is a link to one of root's."""
        folder.symlink_to(self.secret.parent)
        os.lchown(folder, UID, GID)

    def fifo(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        os.mkfifo(path, 0o666)
        os.chown(path, UID, GID)

    def untouched(self) -> bool:
        """What is root's is as it was, its owner and rights too."""
        found = self.secret.stat()
        return (
            [path.name for path in self.secret.parent.iterdir()] == ["secret"]
            and self.secret.read_text() == SECRET
            and (found.st_uid, found.st_gid, found.st_mode & 0o777) == (0, 0, 0o600)
        )

    @staticmethod
    def _names_on_the_way(path: Path) -> Iterator[str]:
        yield f"{path.name}.new"
        yield f"{path.stem}.new"
        last = int(Path("/proc/sys/kernel/ns_last_pid").read_text())
        for pid in range(last, last + PIDS):
            yield f"{path.name}.{pid}.new"
