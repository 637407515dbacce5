"""Either end of a pipe is killed at random: nothing is lost, nothing is done twice."""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

MESSAGES = 400
WORKER = "tests.service.pipe_worker"


def start(*arguments: str | Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", WORKER, *map(str, arguments)])


@pytest.mark.timeout(180)
@pytest.mark.parametrize("seed", [1, 2])
def test_nothing_is_lost_or_done_twice_when_either_end_is_killed(seed: int) -> None:
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        run, todo, confirmed, done = (base / name for name in ("run", "todo", "confirmed", "done"))
        todo.write_text("\n".join(f"m{i}" for i in range(MESSAGES)))
        confirmed.touch()
        done.touch()
        commands = {"send": ("send", run, todo, confirmed), "receive": ("receive", run, done)}
        running = {role: start(*command) for role, command in commands.items()}
        try:
            deadline = time.monotonic() + 120
            kills = 0
            while len(confirmed.read_text().split()) < MESSAGES and time.monotonic() < deadline:
                time.sleep(rng.uniform(0.4, 1.0))
                if kills < 6:
                    role = rng.choice(["send", "receive"])
                    running[role].kill()
                    running[role].wait()
                    running[role] = start(*commands[role])
                    kills += 1
        finally:
            for process in running.values():
                process.kill()
                process.wait()
        worked = done.read_text().split()
        assert sorted(worked) == sorted(set(worked)), "something was done twice"
        assert set(worked) == {f"m{i}" for i in range(MESSAGES)}, "something was lost"
        assert kills >= 1
