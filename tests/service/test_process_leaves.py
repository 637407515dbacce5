"""A process that is told to leave does so quietly, with all that it held."""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path

from bench.guide_process import GuideProcess
from tests.support.command import ENDS_WITHIN_S
from tests.support.guide import clean_environment
from tests.support.ports import free_port

LEAVES_AT_ONCE = """
import asyncio
from edge import lifecycle, process
from edge.config import load

class Leaving:
    def __init__(self, life):
        self.life = life
    async def start(self):
        self.life.end(0)
    async def stop(self):
        self.life.tell_health_now()
        await asyncio.sleep(0.1)
    def health(self):
        return process.Health(ready=False, status="closed", working=False)

raise SystemExit(lifecycle.run("telemetry", Leaving, load()))
"""


async def test_a_speaker_leaves_without_a_complaint(tmp_path: Path) -> None:
    environment = clean_environment(tmp_path, free_port()) | {"SHUTTLE_GUIDE_SPEAKER__OUTPUT": "null"}
    async with GuideProcess(environment, "speaker") as speaker:
        await speaker.until(lambda: "ready" in speaker.log(), "it to be ready")
        assert await speaker.stop() == 0
        *_, last_words = re.split(r"ready.*\n", speaker.log(), maxsplit=1)
    assert all(" I speaker " in line for line in last_words.splitlines()), last_words


async def test_what_closes_on_the_way_out_is_no_alarm(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", LEAVES_AT_ONCE),
        env=clean_environment(tmp_path, free_port()),
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(ENDS_WITHIN_S):
        _, words = await process.communicate()
    assert (process.returncode, words) == (0, b"")
