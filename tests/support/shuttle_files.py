"""The files of a shuttle below a folder, and the role's program that changes releases and settings there.

What it calls of the system is noted and does nothing.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

ROLL_OUT = Path(__file__).parents[2] / "deploy" / "ansible" / "roles" / "app" / "files" / "roll-out"
NOTED = ("systemctl", "systemd-sysusers", "systemd-tmpfiles", "udevadm")


class ShuttleFiles:
    """Args: root: an empty folder that is taken for ``/``."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.opt = root / "opt" / "shuttle-guide"
        self.etc = root / "etc"
        self._noted = root.with_name("commands")
        programs = root.with_name("programs")
        for folder in (
            self.opt,
            self.etc / "shuttle-guide" / "credentials",
            self.etc / "mosquitto" / "certs",
        ):
            folder.mkdir(parents=True)
        (root / "usr" / "local" / "bin").mkdir(parents=True)
        programs.mkdir()
        for name in NOTED:
            program = programs / name
            program.write_text(f'#!/bin/sh\necho "{name} $*" >>"{self._noted}"\n', "utf-8")
            program.chmod(0o755)
        pause = programs / "sleep"  # not that before the doctor's second look
        pause.write_text('#!/bin/sh\n[ "$1" = 5 ] || exec /bin/sleep "$@"\n', "utf-8")
        pause.chmod(0o755)
        self.environment = {"ROLL_OUT_ROOT": str(root), "PATH": f"{programs}:{os.environ['PATH']}"}
        self.write("etc/shuttle-guide/credentials/groq_api_key", "first key")
        self.write("etc/mosquitto/shuttle-guide.passwords", "first passwords")

    def make_release(self, name: str, *units: str) -> Path:
        """A complete one, with the target and these units, and settings that name it."""
        release = self.opt / "releases" / name
        files = {
            "guide.toml": f"# {name}\n",
            "drop-ins": "",
            **{f"systemd/system/{unit}": f"# {name}\n" for unit in ("shuttle-guide.target", *units)},
            "systemd/sysusers.d/shuttle-guide.conf": "",
            "systemd/tmpfiles.d/shuttle-guide.conf": "",
            ".complete": "",
        }
        for path, text in files.items():
            (release / path).parent.mkdir(parents=True, exist_ok=True)
            (release / path).write_text(text, "utf-8")
        return release

    def roll_out(self, *arguments: str) -> str:
        """What it says. Raises AssertionError where it fails."""
        ended = self.attempt(*arguments)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout.strip()

    def attempt(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [ROLL_OUT, *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=55,
        )

    def runs(self) -> str:
        return (self.opt / "current").resolve().name

    def commands(self) -> list[str]:
        """Of the system, as they were called."""
        return self._noted.read_text("utf-8").splitlines()

    def read(self, path: str) -> str:
        return (self.root / path).read_text("utf-8")

    def write(self, path: str, text: str) -> None:
        (self.root / path).write_text(text, "utf-8")
