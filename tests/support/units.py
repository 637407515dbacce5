"""What systemd and the journal of a booted machine say of the guide's units."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from edge.journal_events import MessageId
from tests.support.machine import Machine

PATIENCE_S = 60.0


class Units:
    """The guide's units on a machine; ``name`` is a process's everywhere."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def show(self, name: str, *properties: str) -> list[str]:
        """Properties of a unit, as ``systemctl show`` names them."""
        listed = " ".join(f"-p {key}" for key in properties)
        output = self._machine.run(f"systemctl show {listed} shuttle-guide-{name}.service")
        found = dict(line.split("=", 1) for line in output.splitlines())
        return [found[key] for key in properties]

    def pid(self, name: str) -> int:
        """0: it does not run."""
        return int(self.show(name, "MainPID")[0])

    def is_ready(self, name: str) -> bool:
        return self.show(name, "ActiveState", "SubState") == ["active", "running"]

    def until_ready(self, *names: str, but_not: int = 0) -> None:
        """Wait until they have said READY; ``but_not``: as another process than this one."""
        for name in names:
            self.until(partial(self._is_another, name, but_not), f"{name} to be ready")

    def _is_another(self, name: str, pid: int) -> bool:
        return self.pid(name) != pid and self.is_ready(name)

    def until(self, fulfilled: Callable[[], object], what: str, patience_s: float = PATIENCE_S) -> None:
        """Wait for a condition; fails with the end of the journal."""
        deadline = time.monotonic() + patience_s
        while not fulfilled():
            if time.monotonic() > deadline:
                tail = self._machine.run("journalctl -b -q -n 40 --no-pager", check=False)
                raise AssertionError(f"waited {patience_s:g} s in vain for {what}\n{tail}")
            time.sleep(0.3)

    def journal(self, *matches: str) -> list[dict[str, Any]]:
        """The entries of this boot that match, oldest first."""
        output = self._machine.run(f"journalctl -b -q -o json --no-pager {' '.join(matches)}")
        return [json.loads(line) for line in output.splitlines()]

    def event(self, message_id: MessageId, *matches: str) -> list[dict[str, Any]]:
        """The same for one of our events."""
        return self.journal(f"MESSAGE_ID={message_id.value}", *matches)

    def remark(self, text: str) -> dict[str, Any]:
        """Let the camera see it; the journal entry of the turn's end."""
        before = len(self.event(MessageId.TURN_ENDED))
        self._machine.run(f"mosquitto_pub -t shuttle/test/event -m '{text}'")
        self.until(lambda: len(self.event(MessageId.TURN_ENDED)) > before, f"a remark about {text}")
        return self.event(MessageId.TURN_ENDED)[-1]
