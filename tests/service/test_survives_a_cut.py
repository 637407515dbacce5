"""What was kept is on the disk when the power is cut: asked of the order of system calls."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.support.system_calls import lost_by_a_cut, system_calls

REPOSITORY = Path(__file__).parents[2]
MUTED = """
import asyncio
from edge.ingest.control_state import ControlState
from edge.ingest.parsed import ControlChange
async def main():
    state = ControlState(folder + "/ingest")
    state.change(ControlChange(muted=True, volume=0.4), lambda: None)
    await state.close()
asyncio.run(main())
"""
ENTRY = """
from collections import Counter
from pathlib import Path
from edge.speaker.pool.store import EntryStore
from edge.speaker.pool.worth import StoreLimits
from tests.support.pooled import VOICE, held_sound
limits = StoreLimits(max_bytes=10**9, max_age_s=1e12)
store = EntryStore(Path(folder) / "speaker" / "pool", VOICE, limits, Counter())
store.open(1e9 + 60)
sound = held_sound()
store.add(store.write(sound))
"""
USED_UP = (
    ENTRY
    + """
text = sound.header.text
assert store.take(text.entry_id, text.text, text.language)
store.flush()
"""
)
HALF = """
import os
with open(folder + "/a.new", "wb") as file:
    file.write(b"x")
os.replace(folder + "/a.new", folder + "/a")
os.mkdir(folder + "/b")
"""


def lost(script: str, tmp_path: Path) -> list[str]:
    """By a cut after the script, relative to its folder."""
    folder = tmp_path / "state"
    folder.mkdir()
    command = [sys.executable, "-c", f"folder = {str(folder)!r}\n{script}"]
    calls = system_calls(command, tmp_path / "calls", cwd=REPOSITORY)
    assert any(path.is_file() for path in folder.rglob("*")), "it writes nothing"
    return [line.replace(f"{folder}/", "") for line in lost_by_a_cut(calls, folder)]


@pytest.mark.parametrize("script", [MUTED, ENTRY, USED_UP], ids=["mute and volume", "an entry", "used up"])
def test_nothing_that_was_kept_is_lost(script: str, tmp_path: Path) -> None:
    assert lost(script, tmp_path) == []


def test_what_is_not_synced_is_noticed(tmp_path: Path) -> None:
    assert lost(HALF, tmp_path) == [
        "a has its name before its content is on the disk",
        "name of a",
        "name of b",
    ]
