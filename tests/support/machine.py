"""A machine of a test's own: Debian or Ubuntu booted with systemd as PID 1, in a container.

It needs root, new namespaces and a few Debian packages; ``missing()`` says what is not there. The work is
done by ``tests/system/machine.sh``.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

SESSION = Path(__file__).parents[1] / "system" / "machine_session.sh"
TRIED_AS = "guide-try"
SUITE = {(3, 11): "bookworm", (3, 12): "noble", (3, 13): "trixie"}.get(sys.version_info[:2])
"""Whose own Python is the one that these tests run with; None where there is none."""
INSIDE = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
}
"""The environment of commands inside: nothing of this machine's."""


@functools.cache
def missing() -> str | None:
    """Why no machine can be booted here, in words for a skipped test; None when one can. It is tried once."""
    if os.geteuid() != 0:
        return "needs root to boot a system container"
    environment = os.environ | {"MACHINE_NAME": TRIED_AS}
    tried = subprocess.run(
        [SESSION], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if tried.returncode:
        return tried.stderr.strip().removeprefix(f"{TRIED_AS}: ") or f"{SESSION.name} failed"
    if SUITE is None:
        return "no Debian or Ubuntu that they know has this Python"
    return None


class Machine:
    """Booted on entering, removed on leaving.

    Args:
        suite: ``bookworm``, ``trixie``, ``jammy``, ``noble``.
        name: at most 12 letters; machines of different names run side by side, each with its ``network``.
        network: the first three numbers of its IPv4 network; this machine is ``.1`` in it.
        bridge: what it shares the network with others by, at most 15 letters; "": it has one to itself.
        number: the last number of its address.
        packages: Debian packages on top of the least.
        flavour: what to call the cached root file system that has these packages.
    """

    def __init__(
        self,
        suite: str | None = SUITE,
        *,
        name: str = "guide-test",
        network: str = "10.213.78",
        bridge: str = "",
        number: int = 2,
        packages: Sequence[str] = (),
        flavour: str = "test",
    ) -> None:
        assert suite, "see missing()"
        self._command = [str(SESSION), suite]
        self._environment = os.environ | {
            "MACHINE_NAME": name,
            "MACHINE_NETWORK": network,
            "MACHINE_BRIDGE": bridge,
            "MACHINE_NUMBER": str(number),
            "MACHINE_EXTRA_PACKAGES": ",".join(packages),
            "MACHINE_FLAVOUR": flavour,
        }
        self._session: subprocess.Popen[str] | None = None
        self._leader = 0
        self.root = Path()
        """Its file system, seen from here; what lies below ``/run`` and ``/tmp`` there is not in it."""
        self.address = ""
        self.gateway = f"{network}.1"
        """This machine, seen from there."""

    def __enter__(self) -> Self:
        self._session = subprocess.Popen(
            self._command,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            self._await_up()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def restart(self) -> None:
        """Power off in good order and boot again; its disk stays as it is."""
        assert self._session is not None
        assert self._session.stdin is not None
        self._session.stdin.write("restart\n")
        self._session.stdin.flush()
        self._await_up()

    def until_down(self, patience_s: float) -> float:
        """Wait until it has powered itself off; ``restart`` boots it again. Returns the seconds it took."""
        began_mono = time.monotonic()
        while Path(f"/proc/{self._leader}").exists():
            assert time.monotonic() - began_mono < patience_s, f"it is still up after {patience_s:g} s"
            time.sleep(0.02)
        return time.monotonic() - began_mono

    def run(self, command: str, *, user: str = "root", check: bool = True, timeout_s: float = 60.0) -> str:
        """Run a shell command line inside and return what it wrote to standard output.

        Raises:
            AssertionError: it ended with an error (with ``check``); the text has its output.
        """
        ended = self.attempt(command, user=user, timeout_s=timeout_s)
        assert not check or ended.returncode == 0, (
            f"{command!r} ended with {ended.returncode} inside:\n{ended.stdout}\n{ended.stderr}"
        )
        return ended.stdout

    @property
    def inside(self) -> list[str]:
        """What a command line begins with that is to run inside, as root."""
        variables = (f"{name}={value}" for name, value in INSIDE.items())
        return ["nsenter", "--target", str(self._leader), "--all", "env", "-i", *variables]

    def attempt(
        self, command: str, *, user: str = "root", timeout_s: float = 60.0
    ) -> subprocess.CompletedProcess[str]:
        """The same, whatever comes of it."""
        shell = ["sh", "-c", command] if user == "root" else ["su", "--login", user, "--command", command]
        return subprocess.run(
            [*self.inside, *shell],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def copy(self, source: Path, target: str, *, ignore: Sequence[str] = ()) -> None:
        """Copy a file or folder of this machine to the absolute path ``target`` inside."""
        there = self.root / target.lstrip("/")
        there.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(
                source, there, symlinks=True, dirs_exist_ok=True, ignore=shutil.ignore_patterns(*ignore)
            )
        else:
            shutil.copy2(source, there)

    def write(self, target: str, text: str, mode: int = 0o644) -> None:
        """Make a file inside."""
        there = self.root / target.lstrip("/")
        there.parent.mkdir(parents=True, exist_ok=True)
        there.write_text(text)
        there.chmod(mode)

    def _await_up(self) -> None:
        assert self._session is not None
        assert self._session.stdout is not None
        line = self._session.stdout.readline().split()
        assert line[:1] == ["up"], "the machine did not come up; the reason is in the captured standard error"
        self._leader, self.root, self.address = int(line[1]), Path(line[2]), line[3]

    def _stop(self) -> None:
        assert self._session is not None
        assert self._session.stdin is not None
        self._session.stdin.close()
        self._session.wait(timeout=120)
