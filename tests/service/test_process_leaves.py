"""A process that is told to leave does so quietly, with all that it held."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

from tests.support.guide import clean_environment
from tests.support.ports import free_port


async def test_a_speaker_leaves_without_a_complaint(tmp_path: Path) -> None:
    speaker = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "edge", "run", "speaker"),
        env=clean_environment(tmp_path, free_port()) | {"SHUTTLE_GUIDE_SPEAKER__OUTPUT": "null"},
        stderr=asyncio.subprocess.PIPE,
    )
    assert speaker.stderr
    try:
        async with asyncio.timeout(60):
            while b"ready" not in await speaker.stderr.readline():
                pass
            speaker.send_signal(signal.SIGTERM)
            last_words = await speaker.stderr.read()
            assert await speaker.wait() == 0
    finally:
        if speaker.returncode is None:
            speaker.kill()
            await speaker.wait()
    assert b"leaked" not in last_words
