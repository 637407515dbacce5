"""One deployed shuttle, seen as its passengers, its cameras and its engineer see it."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np

from edge.bus.topology import UNITS
from edge.messages import new_id
from tests.support.fleet import WAV, Fleet

PROCESSES = ("ingest", "listener", "commentator", "speaker", "telemetry", "console")
TURN_WITHIN_S = 40
READY_WITHIN_S = 90.0
TOLD_BEFORE_S = 20.0
HEARD_RMS = 500.0
"""Of 16-bit samples: speech is above, silence is 0."""


class Shuttle:
    """Args: the fleet that it belongs to; its name in the inventory, which is its id."""

    def __init__(self, fleet: Fleet, name: str) -> None:
        self.name = name
        self.machine = fleet.machines[name]
        self._fleet = fleet

    @property
    def passwords(self) -> dict[str, str]:
        """Account → password of its broker."""
        return self._fleet.passwords(self.name)

    def publish(self, account: str, topic: str, text: str) -> str:
        """Publish below ``shuttle/ID/`` as one of the accounts; returns what the broker had against it."""
        return self._say(f"{self._as(account)} -t shuttle/{self.name}/{topic} -m '{text}'")

    def publish_unauthenticated(self, topic: str, text: str) -> str:
        return self._say(f"-t shuttle/{self.name}/{topic} -m '{text}'")

    def publish_over_tls(self, authority: Path, account: str, topic: str, text: str) -> None:
        """The same from another machine, which is this one."""
        address = ("-h", self.machine.address, "-p", "8883", "--cafile", str(authority))
        who = ("-u", account, "-P", self.passwords[account])
        what = ("-q", "1", "-t", f"shuttle/{self.name}/{topic}", "-m", text)
        subprocess.run(("mosquitto_pub", *address, *who, *what), check=True, timeout=20)

    def turn_after(self, account: str, topic: str, body: dict[str, Any]) -> dict[str, Any]:
        """Publish, and return the turn that it becomes, as another desk of dispatch is told of it."""
        trigger_id, began = new_id(), time.time()
        message = json.dumps(body | {"id": trigger_id}, ensure_ascii=False)
        topics, told = f"shuttle/{self.name}", f"/tmp/turns-{trigger_id}"
        desk = f"{self._as('dispatch-2')} -t {topics}/status -t {topics}/turn -W {TURN_WITHIN_S}"
        sender = f"-q 1 {self._as(account)} -t {topics}/{topic} -m '{message}'"
        # The desk is subscribed when it has what is retained. That may take longer than to say a warning: a
        # shuttle limits new connections (firewall-limits.nft), those from the machine itself too.
        ended = self.machine.attempt(
            f"mosquitto_sub {desk} >{told} & {_until(f'test -s {told}')}; "
            f"timeout {TURN_WITHIN_S} mosquitto_pub {sender} && {_until(f'grep -q {trigger_id} {told}')}; "
            f"kill $! 2>/dev/null; grep {trigger_id} {told}",
            timeout_s=2 * TURN_WITHIN_S + 10,
        )
        assert ended.returncode == 0, (
            f"no turn of {topic} {trigger_id} within {TURN_WITHIN_S} s: {ended.stderr}\n{self._told(began)}"
        )
        turn: dict[str, Any] = json.loads(ended.stdout)
        return turn

    def speaks(self) -> bool:
        """Whether a warning is spoken to its end, and there is sound of it."""
        before, began = self.sound().size, time.time()
        turn = self.turn_after("dispatch", "safety", {"text": "Держитесь, пожалуйста."})
        heard = turn["outcome"] == "spoken" and is_heard(self.sound_since(before))
        if not heard:
            print(turn, self._told(began), sep="\n")
        return heard

    def sound(self) -> np.ndarray[Any, np.dtype[np.int16]]:
        """All samples that came out so far."""
        file = self.machine.root / WAV.lstrip("/")
        return np.frombuffer(file.read_bytes()[44:], "<i2") if file.exists() else np.zeros(0, np.int16)

    def sound_since(self, before: int) -> np.ndarray[Any, np.dtype[np.int16]]:
        """What came after ``before`` samples; a speaker that was started anew has begun from the start."""
        sound = self.sound()
        return sound[before:] if sound.size >= before else sound

    def journal(self, *matches: str) -> list[dict[str, Any]]:
        lines = self.machine.run(f"journalctl --output=json --no-pager {' '.join(matches)}").splitlines()
        return [json.loads(line) for line in lines]

    def main_pid(self, process: str) -> int:
        return int(
            self.machine.run(f"systemctl show --property=MainPID --value shuttle-guide-{process}.service")
        )

    def wait_ready(self, after_pid: dict[str, int] | None = None) -> None:
        """Return when every process is ready, and those of ``after_pid`` are no longer in the life named."""
        deadline = time.monotonic() + READY_WITHIN_S
        while time.monotonic() < deadline:
            # In this order: a unit whose process was just killed is still called active for a moment.
            anew = all(self.main_pid(process) not in (0, pid) for process, pid in (after_pid or {}).items())
            # Its exit status is content with one of them.
            states = self.machine.attempt(f"systemctl is-active {' '.join(UNITS)}").stdout.split()
            if anew and states == ["active"] * len(UNITS):
                return
            time.sleep(0.5)
        shown = self.machine.attempt(f"systemctl status --no-pager {' '.join(UNITS)}").stdout
        raise AssertionError(f"not ready within {READY_WITHIN_S:.0f} s:\n{shown}")

    def release(self) -> str:
        return Path(self.machine.run("readlink /opt/shuttle-guide/current").strip()).name

    def _told(self, began: float) -> str:
        """The journal of the moment (Unix seconds) and of what led to it."""
        since = f"--since=@{began - TOLD_BEFORE_S:.0f}"
        return self.machine.run(f"journalctl {since} --output=short-precise --no-pager")

    def _as(self, account: str) -> str:
        return f"-u {account} -P {self.passwords[account]}"

    def _say(self, arguments: str) -> str:
        # Version 5 tells why; with 3.1.1 a refused message is acknowledged and dropped.
        ended = self.machine.attempt(f"mosquitto_pub -V 5 -q 1 {arguments}")
        return ended.stderr.strip()


def _until(condition: str) -> str:
    """Shell: wait for it, but no longer than the last process in the background lives."""
    return f"until {condition} || ! kill -0 $! 2>/dev/null; do sleep 0.1; done"


def is_heard(samples: np.ndarray[Any, np.dtype[np.int16]]) -> bool:
    return samples.size > 0 and float(np.sqrt(np.mean(samples.astype(np.float64) ** 2))) > HEARD_RMS
