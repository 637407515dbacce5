"""The role ``metrics`` on this machine, with files in a folder, and the agent that it sets up."""

from __future__ import annotations

import contextlib
import re
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.support.fleet import Played
from tests.support.local_role import play_here
from tests.support.power_role import SYSTEMCTL
from tests.support.served import Served

CREDENTIALS = "/run/credentials/shuttle-metrics.service"
STATE = "/var/lib/shuttle-metrics"


class MetricsRole:
    """Plays the role.

    Args:
        folder: for the files, the stub of systemctl and what it was asked.
        program: of Prometheus, instead of the distribution's package.
    """

    def __init__(self, folder: Path, program: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self.root, self._units = folder, folder / "root", folder / "units"
        self._units.mkdir()
        (self.root / "etc/systemd/system").mkdir(parents=True)
        stub = folder / "bin" / "systemctl"
        stub.parent.mkdir()
        stub.write_text(SYSTEMCTL.replace("{folder}", str(folder)))
        stub.chmod(0o755)
        (self._units / "shuttle-metrics.service").touch()
        self._archive = folder / "prometheus-1.0.linux-arm64.tar.gz"
        self.pack(f'#!/bin/sh\nexec {program} "$@"\n')

    def pack(self, program: str) -> None:
        """Make a release archive of this program."""
        inside = self._folder / "prometheus-1.0.linux-arm64"
        inside.mkdir(exist_ok=True)
        (inside / "prometheus").write_text(program)
        (inside / "prometheus").chmod(0o755)
        (inside / "LICENSE").touch()
        subprocess.run(["tar", "-C", self._folder, "-czf", self._archive, inside.name], check=True)

    @property
    def archive(self) -> dict[str, str]:
        """For ``metrics_prometheus``."""
        digest = subprocess.run(["sha256sum", self._archive], check=True, capture_output=True, text=True)
        return {"src": str(self._archive), "sha256": digest.stdout.split()[0]}

    def pieces(self) -> list[str]:
        """Of the agent's log."""
        return sorted(path.name for path in (self._folder / "state/wal").glob("[0-9]*"))

    def text(self, path: str) -> str | None:
        """Of a file below the root; None: it is not there."""
        file = self.root / path
        return file.read_text() if file.exists() else None

    def is_(self, state: str) -> bool:
        """``active`` or ``enabled``."""
        return (self._units / f"shuttle-metrics.service.{state}").exists()

    def play(self, settings: Mapping[str, Any], *more: str) -> tuple[Played, list[str]]:
        """How it ended, and what systemctl was asked."""
        asked = self._folder / "asked"
        asked.write_text("")
        given = {
            "metrics_root": str(self.root),
            "metrics_prometheus": self.archive,
            "shuttle_id": "s1",
            "guide_settings": {"metrics": {"enabled": True}},
        } | dict(settings)
        played = play_here(self._folder, [{"role": "metrics"}], given, *more)
        return played, asked.read_text().splitlines()

    @contextlib.contextmanager
    def agent(self) -> Iterator[Served]:
        """Run what the unit runs, with what it reads, and a state of its own that stays.

        Its log is cut every few seconds, and not every half an hour: a dead zone is longer than a piece.
        """
        unit = (self.text("etc/systemd/system/shuttle-metrics.service") or "").replace("\\\n", " ")
        found = re.search(r"(?m)^ExecStart=(.+)$", unit)
        assert found, unit
        config = self.root / "etc/shuttle-metrics/agent.yml"
        config.write_text(config.read_text().replace(CREDENTIALS, f"{config.parent}/secrets"))
        quick = found[1].replace("wal-truncate-frequency=30m", "wal-truncate-frequency=3s")
        assert quick != found[1]
        command = shlex.split(quick.replace(STATE, str(self._folder / "state")))
        port = next(int(word.rpartition(":")[2]) for word in command if "listen-address" in word)
        with Served(command, port, "/-/ready", self._folder / "agent.log") as agent:
            yield agent
